/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Each check of the host, made to find something and nothing, in a network namespace of the test's
 * own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor/host_report.h"
#include "kernel/bridge/bridge_guard.h"
#include "kernel/queue/nfqueue.h"
#include "tests/support/doctor_check.h"
#include "tests/support/netns.h"

static char *read_world(void)
{
	return netns_read("cat /proc/self/net/ip_tables_names /proc/self/net/ip6_tables_names; nft "
			  "list ruleset; ipset save; sysctl -a 2>/dev/null | grep -e bridge-nf -e "
			  "rp_filter -e forward -e nf_conntrack_max; ip link");
}

/*
 * Here, where every feature is there, nothing fails; whatever else is found, each trouble has a
 * remedy and no other finding has; and what each is about is said.
 */
static void every_trouble_has_a_remedy(void **state)
{
	struct doctor_check doctor_check;

	(void)state;
	doctor_check_run(&doctor_check, &doctor_check_usual);
	assert_true(doctor_check.count >= 20);
	for (size_t i = 0; i < doctor_check.count; i++) {
		const struct host_finding *finding = &doctor_check.findings[i];

		if (finding->state == HOST_FAILED)
			fail_msg("%s: %s", finding->check, finding->found);
		assert_true(finding->found[0] != '\0');
		assert_int_equal(finding->state == HOST_OK, finding->remedy[0] == '\0');
		if (host_why(finding->check)[0] == '\0')
			fail_msg("nobody says why %s matters", finding->check);
	}
}

static void checking_changes_nothing(void **state)
{
	struct doctor_check doctor_check;
	char *before, *after;

	(void)state;
	assert_int_equal(netns_run("ip link add br0 type bridge; sysctl -qw "
				   "net.bridge.bridge-nf-call-iptables=0"),
		0);
	before = read_world();
	doctor_check_run(&doctor_check, &doctor_check_usual);
	after = read_world();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

static void ipv6_is_judged_unless_switched_off(void **state)
{
	struct settings settings = doctor_check_usual;

	(void)state;
	doctor_check_expect(&settings, "ipv6", HOST_OK, "judged");
	settings.ipv6 = SWITCH_ON;
	doctor_check_expect(&settings, "ipv6", HOST_OK, "judged");
	settings.ipv6 = SWITCH_OFF;
	doctor_check_expect(&settings, "ipv6", HOST_WARNING, "not judged");
}

static void the_back_end_is_told(void **state)
{
	struct settings settings = doctor_check_usual;

	(void)state;
	settings.backend = BACKEND_LEGACY;
	doctor_check_expect(&settings, "iptables", HOST_OK, "legacy back end, as set");
	assert_int_equal(netns_run("iptables-legacy -A INPUT -p tcp"), 0);
	doctor_check_expect(
		&doctor_check_usual, "iptables", HOST_OK, "legacy back end, as found out");
}

static void overlapping_marks_fail(void **state)
{
	struct settings settings = doctor_check_usual;

	(void)state;
	doctor_check_expect(&doctor_check_usual, "marks", HOST_OK, "0x60000000");
	assert_int_equal(netns_run("iptables -t mangle -A INPUT -m connmark --mark "
				   "0x20000000/0x20000000 -j ACCEPT"),
		0);
	doctor_check_expect(&doctor_check_usual, "marks", HOST_FAILED,
		"'-A INPUT -m connmark --mark 0x20000000/0x20000000 -j ACCEPT'");
	settings.mark_allow = 1;
	doctor_check_expect(&settings, "marks", HOST_OK, "0x40000001");
}

static void sets_of_others_fail(void **state)
{
	(void)state;
	doctor_check_expect(&doctor_check_usual, "sets", HOST_OK, "no ipset of others");
	assert_int_equal(netns_run("ipset create podgate-denied6 hash:net family inet6"), 0);
	doctor_check_expect(&doctor_check_usual, "sets", HOST_FAILED, "podgate-denied6");
}

static void queues_of_others_fail(void **state)
{
	const struct nfqueue_options options = {.number = 8612, .length = 16};
	char problem[PROBLEM_SIZE];
	struct settings settings = doctor_check_usual;
	struct nfqueue *queue;

	(void)state;
	doctor_check_expect(&doctor_check_usual, "queues", HOST_OK, "8610 to 8612 are free");
	if (nfqueue_open(&queue, &options, problem) != 0)
		fail_msg("%s", problem);
	doctor_check_expect(&doctor_check_usual, "queues", HOST_FAILED,
		"queue 8612 is held by another program");
	doctor_check_expect(&doctor_check_usual, "other-queues", HOST_OK, "no other program");
	settings.workers = 1; /* ends at 8611 */
	doctor_check_expect(&settings, "other-queues", HOST_WARNING,
		"another program takes packets from NFQUEUE: queue 8612 (pid ");
	doctor_check_expect(&settings, "queues", HOST_OK, "8610 to 8611 are free");
	settings.flood_rate = 1000; /* needs one more */
	doctor_check_expect(
		&settings, "queues", HOST_FAILED, "queue 8612 is held by another program");
	prctl(PR_SET_NAME, "podgate");
	doctor_check_expect(&doctor_check_usual, "queues", HOST_OK, "held by podgate itself");
	settings.flood_rate = 0;
	doctor_check_expect(&settings, "other-queues", HOST_OK, "no other program");
	prctl(PR_SET_NAME, "test_host");
	nfqueue_close(queue);
}

static void set_sysctl(const char *name, int value)
{
	assert_int_equal(netns_run("sysctl -qw %s=%d", name, value), 0);
}

static long sysctl_value(const char *name)
{
	char *text = netns_read("sysctl -n %s", name);
	const long value = strtol(text, NULL, 10);

	free(text);
	return value;
}

#define CALL4 "net.bridge.bridge-nf-call-iptables"
#define CALL6 "net.bridge.bridge-nf-call-ip6tables"
#define TAGGED "net.bridge.bridge-nf-filter-vlan-tagged"

static void bridges_that_hide_packets_are_found(void **state)
{
	struct settings settings = doctor_check_usual;

	(void)state;
	set_sysctl(CALL4, 0);
	set_sysctl(TAGGED, 0);
	settings.bridge = BRIDGE_REQUIRE;
	doctor_check_expect(&settings, "br-netfilter", HOST_OK, "no bridge");
	assert_int_equal(netns_run("ip link add pods7 type bridge"), 0);
	doctor_check_expect(&settings, "br-netfilter", HOST_FAILED, "bridge pods7");
	assert_non_null(strstr(
		doctor_check_finding(&settings, "br-netfilter")->remedy, "sysctl -w " CALL4 "=1"));
	settings.bridge = BRIDGE_IGNORE;
	doctor_check_expect(&settings, "br-netfilter", HOST_WARNING, "past the rules");
	settings.bridge = BRIDGE_SET;
	doctor_check_expect(&settings, "br-netfilter", HOST_OK, "`podgate run` switches it on");
	settings.bridge = BRIDGE_REQUIRE;
	set_sysctl(CALL4, 1);
	/* a tag of VLAN 0 is no tag to a pod */
	doctor_check_expect(&settings, "br-netfilter", HOST_FAILED, TAGGED);
	set_sysctl(TAGGED, 1);
	doctor_check_expect(&settings, "br-netfilter", HOST_OK, "pass the rules");
	set_sysctl(CALL6, 0);
	doctor_check_expect(&settings, "br-netfilter", HOST_FAILED, CALL6);
	settings.ipv6 = SWITCH_OFF;
	doctor_check_expect(&settings, "br-netfilter", HOST_OK, "pass the rules");
}

/* A bridge may show its packets by an option of its own. One that does not is one too many. */
static void a_bridges_own_option_counts(void **state)
{
	struct settings settings = doctor_check_usual;

	(void)state;
	settings.bridge = BRIDGE_REQUIRE;
	set_sysctl(CALL4, 0);
	set_sysctl(CALL6, 0);
	set_sysctl(TAGGED, 1);
	assert_int_equal(
		netns_run("ip link add seen type bridge nf_call_iptables 1 nf_call_ip6tables 1; ip "
			  "link add veth7 type veth peer name veth8"),
		0);
	doctor_check_expect(&settings, "br-netfilter", HOST_OK, "pass the rules");
	assert_int_equal(netns_run("ip link add unseen type bridge"), 0);
	doctor_check_expect(&settings, "br-netfilter", HOST_FAILED, "bridge unseen");
}

static void preparing_sets_requires_or_ignores(void **state)
{
	struct settings settings = doctor_check_usual;
	char problem[256] = "";

	(void)state;
	set_sysctl(CALL4, 0);
	set_sysctl(CALL6, 0);
	set_sysctl(TAGGED, 0);
	settings.bridge = BRIDGE_SET;
	assert_int_equal(bridge_guard_prepare(&settings, problem), 0);
	assert_int_equal(sysctl_value(CALL4), 0); /* no bridge, nothing to do */
	assert_int_equal(netns_run("ip link add br0 type bridge"), 0);
	settings.bridge = BRIDGE_IGNORE;
	assert_int_equal(bridge_guard_prepare(&settings, problem), 0);
	settings.bridge = BRIDGE_REQUIRE;
	assert_int_equal(bridge_guard_prepare(&settings, problem), -ENOTSUP);
	assert_non_null(strstr(problem, "br0"));
	assert_non_null(strstr(problem, "bridge: set"));
	assert_int_equal(sysctl_value(CALL4), 0);
	settings.bridge = BRIDGE_SET;
	settings.ipv6 = SWITCH_OFF;
	assert_int_equal(bridge_guard_prepare(&settings, problem), 0);
	assert_int_equal(sysctl_value(CALL4), 1);
	assert_int_equal(sysctl_value(CALL6), 0);
	assert_int_equal(sysctl_value(TAGGED), 1);
	settings.ipv6 = SWITCH_AUTO;
	assert_int_equal(bridge_guard_prepare(&settings, problem), 0);
	assert_int_equal(sysctl_value(CALL6), 1);
	settings.bridge = BRIDGE_REQUIRE;
	assert_int_equal(bridge_guard_prepare(&settings, problem), 0);
}

/*
 * Whether it loads shows only where it is not loaded; here, that both back ends take the rule, and
 * that it goes.
 */
static void the_kernel_is_asked_for_the_bridge_module(void **state)
{
	static const enum backend_choice backends[] = {BACKEND_NFT, BACKEND_LEGACY};
	struct settings settings = doctor_check_usual;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		settings.backend = backends[i];
		assert_int_equal(bridge_guard_ask_for_module(&settings), 0);
		assert_int_equal(bridge_guard_ask_for_module(&settings), 0);
	}
	assert_int_equal(netns_run("(iptables-nft-save; iptables-legacy-save -t mangle) "
				   "2>/dev/null | grep -q SCRATCH"),
		1);
}

static void ways_past_the_rules_are_told(void **state)
{
	struct doctor_check doctor_check;
	struct settings settings = doctor_check_usual;

	(void)state;
	doctor_check_run(&doctor_check, &settings);
	assert_null(doctor_check_find(&doctor_check, "bridge-sources"));
	doctor_check_expect(&settings, "flowtables", HOST_OK, "no nftables flowtable");
	assert_int_equal(netns_run("ip link add br0 type bridge"), 0);
	doctor_check_expect(&settings, "bridge-sources", HOST_WARNING, "nobody checks sources");
	if (netns_run("nft add table inet t && nft add flowtable inet t fast '{ hook ingress "
		      "priority 0; devices = { lo }; }' 2>/dev/null") == 0)
		doctor_check_expect(&settings, "flowtables", HOST_WARNING, "\"fast\"");
	else
		print_message(
			"this kernel has no flowtables: whether one is found is not tested\n");
	doctor_check_run(&doctor_check, &settings);
	assert_null(doctor_check_find(&doctor_check, "link-local"));
	settings.link_local = LINK_LOCAL_ALLOW;
	doctor_check_expect(&settings, "link-local", HOST_WARNING, "whatever the policies");
	settings.ipv6 = SWITCH_OFF;
	doctor_check_run(&doctor_check, &settings);
	assert_null(doctor_check_find(&doctor_check, "link-local"));
}

static void forwarding_is_looked_at(void **state)
{
	(void)state;
	set_sysctl("net.ipv4.ip_forward", 0);
	set_sysctl("net.ipv6.conf.all.forwarding", 0);
	doctor_check_expect(
		&doctor_check_usual, "ip-forward", HOST_WARNING, "net.ipv4.ip_forward is off");
	doctor_check_expect(&doctor_check_usual, "ipv6-forward", HOST_WARNING,
		"net.ipv6.conf.all.forwarding is off");
	set_sysctl("net.ipv4.ip_forward", 1);
	set_sysctl("net.ipv6.conf.all.forwarding", 1);
	doctor_check_expect(&doctor_check_usual, "ip-forward", HOST_OK, "is on");
	doctor_check_expect(&doctor_check_usual, "ipv6-forward", HOST_OK, "is on");
}

static void unchecked_sources_are_a_warning(void **state)
{
	(void)state;
	assert_int_equal(netns_run("ip link add veth7 type veth peer name veth8"), 0);
	set_sysctl("net.ipv4.conf.all.rp_filter", 0);
	set_sysctl("net.ipv4.conf.veth7.rp_filter", 0);
	set_sysctl("net.ipv4.conf.veth8.rp_filter", 1);
	doctor_check_expect(&doctor_check_usual, "spoofing", HOST_WARNING, "1 interface (veth7)");
	set_sysctl("net.ipv4.conf.all.rp_filter", 2);
	doctor_check_expect(&doctor_check_usual, "spoofing", HOST_OK, "every interface");
}

/* It takes both, and either alone is nothing. */
static void packets_that_choose_their_route_are_warned_of(void **state)
{
	(void)state;
	assert_int_equal(netns_run("ip link add veth8 type veth peer name veth9"), 0);
	set_sysctl("net.ipv4.conf.all.accept_source_route", 0);
	set_sysctl("net.ipv4.conf.veth8.accept_source_route", 1);
	doctor_check_expect(&doctor_check_usual, "source-route", HOST_OK, "do not choose");
	set_sysctl("net.ipv4.conf.all.accept_source_route", 1);
	doctor_check_expect(&doctor_check_usual, "source-route", HOST_WARNING, "for veth8");
	set_sysctl("net.ipv4.conf.veth8.accept_source_route", 0);
	set_sysctl("net.ipv4.conf.veth9.accept_source_route", 0);
	doctor_check_expect(&doctor_check_usual, "source-route", HOST_OK, "do not choose");
	set_sysctl("net.ipv4.conf.all.accept_source_route", 0);
}

static void saved_rules_of_ours_are_told(void **state)
{
	static const struct {
		const char *text;
		bool ours;
	} files[] = {
		{"*mangle\n:PODGATE - [0:0]\nCOMMIT\n", true},
		{"*filter\n-A FORWARD -m set --match-set podgate-pods4 src -j DROP\n", true},
		{"# PODGATE is not here\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *file = tmpfile();

		fputs(files[i].text, file);
		rewind(file);
		assert_int_equal(host_holds_our_rules(file), files[i].ours);
		fclose(file);
	}
}

static void flows_are_counted(void **state)
{
	(void)state;
	doctor_check_expect(&doctor_check_usual, "conntrack-table", HOST_OK, "holds 0 of ");
	doctor_check_expect(&doctor_check_usual, "clock", HOST_OK, "plausible");
}

static void a_missing_feature_is_named(void **state)
{
	struct doctor_check doctor_check;
	const struct host_finding *finding;

	(void)state;
	netns_refuse_rules("-m pkttype");
	doctor_check_run(&doctor_check, &doctor_check_usual);
	netns_refuse_none();
	finding = doctor_check_find(&doctor_check, "xt-pkttype");
	assert_non_null(finding);
	assert_int_equal(finding->state, HOST_FAILED);
	assert_non_null(strstr(finding->found, "match pkttype can't be used: IPv4"));
	assert_non_null(strstr(finding->remedy, "CONFIG_NETFILTER_XT_MATCH_PKTTYPE"));
	assert_int_equal(doctor_check_find(&doctor_check, "xt-set")->state, HOST_OK);
	assert_int_equal(doctor_check_find(&doctor_check, "xt-nfqueue")->state, HOST_OK);
}

/*
 * Floods can't be kept apart without it, which does not stop podgate; and who does not want that
 * need not hear of it.
 */
static void a_missing_hashlimit_is_a_warning(void **state)
{
	struct settings settings = doctor_check_usual;
	struct doctor_check doctor_check;
	const struct host_finding *finding;

	(void)state;
	settings.flood_rate = 1000;
	doctor_check_expect(&settings, "xt-hashlimit", HOST_OK, "match hashlimit");
	netns_refuse_rules("-m hashlimit");
	doctor_check_run(&doctor_check, &settings);
	finding = doctor_check_find(&doctor_check, "xt-hashlimit");
	assert_non_null(finding);
	assert_int_equal(finding->state, HOST_WARNING);
	assert_non_null(strstr(finding->found, "a pod that floods is not kept apart"));
	assert_non_null(strstr(finding->remedy, "`flood_rate: 0`"));
	assert_int_equal(doctor_check_find(&doctor_check, "xt-nfqueue")->state, HOST_OK);
	doctor_check_run(&doctor_check, &doctor_check_usual);
	assert_null(doctor_check_find(&doctor_check, "xt-hashlimit"));
	netns_refuse_none();
}

/* ---- in a thread of its own: without privilege, without programs ---- */

static void *examine_without_privilege(void *context)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN, 0, 0, 0);
	syscall(SYS_capget, &header, data);
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	data[0].permitted &= ~(1U << CAP_NET_ADMIN);
	data[0].inheritable &= ~(1U << CAP_NET_ADMIN);
	syscall(SYS_capset, &header, data);
	doctor_check_run(context, &doctor_check_usual);
	return NULL;
}

static void *examine_without_programs(void *context)
{
	if (unshare(CLONE_FS | CLONE_NEWNS) == 0 &&
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("none", "/usr/sbin", "tmpfs", 0, NULL) == 0)
		doctor_check_run(context, &doctor_check_usual);
	return NULL;
}

static void examine_in_thread(void *(*run)(void *context), struct doctor_check *out)
{
	pthread_t thread;

	out->count = 0;
	assert_int_equal(pthread_create(&thread, NULL, run, out), 0);
	pthread_join(thread, NULL);
	assert_true(out->count > 0);
}

/* One failure, not one for each thing that can't be had without it. */
static void missing_privilege_is_said_once(void **state)
{
	struct doctor_check doctor_check;
	size_t failed = 0;

	(void)state;
	examine_in_thread(examine_without_privilege, &doctor_check);
	assert_string_equal(doctor_check.findings[0].check, "cap-net-admin");
	assert_int_equal(doctor_check.findings[0].state, HOST_FAILED);
	assert_non_null(strstr(doctor_check.findings[0].remedy, "root"));
	for (size_t i = 0; i < doctor_check.count; i++)
		failed += doctor_check.findings[i].state == HOST_FAILED;
	assert_int_equal(failed, 1);
}

static void missing_iptables_is_said_once(void **state)
{
	struct doctor_check doctor_check;
	size_t failed = 0;

	(void)state;
	examine_in_thread(examine_without_programs, &doctor_check);
	for (size_t i = 0; i < doctor_check.count; i++)
		failed += doctor_check.findings[i].state == HOST_FAILED;
	assert_int_equal(failed, 1);
	assert_int_equal(doctor_check_find(&doctor_check, "iptables")->state, HOST_FAILED);
	assert_non_null(strstr(doctor_check_find(&doctor_check, "iptables")->found,
		"install the package iptables"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_trouble_has_a_remedy, netns_enter),
		cmocka_unit_test_setup(checking_changes_nothing, netns_enter),
		cmocka_unit_test_setup(ipv6_is_judged_unless_switched_off, netns_enter),
		cmocka_unit_test_setup(the_back_end_is_told, netns_enter),
		cmocka_unit_test_setup(overlapping_marks_fail, netns_enter),
		cmocka_unit_test_setup(sets_of_others_fail, netns_enter),
		cmocka_unit_test_setup(queues_of_others_fail, netns_enter),
		cmocka_unit_test_setup(bridges_that_hide_packets_are_found, netns_enter),
		cmocka_unit_test_setup(a_bridges_own_option_counts, netns_enter),
		cmocka_unit_test_setup(ways_past_the_rules_are_told, netns_enter),
		cmocka_unit_test_setup(preparing_sets_requires_or_ignores, netns_enter),
		cmocka_unit_test_setup(the_kernel_is_asked_for_the_bridge_module, netns_enter),
		cmocka_unit_test_setup(forwarding_is_looked_at, netns_enter),
		cmocka_unit_test_setup(unchecked_sources_are_a_warning, netns_enter),
		cmocka_unit_test_setup(packets_that_choose_their_route_are_warned_of, netns_enter),
		cmocka_unit_test(saved_rules_of_ours_are_told),
		cmocka_unit_test_setup(flows_are_counted, netns_enter),
		cmocka_unit_test_setup(a_missing_feature_is_named, netns_enter),
		cmocka_unit_test_setup(a_missing_hashlimit_is_a_warning, netns_enter),
		cmocka_unit_test_setup(missing_privilege_is_said_once, netns_enter),
		cmocka_unit_test_setup(missing_iptables_is_said_once, netns_enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

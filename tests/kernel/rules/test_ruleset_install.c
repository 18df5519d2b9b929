/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rules on the running kernel, with either back end and both families: installed whole or not
 * at all, inspected, removed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/rules/ruleset.h"
#include "kernel/sets/pod_set.h"
#include "tests/support/netns.h"

static enum backend_choice nft = BACKEND_NFT, legacy = BACKEND_LEGACY;

static struct ruleset_options options_for(void *const *state)
{
	return (struct ruleset_options){
		.backend = **(enum backend_choice *const *)state,
		.ipv6 = true,
		.workers = 2,
		.queue_base = 8610,
		.mark_allow = 0x20000000,
		.mark_deny = 0x40000000,
		.host_traffic = true,
	};
}

static const char *name_of(enum backend_choice backend)
{
	return backend == BACKEND_NFT ? "nft" : "legacy";
}

/*
 * Others' rules in several tables, some with texts that look like ours, with counters that must
 * survive.
 */
static void add_foreign_rules(const char *backend)
{
	static const char *const families[] = {"ip", "ip6"};

	for (int i = 0; i < 2; i++)
		assert_int_equal(
			netns_run("%stables-%s-restore <<'END'\n"
				  "*mangle\n:FORWARD ACCEPT [3:180]\n:MINE - [0:0]\n"
				  "[7:700] -A FORWARD -i lo -m comment --comment \"not -j "
				  "\\\"PODGATE\\\"\" -j MINE\n[1:60] -A MINE -j MARK --set-xmark "
				  "0x20000000/0xffffffff\n"
				  "[2:80] -A INPUT -p tcp -j MINE\nCOMMIT\n"
				  "*filter\n:INPUT DROP [5:500]\n[11:1100] -A FORWARD -p udp "
				  "--dport 53 -j ACCEPT\nCOMMIT\n"
				  "*nat\n[4:240] -A POSTROUTING -o lo -j MASQUERADE\nCOMMIT\nEND",
				families[i], backend),
			0);
}

static int enter(void **state)
{
	char problem[PROBLEM_SIZE];

	netns_enter(state);
	if (pod_set_create(true, problem) != 0)
		fail_msg("%s", problem);
	return 0;
}

/*
 * All tables of both families and back ends, without the dates and without what iptables writes of
 * empty tables.
 */
static char *read_all(const char *grep)
{
	return netns_read("for f in ip ip6; do for b in nft legacy; do echo \"== $f $b\"; "
			  "${f}tables-$b-save -c 2>/dev/null; done; done | grep -v '^#' %s",
		grep);
}

static void assert_ok(int err, const char *problem)
{
	if (err != 0)
		fail_msg("%d: %s", err, problem);
}

static void installing_twice_is_installing_once(void **state)
{
	const struct ruleset_options options = options_for(state);
	char problem[PROBLEM_SIZE], *once, *twice;

	assert_ok(ruleset_install(&options, problem), problem);
	assert_ok(ruleset_verify(&options, problem), problem);
	once = read_all("");
	assert_ok(ruleset_install(&options, problem), problem);
	assert_ok(ruleset_verify(&options, problem), problem);
	twice = read_all("");
	assert_string_equal(once, twice);
	free(once);
	free(twice);
}

static void rules_of_others_are_not_touched(void **state)
{
	const struct ruleset_options options = options_for(state);
	char problem[PROBLEM_SIZE], *before, *installed, *after;

	add_foreign_rules("nft");
	add_foreign_rules("legacy");
	before = read_all("");
	assert_ok(ruleset_install(&options, problem), problem);
	installed = read_all("| grep -v -e '^:PODGATE' -e '-A PODGATE' -e '-j PODGATE$'");
	assert_string_equal(before, installed);
	assert_ok(ruleset_remove(problem), problem);
	after = read_all("");
	assert_string_equal(before, after);
	free(before);
	free(installed);
	free(after);
}

static void our_jump_comes_first(void **state)
{
	const struct ruleset_options options = options_for(state);
	char problem[PROBLEM_SIZE], *jumps;

	add_foreign_rules(name_of(options.backend));
	assert_ok(ruleset_install(&options, problem), problem);
	jumps = netns_read("ip6tables-%s-save -t mangle | grep -e '^-A FORWARD' -e '^-A INPUT'",
		name_of(options.backend));
	assert_string_equal(jumps,
		"-A INPUT -m conntrack --ctdir ORIGINAL -j PODGATE\n-A INPUT -m conntrack "
		"--ctstate INVALID,UNTRACKED -j PODGATE\n"
		"-A INPUT -p tcp -j MINE\n-A FORWARD -j PODGATE\n-A FORWARD -i lo -m comment "
		"--comment \"not -j \\\"PODGATE\\\"\" -j MINE\n");
	free(jumps);
}

/* What others may do to our rules, how it is told, and that installing mends it. */
static const struct tampering {
	const char *deed; /* after "iptables-<backend> -t mangle" */
	int err;
	const char *said;
} tamperings[] = {
	{"-F PODGATE", -ENOENT, "our chain PODGATE ends after 0 of "},
	{"-F PODGATE-LEARNED", -ENOENT, "our chain PODGATE-LEARNED ends after 0 of 1 rules"},
	{"-A PODGATE-LEARNED -j ACCEPT", -ESTALE,
		"a rule was added to our chain: '-A PODGATE-LEARNED -j ACCEPT'"},
	{"-A FORWARD -j PODGATE-LEARNED", -ESTALE,
		"a jump into our chain was added: '-A FORWARD -j PODGATE-LEARNED'"},
	{"-F FORWARD", -ENOENT, "jump into our chain is gone"},
	{"-F", -ENOENT, "ends after 0 of "},
	{"-D FORWARD -j PODGATE", -ENOENT, "jump into our chain is gone"},
	{"-D INPUT 1", -ESTALE, "not the first rule of INPUT"},
	{"-D INPUT 2", -ENOENT, "jump into our chain is gone"},
	{"-I FORWARD 1 -i eth7 -j ACCEPT", -ESTALE,
		"not the first rule of FORWARD, but '-A FORWARD -i eth7 -j ACCEPT'"},
	{"-A FORWARD -j PODGATE", -ESTALE, "a jump into our chain was added"},
	{"-A PODGATE -j ACCEPT", -ESTALE, "a rule was added to our chain: '-A PODGATE -j ACCEPT'"},
	{"-I PODGATE 1 -j ACCEPT", -ESTALE, "rule 1 of our chain is '-A PODGATE -j ACCEPT'"},
	{"-D PODGATE 1", -ESTALE, "rule 1 of our chain is"},
	{"-R PODGATE 4 -j RETURN", -ESTALE, "rule 4 of our chain is '-A PODGATE -j RETURN'"},
};

static void tamper(const struct ruleset_options *options, const char *family,
	const struct tampering *tampering)
{
	char problem[PROBLEM_SIZE] = "";

	assert_int_equal(netns_run("%stables-%s -t mangle %s", family, name_of(options->backend),
				 tampering->deed),
		0);
	assert_int_equal(ruleset_verify(options, problem), tampering->err);
	if (strstr(problem, tampering->said) == NULL)
		fail_msg("after %s: %s", tampering->deed, problem);
	assert_non_null(strstr(problem, strcmp(family, "ip") == 0 ? "IPv4" : "IPv6"));
	assert_ok(ruleset_install(options, problem), problem);
	assert_ok(ruleset_verify(options, problem), problem);
}

static void tampering_is_told_and_mended(void **state)
{
	const struct ruleset_options options = options_for(state);
	char problem[PROBLEM_SIZE];

	assert_int_equal(ruleset_verify(&options, problem), -ENOENT);
	assert_non_null(strstr(problem, "our chain PODGATE is gone"));
	assert_ok(ruleset_install(&options, problem), problem);
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]); i++) {
		tamper(&options, "ip", &tamperings[i]);
		tamper(&options, "ip6", &tamperings[i]);
	}
}

static void another_configuration_is_a_difference(void **state)
{
	const struct ruleset_options options = options_for(state);
	struct ruleset_options other = options;
	char problem[PROBLEM_SIZE];

	assert_ok(ruleset_install(&options, problem), problem);
	other.workers = 3;
	assert_int_equal(ruleset_verify(&other, problem), -ESTALE);
	other = options;
	other.host_traffic = false;
	assert_int_equal(ruleset_verify(&other, problem), -ESTALE);
	assert_ok(ruleset_install(&other, problem), problem);
	assert_ok(ruleset_verify(&other, problem), problem);
	other.cpu_fanout = other.queue_bypass = true;
	assert_int_equal(ruleset_verify(&other, problem), -ESTALE);
	assert_ok(ruleset_install(&other, problem), problem);
	assert_ok(ruleset_verify(&other, problem), problem);
}

/* One datagram of 10 bytes to the namespace itself. */
static void send_datagram(const struct sockaddr *to, socklen_t length)
{
	const int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(sendto(fd, "0123456789", 10, 0, to, length), 10);
	close(fd);
}

static void send_datagrams(void)
{
	const struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT};

	assert_int_equal(netns_run("ip link set lo up"), 0);
	send_datagram((const struct sockaddr *)&v4, sizeof(v4));
	send_datagram((const struct sockaddr *)&v6, sizeof(v6));
}

static void counters_are_read(void **state)
{
	const struct ruleset_options options = options_for(state);
	struct rule_counter counters[32];
	char problem[PROBLEM_SIZE];

	assert_ok(ruleset_install(&options, problem), problem);
	send_datagrams();
	assert_int_equal(ruleset_counters(&options, IP_FAMILY_V6, counters, 32, problem), 26);
	assert_string_equal(counters[15].rule,
		"-A PODGATE -m conntrack --ctdir REPLY -j NFQUEUE --queue-num 8612");
	assert_int_equal(counters[15].packets, 0);
	/* the datagram; the error that answers it is of the reply direction, which INPUT spares */
	assert_string_equal(counters[5].rule,
		"-A PODGATE -m set ! --match-set podgate-pods6 dst -m set ! --match-set "
		"podgate-pods6 src -j RETURN");
	assert_int_equal(counters[5].packets, 1);
	assert_int_equal(counters[5].bytes, 58);
	assert_int_equal(ruleset_counters(&options, IP_FAMILY_V4, counters, 6, problem), 6);
	assert_int_equal(counters[5].packets, 1);
	assert_int_equal(counters[5].bytes, 38);
}

static void removing_takes_everything(void **state)
{
	const struct ruleset_options options = options_for(state);
	struct ruleset_place places[RULESET_PLACES_MOST];
	char problem[PROBLEM_SIZE];

	assert_int_equal(ruleset_find(places), 0);
	assert_ok(ruleset_remove(problem), problem); /* nothing there */
	assert_ok(ruleset_install(&options, problem), problem);
	assert_int_equal(ruleset_find(places), 2);
	assert_int_equal(places[0].backend, options.backend);
	assert_int_equal(places[1].family, IP_FAMILY_V6);
	assert_int_equal(netns_run("iptables-%s -t mangle -N USER; iptables-%s -t mangle -A USER "
				   "-p tcp -g PODGATE",
				 name_of(options.backend), name_of(options.backend)),
		0);
	assert_ok(ruleset_remove(problem), problem);
	assert_int_equal(ruleset_find(places), 0);
	assert_int_equal(netns_run("for f in ip ip6; do for b in nft legacy; do ${f}tables-$b-save "
				   "2>/dev/null; done; done | grep -q PODGATE"),
		1);
	assert_ok(ruleset_remove(problem), problem); /* again */
}

/* Looking must not create legacy tables, whose hooks every packet would pass from then on. */
static void looking_creates_nothing(void **state)
{
	struct ruleset_options options = options_for(state);
	struct ruleset_place places[RULESET_PLACES_MOST];
	struct rule_counter counters[4];
	enum backend_choice found;
	char problem[PROBLEM_SIZE], *names;

	options.backend = BACKEND_LEGACY;
	assert_int_equal(ruleset_verify(&options, problem), -ENOENT);
	assert_int_equal(ruleset_counters(&options, IP_FAMILY_V4, counters, 4, problem), 0);
	assert_ok(ruleset_find_backend(BACKEND_AUTO, &found, problem), problem);
	assert_ok(ruleset_check_marks(1, 2, problem), problem);
	assert_int_equal(ruleset_find(places), 0);
	assert_ok(ruleset_remove(problem), problem);
	names = netns_read("cat /proc/self/net/ip_tables_names /proc/self/net/ip6_tables_names; "
			   "nft list ruleset");
	assert_string_equal(names, "");
	free(names);
}

static void the_other_back_end_is_left_clean(void **state)
{
	const struct ruleset_options options = options_for(state);
	struct ruleset_options other = options;
	struct ruleset_place places[RULESET_PLACES_MOST];
	char problem[PROBLEM_SIZE];

	other.backend = options.backend == BACKEND_NFT ? BACKEND_LEGACY : BACKEND_NFT;
	assert_ok(ruleset_install(&other, problem), problem);
	other = options;
	other.ipv6 = false;
	assert_ok(ruleset_install(&other, problem), problem);
	assert_int_equal(ruleset_find(places), 1); /* neither the other back end nor IPv6 */
	assert_int_equal(places[0].backend, options.backend);
	assert_int_equal(places[0].family, IP_FAMILY_V4);
}

static void overlapping_marks_are_refused(void **state)
{
	const struct ruleset_options options = options_for(state);
	struct ruleset_place places[RULESET_PLACES_MOST];
	char problem[PROBLEM_SIZE];

	/* in the back end that is not ours: both see every packet */
	assert_int_equal(
		netns_run("ip6tables-%s -t mangle -A POSTROUTING -j CONNMARK --save-mark",
			name_of(options.backend == BACKEND_NFT ? BACKEND_LEGACY : BACKEND_NFT)),
		0);
	assert_int_equal(ruleset_install(&options, problem), -EEXIST);
	assert_non_null(strstr(problem,
		"'-A POSTROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask "
		"0xffffffff'"));
	assert_non_null(strstr(problem, "IPv6"));
	assert_non_null(strstr(problem, "mark_allow"));
	assert_int_equal(ruleset_find(places), 0);
}

/* A program of ours in front of the real one, for this test only. */
static char shim_folder[32];

static void put_shim(const char *name, const char *script)
{
	char path[96], search[256];
	FILE *file;

	strcpy(shim_folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(shim_folder));
	snprintf(path, sizeof(path), "%s/%s", shim_folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fchmod(fileno(file), 0755);
	fclose(file);
	snprintf(search, sizeof(search), "%s:/usr/sbin:/usr/bin:/sbin:/bin", shim_folder);
	setenv("PATH", search, 1);
}

static int take_shim(void **state)
{
	(void)state;
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	if (shim_folder[0] != '\0')
		assert_int_equal(netns_run("rm -r %s", shim_folder), 0);
	shim_folder[0] = '\0';
	return 0;
}

static void a_failing_family_takes_the_other_back(void **state)
{
	const struct ruleset_options options = options_for(state);
	char problem[PROBLEM_SIZE], name[64], *before, *after;

	add_foreign_rules(name_of(options.backend));
	before = read_all("");
	snprintf(name, sizeof(name), "ip6tables-%s-restore", name_of(options.backend));
	put_shim(name, "echo 'ip6tables-restore: line 7 failed' >&2; exit 1");
	assert_int_equal(ruleset_install(&options, problem), -EINVAL);
	assert_non_null(strstr(problem, "line 7 failed"));
	after = read_all("");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/*
 * Rules that held the gate before, and a jump that somebody had moved: all as it was, not just
 * "ours".
 */
static void a_failed_repair_leaves_the_old_rules(void **state)
{
	const struct ruleset_options options = options_for(state);
	struct ruleset_options wider = options;
	const char *backend = name_of(options.backend);
	char problem[PROBLEM_SIZE], name[64], *before, *after;

	assert_ok(ruleset_install(&options, problem), problem);
	assert_int_equal(netns_run("iptables-%s -t mangle -I FORWARD 1 -i eth0 -j ACCEPT; "
				   "iptables-%s -t mangle -A FORWARD -j PODGATE",
				 backend, backend),
		0);
	before = read_all("");
	snprintf(name, sizeof(name), "ip6tables-%s-restore", backend);
	put_shim(name, "exit 1");
	wider.workers = 8;
	assert_int_equal(ruleset_install(&wider, problem), -EINVAL);
	after = read_all("");
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* The first attempt is refused as if another program had changed the table meanwhile. */
static void a_lost_race_is_tried_again(void **state)
{
	const struct ruleset_options options = options_for(state);
	char problem[PROBLEM_SIZE], name[64], script[256];

	snprintf(name, sizeof(name), "iptables-%s-restore", name_of(options.backend));
	snprintf(script, sizeof(script),
		"d=$(dirname $0); [ -e $d/once ] && exec /usr/sbin/%s \"$@\"; touch $d/once; echo "
		"failed >&2; exit 2",
		name);
	put_shim(name, script);
	assert_ok(ruleset_install(&options, problem), problem);
	assert_ok(ruleset_verify(&options, problem), problem);
}

/*
 * The rules for bridges come and go with br_netfilter; what others have in the same chains stays
 * where it is.
 */
static void rules_for_bridges_come_and_go(void **state)
{
	struct ruleset_options options = options_for(state);
	const char *name = name_of(options.backend);
	char problem[PROBLEM_SIZE];

	assert_int_equal(
		netns_run("iptables-%s -t raw -A PREROUTING -p udp --dport 1 -j ACCEPT", name), 0);
	assert_ok(ruleset_install(&options, problem), problem);
	assert_int_equal(netns_run("! iptables-%s-save -t raw | grep PODGATE", name), 0);
	options.bridged = true;
	assert_int_not_equal(ruleset_verify(&options, problem), 0);
	assert_ok(ruleset_install(&options, problem), problem);
	assert_ok(ruleset_verify(&options, problem), problem);
	assert_ok(ruleset_install(&options, problem), problem);
	assert_ok(ruleset_verify(&options, problem), problem);
	assert_int_equal(
		netns_run(
			"test $(iptables-%s-save | grep -c 'PREROUTING .*-j PODGATE-') = 2", name),
		0);

	assert_int_equal(
		netns_run("iptables-%s -t raw -I PREROUTING -p udp --dport 2 -j ACCEPT", name), 0);
	assert_int_equal(ruleset_verify(&options, problem), -ESTALE);
	assert_non_null(strstr(problem, "our jump is not the first rule of PREROUTING"));
	assert_ok(ruleset_install(&options, problem), problem);
	assert_int_equal(netns_run("iptables-%s -t raw -F PODGATE-UNTRACK", name), 0);
	assert_int_equal(ruleset_verify(&options, problem), -ENOENT);
	assert_non_null(strstr(problem, "PODGATE-UNTRACK"));
	assert_ok(ruleset_install(&options, problem), problem);
	assert_int_equal(netns_run("iptables-%s -t mangle -D PREROUTING 1", name), 0);
	assert_int_equal(ruleset_verify(&options, problem), -ENOENT);

	options.bridged = false;
	assert_ok(ruleset_install(&options, problem), problem);
	assert_ok(ruleset_verify(&options, problem), problem);
	assert_int_equal(
		netns_run("! iptables-%s-save | grep -E 'PODGATE-(BRIDGED|UNTRACK)'", name), 0);
	options.bridged = true;
	assert_ok(ruleset_install(&options, problem), problem);
	assert_ok(ruleset_remove(problem), problem);
	assert_int_equal(netns_run("! iptables-%s-save | grep PODGATE", name), 0);
	assert_int_equal(
		netns_run("test $(iptables-%s-save -t raw | grep -c -- '--dport') = 2", name), 0);
}

static void a_missing_set_is_told(void **state)
{
	const struct ruleset_options options = options_for(state);
	struct ruleset_place places[RULESET_PLACES_MOST];
	char problem[PROBLEM_SIZE];

	assert_ok(pod_set_destroy(problem), problem);
	assert_int_equal(ruleset_install(&options, problem), -EINVAL);
	assert_non_null(strstr(problem, "podgate-groups4"));
	assert_int_equal(ruleset_find(places), 0);
}

/* ---- what can only be tried in a thread of its own: without programs, without privilege ---- */

struct attempt {
	void (*in_thread)(struct attempt *attempt);
	struct ruleset_options options;
	int err;
	char problem[PROBLEM_SIZE];
};

static void *attempt_run(void *context)
{
	struct attempt *attempt = context;

	attempt->in_thread(attempt);
	return NULL;
}

static void attempt_in_thread(struct attempt *attempt)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, attempt_run, attempt), 0);
	pthread_join(thread, NULL);
}

/* Programs started by the thread see its mounts: an empty folder over the one with the programs. */
static int hide_programs(void)
{
	if (unshare(CLONE_FS | CLONE_NEWNS) != 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return -errno;
	return mount("none", "/usr/sbin", "tmpfs", 0, NULL) != 0 ? -errno : 0;
}

static void find_without_programs(struct attempt *attempt)
{
	enum backend_choice found;

	attempt->err = hide_programs();
	if (attempt->err == 0)
		attempt->err = ruleset_find_backend(BACKEND_AUTO, &found, attempt->problem);
}

static void install_without_programs(struct attempt *attempt)
{
	attempt->err = hide_programs();
	if (attempt->err == 0)
		attempt->err = ruleset_install(&attempt->options, attempt->problem);
}

static void without_iptables_the_package_is_named(void **state)
{
	struct attempt attempt = {
		.in_thread = find_without_programs, .options = options_for(state)};
	char problem[PROBLEM_SIZE];

	attempt_in_thread(&attempt);
	assert_int_equal(attempt.err, -ENOENT);
	assert_non_null(strstr(attempt.problem, "install the package iptables"));
	attempt.in_thread = install_without_programs;
	attempt_in_thread(&attempt);
	assert_int_equal(attempt.err, -ENOENT);
	assert_non_null(strstr(attempt.problem, "install the package iptables"));
	assert_ok(ruleset_verify(&attempt.options, problem) == -ENOENT ? 0 : -1,
		"something was installed");
}

/* Out of the bounding set too, or a root's program would have it again on exec. */
static void drop_net_admin(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_prctl, 24 /* PR_CAPBSET_DROP */, CAP_NET_ADMIN, 0, 0, 0), 0);
	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	data[0].permitted &= ~(1U << CAP_NET_ADMIN);
	data[0].inheritable &= ~(1U << CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void install_without_privilege(struct attempt *attempt)
{
	drop_net_admin();
	attempt->err = ruleset_install(&attempt->options, attempt->problem);
}

static void remove_without_privilege(struct attempt *attempt)
{
	drop_net_admin();
	attempt->err = ruleset_remove(attempt->problem);
}

static void without_privilege_it_is_said_so(void **state)
{
	struct attempt attempt = {
		.in_thread = install_without_privilege, .options = options_for(state)};
	struct ruleset_place places[RULESET_PLACES_MOST];
	char problem[PROBLEM_SIZE];

	attempt_in_thread(&attempt);
	assert_int_equal(attempt.err, -EPERM);
	assert_non_null(strstr(attempt.problem, "CAP_NET_ADMIN"));
	assert_int_equal(ruleset_find(places), 0);
	assert_ok(ruleset_install(&attempt.options, problem), problem);
	attempt.in_thread = remove_without_privilege;
	attempt_in_thread(&attempt);
	assert_int_equal(attempt.err, -EPERM);
	assert_int_equal(ruleset_find(places), 2);
}

/* ---- which back end ---- */

static void the_back_end_with_rules_is_chosen(void **state)
{
	const enum backend_choice used = **(enum backend_choice **)state;
	enum backend_choice found = BACKEND_AUTO;
	struct ruleset_options other = options_for(state);
	char problem[PROBLEM_SIZE];

	/* ours in the other one don't count: they are what an earlier setting left */
	other.backend = used == BACKEND_NFT ? BACKEND_LEGACY : BACKEND_NFT;
	assert_ok(ruleset_install(&other, problem), problem);
	assert_int_equal(
		netns_run("iptables-%s -t filter -A INPUT -p tcp -j ACCEPT", name_of(used)), 0);
	assert_ok(ruleset_find_backend(BACKEND_AUTO, &found, problem), problem);
	assert_int_equal(found, used);
	assert_ok(ruleset_find_backend(other.backend, &found, problem), problem);
	assert_int_equal(found, other.backend);
}

/* Nothing to go by: what `iptables` itself is. */
static void plain_iptables_decides_else(void **state)
{
	const enum backend_choice usual = **(enum backend_choice **)state;
	enum backend_choice found = BACKEND_AUTO;
	char problem[PROBLEM_SIZE], script[96];

	snprintf(script, sizeof(script), "exec /usr/sbin/iptables-%s \"$@\"", name_of(usual));
	put_shim("iptables", script);
	assert_ok(ruleset_find_backend(BACKEND_AUTO, &found, problem), problem);
	assert_int_equal(found, usual);
}

#define WITH_BOTH(test) \
	cmocka_unit_test_prestate_setup_teardown(test, enter, take_shim, &nft), \
		cmocka_unit_test_prestate_setup_teardown(test, enter, take_shim, &legacy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_BOTH(installing_twice_is_installing_once),
		WITH_BOTH(rules_of_others_are_not_touched),
		WITH_BOTH(our_jump_comes_first),
		WITH_BOTH(tampering_is_told_and_mended),
		WITH_BOTH(another_configuration_is_a_difference),
		WITH_BOTH(counters_are_read),
		WITH_BOTH(removing_takes_everything),
		WITH_BOTH(looking_creates_nothing),
		WITH_BOTH(the_other_back_end_is_left_clean),
		WITH_BOTH(overlapping_marks_are_refused),
		WITH_BOTH(a_failing_family_takes_the_other_back),
		WITH_BOTH(a_failed_repair_leaves_the_old_rules),
		WITH_BOTH(a_lost_race_is_tried_again),
		WITH_BOTH(a_missing_set_is_told),
		WITH_BOTH(rules_for_bridges_come_and_go),
		WITH_BOTH(without_iptables_the_package_is_named),
		WITH_BOTH(without_privilege_it_is_said_so),
		WITH_BOTH(the_back_end_with_rules_is_chosen),
		WITH_BOTH(plain_iptables_decides_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "doctor/kernel_probe.h"
#include "kernel/bridge/bridge_guard.h"
#include "kernel/rules/iptables.h"
#include "kernel/rules/ruleset.h"
#include "kernel/sets/pod_set.h"
#include "process/capabilities.h"

/* Privilege, iptables, and what the kernel must have been built with. */

void host_check_capability(struct host_report *report)
{
	report->privileged = capabilities_hold(CAP_NET_ADMIN);
	if (report->privileged) {
		host_report_add(report, "cap-net-admin", HOST_OK, "CAP_NET_ADMIN is held");
		return;
	}
	host_report_add(report, "cap-net-admin", HOST_FAILED,
		"CAP_NET_ADMIN is missing: rules, sets, queues and the flow table are out of "
		"reach");
	host_report_remedy(
		report, "run podgate as root, or give its unit or container CAP_NET_ADMIN");
}

void host_check_ipv6(struct host_report *report)
{
	const enum switch_mode wanted = report->settings->ipv6;
	const bool present = kernel_has_ipv6();

	report->ipv6 = wanted != SWITCH_OFF && present;
	if (wanted == SWITCH_ON && !present) {
		host_report_add(report, "ipv6", HOST_FAILED,
			"`ipv6: on` is set, and this kernel has no IPv6");
		host_report_remedy(report, "boot without ipv6.disable=1, or set `ipv6: auto`");
	} else if (wanted == SWITCH_OFF && present) {
		host_report_add(report, "ipv6", HOST_WARNING,
			"IPv6 works here and `ipv6: off` is set: IPv6 between pods is not judged");
		host_report_remedy(report,
			"set `ipv6: auto`, or switch IPv6 off in every pod "
			"(net.ipv6.conf.all.disable_ipv6=1)");
	} else {
		host_report_add(report, "ipv6", HOST_OK, "IPv6 is %s",
			report->ipv6 ? "judged" : "not in this kernel");
	}
}

void host_check_iptables(struct host_report *report)
{
	char problem[PROBLEM_SIZE];
	int err = ruleset_find_backend(report->settings->backend, &report->backend, problem);

	if (err != 0)
		report->backend = BACKEND_AUTO;
	if (err == 0 && report->ipv6)
		err = iptables_available(report->backend, IP_FAMILY_V6, problem);
	if (err != 0) {
		host_report_add(report, "iptables", HOST_FAILED, "%.250s", problem);
		host_report_remedy(report, "install the package iptables (1.6.2 or later)");
		return;
	}
	host_report_add(report, "iptables", HOST_OK, "the rules go to the %s back end%s",
		iptables_backend_name(report->backend),
		report->settings->backend == BACKEND_AUTO ? ", as found out" : ", as set");
}

/* Rules in the back end that is not ours are in force all the same: the kernel asks both. */
void host_check_leftovers(struct host_report *report)
{
	const enum backend_choice other = report->backend == BACKEND_NFT ? BACKEND_LEGACY
									 : BACKEND_NFT;
	struct ruleset_place places[RULESET_PLACES_MOST];
	char ignored[PROBLEM_SIZE];
	size_t count, ours = 0;

	if (report->backend == BACKEND_AUTO || !report->privileged ||
		iptables_available(other, IP_FAMILY_V4, ignored) != 0)
		return;
	count = ruleset_find(places);
	for (size_t i = 0; i < count; i++)
		ours += places[i].backend == other;
	if (ours > 0) {
		host_report_add(report, "other-backend", HOST_WARNING,
			"rules of an earlier podgate are left in the %s back end",
			iptables_backend_name(other));
		host_report_remedy(report,
			"`podgate run` removes them when it starts, `podgate cleanup` all of them");
		return;
	}
	host_report_add(report, "other-backend", HOST_OK,
		ruleset_in_use(other)
			? "rules of others, but none of podgate's, are in the %s back end, too"
			: "no rules are in the %s back end",
		iptables_backend_name(other));
}

/* Of optional ones there is only xt-hashlimit. */
static void add_feature(struct host_report *report, const struct kernel_feature *feature)
{
	if (!feature->missing) {
		host_report_add(report, feature->slug, HOST_OK, "the kernel has %s", feature->what);
		return;
	}
	if (feature->optional) {
		if (report->settings->flood_rate == 0)
			return;
		host_report_add(report, feature->slug, HOST_WARNING,
			"%s can't be used, so a pod that floods is not kept apart and delays "
			"others: %s",
			feature->what, feature->said);
		host_report_remedy(
			report, "load or build %s, or set `flood_rate: 0`", feature->option);
		return;
	}
	host_report_add(report, feature->slug, HOST_FAILED, "%s can't be used: %s", feature->what,
		feature->said);
	host_report_remedy(report,
		"load or build %s, and install an iptables package that knows it", feature->option);
}

void host_check_kernel(struct host_report *report)
{
	struct kernel_probe probe = {.backend = report->backend, .ipv6 = report->ipv6};
	int err;

	/* said above already, each of them, and there is nothing to try with */
	if (report->backend == BACKEND_AUTO || !report->privileged)
		return;
	err = kernel_probe_run(&probe);
	if (err != 0) {
		host_report_add(report, "kernel", HOST_WARNING,
			"the kernel's features could not be tried in a network namespace: %s",
			strerror(-err));
		host_report_remedy(report,
			"run `podgate doctor` as root (it needs CAP_SYS_ADMIN for this check)");
		return;
	}
	for (size_t i = 0; i < probe.count; i++)
		add_feature(report, &probe.features[i]);
}

/* Its rules then count for nothing in what is looked at. */
static bool legacy_tables_are_hidden(void)
{
	static const char *const lists[] = {
		"/proc/thread-self/net/ip_tables_names", "/proc/thread-self/net/ip6_tables_names"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (access(lists[i], R_OK) != 0 && errno == EACCES)
			return true;
	return false;
}

void host_check_marks(struct host_report *report)
{
	const struct settings *settings = report->settings;
	char problem[PROBLEM_SIZE];
	int err;

	if (!report->privileged) /* said above: the rules can't be read */
		return;
	err = ruleset_check_marks(settings->mark_allow, settings->mark_deny, problem);
	if (err == 0 && legacy_tables_are_hidden()) {
		host_report_add(report, "marks", HOST_WARNING,
			"the rules of iptables-legacy are root's to read: whether one uses 0x%x of "
			"the connection mark is not known",
			settings->mark_allow | settings->mark_deny);
		host_report_remedy(report, "start podgate as root, which it gives up by itself");
		return;
	}
	if (err == 0) {
		host_report_add(report, "marks", HOST_OK,
			"no rule of others uses 0x%x of the connection mark",
			settings->mark_allow | settings->mark_deny);
		return;
	}
	host_report_add(
		report, "marks", err == -EEXIST ? HOST_FAILED : HOST_WARNING, "%.250s", problem);
	host_report_remedy(report,
		err == -EEXIST ? "set mark_allow and mark_deny to two bits that nobody uses"
			       : "look at the rules with iptables-save as root");
}

/* Sets of others under our names. */
void host_check_sets(struct host_report *report)
{
	char problem[PROBLEM_SIZE];
	int err;

	if (!report->privileged)
		return;
	err = pod_set_check(report->ipv6, problem);
	if (err == 0) {
		host_report_add(
			report, "sets", HOST_OK, "no ipset of others has a name of podgate's");
	} else if (err == -EEXIST) {
		host_report_add(report, "sets", HOST_FAILED, "%.250s", problem);
		host_report_remedy(report, "remove or rename that ipset");
	} /* else ipset is missing, and said so by the kernel's check */
}

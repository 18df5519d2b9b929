/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host.h"

#include <stdarg.h>
#include <stdio.h>

#include "doctor/host_report.h"

/*
 * In the order in which they should be mended: what a later one finds may be due to an earlier one.
 */
static void (*const checks[])(struct host_report *report) = {
	host_check_capability,
	host_check_ipv6,     /* tells the next ones which families count */
	host_check_iptables, /* tells the next ones which back end counts */
	host_check_leftovers,
	host_check_kernel,
	host_check_marks,
	host_check_nft_marks,
	host_check_sets,
	host_check_queues,
	host_check_other_queues,
	host_check_bridge,
	host_check_bridge_sources,
	host_check_flowtables,
	host_check_ipvs,
	host_check_conntrack,
	host_check_forwarding,
	host_check_spoofing,
	host_check_source_route,
	host_check_clock,
	host_check_files,
	host_check_log,
	host_check_saved,
};

size_t host_check(const struct settings *settings, struct host_finding findings[HOST_FINDINGS_MOST])
{
	struct host_report report = {.settings = settings, .findings = findings};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&report);
	return report.count;
}

void host_report_add(struct host_report *report, const char *check, enum host_state state,
	const char *format, ...)
{
	struct host_finding *finding = &report->findings[report->count];
	va_list args;

	if (report->count == HOST_FINDINGS_MOST)
		return;
	report->count++;
	*finding = (struct host_finding){.check = check, .state = state};
	va_start(args, format);
	vsnprintf(finding->found, sizeof(finding->found), format, args);
	va_end(args);
}

void host_report_remedy(struct host_report *report, const char *format, ...)
{
	struct host_finding *finding = &report->findings[report->count - 1];
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}

const char *host_state_name(enum host_state state)
{
	static const char *const names[] = {
		[HOST_OK] = "ok", [HOST_WARNING] = "warning", [HOST_FAILED] = "failed"};

	return names[state];
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DOCTOR_HOST_REPORT_H
#define DOCTOR_HOST_REPORT_H

/*
 * What the checks of host.c share: one function a check, each adding its findings to the report.
 * Private to host*.c.
 */

#include <stdio.h>

#include "doctor/host.h"

struct host_report {
	const struct settings *settings;
	struct host_finding *findings;
	size_t count;
	bool privileged;	     /* CAP_NET_ADMIN: without it there is little to be seen */
	enum backend_choice backend; /* as host_check_iptables() found it; AUTO: none */
	bool ipv6;		     /* settings and kernel agree on it */
};

/*
 * Adds a finding without a remedy; host_report_remedy() gives the latest one. Past
 * HOST_FINDINGS_MOST nothing is added.
 */
void host_report_add(struct host_report *report, const char *check, enum host_state state,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
void host_report_remedy(struct host_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* How many services /proc/net/ip_vs lists. Pure. */
unsigned int host_count_ipvs(FILE *file);

void host_check_capability(struct host_report *report);
void host_check_iptables(struct host_report *report);
void host_check_ipv6(struct host_report *report);
void host_check_kernel(struct host_report *report);
void host_check_marks(struct host_report *report);
void host_check_sets(struct host_report *report);
void host_check_queues(struct host_report *report);
void host_check_other_queues(struct host_report *report);
void host_check_bridge(struct host_report *report);
void host_check_bridge_sources(struct host_report *report);
void host_check_flowtables(struct host_report *report);
void host_check_conntrack(struct host_report *report);
void host_check_forwarding(struct host_report *report);
void host_check_spoofing(struct host_report *report);
void host_check_clock(struct host_report *report);
void host_check_leftovers(struct host_report *report);
void host_check_nft_marks(struct host_report *report);
void host_check_ipvs(struct host_report *report);
void host_check_files(struct host_report *report);
void host_check_log(struct host_report *report);
void host_check_source_route(struct host_report *report);
void host_check_saved(struct host_report *report);

/*
 * Whether saved rules, of iptables-save or nft, are podgate's in part; comments do not count. Pure.
 */
bool host_holds_our_rules(FILE *file);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "kernel/bridge/bridge_guard.h"
#include "kernel/netlink/netlink.h"
#include "kernel/netlink/netlink_attrs.h"

/* What gets past the rules by nature, so that no rule closes it: it is at least to be known. */

void host_check_bridge_sources(struct host_report *report)
{
	struct bridge_view view;

	if (bridge_guard_look(report->settings, &view) != 0 || view.state == BRIDGES_NONE)
		return;
	host_report_add(report, "bridge-sources", HOST_WARNING,
		"pods share a bridge, where nobody checks sources: one that can send raw packets "
		"can send as another pod, or as nobody that a policy names");
	host_report_remedy(report,
		"take CAP_NET_RAW and CAP_NET_ADMIN from the pods, or bind addresses to ports with "
		"nftables (table bridge)");
	if (report->settings->link_local != LINK_LOCAL_ALLOW || !report->ipv6)
		return;
	host_report_add(report, "link-local", HOST_WARNING,
		"pods of one bridge reach each other by IPv6 link-local addresses, whatever the "
		"policies (`link_local: allow` is set)");
	host_report_remedy(report, "set `link_local: deny` unless something of yours needs them");
}

struct flowtables {
	unsigned int count;
	char first[64];
};

static int take_flowtable(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attrs[NFTA_FLOWTABLE_MAX + 1];
	struct flowtables *flowtables = context;

	(void)netlink_attrs_index_message(
		attrs, NFTA_FLOWTABLE_MAX, message, sizeof(struct nfgenmsg));
	if (flowtables->count++ == 0)
		snprintf(flowtables->first, sizeof(flowtables->first), "%.63s",
			netlink_attr_text(attrs[NFTA_FLOWTABLE_NAME]));
	return 0;
}

/* A kernel without nf_tables, or without flowtables, refuses the question: then there are none. */
static struct flowtables find_flowtables(void)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct flowtables flowtables = {.count = 0};

	(void)netlink_ask_once(NETLINK_NETFILTER,
		netlink_put_netfilter(
			buffer, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, AF_UNSPEC),
		take_flowtable, &flowtables);
	return flowtables;
}

/*
 * A flow in a flowtable is forwarded at ingress and never seen in FORWARD again: no revocation
 * reaches it.
 */
void host_check_flowtables(struct host_report *report)
{
	const struct flowtables flowtables = find_flowtables();

	if (flowtables.count == 0) {
		host_report_add(report, "flowtables", HOST_OK,
			"no nftables flowtable takes flows past the rules");
		return;
	}
	host_report_add(report, "flowtables", HOST_WARNING,
		"flows in nftables flowtable%s \"%s\"%s pass by the rules: a change of policies "
		"does not cut them",
		flowtables.count == 1 ? "" : "s", flowtables.first,
		flowtables.count == 1 ? "" : "...");
	host_report_remedy(report, "keep the pods' flows out of it, or remove it");
}

/*
 * The kernel's list begins with lines about itself; a service begins with its protocol, "FWM" for a
 * mark, and its real servers with an arrow.
 */
unsigned int host_count_ipvs(FILE *file)
{
	unsigned int count = 0;
	char line[256];

	while (fgets(line, sizeof(line), file) != NULL)
		count += strncmp(line, "TCP ", 4) == 0 || strncmp(line, "UDP ", 4) == 0 ||
			strncmp(line, "SCTP ", 5) == 0 || strncmp(line, "FWM ", 4) == 0;
	return count;
}

/*
 * What is sent to a service of IPVS goes in by INPUT and out by OUTPUT; only the answers pass
 * FORWARD.
 */
void host_check_ipvs(struct host_report *report)
{
	FILE *file = fopen("/proc/thread-self/net/ip_vs", "re");
	unsigned int count = 0;

	if (file != NULL) {
		count = host_count_ipvs(file);
		fclose(file);
	}
	if (count == 0) {
		host_report_add(
			report, "ipvs", HOST_OK, "no IPVS service takes flows past the rules");
		return;
	}
	host_report_add(report, "ipvs", HOST_WARNING,
		"what is sent to %u IPVS service%s does not pass FORWARD: only its answers are "
		"judged",
		count, count == 1 ? "" : "s");
	host_report_remedy(report,
		"run kube-proxy in its mode iptables or nftables, or send pods to pods without a "
		"service");
}

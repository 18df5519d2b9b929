/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "kernel/bridge/bridge_guard.h"
#include "kernel/netlink/netlink_dump.h"

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

static int take_name(const struct nlattr *attr, void *context)
{
	struct flowtables *flowtables = context;

	if (mnl_attr_get_type(attr) == NFTA_FLOWTABLE_NAME && flowtables->first[0] == '\0' &&
		mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(flowtables->first, sizeof(flowtables->first), "%.63s",
			mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static int take_flowtable(const struct nlmsghdr *message, void *context)
{
	struct flowtables *flowtables = context;

	flowtables->count++;
	return mnl_attr_parse(message, sizeof(struct nfgenmsg), take_name, flowtables) < 0
		? -EBADMSG
		: 0;
}

/* A kernel without nf_tables, or without flowtables, refuses the question: then there are none. */
static struct flowtables find_flowtables(void)
{
	char buffer[128] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	struct flowtables flowtables = {.count = 0};
	struct nfgenmsg *general;

	if (socket == NULL)
		return flowtables;
	request->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETFLOWTABLE;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	general = mnl_nlmsg_put_extra_header(request, sizeof(*general));
	*general = (struct nfgenmsg){.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) >= 0)
		(void)netlink_dump(socket, request, take_flowtable, &flowtables, NULL);
	mnl_socket_close(socket);
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

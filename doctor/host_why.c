/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host.h"

#include <string.h>

static const struct {
	const char *check, *why;
} reasons[] = {
	{"cap-net-admin", "podgate needs it to see packets and to hold them"},
	{"ipv6",
		"pods with IPv6 addresses reach each other over IPv6, whatever the verdicts on "
		"IPv4"},
	{"iptables", "iptables rules show podgate the first packet of each flow"},
	{"other-backend",
		"the kernel applies the rules of both back ends, so old rules in the other one "
		"still take effect"},
	{"kernel", "a missing feature would show only when podgate installs its rules"},
	{"nfqueue", "podgate receives the first packet of each flow through it, and answers there"},
	{"conntrack-netlink",
		"podgate judges open flows through it, and cuts them when a policy changes"},
	{"ipset",
		"sets hold the addresses of isolated pods and the flow classes that the kernel "
		"answers by itself"},
	{"table-mangle", "podgate's rules are in this table, apart from the rules of others"},
	{"xt-set", "the rules need it to tell flows of isolated pods from all others"},
	{"xt-connmark", "the kernel needs it to remember the verdict on a flow"},
	{"xt-conntrack",
		"the rules need it to tell the first packet of a flow from the rest, and a request "
		"from its answer"},
	{"xt-pkttype", "the rules need it to leave out broadcasts"},
	{"xt-hl", "the rules need it to let IPv6 neighbour discovery pass, as ARP does for IPv4"},
	{"xt-hashlimit",
		"new flows of one source beyond flood_rate wait in a queue of their own, so that "
		"they delay nobody else"},
	{"xt-nfqueue", "it puts packets into podgate's queues"},
	{"marks",
		"another program that writes these bits can allow or cut flows as if it were "
		"podgate, and one that reads them may misread podgate's"},
	{"nft-marks",
		"another program that writes these bits can allow or cut flows as if it were "
		"podgate, and one that reads them may misread podgate's"},
	{"sets", "podgate's rules would look into a set that another program fills"},
	{"queues", "a queue has one listener, so podgate would get none of its packets"},
	{"other-queues",
		"a packet that waits there during a change of policies was judged before it; "
		"podgate judges all flows again when the packet is released"},
	{"br-netfilter", "bridges forward packets past iptables unless this is on"},
	{"bridge-sources", "policies go by addresses, and a pod on a bridge can use another pod's"},
	{"link-local",
		"no manifest says which pod has such an address, so no policy applies to it"},
	{"flowtables", "the kernel forwards flows in a flowtable before it looks at any rule"},
	{"ipvs",
		"packets to an IPVS service bypass the rules, so a pod's first packets arrive "
		"unjudged"},
	{"conntrack-table", "the kernel drops a new flow that finds no room in the table"},
	{"conntrack-buckets", "long chains slow down every packet of every flow"},
	{"conntrack-losses",
		"the kernel drops a flow that finds no room; an evicted flow is judged again at "
		"its next packet"},
	{"ip-forward", "without it, pods on different interfaces can't reach each other"},
	{"ipv6-forward", "without it, pods on different interfaces can't reach each other"},
	{"spoofing",
		"policies go by addresses, so a pod that can use any address can pass for any pod"},
	{"source-route",
		"the rules see such a packet addressed to the gateway, and the kernel then sends "
		"it to a pod"},
	{"saved-rules", "a file of saved rules is restored as a whole or not at all"},
	{"clock", "records carry its time, and a replay of the log selects by it"},
	{"open-files",
		"a daemon that can open no more files answers no requests and repairs no rules"},
	{"log-folder", "without the log, nobody sees which flows were denied, or why"},
	{"log-space", "on a full disk, log lines are lost (and counted)"},
	{"daemon",
		"only a running podgate judges; after a stop the rules stay, and new flows of "
		"isolated pods are dropped"},
	{"daemon-mode", "in audit mode nothing is denied"},
	{"daemon-problem",
		"podgate tries again; until that succeeds, the previous state stays in force"},
	{"daemon-idle",
		"a gateway without policies, or without pods that they select, lets everything "
		"pass"},
	{"daemon-state", "podgate probably does not enforce what you mean"},
	{"daemon-privilege", "an attacker who takes over podgate can do all that podgate can do"},
	{"daemon-rules",
		"until podgate repairs the rules, within two seconds, changed rules decide about "
		"packets"},
	{"daemon-queues",
		"a packet that finds its queue full is dropped, or with queue_full: open passes "
		"unjudged"},
	{"daemon-floods",
		"a source that floods loses packets; those of other sources wait in other queues"},
	{"daemon-log", "nobody can look up the lost lines"},
	{"daemon-addresses",
		"an address belongs to one pod; if several pods have it, the policies of all of "
		"them apply"},
	{"daemon-manifests",
		"for a manifest with errors, its last valid version stays in force, or nothing"},
	{"daemon-source",
		"`podgate check` and `matrix` read other settings or manifests than the daemon "
		"enforces"},
	{"daemon-files",
		"a daemon that can open no more files answers no requests and repairs no rules"},
};

const char *host_why(const char *check)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].check, check) == 0)
			return reasons[i].why;
	return "";
}

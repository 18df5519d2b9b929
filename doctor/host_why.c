/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host.h"

#include <string.h>

static const struct {
	const char *check, *why;
} reasons[] = {
	{"cap-net-admin", "without it podgate can neither see nor hold up a packet"},
	{"ipv6",
		"pods that have IPv6 addresses reach each other by them, whatever is judged of "
		"IPv4"},
	{"iptables",
		"the rules that show podgate the first packet of each flow are iptables rules"},
	{"other-backend",
		"the kernel asks the rules of both back ends: what is left in the other one "
		"judges, too"},
	{"kernel", "a feature that is missing would show only when the rules are put in"},
	{"nfqueue", "through it podgate gets the first packet of each flow, and answers"},
	{"conntrack-netlink",
		"through it flows that are open already are judged, and cut when a policy changes"},
	{"ipset",
		"the addresses of isolated pods, and the kinds of flow that the kernel answers by "
		"itself, are in sets"},
	{"table-mangle",
		"the rules are in this table, so that no rule of others is changed by them"},
	{"xt-set", "by it the rules tell flows of isolated pods from all others"},
	{"xt-connmark", "by it the kernel remembers the verdict on a flow"},
	{"xt-conntrack",
		"by it the rules tell the first packet of a flow from the rest, and a question "
		"from its answer"},
	{"xt-pkttype", "by it broadcasts are not taken for flows"},
	{"xt-hl", "by it IPv6 neighbours find each other past the policies, as ARP lets IPv4 ones"},
	{"xt-hashlimit",
		"by it what a source begins beyond flood_rate waits apart, where it delays nobody "
		"else"},
	{"xt-nfqueue", "it puts packets into podgate's queues"},
	{"marks",
		"who else writes these bits passes or cuts flows in podgate's name, and who reads "
		"them breaks on podgate's"},
	{"nft-marks",
		"who else writes podgate's bits passes or cuts flows in its name, and who reads "
		"them breaks on its"},
	{"sets", "podgate's rules would ask a set that somebody else fills"},
	{"queues", "a queue has one listener: podgate would get no packet of it"},
	{"other-queues",
		"a packet that it holds over a change of policy was judged before it; podgate "
		"judges all flows again until it is let go"},
	{"br-netfilter", "bridges forward past iptables unless they are told otherwise"},
	{"bridge-sources", "policies go by addresses, and on a bridge a pod can take another's"},
	{"link-local", "no manifest says whose these addresses are, so no policy speaks of them"},
	{"flowtables", "what is in a flowtable is forwarded before any rule is asked"},
	{"ipvs",
		"what IPVS takes is forwarded past the rules, so that a pod's first packets arrive "
		"unjudged"},
	{"conntrack-table", "a flow that finds no room in the table is dropped, whoever began it"},
	{"conntrack-buckets", "long chains cost every packet of every flow time"},
	{"conntrack-losses",
		"a flow that finds no room is dropped, and one that is pushed out is judged anew, "
		"in its middle"},
	{"ip-forward", "without it pods on different interfaces do not reach each other at all"},
	{"ipv6-forward", "without it pods on different interfaces do not reach each other at all"},
	{"spoofing", "policies go by addresses: who may use any address may be anybody"},
	{"source-route",
		"such a packet is addressed to the gateway when the rules look at it, and to a pod "
		"after that"},
	{"saved-rules", "a file of saved rules is restored as a whole or not at all"},
	{"clock", "records carry its time, and a replay of the log goes by it"},
	{"open-files",
		"a daemon that may open no more files answers no more questions, and repairs no "
		"rules"},
	{"log-folder", "without the log nobody sees who was denied, and why"},
	{"log-space", "on a full disk lines are lost (and counted)"},
	{"daemon",
		"only a running podgate judges; after a stop the rules stay, and new flows of "
		"isolated pods are dropped"},
	{"daemon-mode", "in audit mode nothing is denied"},
	{"daemon-problem",
		"what podgate can't do now it tries again, and till then the state before stays in "
		"force"},
	{"daemon-idle",
		"a gate without policies, or without pods that they select, lets everything pass"},
	{"daemon-state", "what podgate enforces is probably not what is meant"},
	{"daemon-privilege", "what broke into podgate could do all that podgate may do"},
	{"daemon-rules",
		"till podgate puts them back, within two seconds, packets go by what somebody else "
		"made of them"},
	{"daemon-queues",
		"a packet that finds its queue full is dropped, or with queue_full: open passes "
		"unjudged"},
	{"daemon-floods",
		"a source that floods loses packets, but only its own kind: other sources' went "
		"another way"},
	{"daemon-log", "of what was lost nobody will know"},
	{"daemon-addresses",
		"whose policies hold for an address depends on which pod it is: of an address that "
		"several have, all theirs do"},
	{"daemon-manifests",
		"of a manifest with errors the last good version stays in force, or nothing"},
	{"daemon-source",
		"what `podgate check` and `matrix` say of these settings is not what is enforced"},
	{"daemon-files",
		"a daemon that may open no more files answers no more questions, and repairs no "
		"rules"},
};

const char *host_why(const char *check)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].check, check) == 0)
			return reasons[i].why;
	return "";
}

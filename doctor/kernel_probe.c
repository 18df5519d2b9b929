/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/kernel_probe.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "conntrack/table.h"
#include "kernel/queue/nfqueue.h"
#include "kernel/rules/iptables.h"
#include "kernel/sets/pod_set.h"

static int try_queue(const struct kernel_probe *probe, char *said)
{
	const struct nfqueue_options options = {.number = 0, .length = 16};
	char problem[PROBLEM_SIZE];
	struct nfqueue *queue;
	const int err = nfqueue_open(&queue, &options, problem);

	(void)probe;
	if (err != 0)
		snprintf(said, KERNEL_FEATURE_SAID, "%.*s", KERNEL_FEATURE_SAID - 1, problem);
	else
		nfqueue_close(queue);
	return err;
}

static int pass_entry(const struct ct_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return 0;
}

static int try_conntrack(const struct kernel_probe *probe, char *said)
{
	struct ct_table *table;
	size_t skipped;
	int err = ct_table_open(&table);

	(void)probe;
	if (err == 0) {
		err = ct_table_dump(table, pass_entry, NULL, &skipped);
		ct_table_close(table);
	}
	if (err != 0)
		snprintf(said, KERNEL_FEATURE_SAID, "%s", strerror(-err));
	return err;
}

/* Its sets stay, for the rules that are tried after it. */
static int try_sets(const struct kernel_probe *probe, char *said)
{
	char problem[PROBLEM_SIZE];
	const int err = pod_set_create(probe->ipv6, problem);

	if (err != 0)
		snprintf(said, KERNEL_FEATURE_SAID, "%.*s", KERNEL_FEATURE_SAID - 1, problem);
	return err;
}

/*
 * One thing that we need: a function that uses it, or the part of a rule that does, for either
 * family or both.
 */
struct need {
	const char *slug, *what, *option;
	int (*try)(const struct kernel_probe *probe, char *said);
	const char *rule, *rule6;
	bool optional;
};

#define HASHLIMIT_RULE \
	"-m hashlimit --hashlimit-above 1000/sec --hashlimit-burst 200 --hashlimit-mode srcip" \
	" --hashlimit-name podgate-probe --hashlimit-srcmask 0 -j RETURN"

static const struct need needs[] = {
	{.slug = "nfqueue",
		.what = "packet queues to userspace",
		.option = "CONFIG_NETFILTER_NETLINK_QUEUE (module nfnetlink_queue)",
		.try = try_queue},
	{.slug = "conntrack-netlink",
		.what = "the flow table over netlink",
		.option = "CONFIG_NF_CT_NETLINK (module nf_conntrack_netlink)",
		.try = try_conntrack},
	{.slug = "ipset",
		.what = "ipsets of the types hash:ip and hash:ip,port,ip",
		.option = "CONFIG_IP_SET, _HASH_IP and _HASH_IPPORTIP (modules ip_set_hash_ip, "
			  "ip_set_hash_ipportip)",
		.try = try_sets},
	{.slug = "table-mangle",
		.what = "the table mangle",
		.option = "CONFIG_IP_NF_MANGLE and CONFIG_IP6_NF_MANGLE, or CONFIG_NFT_COMPAT",
		.rule = "-j RETURN",
		.rule6 = "-j RETURN"},
	{.slug = "xt-set",
		.what = "the match set",
		.option = "CONFIG_NETFILTER_XT_SET (module xt_set)",
		.rule = "-m set ! --match-set podgate-pods4 src -j RETURN",
		.rule6 = "-m set ! --match-set podgate-pods6 src -j RETURN"},
	{.slug = "xt-connmark",
		.what = "the match connmark and the target CONNMARK",
		.option = "CONFIG_NETFILTER_XT_CONNMARK and CONFIG_NF_CONNTRACK_MARK (module "
			  "xt_connmark)",
		.rule = "-m connmark --mark 0x1/0x1 -j CONNMARK --set-xmark 0x1/0x1",
		.rule6 = "-m connmark --mark 0x1/0x1 -j CONNMARK --set-xmark 0x1/0x1"},
	{.slug = "xt-conntrack",
		.what = "the match conntrack",
		.option = "CONFIG_NETFILTER_XT_MATCH_CONNTRACK (module xt_conntrack)",
		.rule = "-m conntrack ! --ctstatus CONFIRMED -j RETURN",
		.rule6 = "-m conntrack ! --ctstatus CONFIRMED -j RETURN"},
	{.slug = "xt-pkttype",
		.what = "the match pkttype",
		.option = "CONFIG_NETFILTER_XT_MATCH_PKTTYPE (module xt_pkttype)",
		.rule = "-m pkttype --pkt-type unicast -j RETURN",
		.rule6 = "-m pkttype --pkt-type unicast -j RETURN"},
	{.slug = "xt-hl",
		.what = "the matches hl and icmp6",
		.option = "CONFIG_NETFILTER_XT_MATCH_HL (module xt_hl)",
		.rule6 = "-p ipv6-icmp -m icmp6 --icmpv6-type 135 -m hl --hl-eq 255 -j RETURN"},
	{.slug = "xt-nfqueue",
		.what = "the target NFQUEUE with --queue-balance and --queue-bypass",
		.option = "CONFIG_NETFILTER_XT_TARGET_NFQUEUE (module xt_NFQUEUE)",
		.rule = "-j NFQUEUE --queue-balance 0:1 --queue-bypass",
		.rule6 = "-j NFQUEUE --queue-balance 0:1 --queue-bypass"},
	{.slug = "xt-hashlimit",
		.what = "the match hashlimit",
		.option = "CONFIG_NETFILTER_XT_MATCH_HASHLIMIT (module xt_hashlimit)",
		.rule = HASHLIMIT_RULE,
		.rule6 = HASHLIMIT_RULE,
		.optional = true},
};
_Static_assert(sizeof(needs) / sizeof(needs[0]) <= KERNEL_FEATURES_MOST, "make room");

static int try_rule(
	enum backend_choice backend, enum ip_family family, const char *rule, char *said)
{
	char text[256], problem[PROBLEM_SIZE];
	int err;

	if (rule == NULL)
		return 0;
	snprintf(text, sizeof(text), "*mangle\n:PROBE - [0:0]\n-A PROBE %s\nCOMMIT\n", rule);
	err = iptables_restore(backend, family, text, problem);
	if (err != 0)
		snprintf(said, KERNEL_FEATURE_SAID, "%s: %.*s", iptables_family_name(family),
			KERNEL_FEATURE_SAID - 8, problem);
	return err;
}

static void try_need(
	const struct kernel_probe *probe, const struct need *need, struct kernel_feature *out)
{
	int err;

	*out = (struct kernel_feature){.slug = need->slug,
		.what = need->what,
		.option = need->option,
		.optional = need->optional};
	if (need->try != NULL)
		err = need->try(probe, out->said);
	else
		err = try_rule(probe->backend, IP_FAMILY_V4, need->rule, out->said);
	if (err == 0 && probe->ipv6)
		err = try_rule(probe->backend, IP_FAMILY_V6, need->rule6, out->said);
	out->missing = err != 0;
}

struct attempt {
	struct kernel_probe *probe;
	int err;
};

/*
 * A thread of its own may leave for another namespace: the rest of the process stays, and the
 * namespace goes with the thread.
 */
static void *run_attempt(void *context)
{
	struct attempt *attempt = context;
	struct kernel_probe *probe = attempt->probe;

	if (unshare(CLONE_NEWNET) != 0) {
		attempt->err = -errno;
		return NULL;
	}
	probe->count = 0;
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (probe->ipv6 || needs[i].rule != NULL || needs[i].try != NULL)
			try_need(probe, &needs[i], &probe->features[probe->count++]);
	return NULL;
}

int kernel_probe_run(struct kernel_probe *probe)
{
	struct attempt attempt = {.probe = probe};
	pthread_t thread;
	const int err = pthread_create(&thread, NULL, run_attempt, &attempt);

	if (err != 0)
		return -err;
	pthread_join(thread, NULL);
	return attempt.err;
}

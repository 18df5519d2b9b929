/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/nft_hooks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#include "kernel/netlink/netlink_attrs.h"
#include "kernel/rules/iptables.h"
#include "kernel/rules/nft_talk.h"
#include "kernel/rules/nft_view.h"
#include "kernel/rules/ruleset_rules.h"
#include "process/log.h"

/* The chains that our jumps are in, and where the kernel calls them. */
static const struct base_chain {
	const char *table, *name;
	uint32_t hook;
	bool host_traffic, bridged; /* only with these options */
} base_chains[] = {
	{RULESET_TABLE, "FORWARD", NF_INET_FORWARD, false, false},
	{RULESET_TABLE, "INPUT", NF_INET_LOCAL_IN, true, false},
	{RULESET_TABLE, "PREROUTING", NF_INET_PRE_ROUTING, false, true},
	{RULESET_EARLY_TABLE, "PREROUTING", NF_INET_PRE_ROUTING, false, true},
};
enum { BASE_CHAINS = sizeof(base_chains) / sizeof(base_chains[0]) };

static bool is_used(const struct ruleset_options *options, const struct base_chain *chain)
{
	return (options->host_traffic || !chain->host_traffic) &&
		(options->bridged || !chain->bridged);
}

/* ---- looking ---- */

static int take_flags(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *table[NFTA_TABLE_MAX + 1];

	(void)netlink_attrs_index_message(table, NFTA_TABLE_MAX, message, sizeof(struct nfgenmsg));
	(void)netlink_attr_be32(context, table[NFTA_TABLE_FLAGS]);
	return 0;
}

static int read_flags(enum ip_family family, const char *table, uint32_t *out)
{
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_GETTABLE, family);

	*out = 0;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	return nft_talk_ask(message, take_flags, out);
}

struct hook {
	bool found;
	uint32_t number;
};

static int take_hook(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *chain[NFTA_CHAIN_MAX + 1], *attrs[NFTA_HOOK_MAX + 1];
	struct hook *hook = context;

	(void)netlink_attrs_index_message(chain, NFTA_CHAIN_MAX, message, sizeof(struct nfgenmsg));
	netlink_attrs_index_nested(attrs, NFTA_HOOK_MAX, chain[NFTA_CHAIN_HOOK]);
	hook->found = netlink_attr_be32(&hook->number, attrs[NFTA_HOOK_HOOKNUM]);
	return 0;
}

static void put_chain(
	struct nlmsghdr *message, uint16_t table, uint16_t name, const struct base_chain *chain)
{
	mnl_attr_put_strz(message, table, chain->table);
	mnl_attr_put_strz(message, name, chain->name);
}

/* 0: it is called where it should be; -ESTALE: it is not. */
static int check_chain(enum ip_family family, const struct base_chain *chain)
{
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_GETCHAIN, family);
	struct hook hook = {.found = false};
	int err;

	put_chain(message, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, chain);
	err = nft_talk_ask(message, take_hook, &hook);
	if (err != 0)
		return err;
	return hook.found && hook.number == chain->hook ? 0 : -ESTALE;
}

static int cannot_ask(enum ip_family family, const char *table, int err, char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE, "nf_tables does not tell of the table %s (%s, nft): %s",
		table, iptables_family_name(family), strerror(-err));
	return err;
}

static int verify_table(enum ip_family family, const char *table, char problem[PROBLEM_SIZE])
{
	uint32_t flags;
	const int err = read_flags(family, table, &flags);

	if (err != 0)
		return cannot_ask(family, table, err, problem);
	if ((flags & NFT_TABLE_F_DORMANT) == 0)
		return 0;
	snprintf(problem, PROBLEM_SIZE, "the table %s is dormant: no packet passes it (%s, nft)",
		table, iptables_family_name(family));
	return -ESTALE;
}

static int verify_chain(
	enum ip_family family, const struct base_chain *chain, char problem[PROBLEM_SIZE])
{
	const int err = check_chain(family, chain);

	if (err == 0)
		return 0;
	if (err != -ESTALE)
		return cannot_ask(family, chain->table, err, problem);
	snprintf(problem, PROBLEM_SIZE, "chain %s%s%s has no hook: no packet passes it (%s, nft)",
		chain->name, strcmp(chain->table, RULESET_TABLE) == 0 ? "" : " of table ",
		strcmp(chain->table, RULESET_TABLE) == 0 ? "" : chain->table,
		iptables_family_name(family));
	return err;
}

int nft_hooks_verify(
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE])
{
	int err = 0;

	for (size_t i = 0; i < RULESET_TABLES && err == 0; i++)
		if (ruleset_wants_table(options, ruleset_tables[i]))
			err = verify_table(family, ruleset_tables[i], problem);
	for (size_t i = 0; i < BASE_CHAINS && err == 0; i++)
		if (is_used(options, &base_chains[i]))
			err = verify_chain(family, &base_chains[i], problem);
	return err;
}

/* ---- mending ---- */

static int wake(
	enum ip_family family, const char *table, uint32_t flags, char problem[PROBLEM_SIZE])
{
	const char *name = iptables_family_name(family);
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_NEWTABLE, family);
	int err;

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(flags & ~(uint32_t)NFT_TABLE_F_DORMANT));
	err = nft_talk_change(message, 0);
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE,
			"can't wake the table %s, which is dormant (%s, nft): %s", table, name,
			strerror(-err));
	else
		log_warnx("the table %s was dormant (%s, nft): it is in force again, with all that "
			  "others have in it",
			table, name);
	return err;
}

static int remove_chain(enum ip_family family, const struct base_chain *chain)
{
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_DELRULE, family);
	int err;

	put_chain(message, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, chain); /* all of its rules */
	err = nft_talk_change(message, 0);
	if (err != 0)
		return err;
	message = nft_talk_begin(buffer, NFT_MSG_DELCHAIN, family);
	put_chain(message, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, chain);
	return nft_talk_change(message, 0);
}

static int mend_chain(
	enum ip_family family, const struct base_chain *chain, char problem[PROBLEM_SIZE])
{
	size_t others;
	int err = nft_view_count_others(family, chain->table, chain->name, &others);

	if (err != 0)
		return cannot_ask(family, chain->table, err, problem);
	if (others > 0) {
		snprintf(problem, PROBLEM_SIZE,
			"chain %s of table %s (%s, nft) has no hook: no packet passes it, and its "
			"rules of others are not in force either; delete it (nft delete chain %s "
			"%s %s), and podgate makes it anew",
			chain->name, chain->table, iptables_family_name(family),
			family == IP_FAMILY_V6 ? "ip6" : "ip", chain->table, chain->name);
		return -EEXIST;
	}
	err = remove_chain(family, chain);
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE,
			"can't remove chain %s of table %s, which has no hook (%s, nft): %s",
			chain->name, chain->table, iptables_family_name(family), strerror(-err));
	else
		log_warnx("chain %s of table %s had no hook (%s, nft): it is made anew",
			chain->name, chain->table, iptables_family_name(family));
	return err;
}

static int mend_table(enum ip_family family, const char *table, char problem[PROBLEM_SIZE])
{
	uint32_t flags;
	const int err = read_flags(family, table, &flags);

	if (err != 0)
		return err == -ENOENT ? 0 : cannot_ask(family, table, err, problem);
	return (flags & NFT_TABLE_F_DORMANT) != 0 ? wake(family, table, flags, problem) : 0;
}

int nft_hooks_mend(
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE])
{
	int err = 0;

	for (size_t i = 0; i < RULESET_TABLES && err == 0; i++)
		if (ruleset_wants_table(options, ruleset_tables[i]))
			err = mend_table(family, ruleset_tables[i], problem);
	for (size_t i = 0; i < BASE_CHAINS && err == 0; i++)
		if (is_used(options, &base_chains[i]) &&
			check_chain(family, &base_chains[i]) == -ESTALE)
			err = mend_chain(family, &base_chains[i], problem);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/rules/nft_hooks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "enforcer/process/log.h"
#include "enforcer/rules/iptables.h"
#include "enforcer/rules/nft_talk.h"
#include "enforcer/rules/rule_text.h"
#include "enforcer/rules/ruleset_rules.h"

/* The chains that our jumps are in, and where the kernel calls them. */
static const struct base_chain {
	const char *name;
	uint32_t hook;
} base_chains[] = {{"FORWARD", NF_INET_FORWARD}, {"INPUT", NF_INET_LOCAL_IN}};

static size_t base_chain_count(const struct ruleset_options *options)
{
	return options->host_traffic ? 2 : 1;
}

/* ---- looking ---- */

static int take_flags(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) != NFTA_TABLE_FLAGS)
		return MNL_CB_OK;
	if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return MNL_CB_ERROR;
	*(uint32_t *)context = ntohl(mnl_attr_get_u32(attr));
	return MNL_CB_OK;
}

static int read_flags(enum ip_family family, uint32_t *out)
{
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_GETTABLE, family);

	*out = 0;
	mnl_attr_put_strz(message, NFTA_TABLE_NAME, RULESET_TABLE);
	return nft_talk_ask(message, take_flags, out);
}

struct hook {
	bool found;
	uint32_t number;
};

static int take_number(const struct nlattr *attr, void *context)
{
	struct hook *hook = context;

	if (mnl_attr_get_type(attr) != NFTA_HOOK_HOOKNUM)
		return MNL_CB_OK;
	if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return MNL_CB_ERROR;
	hook->number = ntohl(mnl_attr_get_u32(attr));
	hook->found = true;
	return MNL_CB_OK;
}

static int take_hook(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) != NFTA_CHAIN_HOOK)
		return MNL_CB_OK;
	if (mnl_attr_validate(attr, MNL_TYPE_NESTED) < 0)
		return MNL_CB_ERROR;
	return mnl_attr_parse_nested(attr, take_number, context);
}

static void put_chain(struct nlmsghdr *message, uint16_t table, uint16_t name, const char *chain)
{
	mnl_attr_put_strz(message, table, RULESET_TABLE);
	mnl_attr_put_strz(message, name, chain);
}

/* 0: it is called where it should be; -ESTALE: it is not. */
static int check_chain(enum ip_family family, const struct base_chain *chain)
{
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_GETCHAIN, family);
	struct hook hook = {.found = false};
	int err;

	put_chain(message, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, chain->name);
	err = nft_talk_ask(message, take_hook, &hook);
	if (err != 0)
		return err;
	return hook.found && hook.number == chain->hook ? 0 : -ESTALE;
}

static int cannot_ask(enum ip_family family, int err, char problem[RULESET_PROBLEM])
{
	snprintf(problem, RULESET_PROBLEM, "nf_tables does not tell of the table " RULESET_TABLE " (%s, nft): %s",
		iptables_family_name(family), strerror(-err));
	return err;
}

int nft_hooks_verify(const struct ruleset_options *options, enum ip_family family, char problem[RULESET_PROBLEM])
{
	uint32_t flags;
	int err = read_flags(family, &flags);

	if (err != 0)
		return cannot_ask(family, err, problem);
	if ((flags & NFT_TABLE_F_DORMANT) != 0) {
		snprintf(problem, RULESET_PROBLEM, "the table " RULESET_TABLE " is dormant: no packet passes it (%s, nft)",
			iptables_family_name(family));
		return -ESTALE;
	}
	for (size_t i = 0; i < base_chain_count(options); i++) {
		err = check_chain(family, &base_chains[i]);
		if (err == 0)
			continue;
		if (err != -ESTALE)
			return cannot_ask(family, err, problem);
		snprintf(problem, RULESET_PROBLEM, "chain %s has no hook: no packet passes it (%s, nft)",
			base_chains[i].name, iptables_family_name(family));
		return err;
	}
	return 0;
}

/* ---- mending ---- */

static int wake(enum ip_family family, uint32_t flags, char problem[RULESET_PROBLEM])
{
	const char *name = iptables_family_name(family);
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_NEWTABLE, family);
	int err;

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, RULESET_TABLE);
	mnl_attr_put_u32(message, NFTA_TABLE_FLAGS, htonl(flags & ~(uint32_t)NFT_TABLE_F_DORMANT));
	err = nft_talk_change(message, 0);
	if (err != 0)
		snprintf(problem, RULESET_PROBLEM, "can't wake the table " RULESET_TABLE ", which is dormant (%s, nft): %s",
			name, strerror(-err));
	else
		log_warnx("the table " RULESET_TABLE " was dormant (%s, nft): it is in force again, with all that others have in it",
			name);
	return err;
}

static bool has_others(const char *saved, const char *chain)
{
	struct rule_text rule;

	while (saved != NULL) {
		saved = rule_text_read(&rule, saved);
		if (rule_text_chain(&rule) != NULL && strcmp(rule_text_chain(&rule), chain) == 0 && !ruleset_is_jump(&rule))
			return true;
	}
	return false;
}

static int remove_chain(enum ip_family family, const char *chain)
{
	char buffer[NFT_TALK_BYTES];
	struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_DELRULE, family);
	int err;

	put_chain(message, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, chain);	/* all of its rules */
	err = nft_talk_change(message, 0);
	if (err != 0)
		return err;
	message = nft_talk_begin(buffer, NFT_MSG_DELCHAIN, family);
	put_chain(message, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, chain);
	return nft_talk_change(message, 0);
}

static int mend_chain(enum ip_family family, const char *chain, const char *saved, char problem[RULESET_PROBLEM])
{
	int err;

	if (has_others(saved, chain)) {
		snprintf(problem, RULESET_PROBLEM,
			"chain %s of table " RULESET_TABLE " (%s, nft) has no hook: no packet passes it, and its rules "
			"of others are not in force either; delete it (nft delete chain %s " RULESET_TABLE
			" %s), and podgate makes it anew",
			chain, iptables_family_name(family), family == IP_FAMILY_V6 ? "ip6" : "ip", chain);
		return -EEXIST;
	}
	err = remove_chain(family, chain);
	if (err != 0)
		snprintf(problem, RULESET_PROBLEM, "can't remove chain %s, which has no hook (%s, nft): %s", chain,
			iptables_family_name(family), strerror(-err));
	else
		log_warnx("chain %s of table " RULESET_TABLE " had no hook (%s, nft): it is made anew", chain,
			iptables_family_name(family));
	return err;
}

int nft_hooks_mend(const struct ruleset_options *options, enum ip_family family, const char *saved,
	char problem[RULESET_PROBLEM])
{
	uint32_t flags;
	int err = read_flags(family, &flags);

	if (err != 0)
		return err == -ENOENT ? 0 : cannot_ask(family, err, problem);
	if ((flags & NFT_TABLE_F_DORMANT) != 0)
		err = wake(family, flags, problem);
	for (size_t i = 0; i < base_chain_count(options) && err == 0; i++)
		if (check_chain(family, &base_chains[i]) == -ESTALE)
			err = mend_chain(family, base_chains[i].name, saved, problem);
	return err;
}

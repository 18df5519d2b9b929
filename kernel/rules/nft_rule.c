/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/nft_rule.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/netlink/netlink_attrs.h"

/*
 * 	NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_HANDLE,
 * 	NFTA_RULE_EXPRESSIONS { NFTA_LIST_ELEM { NFTA_EXPR_NAME, NFTA_EXPR_DATA { by name:
 * 		"immediate"     NFTA_IMMEDIATE_DATA { NFTA_DATA_VERDICT { NFTA_VERDICT_CODE,
 * 		NFTA_VERDICT_CHAIN } }
 * 		"counter"	packets and bytes: left out of the digest
 * 	} }... }
 */

static bool name_read(char out[NFT_RULE_NAME], const struct nlattr *attr)
{
	if (attr == NULL || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ||
		mnl_attr_get_payload_len(attr) > NFT_RULE_NAME)
		return false;
	strcpy(out, mnl_attr_get_str(attr));
	return true;
}

/* FNV-1a */
static uint64_t hash_on(uint64_t sum, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ at[i]) * 0x100000001b3;
	return sum;
}

static void take_verdict(struct nft_rule *rule, const struct nlattr *immediate)
{
	const struct nlattr *outer[NFTA_IMMEDIATE_MAX + 1], *data[NFTA_DATA_MAX + 1],
		*verdict[NFTA_VERDICT_MAX + 1];

	netlink_attrs_index_nested(outer, NFTA_IMMEDIATE_MAX, immediate);
	netlink_attrs_index_nested(data, NFTA_DATA_MAX, outer[NFTA_IMMEDIATE_DATA]);
	netlink_attrs_index_nested(verdict, NFTA_VERDICT_MAX, data[NFTA_DATA_VERDICT]);
	(void)name_read(rule->target, verdict[NFTA_VERDICT_CHAIN]);
}

static int take_expression(const struct nlattr *attr, void *context)
{
	const struct nlattr *expression[NFTA_EXPR_MAX + 1];
	struct nft_rule *rule = context;
	char name[NFT_RULE_NAME];

	netlink_attrs_index_nested(expression, NFTA_EXPR_MAX, attr);
	if (!name_read(name, expression[NFTA_EXPR_NAME]))
		return MNL_CB_ERROR;
	rule->digest = hash_on(rule->digest, name, strlen(name) + 1);
	if (expression[NFTA_EXPR_DATA] == NULL || strcmp(name, "counter") == 0)
		return MNL_CB_OK;
	rule->digest = hash_on(rule->digest, mnl_attr_get_payload(expression[NFTA_EXPR_DATA]),
		mnl_attr_get_payload_len(expression[NFTA_EXPR_DATA]));
	if (strcmp(name, "immediate") == 0)
		take_verdict(rule, expression[NFTA_EXPR_DATA]);
	return MNL_CB_OK;
}

int nft_rule_read(struct nft_rule *out, const struct nlmsghdr *message)
{
	struct nft_rule rule = {.digest = 0xcbf29ce484222325};
	const struct nlattr *attrs[NFTA_RULE_MAX + 1];

	if (message->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE) ||
		!netlink_attrs_index_message(
			attrs, NFTA_RULE_MAX, message, sizeof(struct nfgenmsg)))
		return -EBADMSG;
	if (!netlink_attr_be64(&rule.handle, attrs[NFTA_RULE_HANDLE]) ||
		!name_read(rule.table, attrs[NFTA_RULE_TABLE]) ||
		!name_read(rule.chain, attrs[NFTA_RULE_CHAIN]))
		return -EBADMSG;
	if (attrs[NFTA_RULE_EXPRESSIONS] != NULL &&
		mnl_attr_parse_nested(attrs[NFTA_RULE_EXPRESSIONS], take_expression, &rule) < 0)
		return -EBADMSG;
	*out = rule;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_connmark.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/netlink/netlink.h"
#include "kernel/netlink/netlink_attrs.h"
#include "kernel/rules/iptables.h"
#include "kernel/rules/ruleset_rules.h"

/*
 * Rules of nftables' own that read or write our bits of the connection mark. iptables-save does not
 * show them: they are read from the kernel, as expressions of its virtual machine
 * (linux/netfilter/nf_tables.h). As far as they are read here:
 *
 * 	NFTA_RULE_TABLE, NFTA_RULE_CHAIN,
 * 	NFTA_RULE_EXPRESSIONS { NFTA_LIST_ELEM { NFTA_EXPR_NAME, NFTA_EXPR_DATA { by name:
 * 		"ct"            NFTA_CT_KEY (NFT_CT_MARK), NFTA_CT_DREG (reads) | NFTA_CT_SREG
 * 		(writes)
 * 		"bitwise"       NFTA_BITWISE_MASK { NFTA_DATA_VALUE }, NFTA_BITWISE_XOR {
 * 		NFTA_DATA_VALUE }
 * 		"match"         NFTA_MATCH_NAME "connmark", NFTA_MATCH_INFO struct
 * 		xt_connmark_mtinfo1
 * 		"target"        NFTA_TARGET_NAME "CONNMARK", NFTA_TARGET_INFO struct
 * 		xt_connmark_tginfo1 or 2
 * 	} }... }
 *
 * The last two are iptables-nft's: its own listing has them, too, but not of a table in which
 * another rule is nft's.
 *
 * `ct mark and 0xff == 1` is ct, bitwise, cmp: of the mark it reads what the mask lets through. `ct
 * mark set ct mark or 0x10` is ct, bitwise, ct: it writes what the mask clears and the rest flips.
 * Registers are not followed: a rule that has more than one mark in its hands at once is not told
 * from one that has the last.
 */

struct reading {
	uint32_t ours;		   /* the bits that matter */
	bool unlisted[2];	   /* IPv4, IPv6: iptables-nft-save leaves a table out */
	unsigned int count;	   /* rules that use them */
	char table[64], chain[64]; /* of the first */
};

/* What a rule does with the mark, expression by expression. */
struct rule_use {
	bool extensions; /* those of iptables' count: nobody else tells of them */
	bool loaded;	 /* a register has it, changed by mask and flip */
	uint32_t mask, flip;
	uint32_t bits; /* read or written */
};

static uint32_t data_value(const struct nlattr *nest, uint32_t otherwise)
{
	const struct nlattr *data[NFTA_DATA_MAX + 1];
	const void *bytes;
	uint32_t value;

	netlink_attrs_index_nested(data, NFTA_DATA_MAX, nest);
	bytes = netlink_attr_bytes(data[NFTA_DATA_VALUE], sizeof(value));
	if (bytes == NULL)
		return otherwise;
	memcpy(&value, bytes, sizeof(value)); /* as it is in the register: the kernel's own order */
	return value;
}

static void take_ct(struct rule_use *use, const struct nlattr *data)
{
	const struct nlattr *ct[NFTA_CT_MAX + 1];
	uint32_t key;

	netlink_attrs_index_nested(ct, NFTA_CT_MAX, data);
	if (!netlink_attr_be32(&key, ct[NFTA_CT_KEY]) || key != NFT_CT_MARK)
		return;
	if (ct[NFTA_CT_SREG] != NULL)
		use->bits |= use->loaded ? ~use->mask | use->flip : UINT32_MAX;
	use->loaded = ct[NFTA_CT_DREG] != NULL;
	use->mask = UINT32_MAX;
	use->flip = 0;
}

static void take_bitwise(struct rule_use *use, const struct nlattr *data)
{
	const struct nlattr *bitwise[NFTA_BITWISE_MAX + 1];

	netlink_attrs_index_nested(bitwise, NFTA_BITWISE_MAX, data);
	use->mask &= data_value(bitwise[NFTA_BITWISE_MASK], UINT32_MAX);
	use->flip |= data_value(bitwise[NFTA_BITWISE_XOR], 0);
}

/*
 * Whether an extension of iptables' has this name; then its struct, if there is as much of it, else
 * NULL, is in *info.
 */
static bool is_extension(
	const struct nlattr *data, const char *name, size_t least, const void **info)
{
	/* NFTA_TARGET_* and NFTA_MATCH_* are the same numbers. */
	const struct nlattr *attrs[NFTA_TARGET_MAX + 1];

	netlink_attrs_index_nested(attrs, NFTA_TARGET_MAX, data);
	if (attrs[NFTA_TARGET_INFO] == NULL ||
		strcmp(netlink_attr_text(attrs[NFTA_TARGET_NAME]), name) != 0)
		return false;
	*info = mnl_attr_get_payload_len(attrs[NFTA_TARGET_INFO]) >= least
		? mnl_attr_get_payload(attrs[NFTA_TARGET_INFO])
		: NULL;
	return true;
}

static void take_match(struct rule_use *use, const struct nlattr *data)
{
	struct xt_connmark_mtinfo1 match = {.mask = UINT32_MAX};
	const void *info;

	if (!use->extensions || !is_extension(data, "connmark", sizeof(match), &info))
		return;
	if (info != NULL)
		memcpy(&match, info, sizeof(match));
	use->bits |= match.mask;
}

/*
 * The two revisions begin alike; what is written where depends on a mode that differs in place: so
 * all of it counts.
 */
static void take_target(struct rule_use *use, const struct nlattr *data)
{
	struct xt_connmark_tginfo1 target = {.ctmark = UINT32_MAX, .ctmask = UINT32_MAX};
	const void *info;

	if (!use->extensions ||
		!is_extension(data, "CONNMARK", offsetof(struct xt_connmark_tginfo1, mode), &info))
		return;
	if (info != NULL)
		memcpy(&target, info, offsetof(struct xt_connmark_tginfo1, mode));
	use->bits |= target.ctmark | target.ctmask;
}

static int take_expression(const struct nlattr *attr, void *context)
{
	const struct nlattr *expression[NFTA_EXPR_MAX + 1];
	struct rule_use *use = context;
	const char *name;

	netlink_attrs_index_nested(expression, NFTA_EXPR_MAX, attr);
	name = netlink_attr_text(expression[NFTA_EXPR_NAME]);
	if (*name == '\0' || expression[NFTA_EXPR_DATA] == NULL)
		return MNL_CB_OK;
	if (strcmp(name, "ct") == 0)
		take_ct(use, expression[NFTA_EXPR_DATA]);
	else if (strcmp(name, "bitwise") == 0)
		take_bitwise(use, expression[NFTA_EXPR_DATA]);
	else if (strcmp(name, "match") == 0)
		take_match(use, expression[NFTA_EXPR_DATA]);
	else if (strcmp(name, "target") == 0)
		take_target(use, expression[NFTA_EXPR_DATA]);
	else if (strcmp(name, "immediate") == 0)
		use->loaded = false; /* a constant, most likely to be written: all of it */
	else if (use->loaded)
		use->bits |= use->mask; /* compared, looked up, copied */
	return MNL_CB_OK;
}

static bool is_unlisted(const struct reading *reading, const struct nlmsghdr *message)
{
	const struct nfgenmsg *general = mnl_nlmsg_get_payload(message);

	return (general->nfgen_family == NFPROTO_IPV4 && reading->unlisted[0]) ||
		(general->nfgen_family == NFPROTO_IPV6 && reading->unlisted[1]);
}

static int take_rule(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *rule[NFTA_RULE_MAX + 1];
	struct reading *reading = context;
	struct rule_use use = {.loaded = false};

	if (!netlink_attrs_index_message(rule, NFTA_RULE_MAX, message, sizeof(struct nfgenmsg)))
		return -EBADMSG;
	if (rule[NFTA_RULE_EXPRESSIONS] == NULL ||
		ruleset_is_ours(netlink_attr_text(rule[NFTA_RULE_CHAIN])))
		return 0;
	use.extensions = is_unlisted(reading, message);
	mnl_attr_parse_nested(rule[NFTA_RULE_EXPRESSIONS], take_expression, &use);
	if ((use.bits & reading->ours) == 0 || reading->count++ > 0)
		return 0;
	snprintf(reading->table, sizeof(reading->table), "%.63s",
		netlink_attr_text(rule[NFTA_RULE_TABLE]));
	snprintf(reading->chain, sizeof(reading->chain), "%.63s",
		netlink_attr_text(rule[NFTA_RULE_CHAIN]));
	return 0;
}

/*
 * A kernel without nf_tables refuses the question: then there are no such rules. 0, or what reading
 * them came to.
 */
static int read_rules(struct reading *reading)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	const int err = netlink_ask_once(NETLINK_NETFILTER,
		netlink_put_netfilter(
			buffer, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETRULE, NLM_F_DUMP, AF_UNSPEC),
		take_rule, reading);

	return err == -EOPNOTSUPP || err == -EINVAL ? 0 : err;
}

static bool leaves_out(enum ip_family family)
{
	char ignored[PROBLEM_SIZE], *saved;
	bool whole;

	if (iptables_available(BACKEND_NFT, family, ignored) != 0 ||
		iptables_save(BACKEND_NFT, family, NULL, false, &saved, ignored) != 0)
		return false;
	whole = iptables_save_is_whole(saved);
	free(saved);
	return !whole;
}

static void report_listings(struct host_report *report, const bool unlisted[2])
{
	if (!unlisted[0] && !unlisted[1])
		return;
	host_report_add(report, "nft-listing", HOST_WARNING,
		"iptables-nft-save leaves out at least one table (%s), because a rule or chain in "
		"it is none of iptables': podgate reads its own rules from the kernel, but a saved "
		"file would lack that table",
		!unlisted[1]	       ? "IPv4"
			: !unlisted[0] ? "IPv6"
				       : "IPv4, IPv6");
	host_report_remedy(report,
		"put rules of nft's own into tables that are not named filter, nat, mangle, raw or "
		"security");
}

void host_check_nft_marks(struct host_report *report)
{
	struct reading reading = {
		.ours = report->settings->mark_allow | report->settings->mark_deny};
	int err;

	if (!report->privileged) /* said by then: the rules can't be read */
		return;
	reading.unlisted[0] = leaves_out(IP_FAMILY_V4);
	reading.unlisted[1] = leaves_out(IP_FAMILY_V6);
	report_listings(report, reading.unlisted);
	err = read_rules(&reading);
	if (err != 0) {
		host_report_add(report, "nft-marks", HOST_WARNING,
			"the rules of nftables can't be read: %s", strerror(-err));
		host_report_remedy(report, "look at them with `nft list ruleset` as root");
	} else if (reading.count == 0) {
		host_report_add(report, "nft-marks", HOST_OK,
			"no rule of nftables uses 0x%x of the connection mark", reading.ours);
	} else {
		host_report_add(report, "nft-marks", HOST_WARNING,
			"%u rule%s of nftables use%s 0x%x of the connection mark, or some of it "
			"(table %.63s, chain %.63s%s)",
			reading.count, reading.count == 1 ? "" : "s", reading.count == 1 ? "s" : "",
			reading.ours, reading.table, reading.chain,
			reading.count == 1 ? "" : "...");
		host_report_remedy(
			report, "set mark_allow and mark_deny to two bits that nobody uses");
	}
}

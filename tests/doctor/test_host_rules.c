/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Rules of others: in the other back end, in nftables' own words, and in IPVS. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "doctor/host_report.h"
#include "tests/support/doctor_check.h"
#include "tests/support/netns.h"

static void the_other_back_end_is_looked_at(void **state)
{
	struct settings settings = doctor_check_usual;

	(void)state;
	settings.backend = BACKEND_NFT;
	doctor_check_expect(
		&settings, "other-backend", HOST_OK, "no rules are in the legacy back end");
	assert_int_equal(netns_run("iptables-legacy -A INPUT -p tcp -j ACCEPT"), 0);
	doctor_check_expect(&settings, "other-backend", HOST_OK,
		"rules of others, but none of podgate's, are in the legacy");
	assert_int_equal(netns_run("iptables-legacy -t mangle -N PODGATE && iptables-legacy -t "
				   "mangle -A FORWARD -j PODGATE"),
		0);
	doctor_check_expect(&settings, "other-backend", HOST_WARNING,
		"an earlier podgate are left in the legacy");
	settings.backend = BACKEND_LEGACY; /* then they are where they belong */
	doctor_check_expect(&settings, "other-backend", HOST_OK, "in the nft back end");
}

/* ---- nftables: rules as `nft` would make them, message by message ---- */

static char buffer[16384];
static size_t used;
static uint32_t sequence;

static struct nlmsghdr *put_message(
	uint16_t type, uint16_t flags, uint16_t subsystem, uint16_t resource)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer + used);
	struct nfgenmsg *general = mnl_nlmsg_put_extra_header(message, sizeof(*general));

	message->nlmsg_type = (uint16_t)(subsystem << 8 | type);
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++sequence;
	*general = (struct nfgenmsg){
		.nfgen_family = subsystem == NFNL_SUBSYS_NONE ? AF_UNSPEC : NFPROTO_INET,
		.version = NFNETLINK_V0,
		.res_id = htons(resource)};
	return message;
}

static void put_batch(uint16_t type)
{
	used += put_message(type, 0, NFNL_SUBSYS_NONE, NFNL_SUBSYS_NFTABLES)->nlmsg_len;
}

static void put_table_and_chain(void)
{
	struct nlmsghdr *message = put_message(
		NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK, NFNL_SUBSYS_NFTABLES, 0);
	struct nlattr *hook;

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, "mesh");
	used += message->nlmsg_len;
	message = put_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK, NFNL_SUBSYS_NFTABLES, 0);
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, "mesh");
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, "marks");
	hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(2)); /* forward */
	mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl(0));
	mnl_attr_nest_end(message, hook);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, "filter");
	used += message->nlmsg_len;
}

static struct nlattr *begin_expression(
	struct nlmsghdr *message, const char *name, struct nlattr **data)
{
	struct nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);

	mnl_attr_put_strz(message, NFTA_EXPR_NAME, name);
	*data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	return element;
}

static void end_expression(struct nlmsghdr *message, struct nlattr *element, struct nlattr *data)
{
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, element);
}

static void put_data(struct nlmsghdr *message, uint16_t type, uint32_t value)
{
	struct nlattr *nest = mnl_attr_nest_start(message, type);

	mnl_attr_put(message, NFTA_DATA_VALUE, sizeof(value), &value);
	mnl_attr_nest_end(message, nest);
}

static void put_ct(struct nlmsghdr *message, uint32_t key, uint16_t reg)
{
	struct nlattr *data, *element = begin_expression(message, "ct", &data);

	mnl_attr_put_u32(message, NFTA_CT_KEY, htonl(key));
	mnl_attr_put_u32(message, reg, htonl(NFT_REG_1));
	end_expression(message, element, data);
}

static void put_bitwise(struct nlmsghdr *message, uint32_t mask, uint32_t flip)
{
	struct nlattr *data, *element = begin_expression(message, "bitwise", &data);

	mnl_attr_put_u32(message, NFTA_BITWISE_SREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(message, NFTA_BITWISE_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(message, NFTA_BITWISE_LEN, htonl(4));
	put_data(message, NFTA_BITWISE_MASK, mask);
	put_data(message, NFTA_BITWISE_XOR, flip);
	end_expression(message, element, data);
}

static void put_cmp(struct nlmsghdr *message, uint32_t value)
{
	struct nlattr *data, *element = begin_expression(message, "cmp", &data);

	mnl_attr_put_u32(message, NFTA_CMP_SREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(message, NFTA_CMP_OP, htonl(NFT_CMP_EQ));
	put_data(message, NFTA_CMP_DATA, value);
	end_expression(message, element, data);
}

static void put_immediate(struct nlmsghdr *message, uint32_t value)
{
	struct nlattr *data, *element = begin_expression(message, "immediate", &data);

	mnl_attr_put_u32(message, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_1));
	put_data(message, NFTA_IMMEDIATE_DATA, value);
	end_expression(message, element, data);
}

static void commit(void)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	char answer[8192];
	ssize_t length;

	put_batch(NFNL_MSG_BATCH_END);
	assert_non_null(socket);
	assert_true(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) >= 0);
	assert_true(mnl_socket_sendto(socket, buffer, used) >= 0);
	while ((length = recv(mnl_socket_get_fd(socket), answer, sizeof(answer), MSG_DONTWAIT)) >
		0) {
		const struct nlmsghdr *message = (const void *)answer;
		int left = (int)length;

		for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);

			if (message->nlmsg_type == NLMSG_ERROR && error->error != 0)
				fail_msg("nftables: %s", strerror(-error->error));
		}
	}
	mnl_socket_close(socket);
}

enum kind { COMPARES_ALL, COMPARES_SOME, SETS_ALL, SETS_SOME, COMPARES_STATE };

/*
 * In a room of its own, one rule: `ct mark X`, `ct mark and MASK == X`, `ct mark set X`, `ct mark
 * set ct mark and MASK xor X`.
 */
static void make_rule(enum kind kind, uint32_t mask, uint32_t value)
{
	struct nlmsghdr *message;
	struct nlattr *list;

	netns_enter(NULL);
	used = 0;
	put_batch(NFNL_MSG_BATCH_BEGIN);
	put_table_and_chain();
	message = put_message(
		NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, NFNL_SUBSYS_NFTABLES, 0);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, "mesh");
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, "marks");
	list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	if (kind == SETS_ALL)
		put_immediate(message, value);
	else
		put_ct(message, kind == COMPARES_STATE ? NFT_CT_STATE : NFT_CT_MARK, NFTA_CT_DREG);
	if (kind == COMPARES_SOME || kind == SETS_SOME)
		put_bitwise(message, mask, kind == SETS_SOME ? value : 0);
	if (kind == SETS_ALL || kind == SETS_SOME)
		put_ct(message, NFT_CT_MARK, NFTA_CT_SREG);
	else
		put_cmp(message, value);
	mnl_attr_nest_end(message, list);
	used += message->nlmsg_len;
	commit();
}

static void rules_of_nftables_are_read(void **state)
{
	static const struct {
		enum kind kind;
		uint32_t mask, value;
		bool ours;
	} cases[] = {
		{COMPARES_ALL, 0, 1, true},
		{COMPARES_SOME, 0xff, 1, false},
		{COMPARES_SOME, 0x20000000, 0x20000000, true},
		{SETS_ALL, 0, 1, true},
		{SETS_SOME, 0xffffff00, 1, false},
		{SETS_SOME, 0x9fffffff, 0, true},	   /* clears ours */
		{SETS_SOME, 0xffffffff, 0x40000000, true}, /* flips ours */
		{COMPARES_STATE, 0, 2, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_rule(cases[i].kind, cases[i].mask, cases[i].value);
		if (cases[i].ours)
			doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_WARNING,
				"(table mesh, chain marks)");
		else
			doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_OK,
				"no rule of nftables uses 0x60000000");
	}
	(void)state;
}

/* What iptables-nft makes is iptables' to tell of; and our own chain is ours. */
static void rules_of_iptables_are_not_told_twice(void **state)
{
	(void)state;
	assert_int_equal(netns_run("iptables-nft -t mangle -A FORWARD -m connmark --mark "
				   "0x20000000/0x20000000 -j ACCEPT"),
		0);
	assert_int_equal(netns_run("iptables-nft -t mangle -N PODGATE && iptables-nft -t mangle -A "
				   "PODGATE -m connmark --mark 0x20000000/0x60000000 -j RETURN"),
		0);
	doctor_check_expect(&doctor_check_usual, "marks", HOST_FAILED, "0x20000000");
	doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_OK, "no rule of nftables");
}

static unsigned int services_of(const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	unsigned int count;

	assert_non_null(file);
	count = host_count_ipvs(file);
	fclose(file);
	return count;
}

static void services_of_ipvs_are_counted(void **state)
{
	(void)state;
	doctor_check_expect(&doctor_check_usual, "ipvs", HOST_OK, "no IPVS service");
	assert_int_equal(
		services_of("IP Virtual Server version 1.2.1 (size=4096)\n"
			    "Prot LocalAddress:Port Scheduler Flags\n"
			    "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"),
		0);
	assert_int_equal(
		services_of("IP Virtual Server version 1.2.1 (size=4096)\n"
			    "Prot LocalAddress:Port Scheduler Flags\n"
			    "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
			    "TCP  0A600001:01BB rr  \n"
			    "  -> 0A000002:1F90      Masq    1      0          0         \n"
			    "UDP  0A60000A:0035 rr  \n"
			    "FWM  00000001 wlc  \n"),
		3);
}

static void restore_mangle(const char *line)
{
	assert_int_equal(
		netns_run("printf '*mangle\\n%s\\nCOMMIT\\n' '%s' | iptables-nft-restore --noflush",
			"%s", line),
		0);
}

/*
 * In a table that iptables-nft-save leaves out, what the program's own rules do is read from the
 * kernel as well.
 */
static void rules_that_are_not_listed_are_read_all_the_same(void **state)
{
	(void)state;
	assert_int_equal(netns_run("iptables-nft -t mangle -A POSTROUTING -m connmark --mark "
				   "0x1/0xff -j CONNMARK --set-xmark 0x1/0xff"),
		0);
	doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_OK, "no rule of nftables");
	assert_int_equal(
		netns_run("nft 'add chain ip mangle OUTPUT { type route hook output priority -150; "
			  "}; add rule ip mangle OUTPUT meta mark set ct mark and 0xff'"),
		0);
	doctor_check_expect(&doctor_check_usual, "nft-listing", HOST_WARNING,
		"leaves out at least one table (IPv4)");
	doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_OK, "no rule of nftables");
	/* iptables-nft refuses such a table, its restore does not. */
	restore_mangle("-A POSTROUTING -j CONNMARK --save-mark");
	doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_WARNING,
		"(table mangle, chain POSTROUTING)");
	restore_mangle("-D POSTROUTING -j CONNMARK --save-mark");
	doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_OK, "no rule of nftables");
	restore_mangle("-A POSTROUTING -m connmark --mark 0x20000000/0x20000000 -j ACCEPT");
	doctor_check_expect(&doctor_check_usual, "nft-marks", HOST_WARNING,
		"(table mangle, chain POSTROUTING)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_other_back_end_is_looked_at, netns_enter),
		cmocka_unit_test(rules_of_nftables_are_read),
		cmocka_unit_test_setup(rules_of_iptables_are_not_told_twice, netns_enter),
		cmocka_unit_test_setup(
			rules_that_are_not_listed_are_read_all_the_same, netns_enter),
		cmocka_unit_test_setup(services_of_ipvs_are_counted, netns_enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

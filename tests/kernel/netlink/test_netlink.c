/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Questions to the kernel, and attributes as they should not be. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/netlink/netlink.h"
#include "kernel/netlink/netlink_attrs.h"

struct links {
	unsigned int count;
	int answer; /* of a visit */
};

static int count_link(const struct nlmsghdr *message, void *context)
{
	struct links *links = context;

	assert_int_equal(message->nlmsg_type, RTM_NEWLINK);
	links->count++;
	return links->answer;
}

static struct nlmsghdr *put_question(char *buffer, uint16_t type, unsigned int flags)
{
	struct nlmsghdr *request = netlink_put_header(buffer, type, flags);

	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	return request;
}

static void a_socket_serves_one_question_after_the_other(void **state)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct links links = {.answer = -EXDEV};
	struct mnl_socket *socket;
	bool interrupted;

	(void)state;
	assert_int_equal(netlink_open(&socket, NETLINK_ROUTE, 5), 0);
	/* The first negative answer ends the visits; the rest of the list is read away. */
	assert_int_equal(netlink_ask(socket, put_question(buffer, RTM_GETLINK, NLM_F_DUMP),
				 count_link, &links, &interrupted),
		-EXDEV);
	assert_int_equal(links.count, 1);
	links = (struct links){.answer = 0};
	assert_int_equal(netlink_ask(socket, put_question(buffer, RTM_GETLINK, NLM_F_DUMP),
				 count_link, &links, &interrupted),
		0);
	assert_true(links.count >= 1);
	mnl_socket_close(socket);
}

static void the_kernel_refuses_and_acknowledges(void **state)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *request = put_question(buffer, RTM_MAX + 1, NLM_F_ACK);
	struct links links = {.count = 0};
	struct ifinfomsg *link;

	(void)state;
	assert_int_equal(netlink_ask_once(NETLINK_ROUTE, request, NULL, NULL), -EOPNOTSUPP);
	request = put_question(buffer, RTM_GETLINK, NLM_F_ACK);
	link = mnl_nlmsg_get_payload(request);
	link->ifi_index = 1; /* lo: the answer, and then the acknowledgement */
	assert_int_equal(netlink_ask_once(NETLINK_ROUTE, request, count_link, &links), 0);
	assert_int_equal(links.count, 1);
	/* An answer that nobody asked for. */
	assert_int_equal(netlink_ask_once(NETLINK_ROUTE, request, NULL, NULL), -EBADMSG);
}

static void an_answer_that_never_comes_ends(void **state)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct mnl_socket *socket;

	(void)state;
	assert_int_equal(netlink_open(&socket, NETLINK_ROUTE, 1), 0);
	/* A message of no type is neither answered nor acknowledged, unless that is asked for. */
	assert_int_equal(
		netlink_ask(socket, netlink_put_header(buffer, NLMSG_NOOP, 0), NULL, NULL, NULL),
		-EAGAIN);
	mnl_socket_close(socket);
}

static void attributes_are_held_against_their_sizes(void **state)
{
	char buffer[256] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = netlink_put_header(buffer, RTM_NEWLINK, 0);
	const struct nlattr *attrs[8];
	struct ip_addr addr = {.family = 0};
	uint64_t number = 7;

	(void)state;
	memset(buffer + NLMSG_HDRLEN, 0, sizeof(buffer) - NLMSG_HDRLEN);
	assert_false(netlink_attrs_index_message(attrs, 7, message, 4));
	assert_null(attrs[0]);
	mnl_nlmsg_put_extra_header(message, 4);
	mnl_attr_put(message, 1, 3, "abc"); /* without a NUL */
	mnl_attr_put_strz(message, 2, "name");
	mnl_attr_put(message, 3, 4, "\x0a\x00\x00\x01");
	mnl_attr_put(message, 4, 8, "\0\0\0\0\0\0\x01\x02");
	mnl_attr_put_u32(message, 9, 1); /* past the table */
	assert_true(netlink_attrs_index_message(attrs, 7, message, 4));
	assert_string_equal(netlink_attr_text(attrs[1]), "");
	assert_string_equal(netlink_attr_text(attrs[2]), "name");
	assert_string_equal(netlink_attr_text(attrs[5]), "");
	assert_false(netlink_attr_addr(&addr, attrs[3], AF_INET6));
	assert_false(netlink_attr_addr(&addr, attrs[3], AF_BRIDGE));
	assert_int_equal(addr.family, 0);
	assert_true(netlink_attr_addr(&addr, attrs[3], AF_INET));
	assert_int_equal(addr.family, IP_FAMILY_V4);
	assert_false(netlink_attr_be64(&number, attrs[3]));
	assert_int_equal(number, 7);
	assert_true(netlink_attr_be64(&number, attrs[4]));
	assert_int_equal(number, 0x102);
	netlink_attrs_index_nested(attrs, 7, NULL);
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++)
		assert_null(attrs[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_serves_one_question_after_the_other),
		cmocka_unit_test(the_kernel_refuses_and_acknowledges),
		cmocka_unit_test(an_answer_that_never_comes_ends),
		cmocka_unit_test(attributes_are_held_against_their_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

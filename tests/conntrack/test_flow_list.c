/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The flow table listed a piece at a time, with what the kernel tells of each flow, against entries
 * made for it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conntrack/flow_list.h"
#include "tests/between.h"
#include "tests/support/flow_table.h"

struct seen {
	struct ct_entry entries[16];
	struct ct_details details[16];
	size_t count;
};

static void collect(const struct ct_entry *entry, const struct ct_details *details, void *context)
{
	struct seen *seen = context;

	if (seen->count < sizeof(seen->entries) / sizeof(seen->entries[0])) {
		seen->entries[seen->count] = *entry;
		seen->details[seen->count] = *details;
	}
	seen->count++;
}

static int enter(void **state)
{
	(void)state;
	flow_table_enter();
	return 0;
}

/* Returns how many pieces it took. */
static size_t read_all(struct seen *seen)
{
	struct flow_list *list;
	size_t pieces = 0;
	bool done = false;

	*seen = (struct seen){.count = 0};
	assert_int_equal(flow_list_open(&list), 0);
	for (; !done; pieces++)
		assert_int_equal(flow_list_read(list, collect, seen, &done), 0);
	assert_int_equal(flow_list_skipped(list), 0);
	/* what was read to the end stays at it */
	assert_int_equal(flow_list_read(list, collect, seen, &done), 0);
	assert_true(done);
	flow_list_close(list);
	return pieces;
}

static void an_empty_table_has_an_end(void **state)
{
	struct seen seen;

	(void)state;
	read_all(&seen);
	assert_int_equal(seen.count, 0);
}

static void a_connection_has_a_state_and_a_timeout(void **state)
{
	struct seen seen;

	(void)state;
	flow_table_add(&(struct flow_spec){.protocol = IPPROTO_TCP,
		.src = "10.0.0.1",
		.dst = "10.96.0.1",
		.sport = 40000,
		.dport = 80,
		.backend = "10.0.0.2",
		.backend_port = 8080,
		.mark = 7});
	read_all(&seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.entries[0].flow.dst_port, 8080);
	assert_int_equal(seen.entries[0].original.dst_port, 80);
	assert_int_equal(seen.entries[0].mark, 7);
	assert_string_equal(seen.details[0].state, "established");
	assert_true(seen.details[0].has_timeout);
	assert_between(seen.details[0].timeout_s, 500, 600);
	assert_false(seen.details[0].has_counters);
	assert_false(seen.details[0].has_start);
	assert_false(seen.details[0].offloaded);
}

static void bind_to(int fd, uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

/* So many datagrams of 100 bytes to 127.0.0.1:9001, and one of 10 back. */
static void exchange(int datagrams)
{
	const int client = socket(AF_INET, SOCK_DGRAM, 0), server = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(9001),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char bytes[100] = "";

	bind_to(server, 9001);
	bind_to(client, 9002);
	for (int i = 0; i < datagrams; i++)
		assert_int_equal(sendto(client, bytes, 100, 0, (const struct sockaddr *)&address,
					 sizeof(address)),
			100);
	address.sin_port = htons(9002);
	assert_int_equal(
		sendto(server, bytes, 10, 0, (const struct sockaddr *)&address, sizeof(address)),
		10);
	close(client);
	close(server);
}

static void what_the_kernel_counts_is_told(void **state)
{
	struct seen seen;

	(void)state;
	flow_table_run("sysctl -qw net.netfilter.nf_conntrack_acct=1 "
		       "net.netfilter.nf_conntrack_timestamp=1");
	flow_table_run("iptables -A INPUT -m conntrack --ctstate INVALID -j DROP");
	exchange(3);
	read_all(&seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.entries[0].flow.dst_port, 9001);
	assert_null(seen.details[0].state);
	assert_true(seen.details[0].replied);
	assert_true(seen.details[0].has_counters);
	assert_int_equal(seen.details[0].packets[0], 3);
	assert_int_equal(seen.details[0].bytes[0], 3 * (100 + 28));
	assert_int_equal(seen.details[0].packets[1], 1);
	assert_int_equal(seen.details[0].bytes[1], 10 + 28);
	assert_true(seen.details[0].has_start);
	assert_between(seen.details[0].start_ns / 1000000000, (uintmax_t)time(NULL) - 5,
		(uintmax_t)time(NULL));
}

/* Each piece is small, and together they are all. */
static void a_long_table_comes_in_pieces(void **state)
{
	enum { ENTRIES = 20000 };
	struct seen seen;
	size_t pieces;

	(void)state;
	flow_table_fill(ENTRIES, "10.200.0.1", 80, 0);
	pieces = read_all(&seen);
	assert_int_equal(seen.count, ENTRIES);
	assert_true(pieces >= ENTRIES / 500);
}

/* Whoever loses interest leaves nothing behind, and the next one starts from the beginning. */
static void a_listing_may_be_left_in_the_middle(void **state)
{
	struct flow_list *list;
	struct seen seen = {.count = 0};
	bool done;

	(void)state;
	flow_table_fill(2000, "10.200.0.1", 80, 0);
	assert_int_equal(flow_list_open(&list), 0);
	assert_int_equal(flow_list_read(list, collect, &seen, &done), 0);
	assert_false(done);
	assert_between(seen.count, 1, 500);
	flow_list_close(list);
	flow_list_close(NULL);
	read_all(&seen);
	assert_int_equal(seen.count, 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_empty_table_has_an_end, enter),
		cmocka_unit_test_setup(a_connection_has_a_state_and_a_timeout, enter),
		cmocka_unit_test_setup(what_the_kernel_counts_is_told, enter),
		cmocka_unit_test_setup(a_long_table_comes_in_pieces, enter),
		cmocka_unit_test_setup(a_listing_may_be_left_in_the_middle, enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

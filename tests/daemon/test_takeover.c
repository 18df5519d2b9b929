/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What two daemons tell each other: nothing of it is believed because the other says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/handover.h"
#include "daemon/takeover.h"

#define METRICS "127.0.0.1:9477"

static void test_requests(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"{\"protocol\":1,\"step\":\"offer\"}", 0},
		{"{\"protocol\":1,\"step\":\"pause\"}", 0},
		{"{\"protocol\":1,\"step\":\"done\"}", 0},
		{"{\"protocol\":2,\"step\":\"offer\"}", -EPROTONOSUPPORT},
		{"{\"protocol\":1.5,\"step\":\"offer\"}", -EPROTONOSUPPORT},
		{"{\"protocol\":1e300,\"step\":\"offer\"}", -EPROTONOSUPPORT},
		{"{\"protocol\":\"1\",\"step\":\"offer\"}", -EINVAL},
		{"{\"step\":\"offer\"}", -EINVAL},
		{"{\"protocol\":1}", -EINVAL},
		{"{\"protocol\":1,\"step\":0}", -EINVAL},
		{"{\"protocol\":1,\"step\":\"\"}", -EINVAL},
		{"{\"protocol\":1,\"step\":\"offer \"}", -EINVAL},
		{"{}", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *json = cJSON_Parse(cases[i].text);
		enum handover_step step = HANDOVER_DONE;
		const int err = handover_parse(&step, json);

		if (err != cases[i].err)
			fail_msg("%s: %d", cases[i].text, err);
		if (i < 3)
			assert_int_equal(step, HANDOVER_OFFER + i);
		cJSON_Delete(json);
	}
}

/* ---- offers ---- */

struct table {
	int fds[4]; /* a listener at `path`, one at METRICS's kind, and two that listen nowhere */
	char path[64];
	struct takeover takeover;
	struct inheritance inheritance;
	char problem[PROBLEM_SIZE];
};

static int listener(const struct sockaddr *address, socklen_t length)
{
	const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, address, length), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void lay(struct table *table)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	memset(table, 0, sizeof(*table));
	takeover_init(&table->takeover);
	snprintf(
		table->path, sizeof(table->path), "/tmp/podgate-test-offer-%d.sock", (int)getpid());
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", table->path);
	table->fds[0] = listener((const struct sockaddr *)&at, sizeof(at));
	table->fds[1] = listener((const struct sockaddr *)&any, sizeof(any));
	table->fds[2] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	table->fds[3] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int read_offer(struct table *table, const char *text, size_t count)
{
	return takeover_read_offer(&table->takeover, text, table->fds, count, table->path, METRICS,
		&table->inheritance, table->problem);
}

static unsigned int count_open(const struct table *table)
{
	unsigned int open = 0;

	for (size_t i = 0; i < 4; i++)
		open += fcntl(table->fds[i], F_GETFD) >= 0;
	return open;
}

static void clear(struct table *table)
{
	takeover_deinit(&table->takeover);
	inheritance_deinit(&table->inheritance);
	for (size_t i = 0; i < 4; i++)
		close(table->fds[i]); /* those that are still there */
	unlink(table->path);
}

static void test_an_offer(void **state)
{
	struct table table;

	(void)state;
	lay(&table);
	assert_int_equal(
		read_offer(&table,
			"{\"ok\":true,\"protocol\":1,\"pid\":812,\"version\":\"9\",\"names\":["
			"\"control\",\"metrics " METRICS "\",\"queue-8610\",\"queue-8611\"]}\n",
			4),
		0);
	assert_int_equal(table.takeover.from, 812);
	assert_int_equal(table.takeover.control, table.fds[0]);
	assert_int_equal(table.takeover.metrics, table.fds[1]);
	assert_int_equal(table.inheritance.origin, INHERITANCE_PREDECESSOR);
	assert_int_equal(table.inheritance.from, 812);
	assert_int_equal(inheritance_take(&table.inheritance, 8610), table.fds[2]);
	assert_int_equal(inheritance_take(&table.inheritance, 8611), table.fds[3]);
	clear(&table);
}

/*
 * What is called by a wrong name, twice, or is not what it is called, is closed; the rest is taken.
 */
static void test_what_is_not_what_it_is_called(void **state)
{
	static const struct {
		const char *names;
		unsigned int open;
	} cases[] = {
		/* no control socket listens at our path */
		{"[\"queue-1\",\"control\",\"control\",\"other\"]", 1},
		{"[\"metrics 127.0.0.1:9478\",\"queue-1\",\"queue-1\",\"\"]", 1},
		{"[\"control\",\"metrics " METRICS "\",\"control\",\"metrics " METRICS "\"]", 2},
		{"[\"metrics " METRICS "\",\"control\",\"metrics\",\"queue-70000\"]", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table table;
		char text[512];

		lay(&table);
		snprintf(text, sizeof(text),
			"{\"ok\":true,\"protocol\":1,\"pid\":812,\"names\":%s}\n", cases[i].names);
		assert_int_equal(read_offer(&table, text, 4), 0);
		if (count_open(&table) != cases[i].open)
			fail_msg("%s: %u are open", cases[i].names, count_open(&table));
		clear(&table);
	}
}

static void test_offers_that_are_none(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *says;
	} cases[] = {
		{"{\"ok\":false,\"error\":\"unknown command; there are status\"}\n", -EOPNOTSUPP,
			"unknown command; there are status"},
		{"{\"ok\":true,\"protocol\":2,\"pid\":1,\"names\":[\"a\",\"b\",\"c\",\"d\"]}\n",
			-EOPNOTSUPP, "does not hand over"},
		{"{\"ok\":true,\"pid\":1,\"names\":[\"a\",\"b\",\"c\",\"d\"]}\n", -EOPNOTSUPP,
			"does not hand over"},
		{"{\"ok\":true,\"protocol\":1,\"names\":[\"a\",\"b\",\"c\",\"d\"]}\n", -EPROTO,
			"4 sockets"},
		{"{\"ok\":true,\"protocol\":1,\"pid\":1,\"names\":[\"a\",\"b\",\"c\"]}\n", -EPROTO,
			"4 sockets"},
		{"{\"ok\":true,\"protocol\":1,\"pid\":1,\"names\":[\"a\",\"b\",\"c\",4]}\n",
			-EPROTO, "4 sockets"},
		{"{\"ok\":true,\"protocol\":1,\"pid\":1,\"names\":\"abcd\"}\n", -EPROTO,
			"4 sockets"},
		{"{\"ok\":true,\"protocol\":1,\"pid\":1}\n", -EPROTO, "4 sockets"},
		{"{\"ok\":true,\"protocol\":1,\"pid\":1e300,\"names\":[\"a\",\"b\",\"c\",\"d\"]}\n",
			-EPROTO, "who it is"},
		{"{\"ok\":true,\"protocol\":1,\"pid\":0,\"names\":[\"a\",\"b\",\"c\",\"d\"]}\n",
			-EPROTO, "who it is"},
		{"\n", -EOPNOTSUPP, "nothing that is understood"},
		{"[1,2", -EOPNOTSUPP, "nothing that is understood"},
		{"", -EOPNOTSUPP, "nothing that is understood"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table table;

		lay(&table);
		assert_int_equal(read_offer(&table, cases[i].text, 4), cases[i].err);
		if (strstr(table.problem, cases[i].says) == NULL)
			fail_msg("\"%s\" lacks \"%s\"", table.problem, cases[i].says);
		assert_int_equal(count_open(&table), 0);
		assert_int_equal(table.inheritance.count, 0);
		clear(&table);
	}
}

static void test_nobody_is_there(void **state)
{
	struct inheritance inheritance = {.count = 0};
	struct takeover takeover;
	char problem[PROBLEM_SIZE], too_long[256];

	(void)state;
	takeover_init(&takeover);
	assert_int_equal(takeover_begin(&takeover, "/tmp/podgate-test-nowhere.sock", METRICS,
				 &inheritance, problem),
		-ENOENT);
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(
		takeover_begin(&takeover, too_long, METRICS, &inheritance, problem), -ENAMETOOLONG);
	assert_int_equal(takeover.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_an_offer),
		cmocka_unit_test(test_what_is_not_what_it_is_called),
		cmocka_unit_test(test_offers_that_are_none),
		cmocka_unit_test(test_nobody_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

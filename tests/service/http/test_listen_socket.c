/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/http/listen_socket.h"

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
#include <unistd.h>

#include "tests/support/netns.h"

static char problem[PROBLEM_SIZE];

static int open_at(const char *text)
{
	problem[0] = '\0';
	return listen_socket_open("metrics_listen", text, problem);
}

static void expect_refused(const char *text, int err, const char *wanted)
{
	assert_int_equal(open_at(text), err);
	assert_non_null(strstr(problem, "metrics_listen: "));
	if (strstr(problem, wanted) == NULL)
		fail_msg("\"%s\" says nothing of \"%s\"", problem, wanted);
}

static int connect_to(const char *address, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	inet_pton(AF_INET, address, &to.sin_addr);
	err = connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0 ? 0 : -errno;
	close(fd);
	return err;
}

static void listens_where_it_is_told(void **state)
{
	int fd = open_at("127.0.0.1:9477");

	(void)state;
	assert_true(fd >= 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(connect_to("127.0.0.1", 9477), 0);
	assert_int_equal(connect_to("127.0.0.2", 9477), -ECONNREFUSED);
	close(fd);
	/* at once, on a port with connections in TIME_WAIT; for both families */
	fd = open_at("[::]:9477");
	assert_true(fd >= 0);
	assert_int_equal(connect_to("127.0.0.1", 9477), 0);
	close(fd);
}

static void says_what_would_help(void **state)
{
	const int holder = open_at("0.0.0.0:9477");

	(void)state;
	assert_true(holder >= 0);
	expect_refused("127.0.0.1:9477", -EADDRINUSE, "ss -ltnp sport = :9477");
	expect_refused("[::]:9477", -EADDRINUSE, "another program listens on [::]:9477");
	close(holder);
	expect_refused("192.0.2.1:9477", -EADDRNOTAVAIL, "or 0.0.0.0");
	expect_refused("[2001:db8::1]:9477", -EADDRNOTAVAIL, "or [::]");
	expect_refused("localhost:9477", -EINVAL, "can't listen on localhost:9477");
}

static int enter(void **state)
{
	netns_enter(state);
	return netns_run("ip link set lo up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listens_where_it_is_told),
		cmocka_unit_test(says_what_would_help),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}

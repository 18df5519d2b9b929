/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One daemon in a network namespace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/claim.h"
#include "tests/support/netns.h"

#define SOCKET "/run/podgate/control.sock"

enum { NOBODY = 65534 };

struct desk {
	uv_loop_t loop;
	uv_async_t wake;
	struct claim *claim;
	pthread_t thread;
};

static void woken(uv_async_t *async)
{
	struct desk *desk = async->data;

	claim_stop(desk->claim);
	uv_close((uv_handle_t *)async, NULL);
}

static void *run_loop(void *context)
{
	struct desk *desk = context;

	uv_run(&desk->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void desk_open(struct desk *desk, int inherited)
{
	char problem[PROBLEM_SIZE];

	*desk = (struct desk){.claim = NULL};
	assert_int_equal(uv_loop_init(&desk->loop), 0);
	uv_async_init(&desk->loop, &desk->wake, woken);
	desk->wake.data = desk;
	assert_int_equal(claim_hold(&desk->claim, &desk->loop, inherited, 0, SOCKET, problem), 0);
	assert_string_equal(problem, "");
	assert_non_null(desk->claim);
	assert_int_equal(pthread_create(&desk->thread, NULL, run_loop, desk), 0);
}

static void desk_close(struct desk *desk)
{
	uv_async_send(&desk->wake);
	pthread_join(desk->thread, NULL);
	assert_int_equal(uv_loop_close(&desk->loop), 0);
}

/* Of this thread alone. */
static void become(uid_t user)
{
	assert_int_equal(syscall(SYS_setresuid, user, user, 0), 0);
}

static void test_the_second_is_told_of_the_first(void **state)
{
	struct claim_holder holder;
	char problem[PROBLEM_SIZE], wanted[PROBLEM_SIZE];
	struct desk desk;

	(void)state;
	assert_int_equal(claim_look(0, &holder), 0);
	assert_int_equal(claim_refuse_second(0, problem), 0);
	assert_string_equal(problem, "");
	desk_open(&desk, -1);
	assert_int_equal(claim_take(), -EADDRINUSE);
	assert_int_equal(claim_look(0, &holder), -EADDRINUSE);
	assert_int_equal(holder.pid, getpid());
	assert_string_equal(holder.control_socket, SOCKET);
	assert_int_equal(claim_refuse_second(0, problem), -EADDRINUSE);
	snprintf(wanted, sizeof(wanted), "another podgate (pid %d, control_socket " SOCKET ")",
		(int)getpid());
	assert_non_null(strstr(problem, wanted));
	desk_close(&desk);
	assert_int_equal(claim_look(0, &holder), 0);
}

/* Its control socket is not told, as its loop does not run yet, or hangs. */
static void test_one_that_does_not_answer(void **state)
{
	const int fd = claim_take();
	struct claim_holder holder;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(claim_look(0, &holder), -EADDRINUSE);
	assert_int_equal(holder.pid, getpid());
	assert_string_equal(holder.control_socket, "");
	close(fd);
}

static void expect_a_warning_only(const char *text)
{
	char problem[PROBLEM_SIZE];
	struct claim *claim = NULL;
	uv_loop_t loop;

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(claim_hold(&claim, &loop, -1, 0, SOCKET, problem), 0);
	if (strstr(problem, text) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", problem, text);
	assert_null(claim);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/*
 * Whoever likes may bind the address, and even listen and answer nobody: podgate starts all the
 * same.
 */
static void test_a_stranger_keeps_nobody_from_starting(void **state)
{
	struct claim_holder holder;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	(void)state;
	become(NOBODY);
	fd = claim_take();
	become(0);
	assert_true(fd >= 0);
	assert_int_equal(claim_look(0, &holder), -EPERM);
	/* the user that podgate runs as */
	assert_int_equal(claim_look(NOBODY, &holder), -EADDRINUSE);
	expect_a_warning_only("another user");
	close(fd);

	fd = socket(AF_UNIX, SOCK_STREAM, 0); /* bound only */
	memcpy(address.sun_path + 1, "podgate", 7);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
				 offsetof(struct sockaddr_un, sun_path) + 8),
		0);
	expect_a_warning_only("another user");
	close(fd);
}

/*
 * Connections that nobody asked for cost the loop some time now and then, and keep nobody from an
 * answer.
 */
static void test_many_connections(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const socklen_t length = offsetof(struct sockaddr_un, sun_path) + 8;
	struct claim_holder holder;
	struct desk desk;

	(void)state;
	memcpy(address.sun_path + 1, "podgate", 7);
	desk_open(&desk, -1);
	for (int i = 0; i < 1000; i++) {
		const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (connect(fd, (const struct sockaddr *)&address, length) != 0)
			assert_int_equal(errno, EAGAIN);
		close(fd);
	}
	assert_int_equal(claim_look(0, &holder), -EADDRINUSE);
	assert_string_equal(holder.control_socket, SOCKET);
	desk_close(&desk);
}

/*
 * A take-over: the successor has the descriptor before the predecessor lets go, so at no moment is
 * the address free.
 */
static void test_handed_on(void **state)
{
	struct desk first, second;
	struct claim_holder holder;
	int fd;

	(void)state;
	desk_open(&first, -1);
	fd = dup(claim_descriptor(first.claim));
	assert_int_equal(claim_check(fd), 0);
	desk_open(&second, fd);
	desk_close(&first);
	assert_int_equal(claim_take(), -EADDRINUSE);
	assert_int_equal(claim_look(0, &holder), -EADDRINUSE);
	assert_string_equal(holder.control_socket, SOCKET);
	desk_close(&second);
	assert_int_equal(claim_look(0, &holder), 0);
}

static void test_other_descriptors_are_none(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(claim_check(fd), -EINVAL);
	memcpy(address.sun_path + 1, "podgat", 6);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
				 offsetof(struct sockaddr_un, sun_path) + 7),
		0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(claim_check(fd), -EINVAL);
	assert_int_equal(claim_check(0), -EINVAL);
	assert_int_equal(claim_descriptor(NULL), -1);
	claim_stop(NULL);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_second_is_told_of_the_first),
		cmocka_unit_test(test_one_that_does_not_answer),
		cmocka_unit_test(test_a_stranger_keeps_nobody_from_starting),
		cmocka_unit_test(test_many_connections),
		cmocka_unit_test(test_handed_on),
		cmocka_unit_test(test_other_descriptors_are_none),
	};

	return cmocka_run_group_tests(tests, netns_enter, NULL);
}

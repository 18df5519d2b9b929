/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may take over by the control socket, and what becomes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/control_fixture.h"

#define OFFER "{\"command\":\"hand_over\",\"protocol\":1,\"step\":\"offer\"}"
#define DONE "{\"command\":\"hand_over\",\"protocol\":1,\"step\":\"done\"}"

static void expect_count(const atomic_int *counter, int wanted)
{
	const struct timespec pause = {.tv_nsec = 5000000};

	for (int tries = 0; tries < 1000 && atomic_load(counter) != wanted; tries++)
		nanosleep(&pause, NULL);
	assert_int_equal(atomic_load(counter), wanted);
}

/* The descriptor that came with a line, or -1. */
static int read_line_with_descriptor(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} passed;
	char text[256];
	struct iovec vector = {.iov_base = text, .iov_len = sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &passed,
		.msg_controllen = sizeof(passed)};
	const ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	int got = -1;

	assert_true(length > 0);
	text[length] = '\0';
	assert_string_equal(text, "{\"ok\":true}\n");
	if (message.msg_controllen > 0 && CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got));
	return got;
}

static void test_descriptors_come_with_the_answer(void **state)
{
	struct control_fixture *server = *state;
	int ends[2], fd = control_fixture_connect(server), got;
	char byte;

	assert_int_equal(pipe(ends), 0);
	server->offered = ends[0];
	control_fixture_send_line(fd, OFFER);
	got = read_line_with_descriptor(fd);
	assert_true(got >= 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(read(got, &byte, 1), 1);
	/* It is a client as any other besides. */
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	close(fd);
	expect_count(&server->abandoned, 1);
	assert_int_equal(atomic_load(&server->handed_over), 0);
	close(got);
	close(ends[0]);
	close(ends[1]);
}

static void test_one_at_a_time(void **state)
{
	struct control_fixture *server = *state;
	const int first = control_fixture_connect(server);
	int second = control_fixture_connect(server);

	control_fixture_send_line(first, OFFER);
	control_fixture_expect_ok(first);
	control_fixture_send_line(second, OFFER);
	control_fixture_expect_refused(second, "another podgate is taking over");
	assert_int_equal(atomic_load(&server->abandoned), 0);
	control_fixture_send_line(first, OFFER);
	control_fixture_expect_ok(first);
	close(first);
	expect_count(&server->abandoned, 1);
	second = control_fixture_connect(server);
	control_fixture_send_line(second, OFFER);
	control_fixture_expect_ok(second);
	close(second);
	expect_count(&server->abandoned, 2);
}

/* Others are disconnected after so long; who has the queues in his hands is waited for. */
static void test_an_heir_is_waited_for(void **state)
{
	struct control_fixture *server = *state;
	const struct timespec longer = {.tv_sec = CONTROL_FIXTURE_IDLE_MS / 1000 + 1};
	const int heir = control_fixture_connect(server), other = control_fixture_connect(server);

	control_fixture_send_line(heir, OFFER);
	control_fixture_expect_ok(heir);
	nanosleep(&longer, NULL);
	control_fixture_expect_end(other);
	control_fixture_send_line(heir, OFFER);
	control_fixture_expect_ok(heir);
	assert_int_equal(atomic_load(&server->abandoned), 0);
	close(heir);
	expect_count(&server->abandoned, 1);
}

/* The socket is the successor's then, and not removed. */
static void test_the_last_step(void **state)
{
	struct control_fixture *server = *state;
	const int fd = control_fixture_connect(server);

	control_fixture_send_line(fd, OFFER);
	control_fixture_expect_ok(fd);
	control_fixture_send_line(fd, DONE);
	control_fixture_expect_ok(fd);
	expect_count(&server->handed_over, 1);
	close(fd);
	atomic_store(&server->stop, true);
	uv_async_send(&server->wake);
	pthread_join(server->thread, NULL);
	assert_int_equal(uv_loop_close(&server->loop), 0);
	assert_int_equal(unlink(server->path), 0);
	*strrchr(server->path, '/') = '\0';
	assert_int_equal(rmdir(server->path), 0);
	assert_int_equal(rmdir(server->folder), 0);
	free(server);
}

/*
 * In the namespace of users that the daemon is in, but another user: he may connect, and ask all
 * else.
 */
static void test_a_stranger(void **state)
{
	struct control_fixture *server = *state;
	int fd;

	assert_int_equal(chmod(server->folder, 0755), 0);
	assert_int_equal(chmod(server->path, 0666), 0);
	/* Of this thread alone: the C library would change the server's, too. */
	assert_int_equal(syscall(SYS_setresuid, 65534, 65534, 0), 0);
	fd = control_fixture_connect(server);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	control_fixture_send_line(fd, OFFER);
	control_fixture_expect_refused(fd, "only root");
	assert_int_equal(syscall(SYS_setresuid, 0, 0, 0), 0);
	assert_int_equal(atomic_load(&server->abandoned), 0);
}

#define WITH_ROOM(test) \
	cmocka_unit_test_setup_teardown(test, control_fixture_setup, control_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOM(test_descriptors_come_with_the_answer),
		WITH_ROOM(test_one_at_a_time),
		WITH_ROOM(test_an_heir_is_waited_for),
		cmocka_unit_test_setup_teardown(test_the_last_step, control_fixture_setup, NULL),
		WITH_ROOM(test_a_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

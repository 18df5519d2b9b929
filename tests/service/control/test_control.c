/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: who may use it, what it answers, and what it makes of garbage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/control_fixture.h"
#include "tests/support/event_loop.h"

static void test_socket_is_for_root_only(void **state)
{
	const struct control_fixture *server = *state;
	struct stat found;

	assert_int_equal(stat(server->path, &found), 0);
	assert_true(S_ISSOCK(found.st_mode));
	assert_int_equal(found.st_mode & 0777, 0600);
}

static void start_for_group(const char *group, mode_t mode, gid_t gid)
{
	struct control_fixture room = {.path = "/tmp/podgate-test-group.sock", .group = group};
	char problem[PROBLEM_SIZE] = "";
	struct stat found;

	event_loop_init(&room.loop);
	assert_int_equal(control_fixture_start(&room, problem), 0);
	assert_int_equal(stat(room.path, &found), 0);
	assert_int_equal(found.st_mode & 0777, mode);
	assert_int_equal(found.st_uid, geteuid());
	assert_int_equal(found.st_gid, gid);
	control_server_stop(room.control);
	uv_run(&room.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&room.loop), 0);
}

static void test_a_group_may_be_let_in(void **state)
{
	const struct group *group = getgrnam("daemon");
	struct control_fixture room = {
		.path = "/tmp/podgate-test-group.sock", .group = "no-such-group"};
	char problem[PROBLEM_SIZE] = "";

	(void)state;
	assert_non_null(group);
	start_for_group("daemon", 0660, group->gr_gid);
	start_for_group("", 0600, getegid());
	event_loop_init(&room.loop);
	assert_int_equal(control_fixture_start(&room, problem), -ENOENT);
	assert_non_null(strstr(problem, "no group \"no-such-group\""));
	uv_run(&room.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&room.loop), 0);
	assert_int_equal(access(room.path, F_OK), -1);
}

static void test_answers_in_order(void **state)
{
	const int fd = control_fixture_connect(*state);

	for (int i = 0; i < 3; i++) {
		control_fixture_send_line(fd, "{\"command\": \"status\"}");
		control_fixture_expect_ok(fd);
	}
	control_fixture_send_line(
		fd, "{\"command\":\"status\"}\n{\"command\":\"reload\"}\n{\"command\":\"diags\"}");
	for (int i = 0; i < 3; i++)
		control_fixture_expect_ok(fd);
	close(fd);
}

static void test_a_request_may_come_in_pieces(void **state)
{
	static const char request[] = "{\"command\": \"status\"}\n";
	const int fd = control_fixture_connect(*state);

	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(control_fixture_send(fd, request + i, 1), 1);
		usleep(1000);
	}
	control_fixture_expect_ok(fd);
	close(fd);
}

static void test_garbage_is_refused(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{"", "not JSON"},
		{"GET / HTTP/1.1\r", "not JSON"},
		{"\x01\x02\x03", "a control character"},
		{"\xff\xfe", "byte 0 is not UTF-8"},
		{"[]", "not a JSON object"},
		{"{} {}", "something follows"},
		{"{}", "no \"command\""},
		{"{\"command\": 5}", "no \"command\""},
		{"{\"command\": \"format-disk\"}",
			"unknown command; there are status, flows, policies, watch, explain, "
			"judge, reload "
			"and diags"},
		{"{\"command\": \"flows\", \"dney\": true}", "flows takes no \"dney\""},
		{"{\"command\": \"status\", \"deny\": true}", "status takes no \"deny\""},
		{"{\"command\": \"explain\", \"source\": \"shop/web\\u0000x\", \"destination\": "
		 "\"shop/db\"}",
			"u0000"},
		{"{\"command\": \"watch\", \"deny\": true, \"deny\": false}", "twice"},
		{"{\"command\": \"status\", \"command\": \"reload\"}", "twice"},
		{"{\"command\": \"watch\", \"pod\": \"web\"}", "NAMESPACE/NAME"},
		{"{\"command\": \"watch\", \"namespace\": \"a/b\"}", "a name"},
		{"{\"command\": \"watch\", \"deny\": \"yes\"}", "true or false"},
		{"{\"command\": \"watch\", \"revoked\": 1}", "\"revoked\" must be true or false"},
		{"{\"command\": \"flows\", \"pod\": \"\"}", "NAMESPACE/NAME"},
		{"{\"command\": \"flows\", \"all\": null}", "\"all\" must be true or false"},
		{"{\"command\": \"flows\", \"protocol\": \"XTP\"}", "must be one of TCP, UDP"},
		{"{\"command\": \"flows\", \"protocol\": 6}", "must be one of TCP, UDP"},
		{"{\"command\": \"flows\", \"limit\": -1}", "a whole number"},
		{"{\"command\": \"flows\", \"limit\": 1.5}", "a whole number"},
		{"{\"command\": \"flows\", \"limit\": 1e300}", "a whole number"},
		{"{\"command\": \"flows\", \"limit\": \"5\"}", "a whole number"},
		{"{\"command\": \"policies\", \"namespace\": []}", "a name"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int fd = control_fixture_connect(*state);

		control_fixture_send_line(fd, cases[i].line);
		control_fixture_expect_refused(fd, cases[i].why);
	}
}

static void test_a_nul_byte_is_refused(void **state)
{
	const int fd = control_fixture_connect(*state);

	assert_int_equal(control_fixture_send(fd, "{\"command\":\"status\"}\0\n", 22), 22);
	control_fixture_expect_refused(fd, "byte 20 is a NUL byte");
}

static void test_a_line_without_end_is_refused(void **state)
{
	static char bytes[80 * 1024];
	const int fd = control_fixture_connect(*state);

	memset(bytes, 'x', sizeof(bytes));
	control_fixture_send(fd, bytes, sizeof(bytes));
	control_fixture_expect_refused(fd, "too long");
}

static void test_depth_is_limited(void **state)
{
	static char bytes[60 * 1024];
	const int fd = control_fixture_connect(*state);

	memset(bytes, '[', sizeof(bytes));
	bytes[sizeof(bytes) - 1] = '\n';
	control_fixture_send(fd, bytes, sizeof(bytes));
	control_fixture_expect_refused(fd, "not JSON");
}

static void test_a_running_daemon_is_not_displaced(void **state)
{
	struct control_fixture *server = *state;
	struct control_fixture second = {0};
	char problem[PROBLEM_SIZE] = "";
	int fd;

	event_loop_init(&second.loop);
	snprintf(second.path, sizeof(second.path), "%s", server->path);
	assert_int_equal(control_fixture_start(&second, problem), -EADDRINUSE);
	assert_non_null(strstr(problem, "another podgate"));
	uv_run(&second.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&second.loop), 0);
	fd = control_fixture_connect(server);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	close(fd);
}

/* What a crash leaves behind is replaced; what is no socket is not ours to remove. */
static void test_what_is_there_already(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control_fixture server = {.path = "/tmp/podgate-test-stale.sock"};
	char problem[PROBLEM_SIZE] = "";
	FILE *file;
	int fd;

	(void)state;
	unlink(server.path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(address.sun_path, server.path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	event_loop_init(&server.loop);
	assert_int_equal(control_fixture_start(&server, problem), 0);
	control_server_stop(server.control);
	uv_run(&server.loop, UV_RUN_DEFAULT);

	file = fopen(server.path, "w");
	fclose(file);
	assert_int_equal(control_fixture_start(&server, problem), -EEXIST);
	assert_int_equal(unlink(server.path), 0);

	strcpy(server.path, "/proc/podgate/control.sock");
	assert_int_not_equal(control_fixture_start(&server, problem), 0);
	assert_non_null(strstr(problem, "can't listen on /proc/podgate/control.sock"));
	memset(server.path, 'x', sizeof(server.path) - 1);
	assert_int_equal(control_fixture_start(&server, problem), -ENAMETOOLONG);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&server.loop), 0);
}

/* Stopped with clients in every state: nothing leaks, which ASan and uv_loop_close() see to. */
static void test_stops_with_clients(void **state)
{
	const int idle = control_fixture_connect(*state), half = control_fixture_connect(*state),
		  watching = control_fixture_connect(*state);

	control_fixture_send(half, "{\"command\"", 10);
	control_fixture_send_line(watching, "{\"command\":\"watch\"}");
	control_fixture_expect_ok(watching);
	control_fixture_teardown(state);
	control_fixture_expect_end(idle);
	control_fixture_expect_end(half);
	control_fixture_expect_end(watching);
	control_fixture_setup(state);
}

#define WITH_ROOM(test) \
	cmocka_unit_test_setup_teardown(test, control_fixture_setup, control_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOM(test_socket_is_for_root_only),
		cmocka_unit_test(test_a_group_may_be_let_in),
		WITH_ROOM(test_answers_in_order),
		WITH_ROOM(test_a_request_may_come_in_pieces),
		WITH_ROOM(test_garbage_is_refused),
		WITH_ROOM(test_a_nul_byte_is_refused),
		WITH_ROOM(test_a_line_without_end_is_refused),
		WITH_ROOM(test_depth_is_limited),
		WITH_ROOM(test_a_running_daemon_is_not_displaced),
		WITH_ROOM(test_what_is_there_already),
		WITH_ROOM(test_stops_with_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

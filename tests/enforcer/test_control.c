/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket with a real loop on a thread of its own, and clients that are not always friendly.
 * `answer` below knows status, reload (which says how long the request was) and judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "enforcer/control.h"

enum { IDLE_MS = 2000 };	/* long enough for a large request on a busy machine */

struct server {
	uv_loop_t loop;
	uv_async_t wake;
	pthread_t thread;
	struct control *control;
	char folder[64], path[128];
	atomic_bool stop, watched;
	atomic_int records;		/* to send to the watchers, at the next wake */
};

static cJSON *answer(void *context, const struct control_request *request)
{
	cJSON *json = cJSON_CreateObject();

	(void)context;
	cJSON_AddTrueToObject(json, "ok");
	if (request->command == CONTROL_JUDGE)
		cJSON_AddNumberToObject(json, "rows",
			cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(request->json, "rows")));
	if (request->command == CONTROL_STATUS)
		cJSON_AddStringToObject(json, "mode", "enforcing");
	return json;
}

static void watched(void *context, bool any)
{
	struct server *server = context;

	atomic_store(&server->watched, any);
}

static void send_records(struct server *server, int count)
{
	char text[256];

	for (int i = 0; i < count; i++) {
		cJSON *record;

		snprintf(text, sizeof(text),
			"{\"seq\":%d,\"verdict\":\"%s\",\"source\":{\"namespace\":\"shop\",\"pod\":\"web\"}}", i,
			i % 2 == 0 ? "deny" : "allow");
		record = cJSON_Parse(text);
		strcat(text, "\n");
		control_send_record(server->control, record, text, strlen(text));
		cJSON_Delete(record);
	}
}

static void woken(uv_async_t *async)
{
	struct server *server = async->data;

	send_records(server, atomic_exchange(&server->records, 0));
	if (atomic_load(&server->stop)) {
		control_stop(server->control);
		uv_close((uv_handle_t *)&server->wake, NULL);
	}
}

static void *run_loop(void *context)
{
	struct server *server = context;

	uv_run(&server->loop, UV_RUN_DEFAULT);
	return NULL;
}

static int start(struct server *server, char problem[CONTROL_PROBLEM])
{
	const struct control_options options = {
		.loop = &server->loop,
		.path = server->path,
		.idle_ms = IDLE_MS,
		.answer = answer,
		.watched = watched,
		.context = server,
	};

	return control_start(&server->control, &options, problem);
}

static int setup(void **state)
{
	struct server *server = calloc(1, sizeof(*server));
	char problem[CONTROL_PROBLEM];

	strcpy(server->folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->path, sizeof(server->path), "%s/run/control.sock", server->folder);
	assert_int_equal(uv_loop_init(&server->loop), 0);
	uv_async_init(&server->loop, &server->wake, woken);
	server->wake.data = server;
	assert_int_equal(start(server, problem), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, run_loop, server), 0);
	*state = server;
	return 0;
}

static int teardown(void **state)
{
	struct server *server = *state;
	char folder[128];

	atomic_store(&server->stop, true);
	uv_async_send(&server->wake);
	pthread_join(server->thread, NULL);
	/* Nothing is left open, or this would say EBUSY. */
	assert_int_equal(uv_loop_close(&server->loop), 0);
	assert_int_equal(access(server->path, F_OK), -1);
	snprintf(folder, sizeof(folder), "%s/run", server->folder);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(server->folder), 0);
	free(server);
	return 0;
}

static int connect_to(const struct server *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 20};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, server->path, sizeof(address.sun_path));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Sends as much as the other end takes: it may close in the middle. */
static size_t send_bytes(int fd, const char *bytes, size_t length)
{
	size_t sent = 0;

	while (sent < length) {
		const ssize_t wrote = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);

		if (wrote <= 0)
			break;
		sent += (size_t)wrote;
	}
	return sent;
}

static void send_line(int fd, const char *line)
{
	assert_int_equal(send_bytes(fd, line, strlen(line)), strlen(line));
	assert_int_equal(send_bytes(fd, "\n", 1), 1);
}

/* The next line as a value; NULL at the end of the connection. A timeout fails the test. */
static cJSON *read_line(int fd)
{
	static char line[1 << 16];
	size_t used = 0;
	cJSON *json;

	while (used < sizeof(line)) {
		const ssize_t length = recv(fd, line + used, 1, 0);

		if (length < 0)
			assert_int_equal(errno, ECONNRESET);
		if (length <= 0)
			return NULL;
		if (line[used++] == '\n')
			break;
	}
	json = cJSON_ParseWithLength(line, used);
	assert_non_null(json);
	return json;
}

static void expect_ok(int fd)
{
	cJSON *json = read_line(fd);

	assert_non_null(json);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")));
	cJSON_Delete(json);
}

static void expect_end(int fd)
{
	assert_null(read_line(fd));
	close(fd);
}

/* An answer that says why, and the end of the connection. */
static void expect_refused(int fd, const char *why)
{
	cJSON *json = read_line(fd);

	assert_non_null(json);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "ok")));
	if (strstr(cJSON_GetObjectItem(json, "error")->valuestring, why) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", cJSON_GetObjectItem(json, "error")->valuestring, why);
	cJSON_Delete(json);
	expect_end(fd);
}

static void test_socket_is_for_root_only(void **state)
{
	const struct server *server = *state;
	struct stat found;

	assert_int_equal(stat(server->path, &found), 0);
	assert_true(S_ISSOCK(found.st_mode));
	assert_int_equal(found.st_mode & 0777, 0600);
}

static void test_answers_in_order(void **state)
{
	const int fd = connect_to(*state);

	for (int i = 0; i < 3; i++) {
		send_line(fd, "{\"command\": \"status\"}");
		expect_ok(fd);
	}
	send_line(fd, "{\"command\":\"status\"}\n{\"command\":\"reload\"}\n{\"command\":\"diags\"}");
	for (int i = 0; i < 3; i++)
		expect_ok(fd);
	close(fd);
}

static void test_a_request_may_come_in_pieces(void **state)
{
	static const char request[] = "{\"command\": \"status\"}\n";
	const int fd = connect_to(*state);

	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(send_bytes(fd, request + i, 1), 1);
		usleep(1000);
	}
	expect_ok(fd);
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
		{"{\"command\": \"format-disk\"}", "unknown command"},
		{"{\"command\": \"watch\", \"pod\": \"web\"}", "NAMESPACE/NAME"},
		{"{\"command\": \"watch\", \"namespace\": \"a/b\"}", "a name"},
		{"{\"command\": \"watch\", \"deny\": \"yes\"}", "true or false"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int fd = connect_to(*state);

		send_line(fd, cases[i].line);
		expect_refused(fd, cases[i].why);
	}
}

static void test_a_nul_byte_is_refused(void **state)
{
	const int fd = connect_to(*state);

	assert_int_equal(send_bytes(fd, "{\"command\":\"status\"}\0\n", 22), 22);
	expect_refused(fd, "byte 20 is a NUL byte");
}

static void test_a_line_without_end_is_refused(void **state)
{
	static char bytes[80 * 1024];
	const int fd = connect_to(*state);

	memset(bytes, 'x', sizeof(bytes));
	send_bytes(fd, bytes, sizeof(bytes));
	expect_refused(fd, "too long");
}

static void test_depth_is_limited(void **state)
{
	static char bytes[60 * 1024];
	const int fd = connect_to(*state);

	memset(bytes, '[', sizeof(bytes));
	bytes[sizeof(bytes) - 1] = '\n';
	send_bytes(fd, bytes, sizeof(bytes));
	expect_refused(fd, "not JSON");
}

/* `rows` rows, as a request line to be freed. */
static char *judge_request(size_t rows, size_t *length)
{
	static const char row[] = "[\"shop/web\",\"shop/db\",\"TCP\",\"5432\"],";
	char *line = malloc(64 + rows * sizeof(row));

	*length = (size_t)sprintf(line, "{\"command\":\"judge\",\"rows\":[");
	for (size_t i = 0; i < rows; i++) {
		memcpy(line + *length, row, sizeof(row) - 1);
		*length += sizeof(row) - 1;
	}
	*length += (size_t)sprintf(line + *length, "[]]}\n");
	return line;
}

static void test_judge_may_be_large(void **state)
{
	const int fd = connect_to(*state);
	size_t length;
	char *line = judge_request(50000, &length);
	cJSON *json;

	assert_in_range(length, 1 << 20, 4 << 20);
	assert_int_equal(send_bytes(fd, line, length), length);
	json = read_line(fd);
	assert_non_null(json);
	assert_int_equal(cJSON_GetObjectItem(json, "rows")->valueint, 50001);
	cJSON_Delete(json);
	send_line(fd, "{\"command\":\"status\"}");
	expect_ok(fd);
	close(fd);
	free(line);
}

static void test_judge_may_not_be_huge(void **state)
{
	const int fd = connect_to(*state);
	size_t length;
	char *line = judge_request(200000, &length);

	send_bytes(fd, line, length);
	expect_refused(fd, "too long");
	free(line);
}

static void test_one_large_request_at_a_time(void **state)
{
	const int first = connect_to(*state);
	size_t length;
	char *line = judge_request(50000, &length);
	int second;

	assert_int_equal(send_bytes(first, line, length / 2), length / 2);
	usleep(50000);
	second = connect_to(*state);
	send_bytes(second, line, length);
	expect_refused(second, "one client at a time");
	assert_int_equal(send_bytes(first, line + length / 2, length - length / 2), length - length / 2);
	cJSON_Delete(read_line(first));
	close(first);
	free(line);
}

static void test_large_is_for_judge_alone(void **state)
{
	const int fd = connect_to(*state);
	char *line = malloc(100 * 1024);
	size_t length = (size_t)sprintf(line, "{\"command\":\"status\",\"x\":\"judge\",\"y\":\"");

	memset(line + length, 'y', 90 * 1024);
	length += 90 * 1024;
	length += (size_t)sprintf(line + length, "\"}\n");
	send_bytes(fd, line, length);
	expect_refused(fd, "longer than 64 KiB");
	free(line);
}

static void test_idle_clients_are_put_out(void **state)
{
	const int silent = connect_to(*state), half = connect_to(*state);

	assert_int_equal(send_bytes(half, "{\"comm", 6), 6);
	expect_end(silent);
	expect_end(half);
}

/* It asks and asks, and never reads: it is put out, and the others are served meanwhile. */
static void test_who_never_reads_is_put_out(void **state)
{
	static const char request[] = "{\"command\":\"status\"}\n";
	const int deaf = connect_to(*state);
	const struct timeval brief = {.tv_usec = 100000};
	size_t sent = 0;
	char byte;
	int fd;

	setsockopt(deaf, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof(brief));
	while (send_bytes(deaf, request, sizeof(request) - 1) == sizeof(request) - 1)
		sent++;
	assert_true(sent > 100);
	fd = connect_to(*state);
	send_line(fd, "{\"command\":\"status\"}");
	expect_ok(fd);
	close(fd);
	usleep(2 * IDLE_MS * 1000);
	while (recv(deaf, &byte, 1, 0) == 1)
		;
	assert_true(send(deaf, "x", 1, MSG_NOSIGNAL) < 0);
	close(deaf);
}

static void test_clients_are_limited(void **state)
{
	int fds[64];

	for (size_t i = 0; i < 64; i++) {
		fds[i] = connect_to(*state);
		send_line(fds[i], "{\"command\":\"watch\"}");
		expect_ok(fds[i]);
	}
	expect_refused(connect_to(*state), "too many clients");
	close(fds[0]);
	usleep(50000);
	fds[0] = connect_to(*state);
	send_line(fds[0], "{\"command\":\"status\"}");
	expect_ok(fds[0]);
	for (size_t i = 0; i < 64; i++)
		close(fds[i]);
}

static void send_from(struct server *server, int records)
{
	atomic_store(&server->records, records);
	uv_async_send(&server->wake);
}

static bool becomes(atomic_bool *flag, bool wanted)
{
	for (int i = 0; i < 1000 && atomic_load(flag) != wanted; i++)
		usleep(5000);
	return atomic_load(flag) == wanted;
}

static void test_watchers_get_what_they_asked_for(void **state)
{
	struct server *server = *state;
	const int all = connect_to(server), denied = connect_to(server), other = connect_to(server);
	cJSON *json;

	assert_false(atomic_load(&server->watched));
	send_line(all, "{\"command\":\"watch\"}");
	expect_ok(all);
	send_line(denied, "{\"command\":\"watch\",\"deny\":true,\"pod\":\"shop/web\"}");
	expect_ok(denied);
	send_line(other, "{\"command\":\"watch\",\"namespace\":\"other\"}");
	expect_ok(other);
	assert_true(atomic_load(&server->watched));
	send_from(server, 10);
	for (int i = 0; i < 10; i++) {
		json = read_line(all);
		assert_int_equal(cJSON_GetObjectItem(json, "seq")->valueint, i);
		cJSON_Delete(json);
	}
	for (int i = 0; i < 10; i += 2) {
		json = read_line(denied);
		assert_int_equal(cJSON_GetObjectItem(json, "seq")->valueint, i);
		cJSON_Delete(json);
	}
	close(all);
	close(denied);
	assert_true(atomic_load(&server->watched));
	close(other);
	assert_true(becomes(&server->watched, false));
}

/* A watcher that stops reading loses lines, is told how many, and holds up nobody. */
static void test_a_slow_watcher_loses_and_is_told(void **state)
{
	enum { RECORDS = 40000 };
	struct server *server = *state;
	const int slow = connect_to(server);
	uint64_t got = 0, lost = 0;
	int fd;

	send_line(slow, "{\"command\":\"watch\"}");
	expect_ok(slow);
	send_from(server, RECORDS);
	fd = connect_to(server);
	send_line(fd, "{\"command\":\"status\"}");
	expect_ok(fd);
	close(fd);
	while (got + lost < RECORDS) {
		cJSON *json = read_line(slow);

		assert_non_null(json);
		if (cJSON_GetObjectItem(json, "event") != NULL)
			lost += (uint64_t)cJSON_GetObjectItem(json, "count")->valuedouble;
		else
			got++;
		cJSON_Delete(json);
	}
	assert_int_equal(got + lost, RECORDS);
	assert_true(got > 100);
	assert_true(lost > 100);
	close(slow);
}

static void test_a_running_daemon_is_not_displaced(void **state)
{
	struct server *server = *state;
	struct server second = {0};
	char problem[CONTROL_PROBLEM] = "";
	int fd;

	uv_loop_init(&second.loop);
	snprintf(second.path, sizeof(second.path), "%s", server->path);
	assert_int_equal(start(&second, problem), -EADDRINUSE);
	assert_non_null(strstr(problem, "another podgate"));
	uv_run(&second.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&second.loop), 0);
	fd = connect_to(server);
	send_line(fd, "{\"command\":\"status\"}");
	expect_ok(fd);
	close(fd);
}

/* What a crash leaves behind is replaced; what is no socket is not ours to remove. */
static void test_what_is_there_already(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct server server = {.path = "/tmp/podgate-test-stale.sock"};
	char problem[CONTROL_PROBLEM] = "";
	FILE *file;
	int fd;

	(void)state;
	unlink(server.path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(address.sun_path, server.path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	uv_loop_init(&server.loop);
	assert_int_equal(start(&server, problem), 0);
	control_stop(server.control);
	uv_run(&server.loop, UV_RUN_DEFAULT);

	file = fopen(server.path, "w");
	fclose(file);
	assert_int_equal(start(&server, problem), -EEXIST);
	assert_int_equal(unlink(server.path), 0);

	strcpy(server.path, "/proc/podgate/control.sock");
	assert_int_not_equal(start(&server, problem), 0);
	assert_non_null(strstr(problem, "can't listen on /proc/podgate/control.sock"));
	memset(server.path, 'x', sizeof(server.path) - 1);
	assert_int_equal(start(&server, problem), -ENAMETOOLONG);
	uv_run(&server.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&server.loop), 0);
}

/* Stopped with clients in every state: nothing leaks, which ASan and uv_loop_close() see to. */
static void test_stops_with_clients(void **state)
{
	const int idle = connect_to(*state), half = connect_to(*state), watching = connect_to(*state);

	send_bytes(half, "{\"command\"", 10);
	send_line(watching, "{\"command\":\"watch\"}");
	expect_ok(watching);
	teardown(state);
	expect_end(idle);
	expect_end(half);
	expect_end(watching);
	setup(state);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(test_socket_is_for_root_only),
		WITH_SERVER(test_answers_in_order),
		WITH_SERVER(test_a_request_may_come_in_pieces),
		WITH_SERVER(test_garbage_is_refused),
		WITH_SERVER(test_a_nul_byte_is_refused),
		WITH_SERVER(test_a_line_without_end_is_refused),
		WITH_SERVER(test_depth_is_limited),
		WITH_SERVER(test_judge_may_be_large),
		WITH_SERVER(test_judge_may_not_be_huge),
		WITH_SERVER(test_one_large_request_at_a_time),
		WITH_SERVER(test_large_is_for_judge_alone),
		WITH_SERVER(test_idle_clients_are_put_out),
		WITH_SERVER(test_who_never_reads_is_put_out),
		WITH_SERVER(test_clients_are_limited),
		WITH_SERVER(test_watchers_get_what_they_asked_for),
		WITH_SERVER(test_a_slow_watcher_loses_and_is_told),
		WITH_SERVER(test_a_running_daemon_is_not_displaced),
		cmocka_unit_test(test_what_is_there_already),
		WITH_SERVER(test_stops_with_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket and clients that ask for too much, read too little, or never come to the
 * point.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/between.h"
#include "tests/support/control_fixture.h"

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
	const int fd = control_fixture_connect(*state);
	size_t length;
	char *line = judge_request(20000, &length);
	cJSON *json;

	assert_between(length, 1 << 18, 1 << 20);
	assert_int_equal(control_fixture_send(fd, line, length), length);
	json = control_fixture_read_line(fd);
	assert_non_null(json);
	assert_int_equal(cJSON_GetObjectItem(json, "rows")->valueint, 20001);
	cJSON_Delete(json);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	close(fd);
	free(line);
}

static void test_judge_may_not_be_huge(void **state)
{
	const int fd = control_fixture_connect(*state);
	size_t length;
	char *line = judge_request(50000, &length);

	control_fixture_send(fd, line, length);
	control_fixture_expect_refused(fd, "too long");
	free(line);
}

static void test_one_large_request_at_a_time(void **state)
{
	const int first = control_fixture_connect(*state);
	size_t length;
	char *line = judge_request(20000, &length);
	int second;

	assert_int_equal(control_fixture_send(first, line, length / 2), length / 2);
	usleep(50000);
	second = control_fixture_connect(*state);
	control_fixture_send(second, line, length);
	control_fixture_expect_refused(second, "one client at a time");
	assert_int_equal(control_fixture_send(first, line + length / 2, length - length / 2),
		length - length / 2);
	cJSON_Delete(control_fixture_read_line(first));
	close(first);
	free(line);
}

static void test_large_is_for_judge_alone(void **state)
{
	const int fd = control_fixture_connect(*state);
	char *line = malloc(100 * 1024);
	size_t length = (size_t)sprintf(
		line, "{\"command\":\"explain\",\"source\":\"judge\",\"destination\":\"");

	memset(line + length, 'y', 90 * 1024);
	length += 90 * 1024;
	length += (size_t)sprintf(line + length, "\"}\n");
	control_fixture_send(fd, line, length);
	control_fixture_expect_refused(fd, "longer than 64 KiB");
	free(line);
}

static void test_idle_clients_are_put_out(void **state)
{
	const int silent = control_fixture_connect(*state), half = control_fixture_connect(*state);

	assert_int_equal(control_fixture_send(half, "{\"comm", 6), 6);
	control_fixture_expect_end(silent);
	control_fixture_expect_end(half);
}

/* It asks and asks, and never reads: it is put out, and the others are served meanwhile. */
static void test_who_never_reads_is_put_out(void **state)
{
	static const char request[] = "{\"command\":\"status\"}\n";
	const int deaf = control_fixture_connect(*state);
	const struct timeval brief = {.tv_usec = 100000};
	size_t sent = 0;
	char byte;
	int fd;

	setsockopt(deaf, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof(brief));
	while (control_fixture_send(deaf, request, sizeof(request) - 1) == sizeof(request) - 1)
		sent++;
	assert_true(sent > 100);
	fd = control_fixture_connect(*state);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	close(fd);
	usleep(2 * CONTROL_FIXTURE_IDLE_MS * 1000);
	while (recv(deaf, &byte, 1, 0) == 1)
		;
	assert_true(send(deaf, "x", 1, MSG_NOSIGNAL) < 0);
	close(deaf);
}

static void test_clients_are_limited(void **state)
{
	int fds[64];

	for (size_t i = 0; i < 64; i++) {
		fds[i] = control_fixture_connect(*state);
		control_fixture_send_line(fds[i], "{\"command\":\"watch\"}");
		control_fixture_expect_ok(fds[i]);
	}
	control_fixture_expect_refused(control_fixture_connect(*state), "too many clients");
	close(fds[0]);
	usleep(50000);
	fds[0] = control_fixture_connect(*state);
	control_fixture_send_line(fds[0], "{\"command\":\"status\"}");
	control_fixture_expect_ok(fds[0]);
	for (size_t i = 0; i < 64; i++)
		close(fds[i]);
}

/*
 * Connects as another user. Of this thread alone: the C library would change the server's user,
 * too.
 */
static int connect_as(const struct control_fixture *server, uid_t user)
{
	int fd;

	assert_int_equal(syscall(SYS_setresuid, user, user, 0), 0);
	fd = control_fixture_connect(server);
	assert_int_equal(syscall(SYS_setresuid, 0, 0, 0), 0);
	return fd;
}

static void begin_watch(int fd)
{
	control_fixture_send_line(fd, "{\"command\":\"watch\"}");
	control_fixture_expect_ok(fd);
}

/*
 * One user's watchers leave places to other users, and all of theirs together leave places to root.
 */
static void test_places_are_kept_for_root(void **state)
{
	enum { OTHERS = CONTROL_CLIENTS_MOST - CONTROL_CLIENTS_KEPT };
	struct control_fixture *server = *state;
	int fds[CONTROL_CLIENTS_MOST], fd;

	assert_int_equal(chmod(server->folder, 0755), 0);
	assert_int_equal(chmod(server->path, 0666), 0);
	for (int i = 0; i < OTHERS; i++) {
		const uid_t user = (uid_t)(65534 - i / CONTROL_CLIENTS_OF_A_USER);

		fds[i] = connect_as(server, user);
		begin_watch(fds[i]);
		if (i % CONTROL_CLIENTS_OF_A_USER == CONTROL_CLIENTS_OF_A_USER - 1)
			control_fixture_expect_refused(
				connect_as(server, user), "clients of this user (16)");
	}
	control_fixture_expect_refused(connect_as(server, 1234), "kept for root");
	for (int i = OTHERS; i < CONTROL_CLIENTS_MOST; i++) {
		fds[i] = control_fixture_connect(server);
		begin_watch(fds[i]);
	}
	control_fixture_expect_refused(control_fixture_connect(server), "too many clients (64)");
	close(fds[0]);
	usleep(50000);
	fd = connect_as(server, 65534);
	control_fixture_expect_refused(connect_as(server, 65534), "too many clients");
	close(fd);
	for (int i = 1; i < CONTROL_CLIENTS_MOST; i++)
		close(fds[i]);
}

/* Half a large request of another user's, which may last, does not keep root from asking one. */
static void test_large_requests_of_others_leave_room_for_roots(void **state)
{
	struct control_fixture *server = *state;
	size_t length;
	char *line = judge_request(20000, &length);
	int other, root;
	cJSON *json;

	assert_int_equal(chmod(server->folder, 0755), 0);
	assert_int_equal(chmod(server->path, 0666), 0);
	other = connect_as(server, 65534);
	assert_int_equal(control_fixture_send(other, line, length / 2), length / 2);
	usleep(50000);
	root = control_fixture_connect(server);
	assert_int_equal(control_fixture_send(root, line, length), length);
	json = control_fixture_read_line(root);
	assert_int_equal(cJSON_GetObjectItem(json, "rows")->valueint, 20001);
	cJSON_Delete(json);
	close(root);
	close(other);
	free(line);
}

static size_t count_files(void)
{
	DIR *files = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(files);
	while (readdir(files) != NULL)
		count++;
	closedir(files);
	return count;
}

/*
 * One after the other and in heaps, with and without a word: each is closed, and who asks is
 * answered meanwhile.
 */
static void test_thousands_come_and_go(void **state)
{
	enum { HEAPS = 50, HEAP = 60 };
	const size_t before = count_files();
	int fds[HEAP];

	for (int i = 0; i < HEAPS; i++) {
		for (int j = 0; j < HEAP; j++) {
			fds[j] = control_fixture_connect(*state);
			if (j % 3 == 0)
				control_fixture_send(fds[j], "{\"command\":", 11);
		}
		control_fixture_send_line(fds[HEAP - 1], "{\"command\":\"status\"}");
		control_fixture_expect_ok(fds[HEAP - 1]);
		for (int j = 0; j < HEAP; j++)
			close(fds[j]);
	}
	for (int i = 0; i < 2000 && count_files() > before; i++)
		usleep(5000);
	assert_int_equal(count_files(), before);
}

static void send_from(struct control_fixture *server, int records)
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
	struct control_fixture *server = *state;
	const int all = control_fixture_connect(server), denied = control_fixture_connect(server),
		  other = control_fixture_connect(server);
	cJSON *json;

	assert_false(atomic_load(&server->watched));
	control_fixture_send_line(all, "{\"command\":\"watch\"}");
	control_fixture_expect_ok(all);
	control_fixture_send_line(
		denied, "{\"command\":\"watch\",\"deny\":true,\"pod\":\"shop/web\"}");
	control_fixture_expect_ok(denied);
	control_fixture_send_line(other, "{\"command\":\"watch\",\"namespace\":\"other\"}");
	control_fixture_expect_ok(other);
	assert_true(atomic_load(&server->watched));
	send_from(server, 10);
	for (int i = 0; i < 10; i++) {
		json = control_fixture_read_line(all);
		assert_int_equal(cJSON_GetObjectItem(json, "seq")->valueint, i);
		cJSON_Delete(json);
	}
	for (int i = 0; i < 10; i += 2) {
		json = control_fixture_read_line(denied);
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
	struct control_fixture *server = *state;
	const int slow = control_fixture_connect(server);
	uint64_t got = 0, lost = 0;
	int fd;

	control_fixture_send_line(slow, "{\"command\":\"watch\"}");
	control_fixture_expect_ok(slow);
	send_from(server, RECORDS);
	fd = control_fixture_connect(server);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	close(fd);
	while (got + lost < RECORDS) {
		cJSON *json = control_fixture_read_line(slow);

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

#define WITH_ROOM(test) \
	cmocka_unit_test_setup_teardown(test, control_fixture_setup, control_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOM(test_judge_may_be_large),
		WITH_ROOM(test_judge_may_not_be_huge),
		WITH_ROOM(test_one_large_request_at_a_time),
		WITH_ROOM(test_large_is_for_judge_alone),
		WITH_ROOM(test_idle_clients_are_put_out),
		WITH_ROOM(test_who_never_reads_is_put_out),
		WITH_ROOM(test_clients_are_limited),
		WITH_ROOM(test_places_are_kept_for_root),
		WITH_ROOM(test_large_requests_of_others_leave_room_for_roots),
		WITH_ROOM(test_thousands_come_and_go),
		WITH_ROOM(test_watchers_get_what_they_asked_for),
		WITH_ROOM(test_a_slow_watcher_loses_and_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

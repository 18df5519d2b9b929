/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of many lines: whole, in order, at the client's pace, and gone with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/between.h"
#include "tests/support/control_fixture.h"

static void ask(int fd, int lines)
{
	char request[64];

	snprintf(request, sizeof(request), "{\"command\":\"flows\",\"limit\":%d}", lines);
	control_fixture_send_line(fd, request);
}

/* {"n": from} and those after it, and the end. */
static void expect_rest(int fd, int from, int lines)
{
	cJSON *json;

	for (int i = from; i < lines; i++) {
		json = control_fixture_read_line(fd);
		assert_non_null(json);
		assert_int_equal(cJSON_GetObjectItem(json, "n")->valueint, i);
		cJSON_Delete(json);
	}
	json = control_fixture_read_line(fd);
	assert_non_null(json);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "end")));
	cJSON_Delete(json);
}

static bool becomes(atomic_int *number, int wanted)
{
	for (int i = 0; i < 1000 && atomic_load(number) != wanted; i++)
		usleep(5000);
	return atomic_load(number) == wanted;
}

static void many_lines_are_one_answer(void **state)
{
	struct control_fixture *room = *state;
	const int fd = control_fixture_connect(room);

	ask(fd, 1234);
	expect_rest(fd, 0, 1234);
	assert_int_equal(atomic_load(&room->pieces), 13);
	ask(fd, 0);
	expect_rest(fd, 0, 0);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	close(fd);
	assert_true(becomes(&room->freed, 2));
}

static void what_is_asked_meanwhile_is_answered_after(void **state)
{
	const int fd = control_fixture_connect(*state);

	control_fixture_send_line(fd,
		"{\"command\":\"flows\",\"limit\":500}\n{\"command\":\"status\"}\n"
		"{\"command\":\"flows\",\"limit\":5}\n{\"command\":\"status\"}");
	expect_rest(fd, 0, 500);
	control_fixture_expect_ok(fd);
	expect_rest(fd, 0, 5);
	control_fixture_expect_ok(fd);
	close(fd);
}

static void a_refusal_is_an_answer(void **state)
{
	const int fd = control_fixture_connect(*state);
	cJSON *json;

	control_fixture_send_line(fd, "{\"command\":\"flows\",\"pod\":\"shop/none\"}");
	json = control_fixture_read_line(fd);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "ok")));
	assert_string_equal(
		cJSON_GetObjectItem(json, "error")->valuestring, "there is no pod shop/none");
	cJSON_Delete(json);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	control_fixture_expect_ok(fd);
	close(fd);
}

/* As `nc -N` does: it asks, says that this was all, and listens. */
static void who_has_said_all_is_answered(void **state)
{
	int fd = control_fixture_connect(*state);

	control_fixture_send_line(
		fd, "{\"command\":\"flows\",\"limit\":5000}\n{\"command\":\"status\"}");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect_rest(fd, 0, 5000);
	control_fixture_expect_ok(fd);
	control_fixture_expect_end(fd);
	fd = control_fixture_connect(*state);
	control_fixture_send_line(fd, "{\"command\":\"status\"}");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	control_fixture_expect_ok(fd);
	control_fixture_expect_end(fd);
}

/*
 * Pieces are made as they are taken: a client that takes none costs the few that fit into its
 * socket, and its place.
 */
static void the_client_sets_the_pace(void **state)
{
	enum { LINES = 2000000 };
	struct control_fixture *room = *state;
	const int slow = control_fixture_connect(room), quick = control_fixture_connect(room);
	int made;

	ask(slow, LINES);
	ask(quick, 1000);
	expect_rest(quick, 0, 1000);
	do {
		made = atomic_load(&room->pieces);
		usleep(200000);
	} while (atomic_load(&room->pieces) != made); /* its socket is full */
	assert_between(made, 10 + 1, LINES / 100 / 2);
	control_fixture_send_line(quick, "{\"command\":\"status\"}");
	control_fixture_expect_ok(quick);
	close(quick);
	assert_true(becomes(&room->freed, 2)); /* the slow one was put out in the end */
	close(slow);
}

static void who_goes_away_takes_its_answer_along(void **state)
{
	struct control_fixture *room = *state;

	for (int i = 0; i < 20; i++) {
		const int fd = control_fixture_connect(room);

		ask(fd, 1000000);
		if (i % 2 == 0)
			cJSON_Delete(control_fixture_read_line(fd));
		close(fd);
	}
	assert_true(becomes(&room->freed, 20));
}

static void many_clients_take_turns(void **state)
{
	enum { CLIENTS = 40, LINES = 3000 };
	struct control_fixture *room = *state;
	int fds[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = control_fixture_connect(room);
		ask(fds[i], LINES);
	}
	for (int i = 0; i < CLIENTS; i++) {
		expect_rest(fds[i], 0, LINES);
		close(fds[i]);
	}
	assert_true(becomes(&room->freed, CLIENTS));
}

/*
 * Stopped while pieces are made, waited for, and not taken: what ASan and uv_loop_close() see to.
 */
static void it_may_be_stopped_in_the_middle(void **state)
{
	for (int round = 0; round < 5; round++) {
		struct control_fixture *room = *state;
		int fds[4];

		atomic_store(&room->piece_ms, 20);
		for (int i = 0; i < 4; i++) {
			fds[i] = control_fixture_connect(room);
			ask(fds[i], 1000000);
		}
		cJSON_Delete(control_fixture_read_line(fds[0]));
		usleep((useconds_t)round * 7000);
		control_fixture_teardown(state);
		for (int i = 0; i < 4; i++)
			close(fds[i]);
		control_fixture_setup(state);
	}
}

/* ---- the past of a watch ---- */

static void send_from(struct control_fixture *room, int records)
{
	atomic_fetch_add(&room->records, records);
	uv_async_send(&room->wake);
}

static void expect_records(int fd, int from, int to)
{
	for (int i = from; i < to; i++) {
		cJSON *json = control_fixture_read_line(fd);

		assert_non_null(json);
		assert_int_equal(cJSON_GetObjectItem(json, "seq")->valueint, i);
		cJSON_Delete(json);
	}
}

static void watch_since(int fd)
{
	control_fixture_send_line(fd, "{\"command\":\"watch\",\"since\":\"2026-11-24T10:00:00Z\"}");
	control_fixture_expect_ok(fd);
}

/* The room writes a record while the past is told: it comes once, between past and present. */
static void past_and_present_meet(void **state)
{
	struct control_fixture *room = *state;
	const int fd = control_fixture_connect(room);

	send_from(room, 250);
	assert_true(becomes(&room->written, 250));
	watch_since(fd);
	expect_records(fd, 0, 251);
	send_from(room, 10);
	expect_records(fd, 251, 261);
	close(fd);
	assert_true(becomes(&room->freed, 1));
}

/*
 * Records are written all the time, by the hundred, while watchers come: none misses one, or gets
 * one twice.
 */
static void nothing_is_missed_or_told_twice(void **state)
{
	enum { WATCHERS = 20, BURST = 20 };
	struct control_fixture *room = *state;
	int fds[WATCHERS], written;

	send_from(room, 100);
	assert_true(becomes(&room->written, 100));
	for (int i = 0; i < WATCHERS; i++) {
		fds[i] = control_fixture_connect(room);
		watch_since(fds[i]);
		send_from(room, BURST);
		usleep(1000);
	}
	assert_true(becomes(&room->written, 100 + WATCHERS * (BURST + 1)));
	written = atomic_load(&room->written);
	for (int i = 0; i < WATCHERS; i++) {
		expect_records(fds[i], 0, written);
		close(fds[i]);
	}
}

static void the_past_may_be_refused(void **state)
{
	const int fd = control_fixture_connect(*state);
	static const char *const bad[] = {"\"yesterday\"", "\"2026-02-31T10:00:00Z\"",
		"\"2026-11-24T10:00:00+01:00\"", "\"2026-11-24T10:00:00.Z\"",
		"\"2026-11-24T10:00:00Zz\"", "5", "null", "\"1969-01-01T00:00:00Z\"", "\"\""};
	char request[128];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const int other = control_fixture_connect(*state);

		snprintf(request, sizeof(request), "{\"command\":\"watch\",\"since\":%s}", bad[i]);
		control_fixture_send_line(other, request);
		control_fixture_expect_refused(other, "must be a time such as");
	}
	close(fd);
}

#define WITH_ROOM(test) \
	cmocka_unit_test_setup_teardown(test, control_fixture_setup, control_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOM(many_lines_are_one_answer),
		WITH_ROOM(what_is_asked_meanwhile_is_answered_after),
		WITH_ROOM(a_refusal_is_an_answer),
		WITH_ROOM(who_has_said_all_is_answered),
		WITH_ROOM(the_client_sets_the_pace),
		WITH_ROOM(who_goes_away_takes_its_answer_along),
		WITH_ROOM(many_clients_take_turns),
		WITH_ROOM(it_may_be_stopped_in_the_middle),
		WITH_ROOM(past_and_present_meet),
		WITH_ROOM(nothing_is_missed_or_told_twice),
		WITH_ROOM(the_past_may_be_refused),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}

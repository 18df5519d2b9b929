/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log's past: from files as they lie there, and from a log that is being written and rotated
 * meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "enforcer/log/record_time.h"
#include "service/control/log_replay.h"
#include "tests/support/log_fixture.h"
#include "tests/support/stream_reader.h"

#define SECOND ((uint64_t)1000000000)

enum { KEEP = 9, HOURS = 7200 };

/*
 * When line number 0 would have been written: two hours ago, for a file that was not written to
 * since is not looked into.
 */
static uint64_t begin_ns;

/* ---- files made by hand; the log is elsewhere, and has written nothing ---- */

static void start(struct log_fixture *desk)
{
	char path[160];

	snprintf(path, sizeof(path), "%s", desk->path);
	strcpy(desk->path, "/dev/null");
	log_fixture_start(desk, 0, 0);
	strcpy(desk->path, path);
}

static void stop_desk(struct log_fixture *desk)
{
	verdict_log_stop(desk->log);
	verdict_log_free(desk->log);
	desk->log = NULL;
}

static FILE *open_file(const struct log_fixture *desk, unsigned int index, const char *mode)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), index == 0 ? "%s" : "%s.%u", desk->path, index);
	file = fopen(path, mode);
	assert_non_null(file);
	return file;
}

static void move_file(const struct log_fixture *desk, unsigned int from, unsigned int to)
{
	char old[160], new[160];

	snprintf(old, sizeof(old), from == 0 ? "%s" : "%s.%u", desk->path, from);
	snprintf(new, sizeof(new), "%s.%u", desk->path, to);
	assert_int_equal(rename(old, new), 0);
}

static void remove_file(const struct log_fixture *desk, unsigned int index)
{
	char path[160];

	snprintf(path, sizeof(path), index == 0 ? "%s" : "%s.%u", desk->path, index);
	assert_int_equal(unlink(path), 0);
}

/* Lines number `from` to `to`, a second apart; every third is an allowance. */
static void write_lines(FILE *file, int from, int to)
{
	char text[RECORD_TIME_TEXT];

	for (int seq = from; seq <= to; seq++)
		fprintf(file,
			"{\"time\":\"%s\",\"seq\":%d,\"verdict\":\"%s\",\"source\":{\"namespace\":"
			"\"shop\",\"pod\":\"web\"}}\n",
			record_time_format(begin_ns + (uint64_t)seq * SECOND, text), seq,
			seq % 3 == 0 ? "allow" : "deny");
}

static void write_file(const struct log_fixture *desk, unsigned int index, int from, int to)
{
	FILE *file = open_file(desk, index, "a");

	write_lines(file, from, to);
	fclose(file);
}

static struct replay *open_replay(
	const struct log_fixture *desk, uint64_t since_ns, const struct filter *filter)
{
	struct log_replay_options options = {
		.path = desk->path, .keep = KEEP, .log = desk->log, .filter = *filter};
	char problem[PROBLEM_SIZE] = "";
	struct replay *replay;

	options.filter.since_ns = since_ns;
	if (log_replay_open(&replay, &options, problem) != 0)
		fail_msg("%s", problem);
	return replay;
}

static const struct filter everything;

/*
 * Reads on until it has caught up, follows, and reads to the end. Returns the number up to which it
 * knows.
 */
static uint64_t read_past(struct stream_reader *reader, struct replay *replay)
{
	enum stream_step step;
	uint64_t seq;

	while ((step = stream_reader_read(reader, &replay->stream)) == STREAM_MORE)
		;
	assert_int_equal(step, STREAM_CAUGHT_UP);
	replay->followed = true;
	while ((step = stream_reader_read(reader, &replay->stream)) == STREAM_MORE)
		;
	assert_int_equal(step, STREAM_END);
	seq = replay->seq;
	replay->stream.free(&replay->stream);
	return seq;
}

/* The lines from `at` on are number `from` to `to`. */
static void expect_lines(const struct stream_reader *reader, size_t at, int from, int to)
{
	assert_true(reader->count >= at + (size_t)(to - from + 1));
	for (int seq = from; seq <= to; seq++)
		stream_reader_expect_number(reader->lines[at + (size_t)(seq - from)], "seq", seq);
}

static void the_oldest_file_comes_first(void **state)
{
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;

	start(desk);
	write_file(desk, 3, 1, 1000);
	write_file(desk, 2, 1001, 1001);
	write_file(desk, 1, 1002, 3000);
	write_file(desk, 0, 3001, 3500);
	read_past(&reader, open_replay(desk, begin_ns, &everything));
	assert_int_equal(reader.count, 3500);
	expect_lines(&reader, 0, 1, 3500);
	assert_true(reader.pieces > 5);
	assert_true(reader.longest < 4 * PIECE_ENOUGH);
	stream_reader_deinit(&reader);
	for (unsigned int i = 0; i < 4; i++)
		remove_file(desk, i);
	stop_desk(desk);
}

static void only_from_then_on_and_only_what_is_wanted(void **state)
{
	const struct filter allowed = {.allowed = true};
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;

	start(desk);
	write_file(desk, 1, 1, 99);
	write_file(desk, 0, 100, 200);
	read_past(&reader, open_replay(desk, begin_ns + 90 * SECOND, &everything));
	assert_int_equal(reader.count, 111);
	expect_lines(&reader, 0, 90, 200);
	stream_reader_deinit(&reader);
	read_past(&reader, open_replay(desk, begin_ns + 90 * SECOND + 1000, &allowed));
	assert_int_equal(reader.count, 36); /* 93, 96, ..., 198 */
	stream_reader_expect_number(reader.lines[0], "seq", 93);
	stream_reader_deinit(&reader);
	read_past(&reader, open_replay(desk, begin_ns + 900 * SECOND, &everything));
	assert_int_equal(reader.count, 0);
	remove_file(desk, 0);
	remove_file(desk, 1);
	stop_desk(desk);
}

/* What is none of the log's lines is passed over, be it ever so long. */
static void what_is_no_line_is_passed_over(void **state)
{
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;
	FILE *file;

	start(desk);
	file = open_file(desk, 0, "w");
	fprintf(file, "\n{}\n{\"time\":\"2026-11-24T00:00:01.000000Z\"}\nhello\n");
	write_lines(file, 1, 10);
	for (int i = 0; i < 300000; i++)
		fputc('x', file);
	fputc('\n', file);
	/* no JSON */
	fprintf(file, "{\"time\":\"2026-11-24T00:00:01.000000Z\",\"seq\":11,\"verdict\":\n");
	write_lines(file, 12, 20);
	fclose(file);
	read_past(&reader, open_replay(desk, begin_ns, &everything));
	assert_int_equal(reader.count, 19);
	expect_lines(&reader, 0, 1, 10);
	expect_lines(&reader, 10, 12, 20);
	stream_reader_deinit(&reader);
	remove_file(desk, 0);
	stop_desk(desk);
}

/* Files move on while they are read: by rotation, and by another program. */
static void files_may_move_while_they_are_read(void **state)
{
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;
	struct replay *replay;

	start(desk);
	write_file(desk, 1, 1, 3000);
	write_file(desk, 0, 3001, 3010);
	replay = open_replay(desk, begin_ns, &everything);
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_MORE);
	move_file(desk, 1, 2);
	move_file(desk, 0, 1);
	write_file(desk, 0, 3011, 3020);
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_MORE);
	move_file(desk, 2, 3);
	move_file(desk, 1, 2);
	move_file(desk, 0, 1);
	write_file(desk, 0, 3021, 3030);
	read_past(&reader, replay);
	assert_int_equal(reader.count, 3030);
	expect_lines(&reader, 0, 1, 3030);
	stream_reader_deinit(&reader);
	for (unsigned int i = 0; i < 4; i++)
		remove_file(desk, i);
	stop_desk(desk);
}

static void what_went_missing_is_told(void **state)
{
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;
	struct replay *replay;

	start(desk);
	write_file(desk, 0, 1, 3000);
	replay = open_replay(desk, begin_ns, &everything);
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_MORE);
	remove_file(desk, 0); /* rotated, and then one too many */
	write_file(desk, 1, 3501, 3600);
	write_file(desk, 0, 3601, 3700);
	read_past(&reader, replay);
	assert_int_equal(reader.count, 3000 + 1 + 200);
	expect_lines(&reader, 0, 1, 3000);
	stream_reader_expect_text(reader.lines[3000], "event", "lost");
	stream_reader_expect_number(reader.lines[3000], "count", 500);
	expect_lines(&reader, 3001, 3501, 3700);
	stream_reader_deinit(&reader);
	remove_file(desk, 0);
	remove_file(desk, 1);
	stop_desk(desk);
}

/* Somebody has removed one of them, or a rotation has failed half-way. */
static void a_gap_among_the_files_ends_nothing(void **state)
{
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;

	start(desk);
	write_file(desk, 4, 1, 100);
	write_file(desk, 2, 151, 200);
	write_file(desk, 0, 201, 300);
	read_past(&reader, open_replay(desk, begin_ns, &everything));
	assert_int_equal(reader.count, 100 + 1 + 150);
	expect_lines(&reader, 0, 1, 100);
	stream_reader_expect_text(reader.lines[100], "event", "lost");
	stream_reader_expect_number(reader.lines[100], "count", 50);
	expect_lines(&reader, 101, 151, 300);
	stream_reader_deinit(&reader);
	remove_file(desk, 0);
	remove_file(desk, 2);
	remove_file(desk, 4);
	stop_desk(desk);
}

/* As logrotate does with dateext: what was read before it is not read again. */
static void a_file_may_get_another_name(void **state)
{
	static const struct timespec yesterday[2] = {
		{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;
	char path[160], dated[192];
	struct replay *replay;

	start(desk);
	write_file(desk, 1, 1, 100);
	write_file(desk, 0, 101, 200);
	snprintf(path, sizeof(path), "%s.1", desk->path);
	snprintf(dated, sizeof(dated), "%s-20261125", desk->path);
	replay = open_replay(desk, 0, &everything);
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_CAUGHT_UP);
	assert_int_equal(utimensat(AT_FDCWD, path, yesterday, 0), 0);
	assert_int_equal(rename(desk->path, dated), 0);
	write_file(desk, 0, 201, 300);
	read_past(&reader, replay);
	assert_int_equal(reader.count, 300);
	expect_lines(&reader, 0, 1, 300);
	stream_reader_deinit(&reader);
	assert_int_equal(unlink(dated), 0);
	remove_file(desk, 0);
	remove_file(desk, 1);
	stop_desk(desk);
}

/*
 * As logrotate's copytruncate leaves a file, and as the log itself takes back a line that a full
 * disk cut short.
 */
static void a_file_may_become_shorter(void **state)
{
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;
	struct replay *replay;
	struct stat info;
	FILE *file;

	start(desk);
	write_file(desk, 0, 1, 10);
	stat(desk->path, &info);
	file = open_file(desk, 0, "a");
	fputs("{\"time\":\"2026-11-24T00:00:11.000000Z\",\"se", file);
	fclose(file);
	replay = open_replay(desk, begin_ns, &everything);
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_CAUGHT_UP);
	replay->followed = true;
	/* the line may yet become whole */
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_MORE);
	assert_int_equal(truncate(desk->path, info.st_size), 0);
	write_file(desk, 0, 12, 20);
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_END);
	assert_int_equal(reader.count, 19);
	expect_lines(&reader, 10, 12, 20);
	replay->stream.free(&replay->stream);
	stream_reader_deinit(&reader);

	replay = open_replay(desk, begin_ns, &everything);
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_CAUGHT_UP);
	assert_int_equal(truncate(desk->path, 0), 0);
	write_file(desk, 0, 31, 35);
	replay->followed = true;
	assert_int_equal(stream_reader_read(&reader, &replay->stream), STREAM_END);
	assert_int_equal(reader.count, 19 + 1 + 5);
	stream_reader_expect_number(reader.lines[19], "count", 10);
	expect_lines(&reader, 20, 31, 35);
	replay->stream.free(&replay->stream);
	stream_reader_deinit(&reader);
	remove_file(desk, 0);
	stop_desk(desk);
}

/* Nor are we root any more, whom nothing is closed to. */
static void close_to_us(const struct log_fixture *desk, unsigned int index)
{
	char path[160];

	snprintf(path, sizeof(path), "%s.%u", desk->path, index);
	assert_int_equal(chmod(desk->folder, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
}

static void what_cannot_be_read_again_is_refused(void **state)
{
	struct log_replay_options options = {.path = "-"};
	char problem[PROBLEM_SIZE] = "";
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;
	struct replay *replay;

	assert_int_equal(log_replay_open(&replay, &options, problem), -ENOTSUP);
	assert_non_null(strstr(problem, "standard output"));
	options.path = "/dev/null";
	assert_int_equal(log_replay_open(&replay, &options, problem), -ENOTSUP);
	assert_non_null(strstr(problem, "/dev/null"));
	start(desk);
	/* a file that is not there: nothing to tell */
	read_past(&reader, open_replay(desk, begin_ns, &everything));
	assert_int_equal(reader.count, 0);
	write_file(desk, 1, 1, 3);
	write_file(desk, 0, 4, 6);
	close_to_us(desk, 1);
	options = (struct log_replay_options){.path = desk->path,
		.keep = KEEP,
		.log = desk->log,
		.filter = {.since_ns = begin_ns}};
	assert_int_equal(log_replay_open(&replay, &options, problem), -EACCES);
	assert_non_null(strstr(problem, ".1; give it to that user"));
	options.filter.since_ns = begin_ns + 24 * 3600 * SECOND; /* so that one need not be read */
	assert_int_equal(log_replay_open(&replay, &options, problem), 0);
	replay->stream.free(&replay->stream);
	assert_int_equal(seteuid(getuid()), 0);
	remove_file(desk, 1);
	remove_file(desk, 0);
	stop_desk(desk);
}

/* ---- a real log ---- */

static void start_log(struct log_fixture *desk, uint64_t rotate_bytes)
{
	const struct verdict_log_options options = {.path = desk->path,
		.rotate_bytes = rotate_bytes,
		.keep = KEEP,
		.ring_capacity = LOG_FIXTURE_RING};

	assert_int_equal(verdict_log_open(&desk->log, &options), 0);
	assert_int_equal(verdict_log_start(desk->log, desk->rings, 2), 0);
}

static void remove_files(const struct log_fixture *desk)
{
	for (unsigned int i = 0; i <= KEEP; i++) {
		char path[160];

		snprintf(path, sizeof(path), i == 0 ? "%s" : "%s.%u", desk->path, i);
		unlink(path);
	}
}

/* An earlier run wrote to the same file: its numbers say nothing of this one's. */
static void numbers_of_an_earlier_run_are_not_taken_for_ours(void **state)
{
	struct stream_reader reader = {.count = 0};
	struct log_fixture *desk = *state;
	struct record record;

	write_file(desk, 0, 1, 900);
	start_log(desk, 0);
	assert_int_equal(read_past(&reader, open_replay(desk, begin_ns, &everything)), 0);
	assert_int_equal(reader.count, 900);
	stream_reader_deinit(&reader);
	record = log_fixture_denial(desk->snapshot, 80);
	record.time_ns = begin_ns + 1000 * SECOND;
	for (int i = 0; i < 3; i++)
		log_fixture_push(desk, 0, &record);
	log_fixture_wait_lines(desk, 3);
	assert_int_equal(read_past(&reader, open_replay(desk, begin_ns, &everything)), 3);
	assert_int_equal(reader.count, 903);
	expect_lines(&reader, 900, 1, 3);
	stream_reader_deinit(&reader);
	stop_desk(desk);
	remove_files(desk);
}

enum { RECORDS = 20000, JOINS_LEAST = 10, JOINS_MOST = 1000, BURST = 100 };

static atomic_bool enough;

/*
 * As fast as it goes, with a breath now and then in which a reader slowed down by a sanitizer gets
 * to the end.
 */
static void *push_on(void *context)
{
	struct log_fixture *desk = context;
	struct record record = log_fixture_denial(desk->snapshot, 80);

	record.time_ns = begin_ns;
	for (int i = 1; !enough; i++) {
		while (!ring_push(desk->rings[0], &record))
			usleep(200); /* counted as lost, which this test does not look at */
		verdict_log_wake(desk->log);
		if (i % BURST == 0)
			usleep(10000);
	}
	return NULL;
}

/*
 * What a client does: reads the past while lines are kept, and then those lines that are not in it.
 */
static uint64_t join_past_and_present(struct log_fixture *desk)
{
	struct replay *replay = open_replay(desk, begin_ns, &everything);
	struct stream_reader reader = {.count = 0};
	struct verdict_line *line, *next;
	enum stream_step step;
	uint64_t lost, last;

	while ((step = stream_reader_read(&reader, &replay->stream)) == STREAM_MORE)
		;
	assert_int_equal(step, STREAM_CAUGHT_UP);
	verdict_log_watch(desk->log, true);
	replay->followed = true;
	while ((step = stream_reader_read(&reader, &replay->stream)) == STREAM_MORE)
		;
	assert_int_equal(step, STREAM_END);
	last = (uint64_t)stream_reader_at(reader.lines[0], "seq")->valuedouble;
	for (size_t i = 1; i < reader.count; i++) {
		const cJSON *seq = stream_reader_at(reader.lines[i], "seq");

		if (seq != NULL)
			assert_int_equal(seq->valueint, ++last);
		else /* rotated away before it was read, and said */
			last += (uint64_t)stream_reader_at(reader.lines[i], "count")->valuedouble;
	}
	assert_int_equal(last, replay->seq);
	usleep(5000);
	line = verdict_log_lines(desk->log, &lost);
	assert_int_equal(lost, 0);
	for (; line != NULL; line = next) {
		next = line->next;
		assert_true(line->in_file);
		if (line->seq > replay->seq)
			assert_int_equal(line->seq, ++last);
		free(line);
	}
	verdict_log_watch(desk->log, false);
	free(verdict_log_lines(desk->log, &lost));
	replay->stream.free(&replay->stream);
	stream_reader_deinit(&reader);
	return last;
}

static void past_and_present_meet_while_the_log_is_written_and_rotated(void **state)
{
	struct log_fixture *desk = *state;
	pthread_t thread;
	unsigned int joined = 0;

	start_log(desk, 16 * 1024); /* some 20 lines */
	assert_int_equal(pthread_create(&thread, NULL, push_on, desk), 0);
	log_fixture_wait_lines(desk, 1);
	while ((log_fixture_stats(desk).lines < RECORDS || joined < JOINS_LEAST) &&
		joined < JOINS_MOST) {
		assert_true(join_past_and_present(desk) > 0);
		joined++;
	}
	enough = true;
	pthread_join(thread, NULL);
	stop_desk(desk);
	remove_files(desk);
}

#define WITH_DESK(test) \
	cmocka_unit_test_setup_teardown(test, log_fixture_setup, log_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(the_oldest_file_comes_first),
		WITH_DESK(only_from_then_on_and_only_what_is_wanted),
		WITH_DESK(what_is_no_line_is_passed_over),
		WITH_DESK(files_may_move_while_they_are_read),
		WITH_DESK(what_went_missing_is_told),
		WITH_DESK(a_gap_among_the_files_ends_nothing),
		WITH_DESK(a_file_may_get_another_name),
		WITH_DESK(a_file_may_become_shorter),
		WITH_DESK(what_cannot_be_read_again_is_refused),
		WITH_DESK(numbers_of_an_earlier_run_are_not_taken_for_ours),
		WITH_DESK(past_and_present_meet_while_the_log_is_written_and_rotated),
	};

	begin_ns = ((uint64_t)time(NULL) - HOURS) * SECOND;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

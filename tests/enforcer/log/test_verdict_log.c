/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log thread writes of each kind of record, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "tests/support/log_fixture.h"

static void test_a_denial_says_it_all(void **state)
{
	struct log_fixture *desk = *state;
	const struct record record = log_fixture_denial(desk->snapshot, 80);

	log_fixture_start(desk, LOG_FIXTURE_WINDOW_MS, 0);
	log_fixture_push(desk, 0, &record);
	log_fixture_wait_lines(desk, 1);
	log_fixture_stop(desk);
	assert_int_equal(desk->line_count, 1);
	log_fixture_expect_text(desk->lines[0], "time", "2023-11-14T22:13:20.123456Z");
	log_fixture_expect_number(desk->lines[0], "seq", 1);
	log_fixture_expect_number(desk->lines[0], "revision", 7);
	log_fixture_expect_text(desk->lines[0], "verdict", "deny");
	assert_string_equal(
		cJSON_GetArrayItem(log_fixture_at(desk->lines[0], "denied"), 0)->valuestring,
		"ingress");
	assert_int_equal(cJSON_GetArraySize(log_fixture_at(desk->lines[0], "denied")), 1);
	log_fixture_expect_text(desk->lines[0], "protocol", "TCP");
	log_fixture_expect_text(desk->lines[0], "source.pod", "web");
	log_fixture_expect_text(desk->lines[0], "source.address", "10.0.0.1");
	log_fixture_expect_number(desk->lines[0], "source.port", 40000);
	log_fixture_expect_text(desk->lines[0], "destination.namespace", "shop");
	log_fixture_expect_text(desk->lines[0], "destination.pod", "db");
	log_fixture_expect_number(desk->lines[0], "destination.port", 80);
	log_fixture_expect_text(desk->lines[0], "ingress.policy.name", "db");
	log_fixture_expect_text(desk->lines[0], "ingress.miss", "port");
	log_fixture_expect_text(desk->lines[0], "ingress.wanted", "5432");
	log_fixture_expect_number(desk->lines[0], "repeat", 1);
	log_fixture_expect_number(desk->lines[0], "user_us", 12);
}

static void test_other_kinds(void **state)
{
	struct log_fixture *desk = *state;
	struct record record = log_fixture_denial(desk->snapshot, 5432);

	log_fixture_start(desk, LOG_FIXTURE_WINDOW_MS, 0);
	log_fixture_push(desk, 0, &record);
	log_fixture_wait_lines(desk, 1);
	record = log_fixture_denial(desk->snapshot, 80);
	record.kind = RECORD_REVOKED;
	record.user_ns = 0;
	log_fixture_push(desk, 1, &record);
	log_fixture_wait_lines(desk, 2);
	record = (struct record){
		.snapshot = desk->snapshot, .kind = RECORD_UNREADABLE, .error = PACKET_FRAGMENT};
	record.in_ifindex = 1;
	log_fixture_push(desk, 0, &record);
	log_fixture_wait_lines(desk, 3);
	verdict_log_overload(desk->log, false, 40);
	verdict_log_overload(desk->log, true, 100);
	verdict_log_overload(desk->log, false, 2);
	log_fixture_stop(desk);
	assert_true(desk->line_count >= 5);
	log_fixture_expect_text(desk->lines[0], "verdict", "allow");
	log_fixture_expect_text(desk->lines[0], "ingress.rule", "ingress[0]");
	log_fixture_expect_text(desk->lines[1], "verdict", "revoke");
	assert_null(log_fixture_at(desk->lines[1], "user_us"));
	log_fixture_expect_text(desk->lines[2], "verdict", "unreadable");
	log_fixture_expect_text(desk->lines[2], "cause", "fragment");
	log_fixture_expect_text(desk->lines[2], "interfaces.in", "lo");
	assert_null(log_fixture_at(desk->lines[2], "source"));
	log_fixture_expect_text(desk->lines[3], "verdict", "overload");
	for (size_t i = 0; i < 3; i++)
		cJSON_DeleteItemFromObject(desk->lines[i], "repeat");
	assert_true(log_fixture_sum(desk, "repeat") == 142);
	for (size_t i = 3; i < desk->line_count; i++) {
		log_fixture_expect_text(desk->lines[i], "verdict", "overload");
		if (cJSON_IsTrue(log_fixture_at(desk->lines[i], "flood")))
			cJSON_DeleteItemFromObject(desk->lines[i], "repeat");
	}
	assert_true(log_fixture_sum(desk, "repeat") == 42);
}

static void test_repeats_are_one_line(void **state)
{
	struct log_fixture *desk = *state;
	struct record record = log_fixture_denial(desk->snapshot, 80);

	log_fixture_start(desk, LOG_FIXTURE_WINDOW_MS, 0);
	for (uint16_t i = 0; i < 100; i++) {
		record.flow.src_port = i;
		log_fixture_push(desk, i % 2, &record);
	}
	log_fixture_wait_lines(desk, 2);
	assert_int_equal(log_fixture_stats(desk).records, 100);
	log_fixture_sleep(2 * LOG_FIXTURE_WINDOW_MS);
	record.time_ns += 1000000000;
	log_fixture_push(desk, 0, &record); /* news again, after a silence */
	log_fixture_stop(desk);
	assert_int_equal(desk->line_count, 3);
	log_fixture_expect_number(desk->lines[0], "repeat", 1);
	assert_null(log_fixture_at(desk->lines[0], "since"));
	log_fixture_expect_number(desk->lines[1], "repeat", 99);
	log_fixture_expect_text(desk->lines[1], "since", "2023-11-14T22:13:20.123456Z");
	log_fixture_expect_number(desk->lines[2], "repeat", 1);
}

static void test_stopping_tells_the_rest(void **state)
{
	struct log_fixture *desk = *state;
	const struct record record = log_fixture_denial(desk->snapshot, 80);

	log_fixture_start(desk, 3600 * 1000, 0);
	for (int i = 0; i < 100; i++)
		log_fixture_push(desk, 0, &record);
	log_fixture_stop(desk);
	assert_int_equal(desk->line_count, 2);
	assert_true(log_fixture_sum(desk, "repeat") == 100);
}

/*
 * What is retired is freed when its last record is told: ASan sees both a free too early and one
 * that never comes.
 */
static void test_a_snapshot_outlives_its_records(void **state)
{
	struct log_fixture *desk = *state;

	log_fixture_start(desk, 3600 * 1000, 0);
	for (uint64_t revision = 8; revision < 40; revision++) {
		struct retired_snapshot *retired = malloc(sizeof(*retired));
		struct record record;

		retired->snapshot = log_fixture_compile(revision);
		record = log_fixture_denial(retired->snapshot, 80);
		for (int i = 0; i < 5; i++)
			log_fixture_push(desk, (size_t)(revision % 2), &record);
		verdict_log_retire(desk->log, retired);
	}
	log_fixture_stop(desk);
	assert_true(log_fixture_sum(desk, "repeat") == 32 * 5);
}

static void test_watchers_get_lines_while_they_watch(void **state)
{
	struct log_fixture *desk = *state;
	struct verdict_line *line, *next;
	cJSON *json;
	struct record record = log_fixture_denial(desk->snapshot, 80);
	uint64_t lost, count = 0;

	log_fixture_start(desk, 0, 0);
	log_fixture_push(desk, 0, &record);
	log_fixture_wait_lines(desk, 1);
	assert_int_equal(atomic_load(&desk->lines_ready), 0);
	verdict_log_watch(desk->log, true);
	for (uint64_t i = 0; i < 2000; i++) {
		log_fixture_push(desk, 0, &record);
		log_fixture_wait_lines(desk, i % 100 == 99 ? i + 2 : 0);
	}
	assert_int_equal(atomic_load(&desk->lines_ready), 2000);
	for (line = verdict_log_lines(desk->log, &lost); line != NULL; line = next) {
		next = line->next;
		assert_int_equal(line->text[line->length - 1], '\n');
		json = cJSON_ParseWithLength(line->text, line->length);
		log_fixture_expect_number(json, "seq", (double)count + 2);
		assert_int_equal(line->seq, count + 2);
		cJSON_Delete(json);
		free(line);
		count++;
	}
	assert_true(count > 1000);
	assert_int_equal(count + lost, 2000);
	log_fixture_push(desk, 0, &record); /* left behind at the end: freed with the log */
	log_fixture_stop(desk);
}

static struct policy_hit_counts wait_for_hits(const struct log_fixture *desk, uint64_t denied)
{
	struct policy_hit_counts counts = {0};

	for (int i = 0; i < 1000 && counts.denied < denied; i++) {
		counts = policy_hits_get(verdict_log_hits(desk->log), "shop", "db");
		log_fixture_sleep(5);
	}
	return counts;
}

/*
 * However they are folded, limited or answered in the kernel; and before a line about them is due.
 */
static void test_policies_are_hit_by_every_record(void **state)
{
	struct log_fixture *desk = *state;
	struct record record = log_fixture_denial(desk->snapshot, 80);
	struct policy_hit_counts counts;

	log_fixture_start(desk, 3600 * 1000, 1);
	for (uint16_t port = 100; port < 200; port++) {
		const struct record denial = log_fixture_denial(desk->snapshot, port);

		log_fixture_push(desk, 0, &denial);
	}
	for (int i = 0; i < 50; i++)
		log_fixture_push(desk, 1, &record);
	record.answered = 1000;
	verdict_log_answered(desk->log, &record);
	verdict_log_wake(desk->log);
	counts = wait_for_hits(desk, 1150);
	assert_int_equal(counts.denied, 1150);
	assert_int_equal(counts.cut, 0);
	assert_true(counts.last_ns == record.time_ns);
	record.kind = RECORD_REVOKED;
	record.answered = 0;
	verdict_log_revoke(desk->log, &record);
	for (int i = 0; i < 1000 && counts.cut == 0; i++) {
		counts = policy_hits_get(verdict_log_hits(desk->log), "shop", "db");
		log_fixture_sleep(5);
	}
	assert_int_equal(counts.cut, 1);
	log_fixture_stop(desk);
}

#define WITH_DESK(test) \
	cmocka_unit_test_setup_teardown(test, log_fixture_setup, log_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(test_a_denial_says_it_all),
		WITH_DESK(test_other_kinds),
		WITH_DESK(test_repeats_are_one_line),
		WITH_DESK(test_stopping_tells_the_rest),
		WITH_DESK(test_a_snapshot_outlives_its_records),
		WITH_DESK(test_watchers_get_lines_while_they_watch),
		WITH_DESK(test_policies_are_hit_by_every_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

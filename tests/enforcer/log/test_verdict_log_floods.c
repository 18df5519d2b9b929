/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * More than the log thread can take, or the disk: what is not told of is counted, and that is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/between.h"
#include "tests/support/log_fixture.h"

static void test_a_flood_is_bounded_and_said(void **state)
{
	enum { RECORDS = 200 };
	struct log_fixture *desk = *state;

	log_fixture_start(desk, LOG_FIXTURE_WINDOW_MS, 10);
	for (uint16_t port = 1000; port < 1000 + RECORDS; port++) {
		const struct record record = log_fixture_denial(desk->snapshot, port);

		log_fixture_push(desk, 0, &record);
	}
	log_fixture_stop(desk);
	assert_between(desk->line_count, 5, 40);
	assert_true(log_fixture_sum(desk, "count") >= RECORDS - 40);
	assert_true(log_fixture_sum(desk, "repeat") + log_fixture_sum(desk, "count") == RECORDS);
}

static void test_a_full_ring_is_said(void **state)
{
	struct log_fixture *desk = *state;
	unsigned int lost = 0;

	for (uint16_t port = 1000; port < 1000 + 2 * LOG_FIXTURE_RING; port++) {
		const struct record record = log_fixture_denial(desk->snapshot, port);

		lost += !ring_push(desk->rings[0], &record);
	}
	assert_int_equal(lost, LOG_FIXTURE_RING);
	log_fixture_start(desk, LOG_FIXTURE_WINDOW_MS, 0);
	verdict_log_wake(desk->log);
	log_fixture_wait_lines(desk, LOG_FIXTURE_RING);
	log_fixture_stop(desk);
	assert_true(log_fixture_sum(desk, "count") == LOG_FIXTURE_RING);
	assert_true(log_fixture_sum(desk, "repeat") == LOG_FIXTURE_RING);
}

static void test_a_full_disk_is_said_later(void **state)
{
	struct log_fixture *desk = *state;
	char kept[128];
	struct verdict_log_stats stats = {0};

	snprintf(kept, sizeof(kept), "%s", desk->path);
	assert_int_equal(symlink("/dev/full", desk->path), 0);
	log_fixture_start(desk, 0, 0);
	for (uint16_t port = 0; port < 20; port++) {
		const struct record record = log_fixture_denial(desk->snapshot, port);

		log_fixture_push(desk, 0, &record);
	}
	for (int i = 0; i < 1000 && stats.lost < 20; i++) {
		log_fixture_sleep(5);
		stats = log_fixture_stats(desk);
	}
	assert_true(stats.lost >= 20);
	assert_int_equal(stats.error, ENOSPC);
	assert_int_equal(stats.lines, 0);
	assert_int_equal(unlink(desk->path), 0);
	verdict_log_reopen(desk->log);
	log_fixture_wait_lines(desk, 1);
	assert_int_equal(log_fixture_stats(desk).error, 0);
	log_fixture_stop(desk);
	log_fixture_expect_text(desk->lines[0], "event", "lost");
	assert_true(log_fixture_sum(desk, "count") == (double)stats.lost);
}

/*
 * A sweep cuts more than any ring holds: each flow is told of, past the bound on lines, and in
 * order.
 */
static void test_cut_flows_are_all_told_of(void **state)
{
	enum { FLOWS = 3000 };
	struct log_fixture *desk = *state;
	struct record record = log_fixture_denial(desk->snapshot, 80);

	log_fixture_start(desk, LOG_FIXTURE_WINDOW_MS, 10);
	record.kind = RECORD_REVOKED;
	for (uint16_t port = 1; port <= FLOWS; port++) {
		record.flow.src_port = port;
		verdict_log_revoke(desk->log, &record);
	}
	log_fixture_stop(desk);
	assert_int_equal(desk->line_count, FLOWS);
	for (size_t i = 0; i < FLOWS; i++) {
		log_fixture_expect_text(desk->lines[i], "verdict", "revoke");
		log_fixture_expect_number(desk->lines[i], "source.port", (double)i + 1);
	}
}

/* While they wait to be told, the denials have their turn. */
static void test_cut_flows_do_not_hold_up_denials(void **state)
{
	enum { FLOWS = 3000 };
	struct log_fixture *desk = *state;
	struct record cut = log_fixture_denial(desk->snapshot, 80);
	const struct record denial = log_fixture_denial(desk->snapshot, 81);
	size_t at = 0;

	cut.kind = RECORD_REVOKED;
	assert_true(ring_push(desk->rings[0], &denial));
	log_fixture_start(desk, 0, 0);
	for (int i = 0; i < FLOWS; i++)
		verdict_log_revoke(desk->log, &cut);
	log_fixture_wait_lines(desk, FLOWS + 1);
	log_fixture_stop(desk);
	while (at < desk->line_count &&
		strcmp(log_fixture_at(desk->lines[at], "verdict")->valuestring, "revoke") == 0)
		at++;
	assert_between(at, 0, 1000);
}

/* What is retired while its cut flows wait outlives them: ASan sees a free too early. */
static void test_a_snapshot_outlives_its_cut_flows(void **state)
{
	struct log_fixture *desk = *state;

	log_fixture_start(desk, LOG_FIXTURE_WINDOW_MS, 0);
	for (uint64_t revision = 8; revision < 11; revision++) {
		struct retired_snapshot *retired = malloc(sizeof(*retired));
		struct record record;

		retired->snapshot = log_fixture_compile(revision);
		record = log_fixture_denial(retired->snapshot, 80);
		record.kind = RECORD_REVOKED;
		for (int i = 0; i < 1000; i++)
			verdict_log_revoke(desk->log, &record);
		verdict_log_retire(desk->log, retired);
	}
	log_fixture_wait_lines(desk, 3000);
	log_fixture_stop(desk);
	assert_int_equal(desk->line_count, 3000);
}

/*
 * Producers as fast as they can, publishes meanwhile: for TSan to look at, and every record is told
 * of or counted.
 */
struct producer {
	struct log_fixture *desk;
	size_t ring;
	struct snapshot *_Atomic *current;
	atomic_uint *epoch; /* odd while this producer may hold a snapshot */
	atomic_bool *stop;
	uint64_t pushed;
};

static void *produce(void *context)
{
	struct producer *producer = context;

	for (uint16_t port = 0; !atomic_load(producer->stop); port = (uint16_t)((port + 1) % 64)) {
		struct record record;

		atomic_fetch_add(producer->epoch, 1);
		record = log_fixture_denial(atomic_load(producer->current), port);
		producer->pushed += ring_push(producer->desk->rings[producer->ring], &record);
		verdict_log_wake(producer->desk->log);
		atomic_fetch_add(producer->epoch, 1);
	}
	return NULL;
}

/* As gate_publish() promises: nobody holds `old` any more when this returns. */
static void publish(struct snapshot *_Atomic *current, atomic_uint epochs[2], struct snapshot *new,
	struct snapshot **old)
{
	*old = atomic_exchange(current, new);
	for (size_t i = 0; i < 2; i++) {
		const unsigned int epoch = atomic_load(&epochs[i]);

		while (epoch % 2 == 1 && atomic_load(&epochs[i]) == epoch)
			;
	}
}

static void test_producers_and_publishes(void **state)
{
	struct log_fixture *desk = *state;
	struct snapshot *_Atomic current = log_fixture_compile(1);
	struct producer producers[2];
	atomic_uint epochs[2] = {0};
	atomic_bool done = false;
	pthread_t threads[2];

	log_fixture_start(desk, 50, 2000);
	for (size_t i = 0; i < 2; i++) {
		producers[i] = (struct producer){desk, i, &current, &epochs[i], &done, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	for (uint64_t revision = 2; revision < 20; revision++) {
		struct retired_snapshot *retired = malloc(sizeof(*retired));

		log_fixture_sleep(20);
		publish(&current, epochs, log_fixture_compile(revision), &retired->snapshot);
		verdict_log_retire(desk->log, retired);
	}
	atomic_store(&done, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	log_fixture_stop(desk);
	const uint64_t pushed = producers[0].pushed + producers[1].pushed;
	const uint64_t lost = ring_lost(desk->rings[0]) + ring_lost(desk->rings[1]);

	assert_true(log_fixture_sum(desk, "repeat") + log_fixture_sum(desk, "count") ==
		(double)(pushed + lost));
	snapshot_free(atomic_load(&current));
}

#define WITH_DESK(test) \
	cmocka_unit_test_setup_teardown(test, log_fixture_setup, log_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(test_a_flood_is_bounded_and_said),
		WITH_DESK(test_a_full_ring_is_said),
		WITH_DESK(test_a_full_disk_is_said_later),
		WITH_DESK(test_cut_flows_are_all_told_of),
		WITH_DESK(test_cut_flows_do_not_hold_up_denials),
		WITH_DESK(test_a_snapshot_outlives_its_cut_flows),
		WITH_DESK(test_producers_and_publishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

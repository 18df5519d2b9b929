/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "enforcer/log/fold.h"

enum { WINDOW = 1000 };

/* Only their addresses matter here. */
static const char snapshot_a, snapshot_b;

static struct record denial(uint64_t time_ns, uint16_t port, const char *snapshot)
{
	struct record record = {
		.time_ns = time_ns,
		.snapshot = (const struct snapshot *)snapshot,
		.flow = {.dst_port = port, .protocol = IPPROTO_TCP},
		.judgement = {.verdict = VERDICT_DENY},
		.kind = RECORD_VERDICT,
	};

	assert_int_equal(ip_addr_parse(&record.flow.src, "10.0.0.1"), 0);
	assert_int_equal(ip_addr_parse(&record.flow.dst, "10.0.0.2"), 0);
	return record;
}

static struct fold *create(size_t capacity, uint64_t window)
{
	struct fold *fold;

	assert_int_equal(fold_create(&fold, capacity, window), 0);
	return fold;
}

static size_t add(struct fold *fold, const struct record *record, struct folded out[FOLD_OUT_MOST])
{
	return fold_add(fold, record, record->time_ns, out);
}

static void test_capacity_is_checked(void **state)
{
	struct fold *fold = NULL;

	(void)state;
	assert_int_equal(fold_create(&fold, 0, WINDOW), -EINVAL);
	assert_int_equal(fold_create(&fold, 12, WINDOW), -EINVAL);
	assert_int_equal(fold_create(&fold, SIZE_MAX / 2 + 1, WINDOW), -EINVAL);
	assert_null(fold);
	fold_free(NULL);
}

/*
 * What the kernel answered counts as so many repeats, and is told apart; without a first of its
 * kind it is a line.
 */
static void test_what_the_kernel_answered_adds_up(void **state)
{
	struct fold *fold = create(8, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record = denial(100, 80, &snapshot_a), answered = record;

	(void)state;
	answered.answered = 40;
	assert_int_equal(add(fold, &record, out), 1);
	assert_int_equal(add(fold, &answered, out), 0);
	assert_int_equal(add(fold, &record, out), 0);
	assert_int_equal(add(fold, &answered, out), 0);
	assert_true(fold_expire(fold, 100 + WINDOW, out));
	assert_int_equal(out[0].repeat, 81);
	assert_int_equal(out[0].answered, 80);
	assert_int_equal(add(fold, &record, out), 0);
	assert_true(fold_expire(fold, 100 + 2 * WINDOW, out));
	assert_int_equal(out[0].repeat, 1);
	assert_int_equal(out[0].answered, 0);
	assert_false(fold_expire(fold, 100 + 4 * WINDOW, out));
	answered.time_ns = 100 + 4 * WINDOW;
	assert_int_equal(add(fold, &answered, out), 1);
	assert_int_equal(out[0].repeat, 40);
	assert_int_equal(out[0].answered, 40);
	fold_free(fold);
}

static void test_first_passes_and_repeats_wait(void **state)
{
	struct fold *fold = create(8, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record = denial(100, 80, &snapshot_a);

	(void)state;
	assert_int_equal(add(fold, &record, out), 1);
	assert_int_equal(out[0].repeat, 1);
	assert_int_equal(out[0].since_ns, 100);
	for (uint64_t i = 1; i <= 5; i++) {
		record.time_ns = 100 + i;
		/* another connection attempt of the same kind */
		record.flow.src_port = (uint16_t)i;
		assert_int_equal(add(fold, &record, out), 0);
	}
	assert_int_equal(fold_next_ns(fold), 100 + WINDOW);
	assert_false(fold_expire(fold, 99 + WINDOW, out));
	assert_true(fold_expire(fold, 100 + WINDOW, out));
	assert_int_equal(out[0].repeat, 5);
	assert_int_equal(out[0].since_ns, 101);
	assert_int_equal(out[0].record.time_ns, 105);
	assert_int_equal(out[0].record.flow.src_port, 5);
	fold_free(fold);
}

static void test_a_flood_is_one_line_a_window(void **state)
{
	struct fold *fold = create(8, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	uint64_t lines = 0, told = 0;

	(void)state;
	for (uint64_t now = 0; now < 10 * WINDOW; now++) {
		const struct record record = denial(now, 80, &snapshot_a);
		size_t count = add(fold, &record, out);

		while (count-- > 0) {
			lines++;
			told += out[count].repeat;
		}
		while (fold_expire(fold, now, out)) {
			lines++;
			told += out[0].repeat;
		}
	}
	assert_int_equal(lines, 10);
	while (fold_drain(fold, NULL, out))
		told += out[0].repeat;
	assert_int_equal(told, 10 * WINDOW);
	fold_free(fold);
}

static void test_silence_ends_it(void **state)
{
	struct fold *fold = create(8, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record = denial(0, 80, &snapshot_a);

	(void)state;
	add(fold, &record, out);
	assert_false(fold_expire(fold, WINDOW, out));
	assert_true(fold_next_ns(fold) == UINT64_MAX);
	record.time_ns = 5 * WINDOW;
	assert_int_equal(add(fold, &record, out), 1);
	fold_free(fold);
}

/* Each of these is news, not a repeat. */
static void test_what_differs_is_not_folded(void **state)
{
	struct fold *fold = create(64, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record[7];

	(void)state;
	for (size_t i = 0; i < 7; i++)
		record[i] = denial(0, 80, &snapshot_a);
	record[1].flow.dst_port = 81;
	record[2].flow.protocol = IPPROTO_UDP;
	record[3].flow.src.bytes[3] = 9;
	record[4].flow.dst.bytes[3] = 9;
	record[5].judgement.verdict = VERDICT_AUDIT_DENY;
	record[6].snapshot = (const struct snapshot *)&snapshot_b;
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(add(fold, &record[i], out), 1);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(add(fold, &record[i], out), 0);
	fold_free(fold);
}

static void test_revoked_flows_are_told_of_one_by_one(void **state)
{
	struct fold *fold = create(8, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record = denial(0, 80, &snapshot_a);

	(void)state;
	record.kind = RECORD_REVOKED;
	for (int i = 0; i < 20; i++)
		assert_int_equal(add(fold, &record, out), 1);
	assert_false(fold_drain(fold, NULL, out));
	fold_free(fold);
}

/* An unreadable packet has no flow: what its record holds there is nobody's. */
static void test_unreadable_packets_fold_by_cause(void **state)
{
	struct fold *fold = create(8, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record = {.kind = RECORD_UNREADABLE, .error = PACKET_SHORT};

	(void)state;
	assert_int_equal(add(fold, &record, out), 1);
	memset(&record.flow, 0xee, sizeof(record.flow));
	assert_int_equal(add(fold, &record, out), 0);
	record.error = PACKET_FRAGMENT;
	assert_int_equal(add(fold, &record, out), 1);
	fold_free(fold);
}

static void test_without_a_window_nothing_is_folded(void **state)
{
	struct fold *fold = create(8, 0);
	struct folded out[FOLD_OUT_MOST];
	const struct record record = denial(0, 80, &snapshot_a);

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(add(fold, &record, out), 1);
	assert_false(fold_drain(fold, NULL, out));
	fold_free(fold);
}

static void test_a_full_table_gives_back_its_oldest(void **state)
{
	struct fold *fold = create(4, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record;

	(void)state;
	for (uint16_t port = 0; port < 4; port++) {
		record = denial(port, port, &snapshot_a);
		add(fold, &record, out);
	}
	record = denial(5, 0, &snapshot_a);
	assert_int_equal(add(fold, &record, out), 0);
	record = denial(6, 99, &snapshot_a);
	assert_int_equal(add(fold, &record, out), 2);
	assert_int_equal(out[0].record.flow.dst_port, 0);
	assert_int_equal(out[0].repeat, 1);
	assert_int_equal(out[1].record.flow.dst_port, 99);
	/* port 1 was never repeated: it goes without a word */
	record = denial(7, 100, &snapshot_a);
	assert_int_equal(add(fold, &record, out), 1);
	fold_free(fold);
}

static void test_drains_one_snapshot_and_forgets_it(void **state)
{
	struct fold *fold = create(16, WINDOW);
	struct folded out[FOLD_OUT_MOST];
	struct record record;
	size_t told = 0;

	(void)state;
	for (uint16_t i = 0; i < 12; i++) {
		record = denial(i, i / 4, i % 2 == 0 ? &snapshot_a : &snapshot_b);
		add(fold, &record, out);
	}
	while (fold_drain(fold, (const struct snapshot *)&snapshot_a, out)) {
		assert_ptr_equal(out[0].record.snapshot, &snapshot_a);
		assert_int_equal(out[0].repeat, 1);
		told++;
	}
	assert_int_equal(told, 3);
	for (told = 0; fold_drain(fold, NULL, out); told++)
		assert_ptr_equal(out[0].record.snapshot, &snapshot_b);
	assert_int_equal(told, 3);
	assert_true(fold_next_ns(fold) == UINT64_MAX);
	fold_free(fold);
}

/*
 * Whatever comes in whatever order: every record is told of once. Small capacities make evictions
 * common.
 */
static void test_every_record_is_told_of(void **state)
{
	struct folded out[FOLD_OUT_MOST];

	(void)state;
	srand(7);
	for (size_t capacity = 1; capacity <= 64; capacity *= 2) {
		struct fold *fold = create(capacity, WINDOW);
		uint64_t told = 0, now = 0;

		for (int i = 0; i < 20000; i++) {
			const struct record record = denial(now, (uint16_t)(rand() % 48),
				rand() % 2 == 0 ? &snapshot_a : &snapshot_b);
			size_t count = add(fold, &record, out);

			while (count-- > 0)
				told += out[count].repeat;
			now += (uint64_t)(rand() % 60);
			while (rand() % 4 == 0 && fold_expire(fold, now, out))
				told += out[0].repeat;
			if (rand() % 500 == 0)
				while (fold_drain(fold, (const struct snapshot *)&snapshot_b, out))
					told += out[0].repeat;
		}
		while (fold_drain(fold, NULL, out))
			told += out[0].repeat;
		assert_int_equal(told, 20000);
		fold_free(fold);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity_is_checked),
		cmocka_unit_test(test_first_passes_and_repeats_wait),
		cmocka_unit_test(test_what_the_kernel_answered_adds_up),
		cmocka_unit_test(test_a_flood_is_one_line_a_window),
		cmocka_unit_test(test_silence_ends_it),
		cmocka_unit_test(test_what_differs_is_not_folded),
		cmocka_unit_test(test_revoked_flows_are_told_of_one_by_one),
		cmocka_unit_test(test_unreadable_packets_fold_by_cause),
		cmocka_unit_test(test_without_a_window_nothing_is_folded),
		cmocka_unit_test(test_a_full_table_gives_back_its_oldest),
		cmocka_unit_test(test_drains_one_snapshot_and_forgets_it),
		cmocka_unit_test(test_every_record_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

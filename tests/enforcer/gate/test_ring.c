/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <cmocka.h>

#include "enforcer/gate/ring.h"
#include "tests/between.h"

static struct record numbered(uint64_t number)
{
	/*
	 * Both ends of a record carry the number: half of one record and half of another would
	 * show.
	 */
	return (struct record){.time_ns = number, .user_ns = (uint32_t)number};
}

static uint64_t number_of(const struct record *record)
{
	assert_int_equal((uint32_t)record->time_ns, record->user_ns);
	return record->time_ns;
}

static bool push(struct ring *ring, uint64_t number)
{
	const struct record record = numbered(number);

	return ring_push(ring, &record);
}

static void expect_pop(struct ring *ring, uint64_t number)
{
	struct record record;

	assert_true(ring_pop(ring, &record));
	assert_int_equal(number_of(&record), number);
}

static void test_capacity_is_a_power_of_two(void **state)
{
	static const size_t bad[] = {0, 3, 6, 100, SIZE_MAX};
	struct ring *ring = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ring_create(&ring, bad[i]), -EINVAL);
	assert_int_equal(ring_create(&ring, SIZE_MAX / 2 + 1), -ENOMEM);
	assert_null(ring);
	ring_free(NULL);
}

static void test_keeps_order_and_counts_what_is_lost(void **state)
{
	struct record record;
	struct ring *ring;

	(void)state;
	assert_int_equal(ring_create(&ring, 4), 0);
	assert_false(ring_pop(ring, &record));
	for (uint64_t i = 0; i < 4; i++)
		assert_true(push(ring, i));
	assert_false(push(ring, 100));
	assert_false(push(ring, 101));
	assert_int_equal(ring_lost(ring), 2);
	expect_pop(ring, 0);
	assert_true(push(ring, 4)); /* room for one again, and for one only */
	assert_false(push(ring, 102));
	for (uint64_t i = 1; i < 5; i++)
		expect_pop(ring, i);
	assert_false(ring_pop(ring, &record));
	assert_int_equal(ring_lost(ring), 3);
	ring_free(ring);
}

static void test_goes_round(void **state)
{
	struct record record;
	struct ring *ring;

	(void)state;
	assert_int_equal(ring_create(&ring, 1), 0);
	for (uint64_t i = 0; i < 1000; i++) {
		assert_true(push(ring, i));
		assert_false(push(ring, i));
		expect_pop(ring, i);
		assert_false(ring_pop(ring, &record));
	}
	assert_int_equal(ring_lost(ring), 1000);
	ring_free(ring);
}

static bool push_from(struct ring *ring, uint8_t source)
{
	const struct record record = {
		.flow.src = {.family = IP_FAMILY_V4, .bytes = {10, 88, 0, source}}};

	return ring_push_fairly(ring, &record);
}

/*
 * One source that leaves more records than there is room for leaves room for others, however many
 * it has.
 */
static void test_a_flood_leaves_room_for_others(void **state)
{
	enum { CAPACITY = 2048 };
	unsigned int flooded = 0, others = 0;
	struct record record;
	struct ring *ring;

	(void)state;
	assert_int_equal(ring_create(&ring, CAPACITY), 0);
	for (unsigned int i = 0; i < 100000; i++)
		flooded += push_from(ring, 1);
	/* Half of it at once, and half of the other half. */
	assert_between(flooded, CAPACITY * 3 / 4 - 2, CAPACITY * 3 / 4 + 2);
	for (unsigned int i = 0; i < 300; i++)
		others += push_from(ring, (uint8_t)(2 + i / 10));
	/* Some may have the flood's share by their hash: 29 of 30 and more have not. */
	assert_true(others >= 270);
	assert_int_equal(ring_lost(ring), 100000 - flooded + 300 - others);
	while (ring_pop(ring, &record))
		;
	/* Emptied, everybody begins anew. */
	for (unsigned int i = 0; i < CAPACITY / 2; i++)
		assert_true(push_from(ring, 1));
	ring_free(ring);
}

enum { PUSHED = 200000 };

static void *produce(void *ring)
{
	for (uint64_t i = 1; i <= PUSHED; i++)
		push(ring, i);
	return NULL;
}

/*
 * What arrives ascends and is whole, and what does not arrive was counted: nothing is twice or
 * torn.
 */
static void test_two_threads(void **state)
{
	uint64_t last = 0, popped = 0;
	pthread_t producer;
	struct record record;
	struct ring *ring;
	bool ended = false;

	(void)state;
	assert_int_equal(ring_create(&ring, 64), 0);
	assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
	for (;;) {
		if (ring_pop(ring, &record)) {
			assert_true(number_of(&record) > last);
			last = number_of(&record);
			popped++;
		} else if (ended) {
			break;
		} else if (pthread_tryjoin_np(producer, NULL) == 0) {
			ended = true; /* once more: it may have pushed since */
		} else {
			sched_yield();
		}
	}
	assert_true(popped > 0);
	assert_int_equal(popped + ring_lost(ring), PUSHED);
	ring_free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity_is_a_power_of_two),
		cmocka_unit_test(test_keeps_order_and_counts_what_is_lost),
		cmocka_unit_test(test_goes_round),
		cmocka_unit_test(test_a_flood_leaves_room_for_others),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

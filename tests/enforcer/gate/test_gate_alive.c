/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the workers live: idle ones and busy ones say so, one that hangs or has ended does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <unistd.h>

#include "tests/support/queue_fixture.h"

static atomic_bool hang;
static atomic_uint hanging;

/* Called by a worker that has left records. */
static void maybe_hang(void *context)
{
	(void)context;
	atomic_fetch_add(&hanging, 1);
	while (atomic_load(&hang))
		usleep(1000);
	atomic_fetch_sub(&hanging, 1);
}

static bool answer_within_ms(const struct gate *gate, unsigned int *silent, int ms)
{
	for (int i = 0; i < ms; i++) {
		if (gate_answered(gate, silent))
			return true;
		usleep(1000);
	}
	return false;
}

static struct gate *start_gate(const struct snapshot *snapshot)
{
	struct queue_fixture_options options = queue_fixture_gate_options(2);
	struct gate *gate;

	options.worker.hooks.recorded = maybe_hang;
	gate = queue_fixture_gate_open(&options);
	assert_int_equal(gate_start(gate, snapshot), 0);
	return gate;
}

static void test_idle_workers_answer(void **state)
{
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = start_gate(snapshot);
	unsigned int silent;

	(void)state;
	for (int i = 0; i < 100; i++) {
		gate_ask(gate);
		assert_true(answer_within_ms(gate, &silent, 5000));
	}
	assert_int_equal(queue_fixture_stats(gate).packets, 0);
	assert_int_equal(queue_fixture_stats(gate).bad_messages, 0);
	gate_close(gate);
	snapshot_free(snapshot);
}

static void test_one_that_hangs_does_not(void **state)
{
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	const int sender = queue_fixture_socket(SOCK_DGRAM, WEB4, 0);
	struct gate *gate;
	unsigned int silent = 77;

	(void)state;
	queue_fixture_rule(false, "-A OUTPUT -d " DB4 " -p udp -j NFQUEUE --queue-num %d",
		QUEUE_FIXTURE_QUEUE + 1);
	gate = start_gate(snapshot);
	atomic_store(&hang, true);
	queue_fixture_send(sender, DB4, 1000, 1);
	for (int i = 0; i < 5000 && atomic_load(&hanging) == 0; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&hanging), 1);
	gate_ask(gate);
	assert_false(answer_within_ms(gate, &silent, 300));
	assert_int_equal(silent, 1);
	atomic_store(&hang, false);
	assert_true(answer_within_ms(gate, &silent, 5000));
	close(sender);
	gate_close(gate);
	queue_fixture_flush_rules();
	snapshot_free(snapshot);
}

static void test_one_that_has_ended_does_not(void **state)
{
	struct snapshot *snapshot = queue_fixture_snapshot(QUEUE_FIXTURE_RULES, 1);
	struct gate *gate = start_gate(snapshot);
	unsigned int silent = 77;

	(void)state;
	gate_stop(gate);
	gate_ask(gate);
	assert_false(answer_within_ms(gate, &silent, 100));
	assert_int_equal(silent, 0);
	gate_close(gate);
	snapshot_free(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_workers_answer),
		cmocka_unit_test(test_one_that_hangs_does_not),
		cmocka_unit_test(test_one_that_has_ended_does_not),
	};

	return cmocka_run_group_tests(tests, queue_fixture_enter, NULL);
}

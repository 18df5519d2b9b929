/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the learner remembers: classes of flows, the ledger of those that are logged, quotas,
 * sightings.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "enforcer/gate/flow_class.h"
#include "enforcer/gate/sighting.h"
#include "enforcer/learn/ledger.h"
#include "enforcer/learn/quota.h"
#include "tests/between.h"

#define SECOND 1000000000ULL

/* Number `n` of many flows: each from the same source, each of another class. */
static struct flow flow_to(uint32_t n)
{
	const uint8_t src[4] = {10, 0, 0, 1}, dst[4] = {10, 1, (uint8_t)(n >> 8), (uint8_t)n};

	return (struct flow){
		.src = ip_addr_v4(src),
		.dst = ip_addr_v4(dst),
		.src_port = 1000,
		.dst_port = (uint16_t)(n >> 16),
		.protocol = IPPROTO_TCP,
	};
}

static struct flow flow_from(uint32_t n)
{
	const struct flow to = flow_to(n);

	return (struct flow){.src = to.dst, .dst = to.src, .dst_port = 80, .protocol = IPPROTO_TCP};
}

static void a_class_is_all_but_the_source_port(void **state)
{
	const struct flow one = flow_to(1);
	struct flow other = one;

	(void)state;
	other.src_port = 2000;
	assert_true(flow_class_equal(&one, &other));
	assert_int_equal(flow_class_hash(7, &one), flow_class_hash(7, &other));
	other.dst_port++;
	assert_false(flow_class_equal(&one, &other));
	assert_int_not_equal(flow_class_hash(7, &one), flow_class_hash(7, &other));
	other = one;
	other.protocol = IPPROTO_UDP;
	assert_false(flow_class_equal(&one, &other));
	assert_int_not_equal(flow_class_hash(7, &one), flow_class_hash(7, &other));
	other = flow_reversed(&one);
	assert_false(flow_class_equal(&one, &other));
	assert_int_not_equal(flow_class_hash(7, &one), flow_class_hash(8, &one));
}

/*
 * The last bits of an IPv6 address count as the first ones do, and a mapped IPv4 address is another
 * one.
 */
static void ipv6_classes_differ_in_every_byte(void **state)
{
	struct flow one = {.src = {.family = IP_FAMILY_V6},
		.dst = {.family = IP_FAMILY_V6},
		.protocol = IPPROTO_UDP};

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		struct flow other = one;

		other.src.bytes[i] ^= 1;
		assert_false(flow_class_equal(&one, &other));
		assert_int_not_equal(flow_class_hash(7, &one), flow_class_hash(7, &other));
		other = one;
		other.dst.bytes[i] ^= 1;
		assert_int_not_equal(flow_class_hash(7, &one), flow_class_hash(7, &other));
	}
}

static void a_class_is_told_of_when_it_recurs(void **state)
{
	const struct flow flow = flow_to(1);
	struct sightings *sightings;
	int told = 0;

	(void)state;
	assert_int_equal(sightings_create(&sightings), 0);
	assert_false(sightings_note(sightings, 1, SECOND, &flow));
	assert_true(sightings_note(sightings, 1, 2 * SECOND, &flow));
	assert_false(sightings_note(sightings, 1, 3 * SECOND, &flow));
	assert_true(sightings_note(sightings, 1, 3 * SECOND, &flow));
	for (int i = 0; i < 65536 - 4; i++)
		told += sightings_note(sightings, 1, 4 * SECOND, &flow);
	/* 8, 16, 32, each 64th; at 65536 the count begins again */
	assert_int_equal(told, 3 + 65536 / 64 - 1);
	for (int i = 0; i < 4; i++)
		told += sightings_note(sightings, 1, 4 * SECOND, &flow);
	assert_int_equal(told, 3 + 65536 / 64 - 1 + 2);
	sightings_free(sightings);
}

static void sightings_lapse_and_do_not_outlive_their_snapshot(void **state)
{
	const struct flow flow = flow_to(1);
	struct sightings *sightings;

	(void)state;
	assert_int_equal(sightings_create(&sightings), 0);
	assert_false(sightings_note(sightings, 1, 1 * SECOND, &flow));
	assert_false(sightings_note(sightings, 1, 30 * SECOND, &flow));
	assert_false(sightings_note(sightings, 2, 30 * SECOND, &flow));
	assert_true(sightings_note(sightings, 2, 30 * SECOND, &flow));
	sightings_free(sightings);
}

/*
 * A scan of 200 000 classes seen once tells of none of them, and a class seen between them all is
 * told of.
 */
static void a_scan_is_not_told_of_and_hides_nobody(void **state)
{
	const struct flow busy = flow_from(1);
	struct sightings *sightings;
	int told_scan = 0, told_busy = 0;

	(void)state;
	assert_int_equal(sightings_create(&sightings), 0);
	for (uint32_t i = 0; i < 200000; i++) {
		const struct flow flow = flow_to(i);

		told_scan += sightings_note(sightings, 1, SECOND, &flow);
		if (i % 1000 == 0)
			told_busy += sightings_note(sightings, 1, SECOND, &busy);
	}
	assert_true(told_scan <= 1); /* a tag of 32 bits may be that of its neighbour */
	assert_true(told_busy >= 1);
	sightings_free(sightings);
}

/*
 * The flows of a gateway's pods go round: a thousand classes, each of which comes once before any
 * comes again.
 */
static void classes_that_take_turns_are_all_told_of(void **state)
{
	struct sightings *sightings;
	int told = 0;

	(void)state;
	assert_int_equal(sightings_create(&sightings), 0);
	for (uint32_t i = 0; i < 2000; i++) {
		const struct flow flow = flow_to(i % 1000);

		told += sightings_note(sightings, 1, SECOND, &flow);
	}
	assert_between(told, 990, 1000); /* more than eight in one line are rare: 1 set of 4000 */
	sightings_free(sightings);
}

static struct record record_of(struct flow flow)
{
	return (struct record){
		.flow = flow, .judgement = {.verdict = VERDICT_DENY}, .user_ns = flow.dst_port};
}

static int add(struct ledger *ledger, struct flow flow)
{
	const struct record record = record_of(flow);

	return ledger_add(ledger, &record, 1);
}

static void the_ledger_finds_what_was_added(void **state)
{
	struct ledger *ledger;
	struct flow flow = flow_from(1);

	(void)state;
	assert_int_equal(ledger_create(&ledger), 0);
	assert_null(ledger_find(ledger, &flow));
	assert_int_equal(add(ledger, flow), 0);
	flow.src_port = 9;
	assert_int_equal(add(ledger, flow), -EEXIST);
	assert_non_null(ledger_find(ledger, &flow));
	assert_int_equal(ledger_count(ledger), 1);
	ledger_remove(ledger, ledger_find(ledger, &flow));
	assert_null(ledger_find(ledger, &flow));
	assert_int_equal(ledger_count(ledger), 0);
	ledger_free(ledger);
	ledger_free(NULL);
}

static void the_ledger_is_bounded(void **state)
{
	struct ledger_entry *entry;
	struct ledger *ledger;
	size_t place = 0, seen = 0;
	uint32_t n = 0;

	(void)state;
	assert_int_equal(ledger_create(&ledger), 0);
	while (ledger_count(ledger) < LEDGER_MOST)
		(void)add(ledger, flow_from(n++));
	assert_int_equal(add(ledger, flow_from(n)), -ENOSPC);
	while ((entry = ledger_next(ledger, &place)) != NULL) {
		seen++;
		if (seen % 2 == 0)
			ledger_remove(ledger, entry);
	}
	assert_int_equal(seen, LEDGER_MOST);
	assert_int_equal(ledger_count(ledger), LEDGER_MOST / 2);
	assert_int_equal(add(ledger, flow_from(n)), 0);
	ledger_clear(ledger);
	assert_int_equal(ledger_count(ledger), 0);
	place = 0;
	assert_null(ledger_next(ledger, &place));
	for (uint32_t i = 0; i < n; i++) {
		const struct flow flow = flow_from(i);

		assert_null(ledger_find(ledger, &flow));
	}
	assert_int_equal(add(ledger, flow_from(3)), 0);
	ledger_free(ledger);
}

static void no_source_fills_the_ledger(void **state)
{
	struct ledger *ledger;
	struct flow flow;

	(void)state;
	assert_int_equal(ledger_create(&ledger), 0);
	for (uint32_t i = 0; i < LEDGER_SHARE; i++)
		assert_int_equal(add(ledger, flow_to(i)), 0);
	assert_int_equal(add(ledger, flow_to(LEDGER_SHARE)), -EDQUOT);
	assert_int_equal(add(ledger, flow_from(1)), 0);
	flow = flow_to(7);
	ledger_remove(ledger, ledger_find(ledger, &flow));
	assert_int_equal(add(ledger, flow_to(LEDGER_SHARE)), 0);
	ledger_free(ledger);
}

static void a_quota_begins_anew_with_its_period(void **state)
{
	const struct flow one = flow_from(1), two = flow_from(2);
	struct quota quota;

	(void)state;
	quota_init(&quota, 2, 10);
	quota.seed = 1; /* with this one the two addresses do not share a count */
	assert_true(quota_take(&quota, &one.src, 100));
	assert_true(quota_take(&quota, &one.src, 101));
	assert_false(quota_take(&quota, &one.src, 109));
	assert_true(quota_take(&quota, &two.src, 109));
	assert_true(quota_take(&quota, &one.src, 110));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_class_is_all_but_the_source_port),
		cmocka_unit_test(ipv6_classes_differ_in_every_byte),
		cmocka_unit_test(a_class_is_told_of_when_it_recurs),
		cmocka_unit_test(sightings_lapse_and_do_not_outlive_their_snapshot),
		cmocka_unit_test(a_scan_is_not_told_of_and_hides_nobody),
		cmocka_unit_test(classes_that_take_turns_are_all_told_of),
		cmocka_unit_test(the_ledger_finds_what_was_added),
		cmocka_unit_test(the_ledger_is_bounded),
		cmocka_unit_test(no_source_fills_the_ledger),
		cmocka_unit_test(a_quota_begins_anew_with_its_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

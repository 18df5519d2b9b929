/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/endpoint_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct ip_addr pod_addr(uint32_t number, enum ip_family family)
{
	const uint8_t v4[4] = {
		10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	const uint8_t v6[16] = {
		0xfd, [13] = (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

	return family == IP_FAMILY_V4 ? ip_addr_v4(v4) : ip_addr_v6(v6);
}

static uint32_t pod_of(const struct endpoint_table *table, const struct endpoint *endpoint)
{
	return *endpoint_table_pod(table, endpoint);
}

static void test_all_are_found_and_nothing_else(void **state)
{
	static const enum ip_family families[] = {IP_FAMILY_V4, IP_FAMILY_V6};
	struct arena *arena = arena_create();
	struct endpoint_table table;

	(void)state;
	assert_int_equal(endpoint_table_init(&table, 10000, arena), 0);
	assert_int_equal((uintptr_t)table.slots % sizeof(struct endpoint), 0);
	for (uint32_t i = 0; i < 5000; i++)
		for (int f = 0; f < 2; f++) {
			const struct ip_addr addr = pod_addr(i, families[f]);

			assert_int_equal(pod_of(&table, endpoint_table_add(&table, &addr, i)), i);
			/* Is there already. */
			assert_int_equal(
				pod_of(&table, endpoint_table_add(&table, &addr, i + 1)), i);
		}
	assert_int_equal(table.count, 10000);
	for (uint32_t i = 0; i < 10000; i++)
		for (int f = 0; f < 2; f++) {
			const struct ip_addr addr = pod_addr(i, families[f]);
			const struct endpoint *found = endpoint_table_find(&table, &addr);

			assert_int_equal(found != NULL, i < 5000);
			assert_true(found == NULL ||
				(pod_of(&table, found) == i && ip_addr_equal(&found->addr, &addr)));
		}
	arena_unref(arena);
}

/*
 * An IPv6 address whose bytes are an IPv4 one's is another address, also where both belong in one
 * slot.
 */
static void test_families_do_not_mix(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		const uint8_t bytes[16] = {10, 0, 0, i};
		const struct ip_addr v4 = ip_addr_v4(bytes), v6 = ip_addr_v6(bytes);
		struct arena *arena = arena_create();
		struct endpoint_table table;

		assert_int_equal(endpoint_table_init(&table, 1, arena), 0);
		endpoint_table_add(&table, &v4, 1);
		assert_non_null(endpoint_table_find(&table, &v4));
		assert_null(endpoint_table_find(&table, &v6));
		arena_unref(arena);
	}
}

/*
 * However pods are numbered by their network, a lookup stays short: the longest run of full slots
 * says so.
 */
static void test_no_clustering(void **state)
{
	static const uint32_t strides[] = {1, 2, 3, 16, 64, 250, 256, 1024};
	const uint32_t pods = 8192;

	(void)state;
	for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
		struct arena *arena = arena_create();
		struct endpoint_table table;
		uint32_t run = 0, longest = 0;

		assert_int_equal(endpoint_table_init(&table, pods, arena), 0);
		for (uint32_t j = 0; j < pods; j++) {
			const struct ip_addr addr = pod_addr(j * strides[i], IP_FAMILY_V4);

			endpoint_table_add(&table, &addr, j);
		}
		assert_int_equal(table.count, pods);
		for (uint32_t j = 0; j <= table.mask; j++) {
			run = table.slots[j].addr.family != 0 ? run + 1 : 0;
			longest = run > longest ? run : longest;
		}
		assert_true(longest < 64); /* random numbers give about 30 */
		arena_unref(arena);
	}
}

static void test_sizes(void **state)
{
	const struct ip_addr addr = pod_addr(1, IP_FAMILY_V4);
	struct arena *arena = arena_create();
	struct endpoint_table table;

	(void)state;
	assert_int_equal(endpoint_table_init(&table, ((size_t)1 << 30) + 1, arena), -E2BIG);
	assert_int_equal(endpoint_table_init(&table, 0, arena), 0);
	assert_null(endpoint_table_find(&table, &addr));
	arena_unref(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_found_and_nothing_else),
		cmocka_unit_test(test_families_do_not_mix),
		cmocka_unit_test(test_no_clustering),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

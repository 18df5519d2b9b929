/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SAMPLES = 20000 };

static struct histogram histogram, other;
static uint64_t sorted[SAMPLES];

static int clear(void **state)
{
	(void)state;
	memset(&histogram, 0, sizeof(histogram));
	memset(&other, 0, sizeof(other));
	return 0;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13; /* xorshift64 (Marsaglia) */
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Of any size: as many of 1 bit as of 60. */
static uint64_t random_duration(uint64_t *seed)
{
	const uint64_t value = next_random(seed);

	return value >> (4 + next_random(seed) % 59);
}

static void assert_within_a_thousandth(uint64_t got, uint64_t want)
{
	const uint64_t off = got > want ? got - want : want - got;

	if (off > want / 1000)
		fail_msg("%llu is not within 0.1%% of %llu", (unsigned long long)got,
			(unsigned long long)want);
}

static void test_empty(void **state)
{
	(void)state;
	assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
	assert_int_equal(histogram.max, 0);
	assert_true(histogram_mean(&histogram) == 0);
}

/*
 * Small ones exactly. The larger sample keeps the middle of the bucket from being cut to the
 * greatest value.
 */
static void test_every_size(void **state)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		for (int step = -1; step <= 1; step++) {
			const uint64_t value = (UINT64_C(1) << bit) + (uint64_t)step;

			clear(state);
			histogram_add(&histogram, value);
			histogram_add(&histogram, UINT64_MAX);
			assert_within_a_thousandth(histogram_quantile(&histogram, 0.5), value);
			if (value < 2048)
				assert_int_equal(histogram_quantile(&histogram, 0.5), value);
			assert_int_equal(histogram.max, UINT64_MAX);
		}
	}
}

static void test_never_above_the_greatest(void **state)
{
	(void)state;
	histogram_add(&histogram, 16384); /* the first of its bucket, whose middle is 16392 */
	assert_int_equal(histogram_quantile(&histogram, 0.999), 16384);
	assert_int_equal(histogram_quantile(&histogram, 1), 16384);
}

static int compare(const void *pa, const void *pb)
{
	const uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return (a > b) - (a < b);
}

/* Held against what sorting says: the smallest value that so many do not exceed. */
static void test_quantiles(void **state)
{
	static const struct {
		double quantile;
		size_t rank; /* from 1 */
	} cases[] = {
		{0, 1}, {0.5, 10000}, {0.9, 18000}, {0.99, 19800}, {0.999, 19980}, {1, SAMPLES}};
	uint64_t seed = 0x9e3779b97f4a7c15;
	double sum = 0;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		sorted[i] = random_duration(&seed);
		sum += (double)sorted[i];
		histogram_add(&histogram, sorted[i]);
	}
	qsort(sorted, SAMPLES, sizeof(sorted[0]), compare);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_within_a_thousandth(histogram_quantile(&histogram, cases[i].quantile),
			sorted[cases[i].rank - 1]);
	assert_int_equal(histogram.max, sorted[SAMPLES - 1]);
	assert_within_a_thousandth((uint64_t)histogram_mean(&histogram), (uint64_t)(sum / SAMPLES));
}

static void test_merge(void **state)
{
	static struct histogram both;
	uint64_t seed = 1;

	(void)state;
	memset(&both, 0, sizeof(both));
	for (size_t i = 0; i < SAMPLES; i++) {
		/* small enough for sums to be exact */
		const uint64_t value = random_duration(&seed) >> 16;

		histogram_add(i % 3 == 0 ? &histogram : &other, value);
		histogram_add(&both, value);
	}
	histogram_merge(&histogram, &other);
	assert_int_equal(histogram.count, SAMPLES);
	assert_int_equal(histogram.max, both.max);
	assert_memory_equal(histogram.buckets, both.buckets, sizeof(both.buckets));
	assert_true(histogram_mean(&histogram) == histogram_mean(&both));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_empty, clear),
		cmocka_unit_test_setup(test_every_size, clear),
		cmocka_unit_test_setup(test_never_above_the_greatest, clear),
		cmocka_unit_test_setup(test_quantiles, clear),
		cmocka_unit_test_setup(test_merge, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/histogram.h"

#include <math.h>
#include <stddef.h>

/*
 * `shift` low bits are dropped so that the rest has HISTOGRAM_EXACT_BITS; small values keep all of
 * theirs.
 */
static size_t bucket_of(uint64_t value)
{
	const unsigned int bits = value == 0 ? 0 : 64 - (unsigned int)__builtin_clzll(value);
	const unsigned int shift = bits > HISTOGRAM_EXACT_BITS ? bits - HISTOGRAM_EXACT_BITS : 0;

	return shift * (size_t)HISTOGRAM_OCTAVE + (size_t)(value >> shift);
}

static uint64_t middle_of(size_t bucket)
{
	uint64_t shift, width;

	if (bucket < (size_t)2 * HISTOGRAM_OCTAVE)
		return bucket;
	shift = bucket / HISTOGRAM_OCTAVE - 1;
	width = UINT64_C(1) << shift;
	return ((uint64_t)(bucket % HISTOGRAM_OCTAVE + HISTOGRAM_OCTAVE) << shift) + width / 2;
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->buckets[bucket_of(value)]++;
	histogram->count++;
	histogram->sum += (double)value;
	if (value > histogram->max)
		histogram->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
	into->count += from->count;
	into->sum += from->sum;
	if (from->max > into->max)
		into->max = from->max;
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
	const double exact = ceil(quantile * (double)histogram->count);
	/* of the value that is sought, from 1 */
	const uint64_t rank = exact < 1 ? 1 : (uint64_t)exact;
	uint64_t below = 0;

	if (histogram->count == 0)
		return 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += histogram->buckets[i];
		/* the middle of the last bucket may lie above all that is in it */
		if (below >= rank)
			return middle_of(i) < histogram->max ? middle_of(i) : histogram->max;
	}
	return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
	return histogram->count == 0 ? 0 : histogram->sum / (double)histogram->count;
}

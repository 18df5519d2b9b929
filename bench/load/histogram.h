/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

/*
 * How often each duration occurred, at under 0.1 % error whatever its size, in a fixed 440 KiB: the
 * difference of two medians of some 30 us is to be told to a tenth of a microsecond. As in
 * HdrHistogram, buckets are linear within an octave and octaves are logarithmic:
 *
 * 	values	0..2047	2048..4095	4096..8191	...	up to 2^64 - 1
 * 	width	1	2		4
 * 	buckets	2048	1024		1024
 *
 * Zeroed memory is an empty one. One thread at a time; histogram_merge() sums those of several.
 */

#include <stdint.h>

enum {
	HISTOGRAM_EXACT_BITS = 11, /* values of so many bits have a bucket each */
	/* buckets: each is at most 1/1024 of its values wide */
	HISTOGRAM_OCTAVE = 1 << (HISTOGRAM_EXACT_BITS - 1),
	HISTOGRAM_BUCKETS = (64 - HISTOGRAM_EXACT_BITS + 2) * HISTOGRAM_OCTAVE,
};

struct histogram {
	uint64_t count, max;
	double sum; /* more than 64 bits in hours of nanoseconds; the mean bears rounding */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
/*
 * The value that a share of `quantile` (0 to 1) of all values do not exceed, as the middle of its
 * bucket; 0 of an empty one.
 */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);
double histogram_mean(const struct histogram *histogram); /* 0 of an empty one */

#endif

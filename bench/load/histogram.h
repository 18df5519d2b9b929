/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

/*
 * How often each duration occurred, at under 1 % error whatever its size, in a fixed 58 KiB. As in HdrHistogram,
 * buckets are linear within an octave and octaves are logarithmic:
 *
 *	values	0..255	256..511	512..1023	...	up to 2^64 - 1
 *	width	1	2		4
 *	buckets	256	128		128
 *
 * Zeroed memory is an empty one. One thread at a time; histogram_merge() sums those of several.
 */

#include <stdint.h>

enum {
	HISTOGRAM_OCTAVE = 128,				/* buckets: each is at most 1/128 of its values wide */
	HISTOGRAM_BUCKETS = (64 - 8 + 2) * HISTOGRAM_OCTAVE,
};

struct histogram {
	uint64_t count, max;
	double sum;		/* more than 64 bits in hours of nanoseconds; the mean bears rounding */
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
/*
 * The value that a share of `quantile` (0 to 1) of all values do not exceed, as the middle of its bucket; 0 of an empty
 * one.
 */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);
double histogram_mean(const struct histogram *histogram);	/* 0 of an empty one */

#endif

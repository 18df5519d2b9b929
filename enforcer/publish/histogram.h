/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_HISTOGRAM_H
#define ENFORCER_PUBLISH_HISTOGRAM_H

/*
 * How long something took, over all the times that it was done: durations counted by bounds, and
 * their sum. A plain value; all zero is an empty one.
 */

#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 14 };

/*
 * Inclusive upper bounds, rising: from half a millisecond, what compiling a few policies takes, to
 * ten seconds.
 */
extern const uint64_t histogram_bounds_ns[HISTOGRAM_BOUNDS];

struct histogram {
	/* each duration in the first that takes it; the last takes any */
	uint64_t counts[HISTOGRAM_BOUNDS + 1];
	uint64_t sum_ns;
};

void histogram_add(struct histogram *histogram, uint64_t duration_ns);
uint64_t histogram_count(const struct histogram *histogram);

#endif

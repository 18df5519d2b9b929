/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/histogram.h"

#include <stddef.h>

#define US 1000ULL
#define MS 1000000ULL

const uint64_t histogram_bounds_ns[HISTOGRAM_BOUNDS] = {
	500 * US,
	1 * MS,
	2500 * US,
	5 * MS,
	10 * MS,
	25 * MS,
	50 * MS,
	100 * MS,
	250 * MS,
	500 * MS,
	1000 * MS,
	2500 * MS,
	5000 * MS,
	10000 * MS,
};

void histogram_add(struct histogram *histogram, uint64_t duration_ns)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && duration_ns > histogram_bounds_ns[i])
		i++;
	histogram->counts[i]++;
	histogram->sum_ns += duration_ns;
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		count += histogram->counts[i];
	return count;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/clock.h"

#include <time.h>

/* Neither clock can fail: clock_gettime(2). */
static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_us(void)
{
	return clock_ns() / 1000;
}

uint64_t clock_ms(void)
{
	return clock_ns() / NS_PER_MS;
}

uint64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

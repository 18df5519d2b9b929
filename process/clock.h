/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_CLOCK_H
#define PROCESS_CLOCK_H

/*
 * What time it is. The monotonic clock measures how long things take: it never goes back, and it
 * stands still while the machine sleeps. The wall clock says when things were, since 1970; anybody
 * may set it. Any thread.
 */

#include <stdint.h>

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL

uint64_t clock_ns(void); /* CLOCK_MONOTONIC */
uint64_t clock_us(void);
uint64_t clock_ms(void);
uint64_t clock_wall_ns(void); /* CLOCK_REALTIME */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_PULSE_H
#define PROCESS_PULSE_H

/*
 * By what a thread that mostly sleeps can be told from one that is stuck: it has something to do,
 * and does not get it done. That it has not moved says nothing when there was nothing to do.
 * (health.h makes something of it.)
 */

#include <stdbool.h>
#include <stdint.h>

struct pulse {
	uint64_t done; /* grows whenever it has done something */
	bool due;      /* something waits to be done, or is being done */
};

#endif

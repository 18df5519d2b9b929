/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_PROCESS_FIGURES_H
#define PROCESS_PROCESS_FIGURES_H

/*
 * What this process takes of the machine, as the kernel tells it: proc(5), getrusage(2). Any
 * thread.
 */

#include <stdint.h>

struct process_figures {
	uint64_t resident_bytes, virtual_bytes;
	uint64_t peak_bytes;	    /* the most that was resident; never less than resident_bytes */
	uint64_t cpu_ns;	    /* user and system, of all threads since the start */
	uint64_t open_fds, max_fds; /* max_fds: the soft limit */
};

/* What can't be read stays 0. */
void process_figures_read(struct process_figures *out);

#endif

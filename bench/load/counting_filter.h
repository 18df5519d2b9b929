/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_COUNTING_FILTER_H
#define BENCH_LOAD_COUNTING_FILTER_H

/*
 * Counts a socket's packets in the kernel and drops them there: a receiver that takes no system
 * call, no wake-up and no copy a packet from whom it measures. An eBPF socket filter (bpf(2)) of a
 * dozen instructions, which needs root. Any number of sockets may share one. One thread.
 */

#include <stdint.h>

struct counting_filter;

struct counting_filter_state {
	uint64_t packets;
	/* of CLOCK_MONOTONIC, 0 as long as there was none; to the packet */
	uint64_t first_ns, last_ns;
};

/* 0; or -errno: -EPERM without privilege, -ENOSYS without CONFIG_BPF_SYSCALL. */
int counting_filter_create(struct counting_filter **out);
/* NULL is allowed; sockets keep what they have */
void counting_filter_free(struct counting_filter *filter);
/* From now on the socket receives nothing. 0 or -errno. */
int counting_filter_attach(const struct counting_filter *filter, int socket);
struct counting_filter_state counting_filter_read(const struct counting_filter *filter);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_CONTENDERS_BOUND_H
#define BENCH_CONTENDERS_BOUND_H

/*
 * A queue bound by podgate's nfqueue_setup(), for loops that read and answer it in ways of their
 * own.
 */

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "bench/contenders/contender.h"
#include "process/problem.h"

/*
 * 0 with *out, for mnl_socket_close(); or -errno with a sentence. Packets come with their first 128
 * bytes.
 */
int bound_open(struct mnl_socket **out, const struct contender_options *options,
	char problem[PROBLEM_SIZE]);
/* From now on packets come without any of their bytes (NFQNL_COPY_META). 0 or -errno. */
int bound_copy_nothing(struct mnl_socket *socket, uint16_t number);
/*
 * Sends a message that the kernel acknowledges, which ends a wait in another thread. 0 or -errno.
 */
int bound_wake(struct mnl_socket *socket);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_WILDCARD_H
#define BENCH_LOAD_WILDCARD_H

/* The sockets of the servers: bound to a port on every address of both families. Any thread. */

#include <stdint.h>

#include "bench/load/span.h"

enum { WILDCARD_PORTS_MOST = 1024 };

/*
 * A non-blocking socket of `type` that takes IPv4 as well (or only that, where the kernel has no
 * IPv6). SO_REUSEPORT, so that each thread of a server may have one. -errno.
 */
int wildcard_open(int type, uint16_t port);
/*
 * One for every port, into fds[]. 0; or LOAD_PROBLEM after a sentence on standard error: then none
 * is open. Stream sockets listen.
 */
int wildcard_open_all(int fds[WILDCARD_PORTS_MOST], int type, const struct number_span *ports);
/* Raises RLIMIT_NOFILE as far as it goes. */
void wildcard_allow_files(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_PEER_H
#define BENCH_LOAD_PEER_H

/* The sockets of those clients that keep what they have opened. Any thread. */

#include <stdint.h>

#include "bench/load/span.h"

/*
 * A blocking socket of `type`, connected; its reads and writes give up after a tick. -errno:
 * -ETIMEDOUT when there is no answer within three seconds.
 */
int peer_connect(int type, const struct ip_addr *addr, uint16_t port);

#endif

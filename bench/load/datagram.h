/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_DATAGRAM_H
#define BENCH_LOAD_DATAGRAM_H

/*
 * A whole small UDP packet, headers included, as a raw socket sends it: so that its source may be
 * any address and port without a socket for each. Pure.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/load/flow_walk.h"

enum { DATAGRAM_PAYLOAD = 8, DATAGRAM_BYTES = 40 + 8 + DATAGRAM_PAYLOAD };

/*
 * Writes the packet, whose payload is `number` in network order, and returns its length. The IPv4
 * header's checksum is the kernel's to fill in (raw(7)); the UDP checksum is left out with IPv4
 * (RFC 768), where nobody has to verify it, as nobody verifies those of local senders.
 */
size_t datagram_write(uint8_t out[DATAGRAM_BYTES], const struct flow_step *flow, uint64_t number);

#endif

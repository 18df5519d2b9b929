/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_FLOW_TABLE_H
#define TESTS_SUPPORT_FLOW_TABLE_H

/*
 * A flow table to try things on: a network namespace of the test's own, entries made in it by
 * ctnetlink, marks read back. Entries are written and read through libnetfilter_conntrack, so that
 * nothing of ours confirms itself. Failures end the program with a sentence: a test without its
 * table proves nothing.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * One entry. What is not set takes the value that makes it an untranslated flow in zone 0 without a
 * mark.
 */
struct flow_spec {
	uint8_t protocol;      /* IPPROTO_* */
	const char *src, *dst; /* of the first packet */
	uint16_t sport, dport;
	const char *backend; /* DNAT: whom the reply comes from */
	uint16_t backend_port;
	const char *masquerade; /* SNAT: whom the reply goes to */
	uint16_t icmp_id;
	uint16_t zone;
	uint32_t mark;
};

/*
 * Moves this process into an empty network namespace in which lo is up and no NAT, rule or route of
 * others exists.
 */
void flow_table_enter(void);
/* the same for the namespace that the process is in: for a tool in one made for it */
void flow_table_here(void);
void flow_table_add(const struct flow_spec *spec);

/*
 * Adds `count` TCP flows, each with its own source: 10.x.y.z:1024 upwards to `dst`:`dport`. Those
 * whose number is a multiple of `stride` come from 11.x.y.z instead (0: none do).
 */
void flow_table_fill(size_t count, const char *dst, uint16_t dport, size_t stride);

/* The mark of the entry with this original tuple; fails when there is none. */
uint32_t flow_table_mark(const struct flow_spec *spec);
void flow_table_delete(const struct flow_spec *spec);
size_t flow_table_count(void);

/* Runs a command through the shell; fails when it does. */
void flow_table_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

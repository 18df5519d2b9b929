/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_TOUCHED_H
#define POLICY_COMPILE_TOUCHED_H

/*
 * The addresses that a change touches: for a flow with neither end among them, both snapshots give
 * the same judgement, and both isolate the same addresses but these. The set may hold more
 * addresses than it must, and never fewer.
 *
 * A flow's judgement depends on the pods at its two ends, on their namespaces, on the policies that
 * select one of the two, and on the snapshot's options. So an address is touched when a pod that
 * claims it came, went, or says something else than before; when its namespace does; when a policy
 * that selects such a pod came, went or changed; and when the gateway got or lost the address.
 *
 * Plain memory; any thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/compile/snapshot.h"

struct touched {
	bool everything;       /* any address may be touched; then there is no list */
	struct ip_addr *addrs; /* sorted by ip_addr_cmp(), each once */
	size_t count;
};

/* Beyond these numbers everything is touched: a full sweep is then no slower. */
enum { TOUCHED_MOST = 4096, TOUCHED_POLICIES_MOST = 256 };

/* Zeroed memory is a set of nothing. When memory is short the set becomes everything. */
void touched_find(struct touched *out, const struct snapshot *before, const struct snapshot *after);
void touched_add(struct touched *set, const struct touched *more);
void touched_add_everything(struct touched *set);
bool touched_has(const struct touched *set, const struct ip_addr *addr);
bool touched_is_empty(const struct touched *set);
void touched_clear(struct touched *set); /* frees what it holds; it is a set of nothing again */

#endif

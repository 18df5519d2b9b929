/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_QUERY_H
#define POLICY_EXPLAIN_QUERY_H

/*
 * Flows as people write them: "shop/web" to "10.0.0.7:5432/tcp", "shop/db:postgres",
 * "shop/db/icmp", "[fd00::7]:53/udp". Read against a snapshot, which knows the pods and the names
 * of their ports. Pure; any thread.
 */

#include <stddef.h>

#include "policy/compile/snapshot.h"

enum { QUERY_FLOWS_MOST = 2, QUERY_PROBLEM = 256 };

/*
 * Reads SOURCE (namespace/pod or address) and DESTINATION (namespace/pod or address, :port or
 * :name, /protocol; TCP when a port but no protocol is named). Stores one flow for each address
 * family that both ends have, that of the source's first (primary) address leading. Returns how
 * many; or -EINVAL with a sentence in `problem` that says what is wrong and, for a name that does
 * not exist, the nearest that does.
 */
int query_flows(const struct snapshot *snapshot, const char *source, const char *destination,
	struct flow flows[QUERY_FLOWS_MOST], char problem[QUERY_PROBLEM]);

/*
 * As above for the fields of an expectation table: SOURCE, DESTINATION, PROTOCOL, PORT (number or
 * name; "-" or "" for none).
 */
int query_fields(const struct snapshot *snapshot, const char *source, const char *destination,
	const char *protocol, const char *port, struct flow flows[QUERY_FLOWS_MOST],
	char problem[QUERY_PROBLEM]);

/*
 * The pod that `text`, NAMESPACE/NAME, names, with or without an address. 0; or -EINVAL and
 * `problem`, as above.
 */
int query_pod(const struct snapshot *snapshot, const char *text, const struct pod **out,
	char problem[QUERY_PROBLEM]);
/* Whether there is such a namespace. 0; or -EINVAL and `problem`, as above. */
int query_namespace(const struct snapshot *snapshot, const char *name, char problem[QUERY_PROBLEM]);

#endif

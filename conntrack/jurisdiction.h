/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONNTRACK_JURISDICTION_H
#define CONNTRACK_JURISDICTION_H

/*
 * Which flows of the flow table are podgate's to judge: those that touch an isolated pod and pass
 * where its rules are. Flows of the gateway itself do not pass FORWARD: those it begins are never
 * judged (Kubernetes lets the node reach its pods), those that pods begin to one of its addresses
 * only with host_traffic. Nor are flows to group addresses: a verdict on such a packet holds for
 * one receiver, so none is kept in a mark. A plain value that borrows; any thread.
 */

#include <stdbool.h>

#include "kernel/netlink/local_addrs.h"
#include "policy/compile/snapshot.h"

struct jurisdiction {
	const struct snapshot *snapshot;
	const struct local_addrs *local;
	bool host_traffic; /* flows from pods to the gateway are judged, too */
};

/* Whether a policy isolates an end of the flow. */
bool jurisdiction_isolates(const struct jurisdiction *jurisdiction, const struct flow *flow);
/* Whether the flow passes the rules. */
bool jurisdiction_gates(const struct jurisdiction *jurisdiction, const struct flow *flow);

#endif

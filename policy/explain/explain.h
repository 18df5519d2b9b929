/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_EXPLAIN_EXPLAIN_H
#define POLICY_EXPLAIN_EXPLAIN_H

/*
 * Why a flow is judged as it is: for each end, what isolates it and the rule that
 * admits the flow, or the rule that came nearest to admitting it and what it would take.
 * The verdict is snapshot_judge()'s own; explain only finds its reasons, by walking
 * the policies that isolate the end. Any thread, over a snapshot it may read.
 */

#include "policy/explain/explain_side.h"

struct explanation {
	struct flow flow;
	struct judgement judgement;
	/*
	 * to a group address, or what may be a broadcast one: on a bridge each receiver is judged
	 */
	bool group;
	bool link_local; /* reason enough for the verdict: an end whose pod nobody can name */
	/* it passes whatever the policies say: the snapshot's option, and an IPv6 flow */
	bool ipv6_off;
	struct explain_side sides[DIRECTION_COUNT];
};

/* Fills *out; its texts live in `arena`. Returns 0; or -ENOMEM, *out untouched. */
int explain_flow(const struct snapshot *snapshot, const struct flow *flow, struct arena *arena,
	struct explanation *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_RECORD_H
#define ENFORCER_GATE_RECORD_H

/*
 * One judged packet on its way to the log: plain, fixed-size, without names. The log thread finds
 * the names and reasons in the snapshot, which is kept until no record names it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "enforcer/gate/packet.h"
#include "policy/compile/snapshot.h"
#include "policy/values/flow.h"

enum record_kind {
	RECORD_VERDICT,	   /* flow and judgement are set */
	RECORD_UNREADABLE, /* a packet that could not be parsed: error is set, denied */
	RECORD_REVOKED,	   /* a live flow that the sweep cut: flow and judgement are set */
};

struct record {
	uint64_t time_ns; /* CLOCK_REALTIME, when the packet was read */
	const struct snapshot *snapshot;
	struct flow flow;
	/* of no family; or where it was sent: flow.dst is a receiver that it would reach */
	struct ip_addr group;
	struct judgement judgement;
	enum record_kind kind;
	enum packet_error error;
	uint32_t in_ifindex, out_ifindex; /* 0 when unknown */
	uint32_t user_ns;  /* from the burst's arrival here to its verdicts' sending; 0: unknown */
	bool learnable;	   /* the kernel may answer further flows of its class (learner.h) */
	uint64_t revision; /* of the snapshot: the learner must not look into that */
	uint64_t answered; /* packets of this class that the kernel answered by itself; 0: none */
};

#endif

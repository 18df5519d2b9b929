/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_POLICY_LISTING_H
#define SERVICE_VIEWS_POLICY_LISTING_H

/*
 * The policies in force, as the answer to the control command "policies" (podgate-control(7)).
 * Lines:
 *
 *   {"ok": true, "revision": N, "in_force": N}		how many there are in all
 *   a policy each, by namespace and name:
 * 	"namespace", "name", "file", "line", "column"
 * 	"mode"          "enforced"; "audit" where what it denies is only logged: because of
 * 	"audited_by", "policy",
 * 			"namespace" or "gateway"
 * 	"isolates"	a list of "ingress", "egress"
 * 	"rules"		{"ingress": N, "egress": N}
 * 	"pods"          {"selected": N, "local": N (those of this gateway), "names": the first
 * 	16 of them}
 * 	"hits"          {"denied", "audited", "cut", "last"}: policy_hits.h; "last" is a time,
 * 	and there when anything is
 *   {"end": true, "listed": N}
 */

#include <stdbool.h>

#include "enforcer/log/policy_hits.h"
#include "policy/compile/snapshot.h"
#include "process/problem.h"
#include "service/control/filter.h"
#include "service/control/stream.h"

struct policy_listing_options {
	const struct snapshot *snapshot; /* stays as long as the stream */
	struct policy_hits *hits;	 /* likewise */
	bool audit;			 /* the whole gateway is in audit mode */
	struct filter filter;
};

/* 0; or -EINVAL with a sentence in `problem` (no such pod or namespace), or -ENOMEM. */
int policy_listing_open(struct stream **out, const struct policy_listing_options *options,
	char problem[PROBLEM_SIZE]);

#endif

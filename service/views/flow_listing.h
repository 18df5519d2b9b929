/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_FLOW_LISTING_H
#define SERVICE_VIEWS_FLOW_LISTING_H

/*
 * The live connections, as the answer to the control command "flows" (podgate-control(7)): what the
 * kernel's flow table holds, with the pods' names and the rule that admits each flow by the
 * policies in force. Lines:
 *
 *   {"ok": true, "revision": N}		of the policies they are held against
 *   a flow each:
 * 	"judged"        false: podgate does not judge it, because it is the gateway's own. Such
 * 	have no "verdict",
 * 			"egress" and "ingress"
 * 	"verdict"       "allow", "deny", "audit-deny": by the policies in force. One that is
 * 	denied and not yet "revoked"
 * 			is about to be cut
 * 	"mark"          what the kernel does with its packets: "allowed"; "revoked" (it was
 * 	cut); "none" (not judged yet,
 * 			or no isolated pod is at either end)
 * 	"protocol", "source", "destination", "link_local"       as in podgate-log(5): the ends
 * 	themselves
 * 	"via"           {"address", "port"}: what the source sends to, where that is not the
 * 	destination (a service)
 * 	"state"         of TCP and SCTP: "established"...; "replied": whether packets were seen
 * 	both ways
 * 	"timeout_s"	after so long in silence it is forgotten
 * 	"since"         when it began; "packets", "bytes": [sent, answered]; where the kernel
 * 	notes these (sysctls
 * 			net.netfilter.nf_conntrack_timestamp and nf_conntrack_acct)
 * 	"offloaded"	true: in a flowtable, where its packets pass the rules by
 * 	"egress", "ingress"	explain_json_side_brief()
 *   {"end": true, "seen": N, "listed": N, "left_out": N, "skipped": N}      entries in the table;
 *   flows listed; those that
 * 	the limit left out; entries that could not be understood
 *
 * Without "all", "namespace" and "pod" these are the flows that podgate judges: of isolated pods,
 * and not the gateway's own. Who is asked for by name is shown whole. When the table can't be read
 * the only line is {"ok": false, "error"}; in the middle of it, the end has "error".
 */

#include <stdbool.h>
#include <stdint.h>

#include "conntrack/sweep.h"
#include "policy/compile/snapshot.h"
#include "process/problem.h"
#include "service/control/filter.h"
#include "service/control/stream.h"

struct flow_listing_options {
	const struct snapshot *snapshot; /* stays as long as the stream */
	struct sweep_marks marks;
	bool host_traffic;
	struct filter filter;
};

/* 0; or -EINVAL with a sentence in `problem` (no such pod or namespace), or -ENOMEM. */
int flow_listing_open(struct stream **out, const struct flow_listing_options *options,
	char problem[PROBLEM_SIZE]);

#endif

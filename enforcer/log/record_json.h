/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_RECORD_JSON_H
#define ENFORCER_LOG_RECORD_JSON_H

/*
 * Lines of the verdict log (podgate-log(5)). Every line has "time" (RFC 3339, UTC,
 * microseconds) and "seq".
 *
 * A verdict has further: "revision" of the policies it was judged by, "verdict" ("allow", "deny",
 * "audit-deny", "revoke" for a live flow that was cut), "denied" (a list: the directions that
 * denied, or in audit mode would have), "link_local" (only if true: an end's address is link-local,
 * which is reason enough), "protocol", "source" and "destination" ("address", "port", and for pods
 * "namespace" and "pod"; explain_json_end()), "interfaces" ("in", "out"; when known), "egress" and
 * "ingress" (explain_json_side(): what isolates, what admitted, or the nearest miss and its fix),
 * "repeat" (how many packets or flows this line stands for), "since" (the first of them, when
 * repeat > 1), "in_kernel" (how many of them the kernel answered by itself; when there are any),
 * "learnable" (true: the kernel may answer further ones of this kind, and later lines say how
 * many), "user_us" (microseconds that the packet spent in podgate).
 *
 * Verdict "unreadable" has "cause" and "interfaces" in place of a flow. Verdict "overload" has
 * "repeat": packets that the kernel dropped because a queue was full; "flood" (true) when it was
 * that of floods. A line {"event": "lost", "count": N} says that N lines are missing here.
 *
 * Each function writes one line with its newline. The writer fails when memory is short. For the
 * log's thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "config/text/json_writer.h"
#include "enforcer/log/fold.h"
#include "kernel/netlink/interface_names.h"
#include "policy/values/arena.h"

/* `names` may be NULL: interfaces go unnamed. `scratch` takes the explanation's texts. */
void record_json_verdict(struct json_writer *to, const struct folded *folded, uint64_t seq,
	struct interface_names *names, struct arena *scratch);
void record_json_overload(
	struct json_writer *to, uint64_t time_ns, uint64_t seq, bool flood, uint64_t dropped);
void record_json_lost(struct json_writer *to, uint64_t time_ns, uint64_t seq, uint64_t count);

#endif

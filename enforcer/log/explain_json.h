/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_EXPLAIN_JSON_H
#define ENFORCER_LOG_EXPLAIN_JSON_H

/*
 * Explanations as JSON, one stable schema for the verdict log, the control socket and `-o json`
 * (described in podgate-log(5)). Every function writes one object, as member `key` (NULL: in an
 * array, or outermost). The writer fails when memory is short.
 */

#include <cjson/cJSON.h>

#include "config/text/json_writer.h"
#include "policy/explain/explain.h"

/*
 * One end: {"address", "port", "namespace", "pod", "claimants"}; names only for pods, the port only
 * if the protocol has one. "claimants" is there where several pods have the address: how many. The
 * pod named is the one that decides at this end.
 */
void explain_json_end(struct json_writer *to, const char *key,
	const struct explanation *explanation, enum direction direction);
/*
 * One side:
 *   "verdict"      "open", "allowed", "denied", "audit-denied"
 *   "enforced"     false: gateway, namespace or pod in audit mode
 *   "isolated_by"  [{"namespace", "name", "file", "line", "column", "audit"}], the first 16
 *   ("audit" only where true);
 *                  "isolated_by_more": how many others there are, if any
 * and, when a rule admits or comes nearest:
 *   "policy"       {"namespace", "name"}
 *   "rule"         "ingress[0]"; "peer": "ingress[0].from[1]"; "port": "ingress[0].ports[0]",
 *   where the rule has them
 *   "file", "line", "column"    of what admits or misses
 * and, when the side is denied:
 *   "miss"         miss_name(); "field", "wanted", "had", "fix"
 * "disagrees": true only if podgate's reasons don't lead to its verdict.
 */
void explain_json_side(struct json_writer *to, const char *key,
	const struct explanation *explanation, enum direction direction);
/*
 * The same in short, for long lists: "verdict"; "enforced" only where false; "policy", "rule",
 * "peer" and "port" as above; "miss".
 */
void explain_json_side_brief(struct json_writer *to, const char *key,
	const struct explanation *explanation, enum direction direction);
/*
 * A whole flow: {"verdict", "protocol", "source", "destination", "egress", "ingress"}; "link_local"
 * and "ipv6_off", true only, where that is the reason for the verdict.
 */
void explain_json_flow(struct json_writer *to, const struct explanation *explanation);

/*
 * Answers to the control commands of the same names, from the request's own fields:
 *   {"command": "explain", "source": "shop/web", "destination": "10.0.0.7:5432/tcp"}
 *   {"command": "judge", "rows": [["shop/web", "shop/db", "TCP", "5432"], ...]}
 * Replies: {"ok": true, "revision": N, "flows": [...]} or {"ok": false, "error": TEXT}; judge gives
 * "rows": a list of {"verdict"} or {"error"} objects, one each, judged between the ends' primary
 * addresses unless an address is written. The offline commands call the same functions on their own
 * snapshot.
 */
void explain_json_answer(
	struct json_writer *to, const struct snapshot *snapshot, const cJSON *request);
void explain_json_judge(
	struct json_writer *to, const struct snapshot *snapshot, const cJSON *request);

#endif

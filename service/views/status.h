/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_STATUS_H
#define SERVICE_VIEWS_STATUS_H

/*
 * What is in force and how it fares, as the answer to the control command "status"
 * (podgate-control(7)):
 *
 *   version, uptime_s, pid
 *   rss_kib             of the daemon's memory what is resident now; "memory": {"peak_kib" (the
 *   most it was),
 *                       "snapshot_kib" (the compiled policies)}
 *   mode                "enforcing", or "audit" when the whole gateway only logs
 *   idle                true when nothing is enforced; "problems" says why
 *   audited             {"namespaces", "pods", "policies"}: lists of those in audit mode ("NAME",
 *   "NAMESPACE/NAME")
 *   revision, pending   of the policies in force; whether a change waits to be enforced
 *   pods, policies, isolated   how many; isolated counts addresses
 *   manifests           {"paths" (a list, absolute), "files", "broken_files", "never_whole" (of
 *   those: no version was ever in force),
 *                       "emptied_files" (that hold nothing any more, which is
 *                       not believed), "being_written" (files,
 *                       by a writer who has not closed them), "kept_objects",
 *                       "recalled_objects" (of those: of a file's past, from
 *                       the state directory), "partial_objects"
 *                       (with errors and never sound: enforced as far as they
 *                       can be read), "findings", "errors", "not_enforced"
 *                       (policies of kinds that are not enforced, a list of
 *                       {"kind", "group", "count"})}
 *   sources             where objects come from, a list in order of precedence: {"name", "files",
 *                       "broken_files", "objects", "findings" (about its files), "reading" (now),
 *                       "problem" (only when it can't bring all that it should)}
 *   addresses           {"odd" (claims that make no pod the only owner of an address: contested,
 *   outranked, or the
 *                       gateway's own), "told" (the first of them, as "diags" has them)}
 *   state               {"directory" ("": there is none), "files" (whose objects are written down
 *   there), "problem" (only
 *                       when something fails)}
 *   rules               {"backend", "ipv6", "intact", "repairs", "flood_rate" (in force; 0:
 *   floods do not wait
 *                       apart), "sets": {"ipv4", "ipv6"}}
 *   bridges             {"setting", "state" ("none"; what bridges forward is "shown" to the
 *   rules, or "hidden" from
 *                       them; "unknown"), "mended"}
 *   flow_table          {"flows", "most" (0: no limit), "dropped" (packets, for want of room),
 *   "evicted" (flows that
 *                       made room), "clashed" (packets let pass and dropped,
 *                       as another of their new flow was first)}, the
 *                       kernel's, when last looked at
 *   queues              a list: {"queue", "reply" (true: for packets seen in the reply
 *   direction), "flood" (true:
 *                       for what sources begin beyond flood_rate), "packets",
 *                       "allowed", "denied", "audited",
 *                       "unreadable", "waiting", "kernel_dropped",
 *                       "user_dropped", "errors", "records_lost"}
 *   inherited           {"from" ("nobody": the queues were bound anew; "service manager",
 *   "predecessor": who had them
 *                       before), "pid" (of the predecessor; 0), "queues" (how
 *                       many were taken over), "repeated"
 *                       (packets that had been read and not answered, sent
 *                       through the rules once more)}
 *   publish             {"changes", "failures", and of the last change "read_ms" (from its first
 *   sign on disk until it
 *                       was read), "seen" (when that was), and from then on:
 *                       "wait_ms", "compile_ms", "publish_ms",
 *                       "sweep_ms", "total_ms" (in all), "judged_ms" (until
 *                       new flows were judged by it; at total_ms no
 *                       live flow was left that it denies); "worst":
 *                       {"judged_ms", "total_ms"} of any change}
 *   sweep               {"sweeps", "revoked_total", and of the last "seen", "judged", "revoked",
 *   "restored",
 *                       "marked", "ms"}
 *   classes             {"learning", "allowed": {"ipv4", "ipv6"}, "denied": {"ipv4", "ipv6"}
 *   (learned since the sets
 *                       were last emptied), "learned" (since the start),
 *                       "answered" (packets that the kernel answered
 *                       by them, as far as the log tells of them), "emptied", "refused", "errors"}
 *   privilege           {"dropped" (false: `privileges: keep`), "user", "uid", "capabilities" (a
 *   list), "no_new_privs",
 *                       "seccomp" ("on", "log", "off", or "unavailable" in
 *                       this kernel or build), "helper" (pid of the
 *                       process that runs iptables, 0 when there is none)}
 *   fail_modes          {"daemon_away", "queue_full", "unreadable"}: "closed" or "open";
 *   "overflows": with queue_full:
 *                       open, how often new flows may have passed unjudged
 *   log                 {"file", "records", "lines", "lost", "error"}
 *   problem             what fails now; only when something does
 *   problems            a list of sentences: the problem, and what else an operator must be told
 *   (problems.h)
 */

#include "config/store/store.h"
#include "config/text/json_writer.h"
#include "service/views/status_figures.h"

/* Writes {"ok": true, ...}. On the loop's thread. */
void status_json(struct json_writer *to, const struct status_sources *sources);
/*
 * Writes the answer to "diags", of the manifests and of the addresses in force: {"ok": true,
 * "diags":
 * [{"severity", "file", "line", "column", "code", "text", "hint"}], "errors", "dropped"}.
 */
void status_diags_json(
	struct json_writer *to, struct store *store, const struct snapshot *snapshot);

#endif

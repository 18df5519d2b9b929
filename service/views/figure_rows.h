/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The daemon's figures, a row each. `podgate status -o json` has the numbers from here, /metrics
 * and podgate-metrics(7) all that they have. Each file that includes this defines macros for the
 * rows first; so there is no header guard.
 *
 *   GROUP(title)                                      a section of podgate-metrics(7)
 *   FIGURE(section, key, kind, metric, value, help)   a metric without labels
 *   FAMILY(kind, metric, label_names, help)           a metric with labels: its samples follow
 *   SAMPLE(section, key, value, {label, text}...)     one of those
 *   EACH(what, section, key, value, {label, text}...) one for each of what: QUEUE, SOURCE, CAUSE
 *   INFO(what, find_labels)                           1 for each, with labels found by a function
 *   DURATIONS(metric, histogram, help)                a histogram in seconds
 *   STATUS(what, section, key, value)                 in status only
 *
 * `section` and `key` are the place in status -o json (NONE, NULL: it is not there). `kind` is
 * COUNTER, GAUGE, TRUTH (a gauge, 0 or 1), COUNTER_NS or GAUGE_NS (nanoseconds; seconds for
 * Prometheus).
 * `value` is an expression of `f`, the struct status_figures, and of `i`, the queue's... index.
 * `help` is plain text, for /metrics and for the page.
 */
/* clang-format off */
GROUP("What runs")
FAMILY(GAUGE, podgate_build_info, "version", "1, with the version in its label.")
SAMPLE(NONE, NULL, 1, {"version", PODGATE_VERSION})
FAMILY(GAUGE, podgate_mode, "mode",
	"1 for the mode of the whole gateway, enforcing or audit; 0 for the other.")
SAMPLE(NONE, NULL, !f->settings->audit, {"mode", "enforcing"})
SAMPLE(NONE, NULL, f->settings->audit, {"mode", "audit"})
FAMILY(GAUGE, podgate_audited_objects, "kind",
	"Objects in audit mode by their own annotation: Namespace, Pod, NetworkPolicy.")
SAMPLE(NONE, NULL, status_figures_audited(f).namespaces, {"kind", "Namespace"})
SAMPLE(NONE, NULL, status_figures_audited(f).pods, {"kind", "Pod"})
SAMPLE(NONE, NULL, status_figures_audited(f).policies, {"kind", "NetworkPolicy"})
FAMILY(GAUGE, podgate_fail_mode, "event , mode",
	"1 for the fate of unjudged packets, closed (dropped) or open (passed), at each event: "
	"daemon_away, queue_full, unreadable.")
SAMPLE(NONE, NULL,
	f->settings->daemon_away == FAIL_CLOSED, {"event", "daemon_away"}, {"mode", "closed"})
SAMPLE(NONE, NULL,
	f->settings->daemon_away == FAIL_OPEN, {"event", "daemon_away"}, {"mode", "open"})
SAMPLE(NONE, NULL,
	f->settings->queue_full == FAIL_CLOSED, {"event", "queue_full"}, {"mode", "closed"})
SAMPLE(NONE, NULL, f->settings->queue_full == FAIL_OPEN, {"event", "queue_full"}, {"mode", "open"})
SAMPLE(NONE, NULL, 1, {"event", "unreadable"}, {"mode", "closed"})
SAMPLE(NONE, NULL, 0, {"event", "unreadable"}, {"mode", "open"})
FIGURE(FAIL_MODES, "overflows", COUNTER, podgate_overflows_total, f->publish.overflows,
	"With queue_full: open, the number of times that new flows may have passed unjudged "
	"because a queue was full.")

GROUP("What is in force")
FIGURE(NONE, NULL, TRUTH, podgate_ready, is_ready(f),
	"1 while /readyz answers 200; stuck threads do not count here.")
FIGURE(POLICIES, "revision", GAUGE, podgate_revision, f->revision,
	"The number of the compiled policies in force; it grows with every change.")
FIGURE(POLICIES, "pending", TRUTH, podgate_change_pending, f->publish.pending,
	"1 while a change that was seen is not yet enforced.")
FIGURE(POLICIES, "pods", GAUGE, podgate_pods, f->cluster->pod_count, "Pods known.")
FIGURE(POLICIES, "policies", GAUGE, podgate_policies, f->cluster->policy_count,
	"Policies in force.")
FIGURE(POLICIES, "isolated", GAUGE, podgate_isolated_addresses, f->isolated,
	"Addresses of pods that some policy isolates.")

GROUP("Sources")
FAMILY(GAUGE, podgate_source_files, "source", "Files of a source of objects.")
EACH(SOURCE, SOURCE, "files", f->sources[i].stats.files)
FAMILY(GAUGE, podgate_source_files_broken, "source", "Files of a source that are broken.")
EACH(SOURCE, SOURCE, "broken_files", f->sources[i].stats.broken_files)
FAMILY(GAUGE, podgate_source_objects, "source", "Objects that a source brings, of all kinds.")
EACH(SOURCE, SOURCE, "objects", f->sources[i].stats.objects)
FAMILY(GAUGE, podgate_source_findings, "source",
	"Findings about the files of a source, warnings included.")
EACH(SOURCE, SOURCE, "findings", f->sources[i].stats.findings)
FAMILY(GAUGE, podgate_source_healthy, "source",
	"0 while a source can't bring all that it should; `podgate status -o json` says why.")
EACH(SOURCE, NONE, NULL, f->sources[i].problem[0] == '\0')

GROUP("Manifests")
FIGURE(MANIFESTS, "files", GAUGE, podgate_manifest_files, f->manifests.files, "Files read.")
FIGURE(MANIFESTS, "broken_files", GAUGE, podgate_manifest_files_broken, f->manifests.broken_files,
	"Files that are broken: their last good version stays in force.")
FIGURE(MANIFESTS, "never_whole", GAUGE, podgate_manifest_files_never_whole,
	f->manifests.never_whole,
	"Broken files of which no version was ever whole: what is broken in them is not in force.")
FIGURE(MANIFESTS, "emptied_files", GAUGE, podgate_manifest_files_emptied,
	f->manifests.emptied_files,
	"Files that turned empty: their last objects stay in force.")
FIGURE(MANIFESTS, "being_written", GAUGE, podgate_manifest_files_being_written,
	f->manifests.being_written,
	"Files that are being written: their last version stays in force.")
STATUS(ONE, MANIFESTS, "recalled_objects", f->manifests.recalled_objects)
FIGURE(MANIFESTS, "partial_objects", GAUGE, podgate_manifest_objects_partial,
	f->manifests.partial_objects,
	"Objects with errors that were never sound: podgate enforces them as far as they can be "
	"read.")
FIGURE(MANIFESTS, "kept_objects", GAUGE, podgate_manifest_objects_kept, f->manifests.kept_objects,
	"Objects in force only because the new version of their file is broken or empty.")
FIGURE(NONE, NULL, GAUGE, podgate_manifest_policies_not_enforced, other_policies_total(&f->others),
	"Policies of kinds that podgate does not enforce, such as ClusterNetworkPolicy and "
	"CiliumNetworkPolicy.")
FIGURE(MANIFESTS, "findings", GAUGE, podgate_manifest_findings, f->findings,
	"Findings in the manifests, warnings included.")
FIGURE(MANIFESTS, "errors", GAUGE, podgate_manifest_errors, f->errors, "Errors in the manifests.")

GROUP("Rules")
FAMILY(GAUGE, podgate_rules_info, "backend , ipv6",
	"1, with the iptables back end (nft or legacy) and whether IPv6 is enforced in its "
	"labels.")
INFO(ONE, find_rules_labels)
FIGURE(RULES, "intact", TRUTH, podgate_rules_intact, f->publish.intact,
	"1 while the rules and sets are intact, at the last look: every second.")
FIGURE(RULES, "repairs", COUNTER, podgate_rules_repairs_total, f->publish.repairs,
	"Times that somebody had changed the rules or sets and podgate put them back.")
STATUS(ONE, RULES, "flood_rate", f->rules.flood_rate)
FAMILY(GAUGE, podgate_set_addresses, "family",
	"Addresses in the kernel's sets of isolated pods, at the last look.")
SAMPLE(NONE, NULL, f->publish.set_sizes[0], {"family", "ipv4"})
SAMPLE(NONE, NULL, f->publish.set_sizes[1], {"family", "ipv6"})
FAMILY(GAUGE, podgate_bridges, "state",
	"Visibility of bridged packets to the rules: 1 for the current state, which is none (there "
	"is no bridge), shown, hidden or unknown.")
SAMPLE(NONE, NULL, f->publish.bridges == BRIDGES_NONE, {"state", "none"})
SAMPLE(NONE, NULL, f->publish.bridges == BRIDGES_SHOWN, {"state", "shown"})
SAMPLE(NONE, NULL, f->publish.bridges == BRIDGES_HIDDEN, {"state", "hidden"})
SAMPLE(NONE, NULL, f->publish.bridges == BRIDGES_UNKNOWN, {"state", "unknown"})
FIGURE(FLOW_TABLE, "flows", GAUGE, podgate_flow_table_flows, f->publish.room.flows,
	"Flows in the kernel's table, at the last look.")
FIGURE(FLOW_TABLE, "most", GAUGE, podgate_flow_table_most, f->publish.room.most,
	"The number of flows that the kernel's table has room for; 0: no limit.")
FIGURE(FLOW_TABLE, "dropped", COUNTER, podgate_flow_table_dropped_packets_total,
	f->publish.room.dropped,
	"Packets of new flows that the kernel dropped for want of room, whatever the policies "
	"say.")
FIGURE(FLOW_TABLE, "evicted", COUNTER, podgate_flow_table_evicted_flows_total,
	f->publish.room.evicted,
	"Flows without an answer that the kernel evicted for new ones.")
FIGURE(FLOW_TABLE, "clashed", COUNTER, podgate_flow_table_clashed_packets_total,
	f->publish.room.clashed,
	"Allowed packets that the kernel dropped, because one of the same new flow was first (not "
	"UDP).")
FIGURE(BRIDGES, "mended", COUNTER, podgate_bridges_mended_total, f->publish.bridges_mended,
	"Times that podgate made bridged packets pass the rules again.")

GROUP("Queues")
FAMILY(GAUGE, podgate_queue_info, "queue , role",
	"1, with the role of the queue: new (flows), reply (packets seen in the reply direction of "
	"flows that were never judged), flood (new flows of sources beyond flood_rate).")
INFO(QUEUE, find_role)
STATUS(QUEUE, QUEUE, "packets", f->queues[i].stats.packets)
FAMILY(COUNTER, podgate_packets_total, "queue , verdict",
	"Packets judged in userspace, by allow, deny, audit-deny; unreadable ones are among the "
	"denied.")
EACH(QUEUE, QUEUE, "allowed", f->queues[i].stats.allowed, {"verdict", "allow"})
EACH(QUEUE, QUEUE, "denied", f->queues[i].stats.denied, {"verdict", "deny"})
EACH(QUEUE, QUEUE, "audited", f->queues[i].stats.audited, {"verdict", "audit-deny"})
STATUS(QUEUE, QUEUE, "unreadable", unreadable_in(&f->queues[i]))
FAMILY(COUNTER, podgate_unreadable_packets_total, "cause",
	"Packets that podgate could not parse; it counts them as denied, too. podgate-log(5) names "
	"the causes.")
EACH(CAUSE, NONE, NULL, unreadable_by(f, i))
FAMILY(COUNTER, podgate_bursts_total, "queue",
	"Times that a worker read packets, one or several at once.")
EACH(QUEUE, NONE, NULL, f->queues[i].stats.bursts)
FAMILY(GAUGE, podgate_queue_waiting_packets, "queue",
	"Packets that wait in the kernel for their verdict.")
EACH(QUEUE, QUEUE, "waiting", f->queues[i].stats.waiting)
FAMILY(COUNTER, podgate_queue_kernel_dropped_packets_total, "queue",
	"Packets that the kernel dropped because the queue was full.")
EACH(QUEUE, QUEUE, "kernel_dropped", f->queues[i].stats.kernel_dropped)
FAMILY(COUNTER, podgate_queue_user_dropped_packets_total, "queue",
	"Packets that the kernel dropped because the worker's socket was full.")
EACH(QUEUE, QUEUE, "user_dropped", f->queues[i].stats.user_dropped)
FAMILY(COUNTER, podgate_queue_errors_total, "queue , kind",
	"Errors: gone (verdicts for packets that the kernel had dropped meanwhile), message (not "
	"understood), receive (failed), verdict (refused by the kernel, or not sent).")
EACH(QUEUE, QUEUE, "gone", f->queues[i].stats.gone, {"kind", "gone"})
EACH(QUEUE, NONE, NULL, f->queues[i].stats.bad_messages, {"kind", "message"})
EACH(QUEUE, NONE, NULL, f->queues[i].stats.receive_errors, {"kind", "receive"})
EACH(QUEUE, NONE, NULL, f->queues[i].stats.verdict_errors, {"kind", "verdict"})
STATUS(QUEUE, QUEUE, "errors", errors_in(&f->queues[i].stats))
FAMILY(COUNTER, podgate_queue_records_lost_total, "queue",
	"Records for the log that did not fit into the worker's ring; podgate_log_lost_total "
	"counts them, too.")
EACH(QUEUE, QUEUE, "records_lost", f->queues[i].stats.records_lost)

GROUP("Changes and sweeps")
FIGURE(PUBLISH, "changes", COUNTER, podgate_changes_total, f->publish.changes,
	"Changes of policies, pods or namespaces published. Several changes that come together "
	"count as one.")
FIGURE(PUBLISH, "failures", COUNTER, podgate_failures_total, f->publish.failures,
	"Failed tries to publish, to sweep or to look after the rules. podgate tries each again.")
FIGURE(NONE, NULL, GAUGE_NS, podgate_last_change_timestamp_seconds, f->publish.seen_ns,
	"The time at which podgate saw the last change that is enforced, since 1970; 0: there was none.")
DURATIONS(podgate_time_to_publish_seconds, publish.until_published,
	"From a file being written until all new flows are judged by it.")
DURATIONS(podgate_time_to_enforce_seconds, publish.until_swept,
	"From a file being written until live flows are judged by it as well, and those that it "
	"denies are cut.")
DURATIONS(podgate_compile_duration_seconds, publish.compiles,
	"Compiling the policies, for each change.")
DURATIONS(podgate_publish_duration_seconds, publish.publishes,
	"From a compiled change until all workers judge by it.")
DURATIONS(podgate_sweep_duration_seconds, publish.swept,
	"Sweeping the kernel's flow table: at start, for each change, and in the background.")
STATUS(ONE, SWEEP, "sweeps", f->publish.sweeps)
FIGURE(SWEEP, "partial", COUNTER, podgate_partial_sweeps_total, f->publish.sweeps_of_ends,
	"Sweeps of the flows with certain ends alone, for changes that touch few addresses.")
FIGURE(SWEEP, "revoked_total", COUNTER, podgate_flows_revoked_total, f->publish.revoked,
	"Live flows cut because the policies deny them.")
FAMILY(GAUGE, podgate_sweep_flows, "outcome",
	"The results of the last sweep: flows seen in the table, judged, revoked (cut), restored "
	"(no longer cut), marked (for any reason).")
SAMPLE(SWEEP, "seen", f->publish.sweep.seen, {"outcome", "seen"})
SAMPLE(SWEEP, "judged", f->publish.sweep.judged, {"outcome", "judged"})
SAMPLE(SWEEP, "revoked", f->publish.sweep.revoked, {"outcome", "revoked"})
SAMPLE(SWEEP, "restored", f->publish.sweep.restored, {"outcome", "restored"})
SAMPLE(SWEEP, "marked", f->publish.sweep.marked, {"outcome", "marked"})

GROUP("Learned classes")
FIGURE(NONE, NULL, TRUTH, podgate_classes_learning, f->classes.learning,
	"1 while flow classes are learned.")
FAMILY(GAUGE, podgate_classes, "verdict , family",
	"Flow classes learned since the sets were last emptied.")
SAMPLE(NONE, NULL,
	f->classes.current[LEARNER_ALLOWED][LEARNER_IPV4], {"verdict", "allow"}, {"family", "ipv4"})
SAMPLE(NONE, NULL,
	f->classes.current[LEARNER_ALLOWED][LEARNER_IPV6], {"verdict", "allow"}, {"family", "ipv6"})
SAMPLE(NONE, NULL,
	f->classes.current[LEARNER_DENIED][LEARNER_IPV4], {"verdict", "deny"}, {"family", "ipv4"})
SAMPLE(NONE, NULL,
	f->classes.current[LEARNER_DENIED][LEARNER_IPV6], {"verdict", "deny"}, {"family", "ipv6"})
FAMILY(COUNTER, podgate_classes_learned_total, "verdict , family", "Flow classes learned.")
SAMPLE(NONE, NULL,
	f->classes.learned[LEARNER_ALLOWED][LEARNER_IPV4], {"verdict", "allow"}, {"family", "ipv4"})
SAMPLE(NONE, NULL,
	f->classes.learned[LEARNER_ALLOWED][LEARNER_IPV6], {"verdict", "allow"}, {"family", "ipv6"})
SAMPLE(NONE, NULL,
	f->classes.learned[LEARNER_DENIED][LEARNER_IPV4], {"verdict", "deny"}, {"family", "ipv4"})
SAMPLE(NONE, NULL,
	f->classes.learned[LEARNER_DENIED][LEARNER_IPV6], {"verdict", "deny"}, {"family", "ipv6"})
STATUS(ONE, CLASSES, "learned", classes_learned(&f->classes))
FAMILY(COUNTER, podgate_class_answered_packets_total, "verdict",
	"Packets that the kernel answered by a learned class, read every second. Allowed packets "
	"count only while log_allowed: yes has them logged.")
SAMPLE(NONE, NULL, f->classes.answered[LEARNER_ALLOWED], {"verdict", "allow"})
SAMPLE(NONE, NULL, f->classes.answered[LEARNER_DENIED], {"verdict", "deny"})
STATUS(ONE, CLASSES, "answered",
	f->classes.answered[LEARNER_ALLOWED] + f->classes.answered[LEARNER_DENIED])
FIGURE(CLASSES, "emptied", COUNTER, podgate_classes_emptied_total, f->classes.emptied,
	"Times that the sets of learned classes were emptied because something changed.")
FIGURE(CLASSES, "refused", COUNTER, podgate_classes_refused_total, f->classes.refused,
	"Sightings for whose classes there was no room.")
FIGURE(CLASSES, "errors", COUNTER, podgate_class_errors_total, f->classes.errors,
	"Times that the kernel refused a change of its sets.")

GROUP("Policies and the log")
/* its samples are those of policy_series.h */
FAMILY(COUNTER, podgate_policy_hits_total, "policy , direction , verdict",
	"The denials of a policy: packets (deny), packets that it would have denied were it not "
	"for audit mode (audit-deny), and live flows cut (revoke).")
FIGURE(LOG, "records", COUNTER, podgate_log_records_total, f->log.records,
	"Records that reached the verdict log, with those of repeats that the kernel answered.")
FIGURE(LOG, "lines", COUNTER, podgate_log_lines_total, f->log.lines,
	"Lines written to the verdict log.")
FIGURE(LOG, "lost", COUNTER, podgate_log_lost_total, f->log.lost,
	"Records and lines that no line of the verdict log stands for.")
FIGURE(NONE, NULL, TRUTH, podgate_log_failing, f->log.error != 0,
	"1 while writing to the log fails.")

GROUP("The process")
FIGURE(NONE, NULL, GAUGE, process_resident_memory_bytes, f->process.resident_bytes,
	"Resident memory size in bytes.")
FIGURE(NONE, NULL, GAUGE, process_virtual_memory_bytes, f->process.virtual_bytes,
	"Virtual memory size in bytes.")
FIGURE(NONE, NULL, COUNTER_NS, process_cpu_seconds_total, f->process.cpu_ns,
	"Total user and system CPU time spent in seconds.")
FIGURE(NONE, NULL, GAUGE, process_open_fds, f->process.open_fds, "Number of open file descriptors.")
FIGURE(NONE, NULL, GAUGE, process_max_fds, f->process.max_fds,
	"Maximum number of open file descriptors.")
FIGURE(NONE, NULL, GAUGE_NS, process_start_time_seconds, f->started_wall_ns,
	"Start time of the process since unix epoch in seconds.")

#undef GROUP
#undef FIGURE
#undef FAMILY
#undef SAMPLE
#undef EACH
#undef INFO
#undef DURATIONS
#undef STATUS

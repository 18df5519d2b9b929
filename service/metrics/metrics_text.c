/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/metrics/metrics_text.h"

#include <stdbool.h>
#include <stddef.h>

#include "kernel/bridge/bridge_guard.h"
#include "service/metrics/exposition.h"
#include "service/views/health.h"

static void gauge(struct exposition *out, const char *name, uint64_t value, const char *help)
{
	exposition_one(out, EXPOSITION_GAUGE, name, value, help);
}

static void counter(struct exposition *out, const char *name, uint64_t value, const char *help)
{
	exposition_one(out, EXPOSITION_COUNTER, name, value, help);
}

static void durations(struct exposition *out, const char *name, const struct histogram *histogram,
	const char *help)
{
	exposition_begin(out, EXPOSITION_HISTOGRAM, name, help);
	exposition_durations(out, histogram);
}

/* ---- what it is, and how it is set ---- */

static void write_fail_mode(struct exposition *out, const char *event, enum fail_mode mode)
{
	exposition_integer(out, mode == FAIL_CLOSED, LABELS({"event", event}, {"mode", "closed"}));
	exposition_integer(out, mode == FAIL_OPEN, LABELS({"event", event}, {"mode", "open"}));
}

static void write_settings(struct exposition *out, const struct status_figures *figures)
{
	static const char *const modes[] = {"enforcing", "audit"};
	const struct status_audited audited = status_figures_audited(figures);

	exposition_begin(out, EXPOSITION_GAUGE, "podgate_build_info",
		"What runs: 1, the version in its label.");
	exposition_integer(out, 1, LABELS({"version", PODGATE_VERSION}));
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_mode",
		"1 for the mode that the whole gateway is in: enforcing, or audit, where all "
		"passes.");
	exposition_choice(out, "mode", modes, 2, figures->settings->audit);
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_audited_objects",
		"Objects in audit mode by themselves, by kind.");
	exposition_integer(out, audited.namespaces, LABELS({"kind", "Namespace"}));
	exposition_integer(out, audited.pods, LABELS({"kind", "Pod"}));
	exposition_integer(out, audited.policies, LABELS({"kind", "NetworkPolicy"}));
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_fail_mode",
		"1 for what unjudged packets meet at an event: closed (dropped) or open (passed).");
	write_fail_mode(out, "daemon_away", figures->settings->daemon_away);
	write_fail_mode(out, "queue_full", figures->settings->queue_full);
	write_fail_mode(out, "unreadable", FAIL_CLOSED);
	counter(out, "podgate_overflows_total", figures->publish.overflows,
		"With queue_full: open, how often new flows may have passed unjudged because a "
		"queue was full.");
}

static void write_policies(struct exposition *out, const struct status_figures *figures)
{
	char reason[HEALTH_REASON];

	gauge(out, "podgate_ready", health_ready(figures, reason),
		"Whether the policies, as the manifests have them, are in force: what /readyz "
		"answers.");
	gauge(out, "podgate_revision", figures->revision, "Revision of the policies in force.");
	gauge(out, "podgate_change_pending", figures->publish.pending,
		"Whether a change waits to be enforced.");
	gauge(out, "podgate_pods", figures->cluster->pod_count, "Pods known.");
	gauge(out, "podgate_policies", figures->cluster->policy_count, "Policies in force.");
	gauge(out, "podgate_isolated_addresses", figures->isolated,
		"Addresses of pods that some policy isolates.");
	gauge(out, "podgate_manifest_files", figures->manifests.files, "Manifest files read.");
	gauge(out, "podgate_manifest_files_broken", figures->manifests.broken_files,
		"Manifest files that are broken: what their last good version had stays in force.");
	gauge(out, "podgate_manifest_files_never_whole", figures->manifests.never_whole,
		"Broken manifest files of which no version was ever whole: what is broken in them "
		"is not in force.");
	gauge(out, "podgate_manifest_files_emptied", figures->manifests.emptied_files,
		"Manifest files that turned empty, which is not believed: what they held stays in "
		"force.");
	gauge(out, "podgate_manifest_files_being_written", figures->manifests.being_written,
		"Manifest files that are being written: their last version stays in force.");
	gauge(out, "podgate_manifest_objects_partial", figures->manifests.partial_objects,
		"Objects with errors that were never sound: enforced as far as they can be read.");
	gauge(out, "podgate_manifest_objects_kept", figures->manifests.kept_objects,
		"Objects in force only because the new version of their file is broken or empty.");
	gauge(out, "podgate_manifest_policies_not_enforced", other_policies_total(&figures->others),
		"Policies of kinds that are not enforced, such as ClusterNetworkPolicy.");
	gauge(out, "podgate_manifest_findings", figures->findings,
		"Findings in the manifests, warnings included.");
	gauge(out, "podgate_manifest_errors", figures->errors, "Errors in the manifests.");
}

/* A figure for each source of objects; `at` is its place in struct status_source. */
static void write_source_figure(struct exposition *out, const struct status_figures *figures,
	const char *name, const char *help, size_t at)
{
	exposition_begin(out, EXPOSITION_GAUGE, name, help);
	for (size_t i = 0; i < figures->source_count; i++) {
		const struct status_source *source = &figures->sources[i];
		const size_t *value = (const size_t *)(const void *)((const char *)source + at);

		exposition_integer(out, *value, LABELS({"source", source->name}));
	}
}

static void write_sources(struct exposition *out, const struct status_figures *figures)
{
	write_source_figure(out, figures, "podgate_source_files", "Files of a source of objects.",
		offsetof(struct status_source, stats.files));
	write_source_figure(out, figures, "podgate_source_files_broken",
		"Files of a source that are broken.",
		offsetof(struct status_source, stats.broken_files));
	write_source_figure(out, figures, "podgate_source_objects",
		"Objects that a source brings, of all kinds.",
		offsetof(struct status_source, stats.objects));
	write_source_figure(out, figures, "podgate_source_findings",
		"Findings about the files of a source, warnings included.",
		offsetof(struct status_source, stats.findings));
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_source_healthy",
		"Whether a source brings all that it should; `podgate status -o json` says why "
		"not.");
	for (size_t i = 0; i < figures->source_count; i++)
		exposition_integer(out, figures->sources[i].problem[0] == '\0',
			LABELS({"source", figures->sources[i].name}));
}

/* ---- rules and bridges ---- */

static void write_rules(struct exposition *out, const struct status_figures *figures)
{
	const struct publish_stats *publish = &figures->publish;
	const char *bridges[] = {bridges_state_name(BRIDGES_NONE),
		bridges_state_name(BRIDGES_SHOWN), bridges_state_name(BRIDGES_HIDDEN),
		bridges_state_name(BRIDGES_UNKNOWN)};

	exposition_begin(out, EXPOSITION_GAUGE, "podgate_rules_info",
		"How the rules are written: 1, the iptables back end and whether IPv6 is enforced "
		"in its labels.");
	exposition_integer(out, 1,
		LABELS({"backend", figures->rules.backend == BACKEND_LEGACY ? "legacy" : "nft"},
			{"ipv6", figures->rules.ipv6 ? "true" : "false"}));
	gauge(out, "podgate_rules_intact", publish->intact,
		"Whether our rules and sets were as they should be when last looked at.");
	counter(out, "podgate_rules_repairs_total", publish->repairs,
		"How often somebody had changed our rules or sets, and they were put back.");
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_set_addresses",
		"Addresses in the kernel's sets of isolated pods, when last looked at.");
	exposition_integer(out, (uint64_t)publish->set_sizes[0], LABELS({"family", "ipv4"}));
	exposition_integer(out, (uint64_t)publish->set_sizes[1], LABELS({"family", "ipv6"}));
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_bridges",
		"1 for how it is about what bridges forward: none, shown to the rules, hidden from "
		"them, unknown.");
	exposition_choice(
		out, "state", bridges, sizeof(bridges) / sizeof(bridges[0]), publish->bridges);
	gauge(out, "podgate_flow_table_flows", publish->room.flows,
		"Flows in the kernel's table, when last looked at.");
	gauge(out, "podgate_flow_table_most", publish->room.most,
		"How many it has room for; 0: no limit.");
	counter(out, "podgate_flow_table_dropped_packets_total", publish->room.dropped,
		"Packets of new flows that the kernel dropped for want of room, whatever the "
		"policies say.");
	counter(out, "podgate_flow_table_evicted_flows_total", publish->room.evicted,
		"Flows without an answer that had to make room for new ones.");
	counter(out, "podgate_flow_table_clashed_packets_total", publish->room.clashed,
		"Packets that were let pass and that the kernel dropped, because one of the same "
		"new flow was first (not UDP).");
	counter(out, "podgate_bridges_mended_total", publish->bridges_mended,
		"How often what bridges forward had to be made to pass the rules.");
}

/* ---- queues ---- */

typedef uint64_t queue_figure(const struct worker_stats *stats);

static uint64_t get_bursts(const struct worker_stats *stats)
{
	return stats->bursts;
}

static uint64_t get_waiting(const struct worker_stats *stats)
{
	return stats->waiting;
}

static uint64_t get_kernel_dropped(const struct worker_stats *stats)
{
	return stats->kernel_dropped;
}

static uint64_t get_user_dropped(const struct worker_stats *stats)
{
	return stats->user_dropped;
}

static uint64_t get_records_lost(const struct worker_stats *stats)
{
	return stats->records_lost;
}

struct queue_name {
	char text[12];
};

static struct queue_name name_of(const struct status_queue *queue)
{
	struct queue_name name;

	snprintf(name.text, sizeof(name.text), "%u", queue->number);
	return name;
}

static void write_by_queue(struct exposition *out, const struct status_figures *figures,
	enum exposition_kind kind, const char *name, queue_figure *figure, const char *help)
{
	exposition_begin(out, kind, name, help);
	for (size_t i = 0; i < figures->queue_count; i++)
		exposition_integer(out, figure(&figures->queues[i].stats),
			LABELS({"queue", name_of(&figures->queues[i]).text}));
}

static void write_verdicts(struct exposition *out, const struct status_figures *figures)
{
	exposition_begin(out, EXPOSITION_COUNTER, "podgate_packets_total",
		"Packets judged in userspace, by queue and verdict; unreadable ones are among the "
		"denied.");
	for (size_t i = 0; i < figures->queue_count; i++) {
		const struct worker_stats *stats = &figures->queues[i].stats;
		const struct queue_name name = name_of(&figures->queues[i]);

		exposition_integer(out, stats->allowed,
			LABELS({"queue", name.text}, {"verdict", verdict_name(VERDICT_ALLOW)}));
		exposition_integer(out, stats->denied,
			LABELS({"queue", name.text}, {"verdict", verdict_name(VERDICT_DENY)}));
		exposition_integer(out, stats->audited,
			LABELS({"queue", name.text},
				{"verdict", verdict_name(VERDICT_AUDIT_DENY)}));
	}
}

static void write_unreadable(struct exposition *out, const struct status_figures *figures)
{
	exposition_begin(out, EXPOSITION_COUNTER, "podgate_unreadable_packets_total",
		"Packets denied because they could not be parsed, by cause.");
	for (int error = PACKET_OK + 1; error < PACKET_ERROR_COUNT; error++) {
		uint64_t sum = 0;

		for (size_t i = 0; i < figures->queue_count; i++)
			sum += figures->queues[i].stats.unreadable[error];
		exposition_integer(
			out, sum, LABELS({"cause", packet_error_name((enum packet_error)error)}));
	}
}

static const char *role_name(enum gate_role role)
{
	return role == GATE_REPLY ? "reply" : role == GATE_FLOOD ? "flood" : "new";
}

static void write_queue_roles(struct exposition *out, const struct status_figures *figures)
{
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_queue_info", "What each queue is for.");
	for (size_t i = 0; i < figures->queue_count; i++)
		exposition_integer(out, 1,
			LABELS({"queue", name_of(&figures->queues[i]).text},
				{"role", role_name(figures->queues[i].role)}));
}

static void write_queue_errors(struct exposition *out, const struct status_figures *figures)
{
	exposition_begin(out, EXPOSITION_COUNTER, "podgate_queue_errors_total",
		"What went wrong: messages not understood, failed receives, verdicts that the "
		"kernel refused, packets that were gone.");
	for (size_t i = 0; i < figures->queue_count; i++) {
		const struct worker_stats *stats = &figures->queues[i].stats;
		const struct queue_name name = name_of(&figures->queues[i]);

		exposition_integer(out, stats->bad_messages,
			LABELS({"queue", name.text}, {"kind", "message"}));
		exposition_integer(out, stats->receive_errors,
			LABELS({"queue", name.text}, {"kind", "receive"}));
		exposition_integer(out, stats->verdict_errors,
			LABELS({"queue", name.text}, {"kind", "verdict"}));
		exposition_integer(
			out, stats->gone, LABELS({"queue", name.text}, {"kind", "gone"}));
	}
}

static void write_queues(struct exposition *out, const struct status_figures *figures)
{
	write_queue_roles(out, figures);
	write_verdicts(out, figures);
	write_unreadable(out, figures);
	write_by_queue(out, figures, EXPOSITION_COUNTER, "podgate_bursts_total", get_bursts,
		"Times that a worker read packets, one or many.");
	write_by_queue(out, figures, EXPOSITION_GAUGE, "podgate_queue_waiting_packets", get_waiting,
		"Packets that wait in the kernel for their verdict.");
	write_by_queue(out, figures, EXPOSITION_COUNTER,
		"podgate_queue_kernel_dropped_packets_total", get_kernel_dropped,
		"Packets dropped by the kernel because the queue was full.");
	write_by_queue(out, figures, EXPOSITION_COUNTER, "podgate_queue_user_dropped_packets_total",
		get_user_dropped,
		"Packets dropped by the kernel because the worker's socket was full.");
	write_queue_errors(out, figures);
	write_by_queue(out, figures, EXPOSITION_COUNTER, "podgate_queue_records_lost_total",
		get_records_lost,
		"Records for the log that a worker had no room to leave; among "
		"podgate_log_lost_total.");
}

/* ---- changes and sweeps ---- */

static void write_changes(struct exposition *out, const struct publish_stats *publish)
{
	counter(out, "podgate_changes_total", publish->changes,
		"Changes of policies, pods or namespaces published.");
	counter(out, "podgate_failures_total", publish->failures,
		"Tries to publish a change, to sweep or to look after the rules that failed.");
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_last_change_timestamp_seconds",
		"When the change published last was seen, in seconds since 1970; 0: there was none "
		"since the start.");
	exposition_seconds(out, publish->seen_ns, NULL);
	durations(out, "podgate_time_to_publish_seconds", &publish->until_published,
		"From a file being written until all new flows are judged by what it says.");
	durations(out, "podgate_time_to_enforce_seconds", &publish->until_swept,
		"From a file being written until live flows are judged by it, too, and those it "
		"denies are cut.");
	durations(out, "podgate_compile_duration_seconds", &publish->compiles,
		"Compiling the policies, for each change.");
	durations(out, "podgate_publish_duration_seconds", &publish->publishes,
		"From a compiled change until all workers judge by it.");
	durations(out, "podgate_sweep_duration_seconds", &publish->swept,
		"Sweeping the flow table: at start, for each change, and in the background.");
}

static void write_sweeps(struct exposition *out, const struct publish_stats *publish)
{
	const struct sweep_stats *sweep = &publish->sweep;

	counter(out, "podgate_flows_revoked_total", publish->revoked,
		"Live flows cut because the policies deny them.");
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_sweep_flows",
		"What the last sweep found and did: flows in the table, judged, cut (revoked), let "
		"live again, marked.");
	exposition_integer(out, sweep->seen, LABELS({"outcome", "seen"}));
	exposition_integer(out, sweep->judged, LABELS({"outcome", "judged"}));
	exposition_integer(out, sweep->revoked, LABELS({"outcome", "revoked"}));
	exposition_integer(out, sweep->restored, LABELS({"outcome", "restored"}));
	exposition_integer(out, sweep->marked, LABELS({"outcome", "marked"}));
}

/* ---- classes ---- */

static const char *const kind_names[LEARNER_KINDS] = {
	[LEARNER_ALLOWED] = "allow", [LEARNER_DENIED] = "deny"};
static const char *const family_names[LEARNER_FAMILIES] = {
	[LEARNER_IPV4] = "ipv4", [LEARNER_IPV6] = "ipv6"};

static void write_by_kind(
	struct exposition *out, const uint64_t figures[LEARNER_KINDS][LEARNER_FAMILIES])
{
	for (int kind = 0; kind < LEARNER_KINDS; kind++)
		for (int family = 0; family < LEARNER_FAMILIES; family++)
			exposition_integer(out, figures[kind][family],
				LABELS({"verdict", kind_names[kind]},
					{"family", family_names[family]}));
}

static void write_classes(struct exposition *out, const struct learner_stats *classes)
{
	gauge(out, "podgate_classes_learning", classes->learning,
		"Whether classes of flows are learned now.");
	exposition_begin(out, EXPOSITION_GAUGE, "podgate_classes",
		"Classes of flows learned since the sets were last emptied.");
	write_by_kind(out, classes->current);
	exposition_begin(out, EXPOSITION_COUNTER, "podgate_classes_learned_total",
		"Classes of flows learned.");
	write_by_kind(out, classes->learned);
	exposition_begin(out, EXPOSITION_COUNTER, "podgate_class_answered_packets_total",
		"Packets that the kernel answered by a learned class; allowed ones only while they "
		"are logged.");
	for (int kind = 0; kind < LEARNER_KINDS; kind++)
		exposition_integer(
			out, classes->answered[kind], LABELS({"verdict", kind_names[kind]}));
	counter(out, "podgate_classes_refused_total", classes->refused,
		"Sightings for whose classes there was no room.");
	counter(out, "podgate_classes_emptied_total", classes->emptied,
		"How often the sets of learned classes were emptied, because something changed.");
	counter(out, "podgate_class_errors_total", classes->errors,
		"Times that the kernel refused what the learner asked of its sets.");
}

/* ---- what the log tells ---- */

static void write_log(struct exposition *out, const struct verdict_log_stats *log)
{
	counter(out, "podgate_log_records_total", log->records,
		"Records that came to the verdict log.");
	counter(out, "podgate_log_lines_total", log->lines, "Lines written to the verdict log.");
	counter(out, "podgate_log_lost_total", log->lost,
		"Records and lines that no line of the verdict log tells of.");
	gauge(out, "podgate_log_failing", log->error != 0,
		"Whether the last write to the verdict log failed.");
}

static void write_hit(
	const char *policy, const struct policy_hit_counts sides[DIRECTION_COUNT], void *context)
{
	struct exposition *out = context;

	for (int side = 0; side < DIRECTION_COUNT; side++) {
		const struct {
			const char *verdict;
			uint64_t count;
		} hits[] = {
			{verdict_name(VERDICT_DENY), sides[side].denied},
			{verdict_name(VERDICT_AUDIT_DENY), sides[side].audited},
			{"revoke", sides[side].cut},
		};

		for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++)
			if (hits[i].count > 0)
				exposition_integer(out, hits[i].count,
					LABELS({"policy", policy},
						{"direction", direction_name((enum direction)side)},
						{"verdict", hits[i].verdict}));
	}
}

static void write_hits(struct exposition *out, const struct policy_series *series)
{
	exposition_begin(out, EXPOSITION_COUNTER, "podgate_policy_hits_total",
		"Denials due to each policy: packets (deny, audit-deny) and live flows cut "
		"(revoke).");
	policy_series_visit(series, write_hit, out);
}

/* ---- the process: names and meanings that all of Prometheus' clients share ---- */

static void write_process(struct exposition *out, const struct status_figures *figures)
{
	const struct process_figures *process = &figures->process;

	gauge(out, "process_resident_memory_bytes", process->resident_bytes,
		"Resident memory size in bytes.");
	gauge(out, "process_virtual_memory_bytes", process->virtual_bytes,
		"Virtual memory size in bytes.");
	exposition_begin(out, EXPOSITION_COUNTER, "process_cpu_seconds_total",
		"Total user and system CPU time spent in seconds.");
	exposition_seconds(out, process->cpu_ns, NULL);
	gauge(out, "process_open_fds", process->open_fds, "Number of open file descriptors.");
	gauge(out, "process_max_fds", process->max_fds, "Maximum number of open file descriptors.");
	exposition_begin(out, EXPOSITION_GAUGE, "process_start_time_seconds",
		"Start time of the process since unix epoch in seconds.");
	exposition_seconds(out, figures->started_wall_ns, NULL);
}

void metrics_text_write(
	FILE *to, const struct status_figures *figures, const struct policy_series *series)
{
	struct exposition out = {.to = to};

	write_settings(&out, figures);
	write_policies(&out, figures);
	write_sources(&out, figures);
	write_rules(&out, figures);
	write_queues(&out, figures);
	write_changes(&out, &figures->publish);
	write_sweeps(&out, &figures->publish);
	write_classes(&out, &figures->classes);
	write_hits(&out, series);
	write_log(&out, &figures->log);
	write_process(&out, figures);
}

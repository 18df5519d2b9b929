/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/status.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enforcer/log/record_time.h"
#include "kernel/bridge/bridge_guard.h"
#include "policy/lint/odd_claims.h"

/*
 * A value under construction: when memory runs short once, `complete` turns false and stays so,
 * which spares every line of the report a check of its own.
 */
struct report {
	cJSON *to;
	bool *complete;
};

static struct report section(struct report report, const char *name)
{
	struct report inner = {
		.to = cJSON_AddObjectToObject(report.to, name), .complete = report.complete};

	*report.complete = *report.complete && inner.to != NULL;
	return inner;
}

static void number(struct report report, const char *name, double value)
{
	*report.complete = cJSON_AddNumberToObject(report.to, name, value) != NULL &&
		*report.complete;
}

static void count(struct report report, const char *name, uint64_t value)
{
	number(report, name, (double)value);
}

/* Milliseconds, to the microsecond: more would be noise. */
static void milliseconds(struct report report, const char *name, uint64_t nanoseconds)
{
	number(report, name, (double)(nanoseconds / 1000) / 1000.0);
}

static void text(struct report report, const char *name, const char *value)
{
	*report.complete = cJSON_AddStringToObject(report.to, name, value) != NULL &&
		*report.complete;
}

static void truth(struct report report, const char *name, bool value)
{
	*report.complete = cJSON_AddBoolToObject(report.to, name, value) != NULL &&
		*report.complete;
}

static struct report list(struct report report, const char *name)
{
	struct report inner = {
		.to = cJSON_AddArrayToObject(report.to, name), .complete = report.complete};

	*report.complete = *report.complete && inner.to != NULL;
	return inner;
}

static void list_item(struct report to, cJSON *item)
{
	if (item != NULL && to.to != NULL && cJSON_AddItemToArray(to.to, item))
		return;
	cJSON_Delete(item);
	*to.complete = false;
}

static void list_name(struct report to, const char *namespace_name, const char *name)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", namespace_name, name);
	list_item(to, cJSON_CreateString(full));
}

/* As another process finds it, which works in another folder. */
static void list_path(struct report to, const char *path)
{
	char folder[PATH_MAX], full[2 * PATH_MAX];

	if (path[0] == '/' || getcwd(folder, sizeof(folder)) == NULL)
		snprintf(full, sizeof(full), "%s", path);
	else
		snprintf(full, sizeof(full), "%s/%s", folder, path);
	list_item(to, cJSON_CreateString(full));
}

static void report_audited(struct report report, const struct cluster *cluster)
{
	const struct report audited = section(report, "audited");
	const struct report namespaces = list(audited, "namespaces");
	const struct report pods = list(audited, "pods");
	const struct report policies = list(audited, "policies");

	for (size_t i = 0; i < cluster->namespace_count; i++)
		if (cluster->namespaces[i]->audit)
			list_item(namespaces, cJSON_CreateString(cluster->namespaces[i]->name));
	for (size_t i = 0; i < cluster->pod_count; i++)
		if (cluster->pods[i]->audit)
			list_name(pods, cluster->pods[i]->namespace_name, cluster->pods[i]->name);
	for (size_t i = 0; i < cluster->policy_count; i++)
		if (cluster->policies[i]->audit)
			list_name(policies, cluster->policies[i]->namespace_name,
				cluster->policies[i]->name);
}

static void report_policies(struct report report, const struct status_figures *figures)
{
	const struct cluster *cluster = figures->cluster;

	text(report, "mode", figures->settings->audit ? "audit" : "enforcing");
	truth(report, "idle", figures->idle);
	report_audited(report, cluster);
	count(report, "revision", figures->revision);
	truth(report, "pending", figures->publish.pending);
	count(report, "pods", cluster->pod_count);
	count(report, "policies", cluster->policy_count);
	count(report, "isolated", figures->isolated);
}

static void report_others(struct report report, const struct other_policies *others)
{
	const struct report kinds = list(report, "not_enforced");

	for (size_t i = 0; i < others->count; i++) {
		const struct report item = {
			.to = cJSON_CreateObject(), .complete = report.complete};

		list_item(kinds, item.to);
		text(item, "kind", others->items[i].kind);
		text(item, "group", others->items[i].group);
		count(item, "count", others->items[i].count);
	}
}

static void report_manifests(struct report report, const struct status_figures *figures)
{
	const struct report manifests = section(report, "manifests");
	const struct report paths = list(manifests, "paths");

	for (size_t i = 0; i < figures->settings->manifest_count; i++)
		list_path(paths, figures->settings->manifests[i]);
	count(manifests, "files", figures->manifests.files);
	count(manifests, "broken_files", figures->manifests.broken_files);
	count(manifests, "never_whole", figures->manifests.never_whole);
	count(manifests, "emptied_files", figures->manifests.emptied_files);
	count(manifests, "being_written", figures->manifests.being_written);
	count(manifests, "recalled_objects", figures->manifests.recalled_objects);
	count(manifests, "partial_objects", figures->manifests.partial_objects);
	count(manifests, "kept_objects", figures->manifests.kept_objects);
	count(manifests, "findings", figures->findings);
	count(manifests, "errors", figures->errors);
	report_others(manifests, &figures->others);
}

static void report_sources(struct report report, const struct status_figures *figures)
{
	const struct report sources = list(report, "sources");

	for (size_t i = 0; i < figures->source_count; i++) {
		const struct status_source *source = &figures->sources[i];
		const struct report item = {
			.to = cJSON_CreateObject(), .complete = report.complete};

		list_item(sources, item.to);
		text(item, "name", source->name);
		count(item, "files", source->stats.files);
		count(item, "broken_files", source->stats.broken_files);
		count(item, "objects", source->stats.objects);
		count(item, "findings", source->stats.findings);
		truth(item, "reading", source->reading);
		if (source->problem[0] != '\0')
			text(item, "problem", source->problem);
	}
}

static void report_state(struct report report, const struct status_figures *figures)
{
	const struct report state = section(report, "state");

	text(state, "directory", figures->settings->state_directory);
	count(state, "files", figures->state_records);
	if (figures->state_problem[0] != '\0')
		text(state, "problem", figures->state_problem);
}

static void report_rules(struct report report, const struct ruleset_options *rules,
	const struct publish_stats *stats)
{
	const struct report to = section(report, "rules");
	const struct report sets = section(to, "sets");

	text(to, "backend", rules->backend == BACKEND_LEGACY ? "legacy" : "nft");
	truth(to, "ipv6", rules->ipv6);
	truth(to, "intact", stats->intact);
	count(to, "repairs", stats->repairs);
	count(to, "flood_rate", rules->flood_rate);
	number(sets, "ipv4", (double)stats->set_sizes[0]);
	number(sets, "ipv6", (double)stats->set_sizes[1]);
}

static const char *bridge_mode_name(enum bridge_mode mode)
{
	static const char *const names[] = {
		[BRIDGE_SET] = "set", [BRIDGE_REQUIRE] = "require", [BRIDGE_IGNORE] = "ignore"};

	return names[mode];
}

static void report_bridges(
	struct report report, const struct settings *settings, const struct publish_stats *stats)
{
	const struct report to = section(report, "bridges");

	text(to, "setting", bridge_mode_name(settings->bridge));
	text(to, "state", bridges_state_name(stats->bridges));
	count(to, "mended", stats->bridges_mended);
}

static void report_flow_table(struct report report, const struct flow_room *room)
{
	const struct report to = section(report, "flow_table");

	count(to, "flows", room->flows);
	count(to, "most", room->most);
	count(to, "dropped", room->dropped);
	count(to, "evicted", room->evicted);
	count(to, "clashed", room->clashed);
}

static uint64_t unreadable(const struct worker_stats *stats)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PACKET_ERROR_COUNT; i++)
		sum += stats->unreadable[i];
	return sum;
}

static void report_queue(struct report queues, const struct status_queue *of)
{
	const struct worker_stats *stats = &of->stats;
	struct report queue = {.to = cJSON_CreateObject(), .complete = queues.complete};

	count(queue, "queue", of->number);
	truth(queue, "reply", of->role == GATE_REPLY);
	truth(queue, "flood", of->role == GATE_FLOOD);
	count(queue, "packets", stats->packets);
	count(queue, "allowed", stats->allowed);
	count(queue, "denied", stats->denied);
	count(queue, "audited", stats->audited);
	count(queue, "unreadable", unreadable(stats));
	count(queue, "waiting", stats->waiting);
	count(queue, "kernel_dropped", stats->kernel_dropped);
	count(queue, "user_dropped", stats->user_dropped);
	count(queue, "gone", stats->gone);
	count(queue, "errors", stats->bad_messages + stats->receive_errors + stats->verdict_errors);
	count(queue, "records_lost", stats->records_lost);
	list_item(queues, queue.to);
}

static void report_queues(struct report report, const struct status_figures *figures)
{
	const struct report queues = list(report, "queues");

	for (size_t i = 0; i < figures->queue_count; i++)
		report_queue(queues, &figures->queues[i]);
}

static void report_inherited(struct report report, const struct status_figures *figures)
{
	static const char *const origins[] = {[INHERITANCE_NONE] = "nobody",
		[INHERITANCE_SERVICE_MANAGER] = "service manager",
		[INHERITANCE_PREDECESSOR] = "predecessor"};
	const struct report to = section(report, "inherited");

	text(to, "from", origins[figures->inherited_from]);
	count(to, "pid", (uint64_t)figures->predecessor);
	count(to, "queues", figures->inherited.queues);
	count(to, "repeated", figures->inherited.repeated);
}

static void report_publish(struct report report, const struct publish_stats *stats)
{
	const struct report to = section(report, "publish");
	struct report worst;
	char seen[RECORD_TIME_TEXT];

	count(to, "changes", stats->changes);
	count(to, "failures", stats->failures);
	if (stats->changes == 0)
		return;
	milliseconds(to, "read_ms", stats->read_ns);
	text(to, "seen", record_time_format(stats->seen_ns, seen));
	milliseconds(to, "wait_ms", stats->wait_ns);
	milliseconds(to, "compile_ms", stats->compile_ns);
	milliseconds(to, "publish_ms", stats->publish_ns);
	milliseconds(to, "sweep_ms", stats->sweep_ns);
	milliseconds(to, "total_ms", stats->total_ns);
	milliseconds(to, "judged_ms", stats->judged_ns);
	worst = section(to, "worst");
	milliseconds(worst, "judged_ms", stats->worst_judged_ns);
	milliseconds(worst, "total_ms", stats->worst_total_ns);
}

static void report_sweep(struct report report, const struct publish_stats *stats)
{
	const struct report to = section(report, "sweep");

	count(to, "sweeps", stats->sweeps);
	count(to, "revoked_total", stats->revoked);
	count(to, "seen", stats->sweep.seen);
	count(to, "judged", stats->sweep.judged);
	count(to, "revoked", stats->sweep.revoked);
	count(to, "restored", stats->sweep.restored);
	count(to, "marked", stats->sweep.marked);
	milliseconds(to, "ms", stats->sweep.nanoseconds);
}

static void report_kind(
	struct report report, const char *name, const uint64_t families[LEARNER_FAMILIES])
{
	const struct report to = section(report, name);

	count(to, "ipv4", families[LEARNER_IPV4]);
	count(to, "ipv6", families[LEARNER_IPV6]);
}

static void report_classes(struct report report, const struct learner_stats *stats)
{
	const struct report to = section(report, "classes");
	uint64_t learned = 0;

	for (int kind = 0; kind < LEARNER_KINDS; kind++)
		for (int family = 0; family < LEARNER_FAMILIES; family++)
			learned += stats->learned[kind][family];
	truth(to, "learning", stats->learning);
	report_kind(to, "allowed", stats->current[LEARNER_ALLOWED]);
	report_kind(to, "denied", stats->current[LEARNER_DENIED]);
	count(to, "learned", learned);
	count(to, "answered", stats->answered[LEARNER_ALLOWED] + stats->answered[LEARNER_DENIED]);
	count(to, "emptied", stats->emptied);
	count(to, "refused", stats->refused);
	count(to, "errors", stats->errors);
}

static const char *fail_mode_name(enum fail_mode mode)
{
	return mode == FAIL_OPEN ? "open" : "closed";
}

static void report_fail_modes(
	struct report report, const struct settings *settings, const struct publish_stats *stats)
{
	const struct report to = section(report, "fail_modes");

	text(to, "daemon_away", fail_mode_name(settings->daemon_away));
	text(to, "queue_full", fail_mode_name(settings->queue_full));
	text(to, "unreadable", "closed");
	count(to, "overflows", stats->overflows);
}

static void report_log(struct report report, const struct status_figures *figures)
{
	const struct report to = section(report, "log");
	const struct verdict_log_stats *stats = &figures->log;

	text(to, "file", figures->settings->log_file);
	count(to, "records", stats->records);
	count(to, "lines", stats->lines);
	count(to, "lost", stats->lost);
	if (stats->error != 0)
		text(to, "error", strerror(stats->error));
}

static void report_process(struct report report, const struct status_figures *figures)
{
	text(report, "version", PODGATE_VERSION);
	count(report, "uptime_s", figures->uptime_s);
	count(report, "pid", (uint64_t)getpid());
	count(report, "rss_kib", figures->process.resident_bytes / 1024);
}

static void report_memory(struct report report, const struct status_figures *figures)
{
	const struct report to = section(report, "memory");

	count(to, "peak_kib", figures->process.peak_bytes / 1024);
	count(to, "snapshot_kib", figures->snapshot_bytes / 1024);
}

static void report_privilege(struct report report, const struct confinement *confinement)
{
	cJSON *json = confinement_json(confinement);

	if (json == NULL || !cJSON_AddItemToObject(report.to, "privilege", json))
		*report.complete = false;
}

static cJSON *finish(struct report report)
{
	if (*report.complete)
		return report.to;
	cJSON_Delete(report.to);
	return NULL;
}

static void report_problems(struct report report, const struct status_figures *figures)
{
	const struct problem_list *more = &figures->problems;
	const struct report problems = list(report, "problems");

	if (figures->problem[0] != '\0') {
		text(report, "problem", figures->problem);
		list_item(problems, cJSON_CreateString(figures->problem));
	}
	for (size_t i = 0; i < more->count; i++)
		list_item(problems, cJSON_CreateString(more->items[i]));
}

static void report_diag(struct report diags, const struct diag *diag)
{
	const struct report item = {.to = cJSON_CreateObject(), .complete = diags.complete};

	text(item, "severity", diag_severity_name(diag->severity));
	text(item, "file", diag->pos.file);
	count(item, "line", diag->pos.line);
	count(item, "column", diag->pos.column);
	text(item, "code", diag->code);
	text(item, "text", diag->text);
	if (diag->hint != NULL)
		text(item, "hint", diag->hint);
	list_item(diags, item.to);
}

enum { CLAIMS_TOLD = 5 };

/* On the loop: the snapshot is in force until control returns to it. */
static void report_claims(struct report report, const struct snapshot *snapshot)
{
	struct arena *arena = arena_create();
	const struct report to = section(report, "addresses");
	const struct report told = list(to, "told");
	struct diag_list diags;

	if (arena == NULL) {
		*report.complete = false;
		return;
	}
	diag_list_init(&diags, arena);
	odd_claims_report(snapshot, false, &diags);
	count(to, "odd", diags.count + diags.dropped);
	for (size_t i = 0; i < diags.count && i < CLAIMS_TOLD; i++)
		report_diag(told, &diags.items[i]);
	arena_unref(arena);
}

static cJSON *report_all(const struct status_figures *figures, const struct snapshot *snapshot)
{
	bool complete = true;
	const struct report report = {.to = cJSON_CreateObject(), .complete = &complete};

	truth(report, "ok", true);
	report_process(report, figures);
	report_memory(report, figures);
	report_policies(report, figures);
	report_manifests(report, figures);
	report_sources(report, figures);
	report_claims(report, snapshot);
	report_state(report, figures);
	report_rules(report, &figures->rules, &figures->publish);
	report_bridges(report, figures->settings, &figures->publish);
	report_flow_table(report, &figures->publish.room);
	report_queues(report, figures);
	report_inherited(report, figures);
	report_publish(report, &figures->publish);
	report_sweep(report, &figures->publish);
	report_classes(report, &figures->classes);
	report_fail_modes(report, figures->settings, &figures->publish);
	report_log(report, figures);
	report_privilege(report, figures->confinement);
	report_problems(report, figures);
	return finish(report);
}

cJSON *status_json(const struct status_sources *sources)
{
	struct status_figures *figures = malloc(sizeof(*figures));
	cJSON *json = NULL;

	if (figures != NULL && status_figures_gather(sources, figures) == 0) {
		json = report_all(figures, publisher_snapshot(sources->publisher));
		status_figures_release(figures);
	}
	free(figures);
	return json;
}

cJSON *status_diags_json(struct store *store, const struct snapshot *snapshot)
{
	bool complete = true;
	const struct report report = {.to = cJSON_CreateObject(), .complete = &complete};
	struct arena *arena = arena_create();
	struct diag_list diags;

	truth(report, "ok", true);
	if (arena == NULL || store_diags(store, arena, &diags) != 0) {
		complete = false;
	} else {
		const struct report items = list(report, "diags");

		odd_claims_report(snapshot, false, &diags);

		for (size_t i = 0; i < diags.count; i++)
			report_diag(items, &diags.items[i]);
		count(report, "errors", diags.errors);
		count(report, "dropped", diags.dropped);
	}
	arena_unref(arena);
	return finish(report);
}

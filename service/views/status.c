/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/status.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enforcer/log/record_time.h"
#include "kernel/bridge/bridge_guard.h"
#include "policy/lint/odd_claims.h"
#include "service/views/figures.h"

/* Milliseconds, to the microsecond: more would be noise. */
static void milliseconds(struct json_writer *to, const char *key, uint64_t nanoseconds)
{
	json_double(to, key, (double)(nanoseconds / 1000) / 1000.0);
}

static void list_name(struct json_writer *to, const char *namespace_name, const char *name)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", namespace_name, name);
	json_text(to, NULL, full);
}

/* As another process finds it, which works in another folder. */
static void list_path(struct json_writer *to, const char *path)
{
	char folder[PATH_MAX], full[2 * PATH_MAX];

	if (path[0] == '/' || getcwd(folder, sizeof(folder)) == NULL)
		snprintf(full, sizeof(full), "%s", path);
	else
		snprintf(full, sizeof(full), "%s/%s", folder, path);
	json_text(to, NULL, full);
}

static void write_audited(struct json_writer *to, const struct cluster *cluster)
{
	json_begin_object(to, "audited");
	json_begin_array(to, "namespaces");
	for (size_t i = 0; i < cluster->namespace_count; i++)
		if (cluster->namespaces[i]->audit)
			json_text(to, NULL, cluster->namespaces[i]->name);
	json_end_array(to);
	json_begin_array(to, "pods");
	for (size_t i = 0; i < cluster->pod_count; i++)
		if (cluster->pods[i]->audit)
			list_name(to, cluster->pods[i]->namespace_name, cluster->pods[i]->name);
	json_end_array(to);
	json_begin_array(to, "policies");
	for (size_t i = 0; i < cluster->policy_count; i++)
		if (cluster->policies[i]->audit)
			list_name(to, cluster->policies[i]->namespace_name,
				cluster->policies[i]->name);
	json_end_array(to);
	json_end_object(to);
}

static void write_policies(struct json_writer *to, const struct status_figures *figures)
{
	json_text(to, "mode", figures->settings->audit ? "audit" : "enforcing");
	json_bool(to, "idle", figures->idle);
	write_audited(to, figures->cluster);
	figures_write(to, figures, SECTION_POLICIES, 0);
}

static void write_manifests(struct json_writer *to, const struct status_figures *figures)
{
	json_begin_object(to, "manifests");
	json_begin_array(to, "paths");
	for (size_t i = 0; i < figures->settings->manifest_count; i++)
		list_path(to, figures->settings->manifests[i]);
	json_end_array(to);
	figures_write(to, figures, SECTION_MANIFESTS, 0);
	json_begin_array(to, "not_enforced");
	for (size_t i = 0; i < figures->others.count; i++) {
		json_begin_object(to, NULL);
		json_text(to, "kind", figures->others.items[i].kind);
		json_text(to, "group", figures->others.items[i].group);
		json_number(to, "count", figures->others.items[i].count);
		json_end_object(to);
	}
	json_end_array(to);
	json_end_object(to);
}

static void write_sources(struct json_writer *to, const struct status_figures *figures)
{
	json_begin_array(to, "sources");
	for (size_t i = 0; i < figures->source_count; i++) {
		const struct status_source *source = &figures->sources[i];

		json_begin_object(to, NULL);
		json_text(to, "name", source->name);
		figures_write(to, figures, SECTION_SOURCE, i);
		json_bool(to, "reading", source->reading);
		json_text_unless_empty(to, "problem", source->problem);
		json_end_object(to);
	}
	json_end_array(to);
}

static void write_diag(struct json_writer *to, const struct diag *diag)
{
	json_begin_object(to, NULL);
	json_text(to, "severity", diag_severity_name(diag->severity));
	json_text(to, "file", diag->pos.file == NULL ? "" : diag->pos.file);
	json_number(to, "line", diag->pos.line);
	json_number(to, "column", diag->pos.column);
	json_text(to, "code", diag->code);
	json_text(to, "text", diag->text);
	if (diag->hint != NULL)
		json_text(to, "hint", diag->hint);
	json_end_object(to);
}

enum { CLAIMS_TOLD = 5 };

/* On the loop: the snapshot is in force until control returns to it. */
static void write_claims(struct json_writer *to, const struct snapshot *snapshot)
{
	struct arena *arena = arena_create();
	struct diag_list diags;

	if (arena == NULL) {
		to->err = -ENOMEM;
		return;
	}
	diag_list_init(&diags, arena);
	odd_claims_report(snapshot, false, &diags);
	json_begin_object(to, "addresses");
	json_begin_array(to, "told");
	for (size_t i = 0; i < diags.count && i < CLAIMS_TOLD; i++)
		write_diag(to, &diags.items[i]);
	json_end_array(to);
	json_number(to, "odd", diags.count + diags.dropped);
	json_end_object(to);
	arena_unref(arena);
}

static void write_rules(struct json_writer *to, const struct status_figures *figures)
{
	const struct ruleset_options *rules = &figures->rules;
	const struct publish_stats *stats = &figures->publish;

	json_begin_object(to, "rules");
	json_begin_object(to, "sets");
	json_double(to, "ipv4", (double)stats->set_sizes[0]);
	json_double(to, "ipv6", (double)stats->set_sizes[1]);
	json_end_object(to);
	json_text(to, "backend", rules->backend == BACKEND_LEGACY ? "legacy" : "nft");
	json_bool(to, "ipv6", rules->ipv6);
	figures_write(to, figures, SECTION_RULES, 0);
	json_end_object(to);
}

static const char *bridge_mode_name(enum bridge_mode mode)
{
	static const char *const names[] = {
		[BRIDGE_SET] = "set", [BRIDGE_REQUIRE] = "require", [BRIDGE_IGNORE] = "ignore"};

	return names[mode];
}

static void write_inherited(struct json_writer *to, const struct status_figures *figures)
{
	static const char *const origins[] = {[INHERITANCE_NONE] = "nobody",
		[INHERITANCE_SERVICE_MANAGER] = "service manager",
		[INHERITANCE_PREDECESSOR] = "predecessor"};

	json_begin_object(to, "inherited");
	json_text(to, "from", origins[figures->inherited_from]);
	json_number(to, "pid", (uint64_t)figures->predecessor);
	json_number(to, "queues", figures->inherited.queues);
	json_number(to, "repeated", figures->inherited.repeated);
	json_end_object(to);
}

static void write_publish(struct json_writer *to, const struct status_figures *figures)
{
	const struct publish_stats *stats = &figures->publish;
	char seen[RECORD_TIME_TEXT];

	json_begin_object(to, "publish");
	figures_write(to, figures, SECTION_PUBLISH, 0);
	if (stats->changes > 0) {
		milliseconds(to, "read_ms", stats->read_ns);
		json_text(to, "seen", record_time_format(stats->seen_ns, seen));
		milliseconds(to, "wait_ms", stats->wait_ns);
		milliseconds(to, "compile_ms", stats->compile_ns);
		milliseconds(to, "publish_ms", stats->publish_ns);
		milliseconds(to, "sweep_ms", stats->sweep_ns);
		milliseconds(to, "total_ms", stats->total_ns);
		milliseconds(to, "judged_ms", stats->judged_ns);
		json_begin_object(to, "worst");
		milliseconds(to, "judged_ms", stats->worst_judged_ns);
		milliseconds(to, "total_ms", stats->worst_total_ns);
		json_end_object(to);
	}
	json_end_object(to);
}

static void write_families(
	struct json_writer *to, const char *key, const uint64_t families[LEARNER_FAMILIES])
{
	json_begin_object(to, key);
	json_number(to, "ipv4", families[LEARNER_IPV4]);
	json_number(to, "ipv6", families[LEARNER_IPV6]);
	json_end_object(to);
}

static const char *fail_mode_name(enum fail_mode mode)
{
	return mode == FAIL_OPEN ? "open" : "closed";
}

static void write_problems(struct json_writer *to, const struct status_figures *figures)
{
	const struct problem_list *more = &figures->problems;

	json_begin_array(to, "problems");
	json_text_unless_empty(to, NULL, figures->problem);
	for (size_t i = 0; i < more->count; i++)
		json_text(to, NULL, more->items[i]);
	json_end_array(to);
	json_text_unless_empty(to, "problem", figures->problem);
}

static void write_all(struct json_writer *to, const struct status_figures *figures,
	const struct snapshot *snapshot)
{
	const struct settings *settings = figures->settings;
	const struct publish_stats *publish = &figures->publish;

	json_begin_object(to, NULL);
	json_bool(to, "ok", true);
	json_text(to, "version", PODGATE_VERSION);
	json_number(to, "uptime_s", figures->uptime_s);
	json_number(to, "pid", (uint64_t)getpid());
	json_number(to, "rss_kib", figures->process.resident_bytes / 1024);
	json_begin_object(to, "memory");
	json_number(to, "peak_kib", figures->process.peak_bytes / 1024);
	json_number(to, "snapshot_kib", figures->snapshot_bytes / 1024);
	json_end_object(to);
	write_policies(to, figures);
	write_manifests(to, figures);
	write_sources(to, figures);
	write_claims(to, snapshot);
	json_begin_object(to, "state");
	json_text(to, "directory", settings->state_directory);
	json_number(to, "files", figures->state_records);
	json_text_unless_empty(to, "problem", figures->state_problem);
	json_end_object(to);
	write_rules(to, figures);
	json_begin_object(to, "bridges");
	json_text(to, "setting", bridge_mode_name(settings->bridge));
	json_text(to, "state", bridges_state_name(publish->bridges));
	figures_write(to, figures, SECTION_BRIDGES, 0);
	json_end_object(to);
	json_begin_object(to, "flow_table");
	figures_write(to, figures, SECTION_FLOW_TABLE, 0);
	json_end_object(to);
	json_begin_array(to, "queues");
	for (size_t i = 0; i < figures->queue_count; i++) {
		json_begin_object(to, NULL);
		json_number(to, "queue", figures->queues[i].number);
		json_bool(to, "reply", figures->queues[i].role == GATE_REPLY);
		json_bool(to, "flood", figures->queues[i].role == GATE_FLOOD);
		figures_write(to, figures, SECTION_QUEUE, i);
		json_end_object(to);
	}
	json_end_array(to);
	write_inherited(to, figures);
	write_publish(to, figures);
	json_begin_object(to, "sweep");
	figures_write(to, figures, SECTION_SWEEP, 0);
	milliseconds(to, "ms", publish->sweep.nanoseconds);
	json_end_object(to);
	json_begin_object(to, "classes");
	json_bool(to, "learning", figures->classes.learning);
	write_families(to, "allowed", figures->classes.current[LEARNER_ALLOWED]);
	write_families(to, "denied", figures->classes.current[LEARNER_DENIED]);
	figures_write(to, figures, SECTION_CLASSES, 0);
	json_end_object(to);
	json_begin_object(to, "fail_modes");
	json_text(to, "daemon_away", fail_mode_name(settings->daemon_away));
	json_text(to, "queue_full", fail_mode_name(settings->queue_full));
	json_text(to, "unreadable", "closed");
	figures_write(to, figures, SECTION_FAIL_MODES, 0);
	json_end_object(to);
	json_begin_object(to, "log");
	json_text(to, "file", settings->log_file);
	figures_write(to, figures, SECTION_LOG, 0);
	if (figures->log.error != 0)
		json_text(to, "error", strerror(figures->log.error));
	json_end_object(to);
	confinement_json(to, "privilege", figures->confinement);
	write_problems(to, figures);
	json_end_object(to);
}

void status_json(struct json_writer *to, const struct status_sources *sources)
{
	struct status_figures *figures = malloc(sizeof(*figures));

	if (figures != NULL && status_figures_gather(sources, figures) == 0) {
		write_all(to, figures, publisher_snapshot(sources->publisher));
		status_figures_release(figures);
	} else {
		to->err = -ENOMEM;
	}
	free(figures);
}

void status_diags_json(struct json_writer *to, struct store *store, const struct snapshot *snapshot)
{
	struct arena *arena = arena_create();
	struct diag_list diags;

	if (arena == NULL || store_diags(store, arena, &diags) != 0) {
		to->err = -ENOMEM;
		arena_unref(arena);
		return;
	}
	odd_claims_report(snapshot, false, &diags);
	json_begin_object(to, NULL);
	json_bool(to, "ok", true);
	json_begin_array(to, "diags");
	for (size_t i = 0; i < diags.count; i++)
		write_diag(to, &diags.items[i]);
	json_end_array(to);
	json_number(to, "errors", diags.errors);
	json_number(to, "dropped", diags.dropped);
	json_end_object(to);
	arena_unref(arena);
}

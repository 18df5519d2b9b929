/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/status_figures.h"

#include <errno.h>
#include <stdio.h>

#include "process/clock.h"

/* 0 or -ENOMEM. */
static int gather_manifests(struct store *store, struct status_figures *out)
{
	struct arena *arena = arena_create();
	struct diag_list diags;
	const int err = arena == NULL ? -ENOMEM : store_diags(store, arena, &diags);

	out->manifests = store_stats(store);
	store_other_policies(store, &out->others);
	/* the store may drop it */
	for (size_t i = 0; i < out->others.count; i++)
		out->others.items[i].first = (struct source_pos){.file = NULL};
	if (err == 0) {
		out->findings = diags.count + diags.dropped;
		out->errors = diags.errors;
	}
	arena_unref(arena);
	return err;
}

static void gather_sources(const struct source_list *list, struct status_figures *out)
{
	out->source_count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		const struct source *source = list->items[i];
		const char *problem = source->ops->health(source);

		out->sources[i] = (struct status_source){
			.stats = store_source_stats(source->objects), .reading = source->reading};
		snprintf(out->sources[i].name, sizeof(out->sources[i].name), "%s",
			store_source_name(source->objects));
		snprintf(out->sources[i].problem, sizeof(out->sources[i].problem), "%s",
			problem != NULL ? problem : "");
	}
}

static void gather_state(const struct state_keeper *keeper, struct status_figures *out)
{
	const struct state_keeper_stats stats = state_keeper_stats(keeper);

	out->state_records = stats.records;
	snprintf(out->state_problem, sizeof(out->state_problem), "%s",
		stats.problem != NULL ? stats.problem : "");
}

static void gather_policies(const struct publisher *publisher, struct status_figures *out)
{
	const struct snapshot *snapshot = publisher_snapshot(publisher);

	out->revision = snapshot_revision(snapshot);
	out->isolated = snapshot_isolated_pods(snapshot);
	out->snapshot_bytes = snapshot_memory(snapshot);
	publisher_stats(publisher, &out->publish);
	snprintf(out->problem, sizeof(out->problem), "%s",
		out->publish.problem != NULL ? out->publish.problem : "");
	out->publish.problem = NULL;
	/* const is for the objects: counting one more who reads them changes none. */
	out->cluster = cluster_ref((struct cluster *)snapshot_cluster(snapshot));
}

static void gather_problems(struct status_figures *out)
{
	const struct problem_sources sources = {.settings = out->settings,
		.cluster = out->cluster,
		.isolated = out->isolated,
		.manifests = out->manifests,
		.state_problem = out->state_problem[0] != '\0' ? out->state_problem : NULL,
		.unnamed = &out->publish.unnamed};

	out->idle = problems_is_idle(&sources);
	problems_find(&out->problems, &sources);
}

static void gather_queues(const struct enforcement *enforcement, struct status_figures *out)
{
	const struct gate *gate = enforcement_gate(enforcement);

	out->inherited_from = enforcement_inheritance(enforcement)->origin;
	out->predecessor = enforcement_inheritance(enforcement)->from;
	gate_inherited(gate, &out->inherited);
	out->queue_count = gate_worker_count(gate);
	for (unsigned int i = 0; i < out->queue_count; i++) {
		struct status_queue *queue = &out->queues[i];

		queue->number = enforcement_rules(enforcement)->queue_base + i;
		queue->role = gate_role(gate, i);
		gate_stats(gate, i, &queue->stats);
	}
}

int status_figures_gather(const struct status_sources *sources, struct status_figures *out)
{
	int err;

	out->cluster = NULL;
	err = gather_manifests(sources->store, out);
	if (err != 0)
		return err;
	gather_sources(sources->source_list, out);
	gather_state(sources->keeper, out);
	out->settings = sources->settings;
	out->confinement = sources->confinement;
	out->gathered_ns = clock_ns();
	out->uptime_s = out->gathered_ns / NS_PER_S - sources->started_ns / NS_PER_S;
	out->started_wall_ns = sources->started_wall_ns;
	process_figures_read(&out->process);
	gather_policies(sources->publisher, out);
	gather_problems(out);
	out->rules = *enforcement_rules(sources->enforcement);
	gather_queues(sources->enforcement, out);
	enforcement_learner_stats(sources->enforcement, &out->classes);
	verdict_log_stats(sources->log, &out->log);
	return 0;
}

void status_figures_release(struct status_figures *figures)
{
	cluster_unref(figures->cluster);
	figures->cluster = NULL;
}

struct status_audited status_figures_audited(const struct status_figures *figures)
{
	const struct cluster *cluster = figures->cluster;
	struct status_audited audited = {0};

	for (size_t i = 0; i < cluster->namespace_count; i++)
		audited.namespaces += cluster->namespaces[i]->audit;
	for (size_t i = 0; i < cluster->pod_count; i++)
		audited.pods += cluster->pods[i]->audit;
	for (size_t i = 0; i < cluster->policy_count; i++)
		audited.policies += cluster->policies[i]->audit;
	return audited;
}

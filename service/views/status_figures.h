/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_STATUS_FIGURES_H
#define SERVICE_VIEWS_STATUS_FIGURES_H

/*
 * How the daemon fares, read once and from one place: what `podgate status` answers and what the
 * metrics say are two ways of writing it down. A plain value with a reference on the objects in
 * force, so that it may be written down on another thread while the loop goes on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings/settings.h"
#include "config/source/source.h"
#include "config/state/state_keeper.h"
#include "config/store/store.h"
#include "enforcer/log/verdict_log.h"
#include "enforcer/privilege/confinement.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/publish.h"
#include "process/problem.h"
#include "process/process_figures.h"
#include "service/views/problems.h"

struct status_sources {
	const struct settings *settings;
	const struct confinement *confinement;
	struct store *store; /* asking it for findings may bring its tables up to date */
	const struct source_list *source_list;
	const struct state_keeper *keeper;
	const struct publisher *publisher;
	const struct enforcement *enforcement;
	const struct verdict_log *log;
	uint64_t started_ns;	  /* CLOCK_MONOTONIC */
	uint64_t started_wall_ns; /* CLOCK_REALTIME */
};

struct status_queue {
	unsigned int number; /* the NFQUEUE's */
	enum gate_role role;
	struct worker_stats stats;
};

struct status_source {
	char name[32];
	struct store_stats stats;
	bool reading;
	char problem[160]; /* why it can't bring all that it should; "" when it can */
};

struct status_figures {
	const struct settings *settings;
	const struct confinement *confinement;
	struct cluster *cluster; /* the objects in force, a reference of ours */
	uint64_t gathered_ns;	 /* CLOCK_MONOTONIC */
	uint64_t uptime_s, started_wall_ns;
	struct process_figures process;
	uint64_t revision;
	size_t isolated;       /* addresses */
	size_t snapshot_bytes; /* of the compiled policies */
	struct store_stats manifests;
	struct other_policies others; /* in the manifests, and not enforced; no positions */
	size_t findings, errors;      /* in the manifests */
	size_t source_count;
	struct status_source sources[STORE_SOURCES];
	size_t state_records;
	char state_problem[PROBLEM_SIZE]; /* of the state directory; "" when all is well */
	struct ruleset_options rules;
	struct publish_stats publish; /* .problem is NULL: see below */
	char problem[PROBLEM_SIZE];   /* what fails now; "" when all is well */
	bool idle;		      /* nothing is enforced */
	struct problem_list problems; /* what else an operator must be told */
	struct learner_stats classes;
	struct verdict_log_stats log;
	enum inheritance_origin inherited_from;
	pid_t predecessor; /* with INHERITANCE_PREDECESSOR */
	struct gate_inherited inherited;
	size_t queue_count;
	struct status_queue queues[GATE_QUEUES_MOST];
};

/* On the loop's thread, into anything. 0; or -ENOMEM, and there is nothing to release. */
int status_figures_gather(const struct status_sources *sources, struct status_figures *out);
/* Lets go of the objects. Any thread; all zero is allowed. */
void status_figures_release(struct status_figures *figures);

/* How many namespaces, pods and policies in force are in audit mode. Any thread. */
struct status_audited {
	size_t namespaces, pods, policies;
};
struct status_audited status_figures_audited(const struct status_figures *figures);

#endif

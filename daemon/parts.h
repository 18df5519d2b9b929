/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_PARTS_H
#define DAEMON_PARTS_H

/*
 * What a running daemon consists of: daemon.c starts and ends the parts, events.c is what happens
 * in between. The loop's thread owns it all.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "config/source/directory.h"
#include "config/state/state_keeper.h"
#include "config/store/store.h"
#include "daemon/answers.h"
#include "daemon/claim.h"
#include "daemon/findings.h"
#include "daemon/manager.h"
#include "daemon/takeover.h"
#include "enforcer/log/verdict_log.h"
#include "enforcer/privilege/confinement.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/publish.h"
#include "process/inheritance.h"
#include "service/control/control_server.h"
#include "service/metrics/metrics.h"
#include "service/views/problems.h"

enum { SIGNAL_STOP, SIGNAL_INTERRUPT, SIGNAL_RELOAD, SIGNAL_COUNT };

struct daemon {
	const struct settings *settings;
	uint64_t started_ns, started_wall_ns;
	struct confinement confinement;
	struct inheritance inheritance;
	struct takeover takeover; /* from a daemon that runs */
	uv_loop_t loop;
	uv_signal_t signals[SIGNAL_COUNT];
	uv_async_t lines_ready; /* the log thread has lines for the watchers */
	struct store *store;
	struct source_list sources;
	struct state_keeper *keeper; /* NULL: no state directory is wanted */
	struct findings findings;
	struct claim *claim;	      /* NULL: it could not be had, and a warning said so */
	struct problem_list problems; /* as said in the log */
	struct control_server *control;
	struct answers answers;
	struct metrics *metrics; /* NULL: metrics_listen is not set */
	struct verdict_log *log;
	struct enforcement *enforcement;
	struct publisher *publisher;
	struct manager *manager;
	bool stopping;
	int err; /* what ended it, when it was no signal */
};

#endif

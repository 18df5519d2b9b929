/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_ENFORCER_PUBLISH_STAGE_H
#define TESTS_ENFORCER_PUBLISH_STAGE_H

/*
 * A publisher that enforces one pod in the network namespace of the test program, on a loop that the test runs. The
 * pod is shop/a, 10.9.0.1 and fd09::1, and no policy isolates it.
 */

#include <uv.h>

#include "config/store.h"
#include "enforcer/enforcement/enforcement.h"
#include "enforcer/enforcement/publish.h"
#include "enforcer/records/verdict_log.h"

struct publish_stage {
	struct settings settings;
	uv_loop_t loop;
	struct store *store;
	struct verdict_log *log;
	struct inheritance inheritance;	/* none */
	struct enforcement *enforcement;
	struct publisher *publisher;
};

/* For cmocka: *state is the stage. */
int publish_stage_setup(void **state);
int publish_stage_teardown(void **state);

#endif

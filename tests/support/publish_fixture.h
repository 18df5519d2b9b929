/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_PUBLISH_FIXTURE_H
#define TESTS_SUPPORT_PUBLISH_FIXTURE_H

/*
 * A publisher that enforces one pod in the network namespace of the test program, on a loop that
 * the test runs. The pod is shop/a, 10.9.0.1 and fd09::1, and no policy isolates it.
 */

#include <uv.h>

#include "config/store/store.h"
#include "enforcer/log/verdict_log.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/publish.h"

struct publish_fixture {
	struct settings settings;
	uv_loop_t loop;
	struct store *store;
	struct verdict_log *log;
	struct inheritance inheritance; /* none */
	struct enforcement *enforcement;
	struct publisher *publisher;
};

/* For cmocka: *state is the stage. */
int publish_fixture_setup(void **state);
int publish_fixture_teardown(void **state);

#endif

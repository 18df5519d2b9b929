/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_LOG_FIXTURE_H
#define TESTS_SUPPORT_LOG_FIXTURE_H

/*
 * A verdict log between two real rings and a real file, with what is needed to push records in and
 * to read lines out. Times are short: the window of the folding is 300 ms instead of 10 s.
 *
 * 	shop/web 10.0.0.1	shop/db 10.0.0.2: ingress from web to port 5432 only
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "enforcer/gate/ring.h"
#include "enforcer/log/verdict_log.h"
#include "policy/compile/snapshot.h"

enum { LOG_FIXTURE_RING = 256, LOG_FIXTURE_WINDOW_MS = 300, LOG_FIXTURE_LINES = 4096 };

struct log_fixture {
	char folder[64], path[128];
	struct ring *rings[2];
	struct verdict_log *log;
	struct snapshot *snapshot;
	atomic_uint lines_ready;
	cJSON *lines[LOG_FIXTURE_LINES];
	size_t line_count;
};

/* For cmocka; *state is a struct log_fixture. */
int log_fixture_setup(void **state);
int log_fixture_teardown(void **state);

/*
 * Opens the log and starts its thread; setup() does not, so that a test may prepare rings and file.
 */
void log_fixture_start(struct log_fixture *desk, uint64_t window_ms, unsigned int lines_per_s);
/* Stops and frees the log and reads the file's lines into desk->lines. */
void log_fixture_stop(struct log_fixture *desk);

struct snapshot *log_fixture_compile(uint64_t revision);
/* web to a port of db, as `snapshot` judges it. */
struct record log_fixture_denial(const struct snapshot *snapshot, uint16_t port);
/* There must be room. */
void log_fixture_push(struct log_fixture *desk, size_t ring, const struct record *record);

struct verdict_log_stats log_fixture_stats(const struct log_fixture *desk);
void log_fixture_wait_lines(const struct log_fixture *desk, uint64_t lines);
void log_fixture_sleep(long ms);

/* By a path such as "ingress.policy.name"; NULL when there is no such thing. */
const cJSON *log_fixture_at(const cJSON *json, const char *path);
void log_fixture_expect_text(const cJSON *line, const char *path, const char *expected);
void log_fixture_expect_number(const cJSON *line, const char *path, double expected);
/* Of the numbers at `path` in all lines. */
double log_fixture_sum(const struct log_fixture *desk, const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_ENFORCER_LOG_DESK_H
#define TESTS_ENFORCER_LOG_DESK_H

/*
 * A verdict log between two real rings and a real file, with what is needed to push records in and to read lines
 * out. Times are short: the window of the folding is 300 ms instead of 10 s.
 *
 *	shop/web 10.0.0.1	shop/db 10.0.0.2: ingress from web to port 5432 only
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "enforcer/gate/ring.h"
#include "enforcer/records/verdict_log.h"
#include "policy/snapshot.h"

enum { LOG_DESK_RING = 256, LOG_DESK_WINDOW_MS = 300, LOG_DESK_LINES = 4096 };

struct log_desk {
	char folder[64], path[128];
	struct ring *rings[2];
	struct verdict_log *log;
	struct snapshot *snapshot;
	atomic_uint lines_ready;
	cJSON *lines[LOG_DESK_LINES];
	size_t line_count;
};

/* For cmocka; *state is a struct log_desk. */
int log_desk_setup(void **state);
int log_desk_teardown(void **state);

/* Opens the log and starts its thread; setup() does not, so that a test may prepare rings and file. */
void log_desk_start(struct log_desk *desk, uint64_t window_ms, unsigned int lines_per_s);
/* Stops and frees the log and reads the file's lines into desk->lines. */
void log_desk_stop(struct log_desk *desk);

struct snapshot *log_desk_compile(uint64_t revision);
/* web to a port of db, as `snapshot` judges it. */
struct record log_desk_denial(const struct snapshot *snapshot, uint16_t port);
/* There must be room. */
void log_desk_push(struct log_desk *desk, size_t ring, const struct record *record);

struct verdict_log_stats log_desk_stats(const struct log_desk *desk);
void log_desk_wait_lines(const struct log_desk *desk, uint64_t lines);
void log_desk_sleep(long ms);

/* By a path such as "ingress.policy.name"; NULL when there is no such thing. */
const cJSON *log_desk_at(const cJSON *json, const char *path);
void log_desk_expect_text(const cJSON *line, const char *path, const char *expected);
void log_desk_expect_number(const cJSON *line, const char *path, double expected);
/* Of the numbers at `path` in all lines. */
double log_desk_sum(const struct log_desk *desk, const char *path);

#endif

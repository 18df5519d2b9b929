/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_CONTROL_FIXTURE_H
#define TESTS_SUPPORT_CONTROL_FIXTURE_H

/*
 * The control socket with a real loop on a thread of its own, and what clients need. It answers
 * status with a mode, judge with the number of rows, and reload. flows has as many lines {"n": 0},
 * {"n": 1}... as its limit says, a hundred a piece, and an end; unless it is about a pod, which is
 * refused. The past of a watch is the records that were sent before, and one more in the middle of
 * telling it. Of hand_over the step "done" is the last.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "process/problem.h"
#include "service/control/control_server.h"

enum { CONTROL_FIXTURE_IDLE_MS = 2000 }; /* long enough for a large request on a busy machine */

struct control_fixture {
	uv_loop_t loop;
	uv_async_t wake;
	pthread_t thread;
	struct control_server *control;
	char folder[64], path[128];
	const char *group; /* NULL: nobody's */
	atomic_bool stop, watched;
	atomic_int abandoned, handed_over; /* how often */
	int offered;		  /* what goes with the answer to hand_over; the test's to close */
	atomic_int records;	  /* to send to the watchers, at the next wake */
	atomic_int written;	  /* number of the last record in what would be the log file */
	atomic_int opened, freed; /* long answers */
	atomic_int pieces;	  /* of those */
	atomic_int piece_ms;	  /* how long making one takes */
};

/* For cmocka; *state is a struct control_fixture. Tearing down checks that nothing is left open. */
int control_fixture_setup(void **state);
int control_fixture_teardown(void **state);
/* control_server_start() with what the room answers; setup has done so for its own. */
int control_fixture_start(struct control_fixture *room, char problem[PROBLEM_SIZE]);

int control_fixture_connect(const struct control_fixture *room);
/* Sends as much as the other end takes: it may close in the middle. */
size_t control_fixture_send(int fd, const char *bytes, size_t length);
void control_fixture_send_line(int fd, const char *line); /* all of it */
/* The next line as a value; NULL at the end of the connection. A timeout fails the test. */
cJSON *control_fixture_read_line(int fd);

void control_fixture_expect_ok(int fd);
void control_fixture_expect_end(int fd);
/* An answer that says why, and the end of the connection. */
void control_fixture_expect_refused(int fd, const char *why);

#endif

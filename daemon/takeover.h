/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_TAKEOVER_H
#define DAEMON_TAKEOVER_H

/*
 * The side of a daemon that takes the place of a running one: `podgate run --take-over`. handover.h
 * has the protocol and the other side, which goes on until takeover_pause() and, should this one
 * end before takeover_finish(), again after it.
 *
 *   takeover_begin()     connects and receives the sockets: while there are all rights
 *   ...                  settings, policies, compiling: what may fail fails here, and nobody
 *   notices
 *   takeover_pause()     the other stops reading the queues
 *   ...                  they are read here, sets and rules are put in place
 *   takeover_finish()    the other ends
 *
 * Blocks, within bounds. For the main thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "process/inheritance.h"
#include "process/problem.h"

struct takeover {
	int fd; /* the connection; -1: there is none */
	pid_t from;
	int control, metrics,
		claim; /* listening sockets; -1: none. The user of one sets it to -1 */
};

void takeover_init(struct takeover *takeover);
/*
 * Asks the daemon that answers at `path`. `metrics_listen` is our setting: only a socket that
 * listens there is taken. The queues' sockets go to *out. 0; -ENOENT when no daemon answers there;
 * or another -errno with a sentence in `problem`.
 */
int takeover_begin(struct takeover *takeover, const char *path, const char *metrics_listen,
	struct inheritance *out, char problem[PROBLEM_SIZE]);
/* 0; or -errno with a sentence in `problem`: then the other goes on. */
int takeover_pause(struct takeover *takeover, char problem[PROBLEM_SIZE]);
/* Tells the other to end, and waits until it has, some seconds at the most. */
void takeover_finish(struct takeover *takeover);
/*
 * Ends the connection: the other goes on, unless it was told to end. So no thread may read the
 * queues here any more. Closes what was not used. May be called at any time.
 */
void takeover_deinit(struct takeover *takeover);

/*
 * Sorts out an answer to "offer": `text`, and the descriptors that came with it, which are all the
 * callee's. 0; or -EPROTO, -EOPNOTSUPP (a podgate that hands nothing over, or by another protocol),
 * all closed.
 */
int takeover_read_offer(struct takeover *takeover, const char *text, const int *descriptors,
	size_t count, const char *path, const char *metrics_listen, struct inheritance *out,
	char problem[PROBLEM_SIZE]);

#endif

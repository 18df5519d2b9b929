/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_CONFINEMENT_H
#define ENFORCER_PRIVILEGE_CONFINEMENT_H

/*
 * How a daemon that was started with every right becomes one that has the few it needs, as its
 * settings want it:
 *
 *   confinement_prepare()        the user is found
 *   confinement_start_helper()   the process that goes on running iptables is forked
 *   confinement_before_loop()    libuv is kept from making an io_uring
 *   ...                          what takes root is opened and bound; with step_down() and
 *   step_up() around what must be
 *                                possible as that user, too
 *   confinement_enter()          user, groups, capabilities and system calls are given up for good
 *   ...                          manifests are read, threads are made
 *
 * With `privileges: keep` none of it happens. For the main thread, before there are others.
 */

#include "config/settings/settings.h"
#include "config/text/json_writer.h"
#include "process/account.h"
#include "process/problem.h"

enum confinement_filter { FILTER_NONE, FILTER_ON, FILTER_LOG, FILTER_UNAVAILABLE };

struct confinement {
	const struct settings *settings;
	struct account account;
	bool entered;
	enum confinement_filter filter;
};

/*
 * `settings` is borrowed. 0; or -errno with a sentence and its remedy in `problem`. So do the
 * others.
 */
int confinement_prepare(
	struct confinement *out, const struct settings *settings, char problem[PROBLEM_SIZE]);
int confinement_start_helper(const struct confinement *confinement, char problem[PROBLEM_SIZE]);
int confinement_before_loop(const struct confinement *confinement, char problem[PROBLEM_SIZE]);
int confinement_step_down(const struct confinement *confinement, char problem[PROBLEM_SIZE]);
int confinement_step_up(const struct confinement *confinement, char problem[PROBLEM_SIZE]);
int confinement_enter(struct confinement *confinement, char problem[PROBLEM_SIZE]);

/*
 * Of a worker's thread, as the first that it does: narrows its system calls, where the process's
 * are.
 */
void confinement_of_worker(const struct settings *settings);

/* Says in podgate's log what podgate runs with. */
void confinement_log(const struct confinement *confinement);
/* The same for status, read back from the kernel: an object. */
void confinement_json(
	struct json_writer *to, const char *key, const struct confinement *confinement);

#endif

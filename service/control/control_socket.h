/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_SOCKET_H
#define SERVICE_CONTROL_CONTROL_SOCKET_H

/*
 * The file of the control socket: its folder, its mode and its group. All return 0 or -errno, with
 * a sentence and its remedy in `problem`: -EADDRINUSE when a daemon answers there, -EEXIST when
 * something else is there, -ENAMETOOLONG, -ENOENT when there is no such group. `group` may be NULL
 * or "": only root may connect. Any thread that is alone: umask(2) is the process's.
 */

#include "process/problem.h"
#include "service/control/control_request.h"

/*
 * Makes the folders (0755) and the socket (0600, or 0660 for a group), in place of a stale one.
 * Returns its descriptor, which does not listen yet.
 */
int control_socket_bind(const char *path, const char *group, char problem[PROBLEM_SIZE]);
/* Gives the socket to the group, if there is one. */
int control_socket_open_to(const char *path, const char *group, char problem[PROBLEM_SIZE]);
/* Whether both would succeed, but for a daemon that answers there. Leaves nothing behind. */
int control_socket_check(const char *path, const char *group, char problem[PROBLEM_SIZE]);
/* Says that nobody can listen there, for this reason. Returns `err`. */
int control_socket_fail(const char *path, int err, char problem[PROBLEM_SIZE]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_HTTP_LISTEN_SOCKET_H
#define SERVICE_HTTP_LISTEN_SOCKET_H

/* A TCP socket that listens. */

#include "process/problem.h"

/*
 * Binds and listens at `text`, which listen_address_parse() has accepted; [::] takes IPv4 as well.
 * Returns the descriptor, the caller's to close, not blocking; or -errno with a sentence that names
 * the setting `name` and the remedy in `problem`.
 */
int listen_socket_open(const char *name, const char *text, char problem[PROBLEM_SIZE]);

#endif

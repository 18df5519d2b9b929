/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

/*
 * The command's end of the control socket: one JSON object a line each way (podgate-control(7),
 * service/control/control_server.h).
 */

#include <cjson/cJSON.h>

#include "process/problem.h"

/*
 * Sends `request` and reads one reply, which the caller owns. Returns 0; or -errno with a sentence
 * and its remedy in `problem` (no daemon at that socket, no permission, no answer within 30 s, a
 * reply that is no JSON or says "ok": false).
 */
int client_request(
	const char *socket_path, const cJSON *request, cJSON **reply, char problem[PROBLEM_SIZE]);
/* The same for a command without fields; seconds to wait for the answer, 0: 30. */
int client_ask(const char *socket_path, const char *command, unsigned int seconds, cJSON **reply,
	char problem[PROBLEM_SIZE]);

/*
 * As above, but calls `visit` for each line that follows the first reply (it may change it, not
 * free it), until the daemon closes (-EPIPE, said in `problem`) or visit returns non-zero, which is
 * returned.
 */
int client_stream(const char *socket_path, const cJSON *request,
	int (*visit)(cJSON *line, void *context), void *context, char problem[PROBLEM_SIZE]);

/*
 * As above, for an answer of many lines that has an end (flows, policies): visits the first, which
 * says "ok", those that follow, and the last, which says "end". Returns 0 then. A last line with
 * "error" is visited, too, and gives -EREMOTEIO and the error in `problem`.
 */
int client_list(const char *socket_path, const cJSON *request,
	int (*visit)(cJSON *line, void *context), void *context, char problem[PROBLEM_SIZE]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_REQUEST_H
#define SERVICE_CONTROL_CONTROL_REQUEST_H

/*
 * One request line of the control protocol (podgate-control(7)). Pure: foreign bytes in, a value or
 * a sentence out; any thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "process/problem.h"
#include "service/control/filter.h"

struct control_command;

struct control_request {
	const struct control_command *command;
	cJSON *json;	      /* the whole request, for the command's own fields */
	struct filter filter; /* of the fields of a filter that the command takes */
	bool trusted;	      /* root asks, or the user that we run as: set by the server */
};

/*
 * Reads one line of `length` bytes (without its newline; control characters and invalid UTF-8 are
 * errors), a request for one of `commands` (control_command.h; the last has no name). Returns 0,
 * and the request is to be freed with control_request_deinit(); or -EINVAL with a sentence in
 * `problem`.
 */
int control_request_parse(struct control_request *out, const struct control_command *commands,
	const char *line, size_t length, char problem[PROBLEM_SIZE]);
void control_request_deinit(struct control_request *request);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_REQUEST_H
#define SERVICE_CONTROL_CONTROL_REQUEST_H

/*
 * One request line of the control protocol (control.h). Pure: foreign bytes in, a value or a
 * sentence out; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "service/control/list_filter.h"
#include "service/control/watch_filter.h"

enum control_command {
	CONTROL_STATUS,
	CONTROL_WATCH,
	CONTROL_EXPLAIN,
	CONTROL_JUDGE,
	CONTROL_RELOAD,
	CONTROL_DIAGS,
	CONTROL_HAND_OVER,
	CONTROL_FLOWS,
	CONTROL_POLICIES,
};

struct control_request {
	enum control_command command;
	cJSON *json;		    /* the whole request, for the command's own fields */
	struct watch_filter filter; /* CONTROL_WATCH */
	uint64_t since_ns;	    /* CONTROL_WATCH: CLOCK_REALTIME, or 0: from now on */
	struct list_filter list;    /* CONTROL_FLOWS, CONTROL_POLICIES */
	bool trusted;		    /* root asks, or the user that we run as: set by the server */
};

enum { CONTROL_PROBLEM = 256 };

/*
 * Reads one line of `length` bytes (without its newline; control characters and invalid UTF-8 are
 * errors). Returns 0, and the request is to be freed with control_request_deinit(); or -EINVAL with
 * a sentence in `problem`, or -ENOMEM.
 */
int control_request_parse(struct control_request *out, const char *line, size_t length,
	char problem[CONTROL_PROBLEM]);
void control_request_deinit(struct control_request *request);

#endif

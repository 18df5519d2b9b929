/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_CONTROL_REQUEST_H
#define ENFORCER_CONTROL_REQUEST_H

/*
 * One request line of the control protocol (control.h), and which lines of the verdict log a `watch` lets
 * through. Pure: foreign bytes in, a value or a sentence out; any thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

enum control_command {
	CONTROL_STATUS,
	CONTROL_WATCH,
	CONTROL_EXPLAIN,
	CONTROL_JUDGE,
	CONTROL_RELOAD,
	CONTROL_DIAGS,
	CONTROL_HAND_OVER,
};

/* What a watcher wants to see; "" and false let everything through. All that is set must hold. */
struct watch_filter {
	bool deny;			/* anything but "allow" */
	char namespace_name[64];	/* of either end */
	char pod[64 + 254 + 1];		/* "namespace/name" of either end */
	char policy[64 + 254 + 1];	/* "namespace/name": isolates an end, admits, or is the nearest miss */
};

struct control_request {
	enum control_command command;
	cJSON *json;			/* the whole request, for the command's own fields */
	struct watch_filter filter;	/* CONTROL_WATCH */
};

enum { CONTROL_PROBLEM = 256 };

/*
 * Reads one line of `length` bytes (without its newline; control characters and invalid UTF-8 are errors).
 * Returns 0, and the request is to be freed with control_request_deinit(); or -EINVAL with a sentence in
 * `problem`, or -ENOMEM.
 */
int control_request_parse(struct control_request *out, const char *line, size_t length, char problem[CONTROL_PROBLEM]);
void control_request_deinit(struct control_request *request);

/* Whether a line of the verdict log (record_json.h) is for this watcher. Lines that tell of lost lines always are. */
bool watch_filter_matches(const struct watch_filter *filter, const cJSON *record);

#endif

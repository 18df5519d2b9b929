/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_COMMAND_H
#define SERVICE_CONTROL_CONTROL_COMMAND_H

/*
 * The commands of the control protocol (podgate-control(7)), as the server serves them: a table
 * with a row for each, of which the daemon has one (daemon/answers.h).
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/text/json_writer.h"
#include "process/passed_descriptors.h"
#include "process/problem.h"
#include "service/control/control_request.h"
#include "service/control/log_replay.h"
#include "service/control/stream.h"

/* What goes with an answer to hand_over: descriptors, which stay the answerer's. */
enum { CONTROL_OFFER_MOST = PASSED_DESCRIPTORS_MOST };
struct control_offer {
	int descriptors[CONTROL_OFFER_MOST];
	size_t count;
	bool last; /* when it has left, `handed_over` is called */
};

/* All functions run on the loop's thread. `context` is control_server_options.context. */
struct control_command {
	const char *name;
	/*
	 * The fields that it takes: of a filter (filter.h), which the server reads; and of its own,
	 * which it reads from the request. NULL, or a list that ends with NULL.
	 */
	const char *const *filters, *const *fields;
	bool is_large;	  /* a request may have 1 MiB, from one client at a time; else 64 KiB */
	bool is_internal; /* for another daemon: no refusal names it */

	/* One of these is set. */
	/* Writes the answer of one line, {"ok": ...}. */
	void (*answer)(
		void *context, const struct control_request *request, struct json_writer *out);
	/*
	 * Answers in lines that the server sends, from a stream that it frees. 0; or -errno, and
	 * the reason to refuse it in `problem`.
	 */
	int (*open)(void *context, const struct control_request *request, struct stream **out,
		char problem[PROBLEM_SIZE]);
	/* The lines of the verdict log from now on. With a time in the filter, this opens the past.
	 */
	int (*watch)(void *context, const struct control_request *request, struct replay **out,
		char problem[PROBLEM_SIZE]);
	/* Answers root and our own user only; *offer is zeroed. */
	void (*hand_over)(void *context, const struct control_request *request,
		struct control_offer *offer, struct json_writer *out);
};

#endif

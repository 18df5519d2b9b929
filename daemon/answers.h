/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_ANSWERS_H
#define DAEMON_ANSWERS_H

/*
 * The commands of the daemon's control socket (podgate-control(7)): what each takes, and how it is
 * answered. answers_set_callbacks() makes a struct answers the context of the control server. It is
 * filled in before the loop runs, which is when the first request is answered. For the loop's
 * thread.
 */

#include <stdbool.h>

#include "daemon/handover.h"
#include "service/control/control_server.h"
#include "service/views/listings.h"
#include "service/views/status.h"

struct answers {
	struct status_sources sources;
	struct publisher *publisher;
	struct verdict_log *log;
	struct listings listings;
	struct handover handover;
	bool stopping; /* a session that ends now is no failed successor */
	void (*handed_over)(void *context);
	void *context;
};

/*
 * The commands, a row each; the last has no name, and the internal ones come last. Their context is
 * a struct answers.
 */
extern const struct control_command answers_commands[];

/* Sets the commands and all callbacks in *options, and their context. */
void answers_set_callbacks(struct answers *answers, struct control_server_options *options);

#endif

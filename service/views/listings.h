/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_LISTINGS_H
#define SERVICE_VIEWS_LISTINGS_H

/*
 * The daemon's long answers: flows, policies, and the past of a watch. Flows and policies are told
 * by the snapshot in force when they were asked for; it is kept until the end, so there are a few
 * of them at a time, and each has five minutes (a million flows take one). On the loop's thread.
 */

#include "config/settings/settings.h"
#include "enforcer/log/verdict_log.h"
#include "enforcer/publish/publish.h"
#include "process/problem.h"
#include "service/control/control_request.h"
#include "service/control/log_replay.h"
#include "service/control/stream.h"

struct listings {
	const struct settings *settings;
	struct publisher *publisher;
	struct verdict_log *log;
	unsigned int open;    /* of those that keep a snapshot */
	unsigned int most_ms; /* 0: LISTINGS_MOST_MS */
};

/* Of all listings one is kept for root and the user that the daemon runs as. */
enum { LISTINGS_MOST = 4, LISTINGS_KEPT = 1, LISTINGS_MOST_MS = 300000 };

/*
 * Begins what the request asks for. `listings` and all in it must outlive the stream. 0; or -errno
 * with a sentence in `problem`: -EBUSY when there are too many, -EINVAL for a name that does not
 * exist, -ENOTSUP, -ENOMEM.
 */
int listings_open_flows(struct listings *listings, const struct control_request *request,
	struct stream **out, char problem[PROBLEM_SIZE]);
int listings_open_policies(struct listings *listings, const struct control_request *request,
	struct stream **out, char problem[PROBLEM_SIZE]);
/* The same for the past of a watch. */
int listings_open_past(const struct listings *listings, const struct control_request *request,
	struct replay **out, char problem[PROBLEM_SIZE]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_WATCH_FILTER_H
#define SERVICE_CONTROL_WATCH_FILTER_H

/*
 * Which lines of the verdict log somebody wants to see. Evaluated in the daemon, so that a busy log
 * does not flood the socket. Pure; any thread.
 */

#include <stdbool.h>

#include <cjson/cJSON.h>

enum {
	FILTER_NAMESPACE = 64,		      /* with its NUL byte, as the next two */
	FILTER_NAME = FILTER_NAMESPACE + 254, /* NAMESPACE/NAME */
};

enum {
	WATCH_ALLOWED = 1U << 0,
	WATCH_DENIED = 1U << 1,
	WATCH_AUDITED = 1U << 2, /* "audit-deny" */
	WATCH_REVOKED = 1U << 3,
	WATCH_UNJUDGED = 1U << 4, /* dropped without a judgement: "unreadable", "overload" */
};

/* "" and 0 let everything through. All that is set must hold. */
struct watch_filter {
	unsigned int verdicts;		       /* WATCH_*: one of these */
	char namespace_name[FILTER_NAMESPACE]; /* of either end */
	char pod[FILTER_NAME];		       /* of either end */
	char policy[FILTER_NAME];	       /* isolates an end, admits, or is the nearest miss */
};

/*
 * Whether a line of the verdict log (record_json.h) is wanted. Lines that tell of lost lines always
 * are.
 */
bool watch_filter_matches(const struct watch_filter *filter, const cJSON *record);

#endif

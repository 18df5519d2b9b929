/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_FILTER_H
#define SERVICE_CONTROL_FILTER_H

/*
 * The flows, the policies or the lines of the verdict log that a client wants. The daemon evaluates
 * it, so that a busy log does not flood the socket. A table describes its fields: the daemon reads
 * requests by it, and the commands write them. Pure; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "process/problem.h"

enum {
	FILTER_NAMESPACE = 64,		      /* with its NUL byte, as the next two */
	FILTER_NAME = FILTER_NAMESPACE + 254, /* NAMESPACE/NAME */
};

/* All that is set must hold; "", false and 0 let everything through. */
struct filter {
	char namespace_name[FILTER_NAMESPACE]; /* of either end, or of the policy */
	char pod[FILTER_NAME];		       /* at either end, or selected by the policy */
	char policy[FILTER_NAME];	       /* isolates an end, admits, or is the nearest miss */
	/* Of the verdicts that are set, one must hold. */
	bool denied; /* all that did not simply pass */
	bool allowed, audited, revoked;
	bool all; /* also flows that podgate does not judge */
	bool has_protocol;
	uint8_t protocol;  /* IPPROTO_* */
	uint64_t limit;	   /* the most flows to list; 0: all */
	uint64_t since_ns; /* CLOCK_REALTIME: lines from then on; 0: from now on */
};

/* How a field of a request is written. */
enum filter_type {
	FILTER_IS_FLAG,	    /* true or false */
	FILTER_IS_NAME,	    /* "shop" */
	FILTER_IS_OBJECT,   /* "shop/web" */
	FILTER_IS_PROTOCOL, /* "TCP", "47" */
	FILTER_IS_COUNT,    /* 1000 */
	FILTER_IS_TIME,	    /* "2026-11-24T10:00:00Z" */
};

struct filter_field {
	const char *name; /* in a request */
	enum filter_type type;
	size_t offset; /* in struct filter */
};

/* NULL when there is no such field. */
const struct filter_field *filter_field_find(const char *name);
/*
 * Reads the fields with these names (ends with NULL) from a request; one that is missing stays as
 * it is. 0; or -EINVAL with a sentence in `problem`.
 */
int filter_read(struct filter *out, const char *const *names, const cJSON *request,
	char problem[PROBLEM_SIZE]);
/*
 * Whether a line of the verdict log (record_json.h) is wanted. Lines that count lost lines always
 * are.
 */
bool filter_matches(const struct filter *filter, const cJSON *record);

#endif

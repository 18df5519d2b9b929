/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_ENFORCER_EXAMINATION_H
#define TESTS_ENFORCER_EXAMINATION_H

/* One run of the host's checks, and what a test looks for in it. Failures fail the test. */

#include <stddef.h>

#include "enforcer/host/host.h"

struct examination {
	struct host_finding findings[HOST_FINDINGS_MOST];
	size_t count;
	struct settings settings;
};

extern const struct settings examination_usual;	/* without a log file */

void examination_run(struct examination *out, const struct settings *settings);
const struct host_finding *examination_find(const struct examination *examination, const char *check);	/* or NULL */
/* Of a fresh run; good until the next. */
const struct host_finding *examination_finding(const struct settings *settings, const char *check);
/* A fresh run has this finding, in this state, and says `part`. */
void examination_expect(
	const struct settings *settings, const char *check, enum host_state state, const char *part);

#endif

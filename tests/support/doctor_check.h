/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_DOCTOR_CHECK_H
#define TESTS_SUPPORT_DOCTOR_CHECK_H

/* One run of the host's checks, and what a test looks for in it. Failures fail the test. */

#include <stddef.h>

#include "doctor/host.h"

struct doctor_check {
	struct host_finding findings[HOST_FINDINGS_MOST];
	size_t count;
	struct settings settings;
};

extern const struct settings doctor_check_usual; /* without a log file */

void doctor_check_run(struct doctor_check *out, const struct settings *settings);
/* or NULL */
const struct host_finding *doctor_check_find(
	const struct doctor_check *doctor_check, const char *check);
/* Of a fresh run; good until the next. */
const struct host_finding *doctor_check_finding(const struct settings *settings, const char *check);
/* A fresh run has this finding, in this state, and says `part`. */
void doctor_check_expect(const struct settings *settings, const char *check, enum host_state state,
	const char *part);

#endif

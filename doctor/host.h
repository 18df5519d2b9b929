/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DOCTOR_HOST_H
#define DOCTOR_HOST_H

/*
 * What this machine must offer for podgate to enforce anything: one check a row, each with what was
 * found, what it matters, and how to mend it. `podgate doctor` prints them all; `podgate run`
 * refuses to start on the first that fails.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings/settings.h"

enum host_state { HOST_OK, HOST_WARNING, HOST_FAILED };

struct host_finding {
	const char *check; /* a stable slug: "cap-net-admin", "nfqueue", "br-netfilter"... */
	enum host_state state;
	char found[256];  /* one sentence */
	char remedy[256]; /* one sentence; "" when all is well */
};

enum { HOST_FINDINGS_MOST = 64 };

/*
 * What a check is about, and what comes of it when it finds something: a sentence. "" for a slug
 * that is none.
 */
const char *host_why(const char *check);

const char *host_state_name(enum host_state state); /* "ok", "warning", "failed" */

/*
 * Runs all checks, in the order in which they should be mended. Returns how many were stored.
 * Changes nothing, but may load kernel modules that the rules need. Blocking, for some tens of
 * milliseconds.
 */
size_t host_check(
	const struct settings *settings, struct host_finding findings[HOST_FINDINGS_MOST]);

/* So many files a podgate with these settings may have open at once. Pure. */
unsigned long host_files_needed(const struct settings *settings);

#endif

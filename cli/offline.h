/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OFFLINE_H
#define CLI_OFFLINE_H

/* Manifests read once and compiled, for the commands that work without a daemon. */

#include <stdbool.h>
#include <stddef.h>

#include "config/store/store.h"
#include "policy/compile/snapshot.h"
#include "policy/values/diag.h"

struct offline {
	struct arena *arena; /* of findings */
	struct store *store;
	struct cluster *cluster;
	struct snapshot *snapshot;
	struct diag_list findings; /* what was found in reading, sorted */
};

/*
 * Reads files and folders ("-": standard input). Broken manifests are no failure here, a path that
 * can't be read is. Returns 0; or -errno, said on standard error, with nothing to close.
 */
int offline_open(
	struct offline *out, const char *const *paths, size_t count, struct annotation_trust trust);
void offline_close(struct offline *offline);

/*
 * For commands that answer for all manifests or not at all: with errors among the findings, prints
 * those and returns -EINVAL. An answer without the policy that was mistyped would be a wrong one.
 */
int offline_require_sound(const struct offline *offline);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_MANIFEST_WORLD_H
#define TESTS_SUPPORT_MANIFEST_WORLD_H

/*
 * A snapshot of manifests written in a test: what is explained, linted and asked is easier to read
 * as YAML than as structs. The file is called "world.yaml" in positions. Whatever goes wrong fails
 * the test.
 */

#include "config/store/store.h"
#include "policy/compile/snapshot.h"

struct manifest_world {
	struct store *store;
	struct cluster *cluster;
	struct snapshot *snapshot;
	struct arena *arena;	/* for what a test makes of it */
	struct diag_list found; /* by config/, in reading */
};

/* Manifests with errors fail the test. */
void manifest_world_init(struct manifest_world *world, const char *yaml);
void manifest_world_deinit(struct manifest_world *world);

/*
 * Moves the policy of namespace shop to another tier, gives all its rules that action, and compiles
 * the snapshot again: no manifest can say so yet.
 */
void manifest_world_rank(struct manifest_world *world, const char *name, enum policy_tier tier,
	int priority, enum rule_action action);

/* Only the snapshot, for the caller to free. */
struct snapshot *manifest_world_compile(const char *yaml, const struct snapshot_options *options);

#endif

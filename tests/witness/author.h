/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WITNESS_AUTHOR_H
#define WITNESS_AUTHOR_H

/*
 * Writes manifests that change at random, pods, labels, namespaces and policies, and says what each
 * version means: by the naive evaluator of tests/policy/, which shares no matching code with
 * podgate.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/witness/history.h"

/* Who sends and receives. Pods are in the manifests, mostly; others never. */
struct end {
	const char *name, *netns; /* netns: a path */
	const char *address;
	bool pod;
};

extern const uint16_t author_ports[PORTS];

struct author;

/* `folder` and `ends` are borrowed. 0 or -ENOMEM. */
int author_create(struct author **out, const char *folder, const struct end *ends, size_t count,
	uint64_t seed);
void author_free(struct author *author);

/* Changes one thing, and says what it all means then; nothing is written yet. 0 or -errno. */
int author_change(struct author *author, struct verdicts_table *out);
/* Puts the manifests in place, by one rename. 0 or -errno. */
int author_publish(struct author *author);

#endif

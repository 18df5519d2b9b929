/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_UNNAMED_H
#define ENFORCER_PUBLISH_UNNAMED_H

/*
 * Addresses that no manifest names, behind the port of a bridge that a pod is behind: by them the
 * pod is reached, and reaches others, past all policies, which go by addresses. Found where the
 * gateway itself has come to know of them, in its neighbour table. Pure; any thread.
 */

#include <stddef.h>

#include "enforcer/places/places.h"
#include "policy/compile/snapshot.h"

enum { UNNAMED_POD = 320 };

struct unnamed {
	size_t count;
	struct ip_addr first;  /* one of them */
	char pod[UNNAMED_POD]; /* whose port it is behind: "shop/web" */
};
void unnamed_find(
	struct unnamed *out, const struct places *places, const struct snapshot *snapshot);

enum { UNNAMED_TEXT = 512 };
/* A sentence without a full stop that says so, and what to do; "" when there are none. */
void unnamed_format(const struct unnamed *unnamed, char text[UNNAMED_TEXT]);

#endif

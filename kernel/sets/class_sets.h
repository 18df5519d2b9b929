/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SETS_CLASS_SETS_H
#define KERNEL_SETS_CLASS_SETS_H

/*
 * What the class sets (pod_set.h makes them) hold: classes are added hundreds a message, sets
 * swapped, read with their counters, and emptied. Over a netlink socket of its own, not through
 * libipset, which holds one lock for the whole process, takes a message an entry apart and can list
 * only as text. Blocking; one thread at a time. It stays in the network namespace in which it was
 * opened.
 */

#include <stddef.h>
#include <stdint.h>

#include "policy/values/flow.h"

/* The beginnings of the sets' names; the family's digit follows. */
#define CLASS_SETS_ALLOWED "podgate-allowed"
#define CLASS_SETS_DENIED "podgate-denied"
#define CLASS_SETS_SPARE \
	"podgate-spare" /* no rule looks into it; empty but while a set is read \
			 */

enum class_set { CLASS_SET_ALLOWED, CLASS_SET_DENIED, CLASS_SET_SPARE, CLASS_SET_COUNT };

struct class_sets;

int class_sets_open(struct class_sets **out);	/* 0 or -errno */
void class_sets_close(struct class_sets *sets); /* NULL is allowed */

/*
 * Adds the classes of so many flows, all of `family`, for `timeout_s` seconds; those that are there
 * already begin anew. 0; -ENOSPC when the set is full, -ENOENT when there is none, or another
 * -errno: those before the one that failed are in.
 */
enum { CLASS_SETS_ADD_MOST = 256 };
int class_sets_add(struct class_sets *sets, enum class_set set, enum ip_family family,
	const struct flow *flows, size_t count, uint32_t timeout_s);
/* Removes them; those that are not there are no error. 0 or -errno. */
int class_sets_remove(struct class_sets *sets, enum class_set set, enum ip_family family,
	const struct flow *flows, size_t count);
/* Each gets what the other held, at once: a packet sees the one content or the other. */
int class_sets_swap(
	struct class_sets *sets, enum class_set one, enum class_set other, enum ip_family family);
int class_sets_empty(struct class_sets *sets, enum class_set set, enum ip_family family);

/* Called for each class, as a flow without source port, with how many packets it was found for. */
typedef void class_sets_visit(const struct flow *flow, uint64_t packets, void *context);
int class_sets_read(struct class_sets *sets, enum class_set set, enum ip_family family,
	class_sets_visit *visit, void *context);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LEARN_LEARNED_SET_H
#define ENFORCER_LEARN_LEARNED_SET_H

/*
 * The learned flow classes of one verdict and one family: the kernel's set that holds them, those
 * that wait to be added to it, and how many packets the set has answered. Blocking; under the
 * learner's lock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/learn/ledger.h"
#include "kernel/sets/class_sets.h"
#include "policy/compile/touched.h"

enum { LEARNED_ENDS = 1 << 16 };

struct learned_set {
	struct class_sets *sets; /* the learner's, as are these */
	struct ledger *ledger;
	void (*answered)(const struct record *record, void *context); /* learner_options */
	void *context;
	enum class_set set;
	enum ip_family family;
	bool logged;	    /* the ledger has its classes, and the log is told what they answer */
	bool dirty;	    /* the kernel's set may hold something */
	uint32_t timeout_s; /* how long a class stays */
	uint64_t learned, current; /* classes: ever, and since the set was last emptied */
	uint64_t packets;	   /* answered, as far as the log is told */
	/* of a set that is not logged: by a hash, which addresses its classes may have */
	uint32_t ends[LEARNED_ENDS / 32];
	size_t waiting; /* classes to be added */
	struct flow flows[CLASS_SETS_ADD_MOST];
};

/* Whether the record's flow class belongs into this set. */
bool learned_set_takes(const struct learned_set *set, const struct record *record);
/* Adds the classes that wait. 0; -ENOSPC: there is no room for them; or another -errno. */
int learned_set_add_waiting(struct learned_set *set);
/*
 * Of a set that is logged: tells what it has answered since it was last read, renews the classes
 * that were in use, and drops those that were not in use for timeout_s and those that `touched` has
 * an end of. 0; or -errno, and the set is as it was. *unread as below.
 */
int learned_set_renew(struct learned_set *set, const struct touched *touched, int *unread);
/*
 * Removes the classes that `touched` has an end of; *removed says whether there were any. What they
 * have answered is told. 0; or -errno, and some of them may still be there. *unread as below.
 */
int learned_set_remove(
	struct learned_set *set, const struct touched *touched, bool *removed, int *unread);
/*
 * Tells what the set has answered, and empties it: 0 when it is empty, also for a set that is gone,
 * or -errno. *unread: 0, or -errno when some of what it has answered may not be told.
 */
int learned_set_empty(struct learned_set *set, int *unread);

#endif

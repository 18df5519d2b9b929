/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LEARN_LEARNER_H
#define ENFORCER_LEARN_LEARNER_H

/*
 * The learned path: puts flow classes that recur into the sets that the rules look into, so that
 * the kernel answers their later flows. A flow class is (source, protocol, destination port,
 * destination), all that a verdict depends on: so the answer is exact as long as the snapshot that
 * gave it is in force.
 *
 * A change of policies leaves classes in force that it does not touch (policy/compile/touched.h):
 * the old snapshot and the new one judge their flows alike. And no class is ever in a set that the
 * snapshot in force would judge otherwise:
 * 1. Each sighting carries the revision of the snapshot that judged it. No revision comes twice,
 *    and a later snapshot has a higher one.
 * 2. The learner works under one lock: in one hold of it, it takes a sighting, holds it against the
 *    changes since its revision, and adds the class to the set. If one of them touches an end of
 *    the class, or there were more than are remembered, the sighting is dropped as stale.
 * 3. learner_change() takes that lock, removes the classes with a touched end, and remembers the
 *    change. When it returns, the sets have no touched class, and get none but by a sighting that
 *    the new snapshot, or a later one, has judged.
 * 4. The publisher calls learner_change() before it publishes. So while the old snapshot is still
 *    in force, no touched class is learned at all; the workers judge their flows.
 * 5. A packet that a set let pass just before its class was removed may still be on its way through
 *    the kernel. learner_settle(), after the publishing, waits until all such packets are in the
 *    flow table or gone: the sweep that follows judges them.
 *
 * Only allowed and denied TCP, UDP and SCTP classes are learned, in the directions of their flows:
 * never what audit mode lets pass. Classes that the verdict log reports are few (ledger.h), and
 * their sets are read every second: how many packets they answered goes to the log. When a set is
 * full, new classes are left to the workers, and nothing leaves the set for them.
 *
 * All functions but learner_wake(), learner_stats() and learner_pulse() are for the control thread
 * or one of its helpers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/record.h"
#include "enforcer/gate/ring.h"
#include "policy/compile/touched.h"
#include "process/pulse.h"

struct learner;

struct learner_options {
	bool allowed, denied; /* which are learned; neither: there is no thread */
	bool log_allowed;     /* the log has allowed flows, too; it always has denied ones */
	/* how long a class stays; one that the log reports, after its last packet */
	uint32_t allowed_s, denied_s;
	/*
	 * Called with the learner's lock held; record->answered says how many packets. Must not
	 * block for long.
	 */
	void (*answered)(const struct record *record, void *context);
	void *context;
};

/* Opens the way to the sets, in the network namespace of the caller. 0 or -errno. */
int learner_open(struct learner **out, const struct learner_options *options);
/* Stopped, or never started; NULL is allowed. */
void learner_close(struct learner *learner);

/*
 * Starts the thread on these rings of sightings. It learns nothing before learner_resume(). 0 or
 * -errno.
 */
int learner_start(struct learner *learner, struct ring *const *rings, size_t count);
/*
 * Ends the thread, reports what the sets have answered, and empties them: a clean stop leaves no
 * answers behind. (After a crash they time out.)
 */
void learner_stop(struct learner *learner);

/*
 * A ring may have become non-empty. Never blocks. `learner` is void so that a worker may call it.
 */
void learner_wake(void *learner);

/*
 * Stops learning and empties the sets; what they have answered is told before it returns. 0; or
 * -errno when a set might not be empty: then nothing may be published. Nothing is learned in either
 * case.
 */
int learner_forget(struct learner *learner);
/*
 * The snapshot in force is about to be replaced by `after`: removes the classes that the change
 * touches, and learns by `after`, too, from now on. What they have answered is told before it
 * returns; `after` must stay until it is retired. 0; or -errno when a touched class may still be
 * there: then nothing may be published, and learning goes on as before.
 */
int learner_change(
	struct learner *learner, const struct touched *touched, const struct snapshot *after);
/* Returns when no packet that a removed class let pass is outside the flow table any more. */
void learner_settle(struct learner *learner);
/* Learns classes judged by this revision, which must be the one in force, after a start or a
 * learner_forget(). */
void learner_resume(struct learner *learner, uint64_t revision);
/*
 * The classes that are renewed while they are in use, so that they may stay longer than allowed_s.
 * With the learner's lock held.
 */
void learner_visit_renewed(struct learner *learner,
	void (*visit)(const struct flow *flow, void *context), void *context);

enum { LEARNER_ALLOWED, LEARNER_DENIED, LEARNER_KINDS };
enum { LEARNER_IPV4, LEARNER_IPV6, LEARNER_FAMILIES };

struct learner_stats {
	bool learning;
	uint64_t learned[LEARNER_KINDS][LEARNER_FAMILIES]; /* since the start */
	uint64_t current[LEARNER_KINDS][LEARNER_FAMILIES]; /* since the sets were last emptied */
	uint64_t answered[LEARNER_KINDS]; /* packets, as far as the log reports them */
	uint64_t refused;		  /* sightings for whose classes there was no room */
	uint64_t stale;	  /* sightings judged by a snapshot that was not, or no longer, in force */
	uint64_t emptied; /* how often there were classes to remove */
	uint64_t errors;  /* times that the kernel refused what should have gone well */
};
void learner_stats(struct learner *learner, struct learner_stats *out);
/* Of the thread, by its rounds; takes no lock. Any thread, between learner_start() and _stop(). */
struct pulse learner_pulse(const struct learner *learner);

#endif

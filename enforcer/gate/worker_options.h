/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_GATE_WORKER_OPTIONS_H
#define ENFORCER_GATE_WORKER_OPTIONS_H

/*
 * What the workers of one gate have in common: the operator's settings as they are, and what the
 * enforcer wants of the workers' threads. Read by gate_open() only, except for what the hooks,
 * their contexts and `places` point to, which must outlive the gate.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings/settings.h"
#include "enforcer/gate/presence.h"
#include "enforcer/places/places_watch.h"

enum gate_role { GATE_NEW, GATE_REPLY, GATE_FLOOD }; /* of a worker and its queue */

/* The most packets that wait in the queue of floods: a burst of a source that is merely busy fits.
 */
enum { GATE_FLOOD_LENGTH = 4096 };

/* Called by the workers' threads. Each may be NULL; the first two must not block. */
struct worker_hooks {
	void (*recorded)(void *log); /* the worker's ring may have become non-empty */
	void *log;
	void (*sighted)(void *learner); /* the same for its ring of sightings */
	void *learner;
	void (*begin)(const void *context); /* before the thread's first packet */
	const void *begin_context;
};

struct worker_options {
	const struct settings *settings;
	/* leave sightings of flow classes that recur, for the learner */
	bool learn_allowed, learn_denied;
	size_t ring_capacity; /* records a worker; a power of two */
	struct worker_hooks hooks;
	const published_places *places; /* NULL: nothing is known of bridges */
	struct presence *presence;	/* the gate's own: gate_open() sets it */
};

#endif

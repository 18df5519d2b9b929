/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/learn/learner.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "enforcer/gate/flow_class.h"
#include "enforcer/learn/learned_set.h"
#include "enforcer/learn/past_changes.h"
#include "enforcer/learn/quota.h"
#include "process/clock.h"
#include "process/log.h"
#include "process/work_thread.h"

enum {
	ROUND_MOST = 1024, /* sightings taken in one hold of the lock: some 2 ms */
	PAUSE_MS = 20,	   /* between two rounds */
	/* between two readings of sets; less when denied classes stay less than 3 s */
	READ_MS = 1000,
	ALLOWED_SHARE = 16384, /* classes of one source within allowed_s */
	RINGS_MOST = 80,
	STACK_BYTES = 128 * 1024,
	RECENT = 1024,
	RECENT_S = 1,
	GRACE_MS = 100, /* far longer than any packet takes through the kernel */
};

/*
 * A class that was just added is sighted again while its packets wait in the queue: within RECENT_S
 * it is not added again. A collision only costs one redundant add.
 */
struct recent {
	uint64_t hash;
	uint64_t until_ns;
};

struct learner {
	struct learner_options options;
	struct ring *rings[RINGS_MOST];
	size_t ring_count, next_ring;
	struct work_thread thread;

	pthread_mutex_t lock; /* of all that follows, and of taking from the rings */
	uint64_t revision;    /* 0: learning nothing */
	const struct snapshot
		*snapshot;	  /* of that revision, since the last change; NULL: none was */
	struct past_changes past; /* up to that revision */
	struct class_sets *sets;
	struct ledger *ledger;
	struct quota quota;	      /* of allowed classes that the log does not report */
	struct recent recent[RECENT]; /* by their hash */
	struct learned_set learned[LEARNER_KINDS][LEARNER_FAMILIES];
	uint64_t read_ns; /* when the sets were last read */
	bool passing;	  /* packets that a set let pass may be on their way: learner_settle() */
	int problem;	  /* the errno that was logged last; 0: all is well */
	struct learner_stats stats;
};

/* Each of them in turn: begin with *place 0; NULL ends. */
static struct learned_set *next_set(struct learner *learner, size_t *place)
{
	const size_t i = (*place)++;

	if (i >= (size_t)LEARNER_KINDS * LEARNER_FAMILIES)
		return NULL;
	return &learner->learned[i / LEARNER_FAMILIES][i % LEARNER_FAMILIES];
}

/* The outcome of a request to the kernel: a failure is logged once, not at every try. */
static int note(struct learner *learner, int err)
{
	if (err != 0)
		learner->stats.errors++;
	if (err != 0 && err != learner->problem)
		log_warnx("can't write or read the sets of learned classes: %s; their flows are "
			  "judged one by one",
			strerror(-err));
	learner->problem = err;
	return err;
}

/* ---- Learning ---- */

static void add_waiting(struct learner *learner, struct learned_set *set)
{
	const size_t count = set->waiting;
	const int err = learned_set_add_waiting(set);

	if (err == -ENOSPC)
		learner->stats.refused += count;
	else if (count > 0)
		note(learner, err);
}

static bool is_recent(struct learner *learner, const struct flow *flow, uint64_t now)
{
	const uint64_t hash = flow_class_hash(learner->quota.seed, flow);
	struct recent *recent = &learner->recent[hash % RECENT];

	if (recent->hash == hash && now < recent->until_ns)
		return true;
	*recent = (struct recent){.hash = hash, .until_ns = now + RECENT_S * NS_PER_S};
	return false;
}

static bool is_learnable(const struct learner *learner, const struct record *record)
{
	if (record->kind != RECORD_VERDICT || !flow_protocol_has_ports(record->flow.protocol))
		return false;
	return (record->judgement.verdict == VERDICT_ALLOW && learner->options.allowed) ||
		(record->judgement.verdict == VERDICT_DENY && learner->options.denied);
}

/* A new class waits to be added, if there is room for it. */
static void take(struct learner *learner, struct record *record, uint64_t now)
{
	const int kind = record->judgement.verdict == VERDICT_DENY ? LEARNER_DENIED
								   : LEARNER_ALLOWED;
	struct learned_set *set = &learner->learned[kind][record->flow.src.family == IP_FAMILY_V6
			? LEARNER_IPV6
			: LEARNER_IPV4];
	int err = 0;

	if (learner->revision == 0 ||
		!past_changes_spare(&learner->past, record->revision, &record->flow)) {
		learner->stats.stale++;
		return;
	}
	if (!is_learnable(learner, record))
		return;
	/* The snapshot that judged it may be gone when its answers are told. */
	if (record->revision != learner->revision) {
		record->snapshot = learner->snapshot;
		record->revision = learner->revision;
	}
	if (set->logged)
		err = ledger_add(learner->ledger, record, now);
	else if (is_recent(learner, &record->flow, now))
		err = -EEXIST;
	else if (!quota_take(&learner->quota, &record->flow.src, now))
		err = -EDQUOT;
	learner->stats.refused += err != 0 && err != -EEXIST;
	if (err != 0)
		return;
	set->flows[set->waiting++] = record->flow;
	if (set->waiting == CLASS_SETS_ADD_MOST)
		add_waiting(learner, set);
}

/* Takes the rings in turn. Returns whether there may be more than one round takes. */
static bool learn(struct learner *learner)
{
	const uint64_t now = clock_ns();
	size_t taken = 0, place = 0;
	struct learned_set *set;
	struct record record;

	for (size_t i = 0; i < learner->ring_count && taken < ROUND_MOST; i++) {
		struct ring *ring = learner->rings[learner->next_ring++ % learner->ring_count];

		while (taken < ROUND_MOST && ring_pop(ring, &record)) {
			take(learner, &record, now);
			taken++;
		}
	}
	while ((set = next_set(learner, &place)) != NULL)
		add_waiting(learner, set);
	return taken == ROUND_MOST;
}

/* ---- Reading what the sets have answered ---- */

static uint64_t read_period_ns(const struct learner *learner)
{
	const uint64_t third = learner->options.denied_s * NS_PER_S / 3;

	return learner->options.denied && third < READ_MS * NS_PER_MS ? third : READ_MS * NS_PER_MS;
}

static void read_sets(struct learner *learner)
{
	const uint64_t now = clock_ns();
	struct learned_set *set;
	size_t place = 0;

	if (learner->revision == 0 || ledger_count(learner->ledger) == 0 ||
		now - learner->read_ns < read_period_ns(learner))
		return;
	learner->read_ns = now;
	while ((set = next_set(learner, &place)) != NULL) {
		int unread;

		if (!set->logged || !set->dirty)
			continue;
		note(learner, learned_set_renew(set, NULL, &unread));
		note(learner, unread);
	}
}

/* Until the sets are to be read again; -1: until woken. Under the lock. */
static int idle_ms(const struct learner *learner)
{
	const uint64_t now = clock_ns(), next = learner->read_ns + read_period_ns(learner);

	if (learner->revision == 0 || ledger_count(learner->ledger) == 0)
		return -1;
	return next <= now ? 0 : (int)((next - now) / NS_PER_MS + 1);
}

/* ---- The thread ---- */

static int work(void *context, bool last)
{
	struct learner *learner = context;
	int wait_ms;
	bool more;

	if (last)
		return -1;
	pthread_mutex_lock(&learner->lock);
	more = learn(learner);
	read_sets(learner);
	wait_ms = more ? 0 : idle_ms(learner);
	pthread_mutex_unlock(&learner->lock);
	return wait_ms;
}

void learner_wake(void *context)
{
	struct learner *learner = context;

	work_thread_wake(&learner->thread);
}

static void init_sets(struct learner *learner)
{
	const struct learner_options *options = &learner->options;

	for (int kind = 0; kind < LEARNER_KINDS; kind++) {
		const bool denied = kind == LEARNER_DENIED;

		for (int family = 0; family < LEARNER_FAMILIES; family++)
			learner->learned[kind][family] = (struct learned_set){
				.sets = learner->sets,
				.ledger = learner->ledger,
				.answered = options->answered,
				.context = options->context,
				.set = denied ? CLASS_SET_DENIED : CLASS_SET_ALLOWED,
				.family = family == LEARNER_IPV6 ? IP_FAMILY_V6 : IP_FAMILY_V4,
				.logged = denied || options->log_allowed,
				.timeout_s = denied ? options->denied_s : options->allowed_s,
			};
	}
}

int learner_open(struct learner **out, const struct learner_options *options)
{
	struct learner *learner = calloc(1, sizeof(*learner));
	int err;

	if (learner == NULL)
		return -ENOMEM;
	learner->options = *options;
	pthread_mutex_init(&learner->lock, NULL);
	quota_init(&learner->quota, ALLOWED_SHARE, options->allowed_s * NS_PER_S);
	err = work_thread_init(&learner->thread);
	if (err == 0)
		err = ledger_create(&learner->ledger);
	if (err == 0)
		err = class_sets_open(&learner->sets);
	if (err != 0) {
		learner_close(learner);
		return err;
	}
	init_sets(learner);
	*out = learner;
	return 0;
}

void learner_close(struct learner *learner)
{
	if (learner == NULL)
		return;
	class_sets_close(learner->sets);
	ledger_free(learner->ledger);
	work_thread_deinit(&learner->thread);
	pthread_mutex_destroy(&learner->lock);
	free(learner);
}

int learner_start(struct learner *learner, struct ring *const *rings, size_t count)
{
	const struct work_thread_options work_options = {
		.name = "podgate-learn",
		.stack_bytes = STACK_BYTES,
		.nap_ms = PAUSE_MS,
		.fd = -1,
		.round = work,
		.context = learner,
	};

	if (!learner->options.allowed && !learner->options.denied)
		return 0;
	if (count > RINGS_MOST)
		return -E2BIG;
	memcpy(learner->rings, rings, count * sizeof(rings[0]));
	learner->ring_count = count;
	return work_thread_start(&learner->thread, &work_options);
}

void learner_stop(struct learner *learner)
{
	if (!learner->thread.running)
		return;
	work_thread_stop(&learner->thread);
	(void)learner_forget(learner); /* was logged; the classes' own timeouts are what is left */
}

/* ---- The publisher's part ---- */

/* Under the lock. */
static int empty_all(struct learner *learner)
{
	struct learned_set *set;
	bool any = false;
	size_t place = 0;
	int err = 0;

	memset(learner->recent, 0, sizeof(learner->recent));
	while ((set = next_set(learner, &place)) != NULL) {
		int emptied, unread;

		if (!set->dirty)
			continue;
		any = true;
		emptied = learned_set_empty(set, &unread);
		note(learner, unread);
		if (note(learner, emptied) == 0 && set->set == CLASS_SET_ALLOWED)
			learner->passing = true;
		err = err != 0 ? err : emptied;
	}
	ledger_clear(learner->ledger);
	learner->stats.emptied += any;
	return err;
}

int learner_forget(struct learner *learner)
{
	int err;

	pthread_mutex_lock(&learner->lock);
	learner->revision = 0;
	err = empty_all(learner);
	pthread_mutex_unlock(&learner->lock);
	return err;
}

/* Classes that stay are as right by `after`. What they answer is told by its names from now on. */
static void rename_logged(struct learner *learner, const struct snapshot *after)
{
	struct ledger_entry *entry;
	size_t place = 0;

	while ((entry = ledger_next(learner->ledger, &place)) != NULL) {
		entry->record.snapshot = after;
		entry->record.revision = snapshot_revision(after);
	}
}

static int remove_touched(struct learner *learner, const struct touched *touched)
{
	struct learned_set *set;
	bool removed, any = false;
	size_t place = 0;
	int err = 0;

	while (err == 0 && (set = next_set(learner, &place)) != NULL) {
		int unread;

		if (!set->dirty)
			continue;
		err = note(learner, learned_set_remove(set, touched, &removed, &unread));
		note(learner, unread);
		any = any || removed;
		if (removed && set->set == CLASS_SET_ALLOWED)
			learner->passing = true;
	}
	if (any)
		memset(learner->recent, 0, sizeof(learner->recent));
	learner->stats.emptied += any;
	return err;
}

int learner_change(
	struct learner *learner, const struct touched *touched, const struct snapshot *after)
{
	const uint64_t revision = snapshot_revision(after);
	int err;

	pthread_mutex_lock(&learner->lock);
	err = touched->everything ? empty_all(learner) : remove_touched(learner, touched);
	if (err == 0) {
		rename_logged(learner, after);
		past_changes_add(&learner->past, touched, revision);
		learner->revision = revision;
		learner->snapshot = after;
	}
	pthread_mutex_unlock(&learner->lock);
	return err;
}

void learner_visit_renewed(struct learner *learner,
	void (*visit)(const struct flow *flow, void *context), void *context)
{
	const struct ledger_entry *entry;
	size_t place = 0;

	pthread_mutex_lock(&learner->lock);
	while ((entry = ledger_next(learner->ledger, &place)) != NULL)
		visit(&entry->record.flow, context);
	pthread_mutex_unlock(&learner->lock);
}

/*
 * The kernel carries a packet through FORWARD to the confirmation of its flow without leaving its
 * RCU read side, and this system call waits for all that are in there. Kernels with CPUs free of
 * ticks do not offer it.
 */
void learner_settle(struct learner *learner)
{
	const struct timespec grace = {.tv_nsec = GRACE_MS * (long)NS_PER_MS};
	bool passing;

	pthread_mutex_lock(&learner->lock);
	passing = learner->passing;
	learner->passing = false;
	pthread_mutex_unlock(&learner->lock);
	if (passing && syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		nanosleep(&grace, NULL);
}

void learner_resume(struct learner *learner, uint64_t revision)
{
	pthread_mutex_lock(&learner->lock);
	past_changes_begin(&learner->past, revision);
	learner->revision = revision;
	learner->read_ns = clock_ns();
	pthread_mutex_unlock(&learner->lock);
}

void learner_stats(struct learner *learner, struct learner_stats *out)
{
	pthread_mutex_lock(&learner->lock);
	*out = learner->stats;
	out->learning = learner->thread.running && learner->revision != 0;
	for (int kind = 0; kind < LEARNER_KINDS; kind++) {
		for (int family = 0; family < LEARNER_FAMILIES; family++) {
			const struct learned_set *set = &learner->learned[kind][family];

			out->learned[kind][family] = set->learned;
			out->current[kind][family] = set->current;
			out->answered[kind] += set->packets;
		}
	}
	pthread_mutex_unlock(&learner->lock);
}

struct pulse learner_pulse(const struct learner *learner)
{
	return work_thread_pulse(&learner->thread);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/learn/learned_set.h"

#include <errno.h>

#include "process/clock.h"

bool learned_set_takes(const struct learned_set *set, const struct record *record)
{
	return (record->judgement.verdict == VERDICT_DENY) == (set->set == CLASS_SET_DENIED) &&
		record->flow.src.family == set->family;
}

int learned_set_add_waiting(struct learned_set *set)
{
	const size_t count = set->waiting;
	int err;

	if (count == 0)
		return 0;
	set->dirty = true; /* even after a failure: some may be in */
	set->waiting = 0;
	err = class_sets_add(set->sets, set->set, set->family, set->flows, count, set->timeout_s);
	if (err == 0) {
		set->learned += count;
		set->current += count;
	}
	return err;
}

struct reading {
	struct learned_set *set;
	uint64_t now_ns, wall_ns;
};

static void tell(const struct flow *flow, uint64_t packets, void *context)
{
	const struct reading *reading = context;
	struct learned_set *set = reading->set;
	struct ledger_entry *entry = packets == 0 ? NULL : ledger_find(set->ledger, flow);
	struct record record;

	if (entry == NULL)
		return;
	entry->used_ns = reading->now_ns;
	set->packets += packets;
	record = entry->record;
	record.time_ns = reading->wall_ns;
	record.user_ns = 0;
	record.answered = packets;
	set->answered(&record, set->context);
}

/* The spare set was this set's a moment ago: tells what it has answered, and empties it. */
static int tell_spare(struct learned_set *set)
{
	struct reading reading = {
		.set = set,
		.now_ns = clock_ns(),
		.wall_ns = clock_wall_ns(),
	};
	const int err = class_sets_read(set->sets, CLASS_SET_SPARE, set->family, tell, &reading);
	const int emptied = class_sets_empty(set->sets, CLASS_SET_SPARE, set->family);

	return err != 0 ? err : emptied;
}

/* Adds this set's classes to the spare set, but for those that were not in use for too long. */
static int fill_spare(struct learned_set *set)
{
	const uint64_t now = clock_ns();
	struct ledger_entry *entry;
	size_t place = 0, count = 0;
	int err = 0;

	do {
		entry = ledger_next(set->ledger, &place);
		if (entry != NULL && learned_set_takes(set, &entry->record)) {
			entry->leaving = now - entry->used_ns >= set->timeout_s * NS_PER_S;
			if (!entry->leaving)
				set->flows[count++] = entry->record.flow;
		}
		if (entry != NULL && count < CLASS_SETS_ADD_MOST)
			continue;
		err = class_sets_add(
			set->sets, CLASS_SET_SPARE, set->family, set->flows, count, set->timeout_s);
		count = 0;
	} while (entry != NULL && err == 0);
	return err;
}

/*
 * Reading a set and then renewing its classes would lose what it answers in between. So a new one
 * is filled aside and swapped in; the old one stands still while it is read.
 */
int learned_set_renew(struct learned_set *set)
{
	struct ledger_entry *entry;
	size_t place = 0;
	int err = class_sets_empty(set->sets, CLASS_SET_SPARE, set->family);

	if (err == 0)
		err = fill_spare(set);
	if (err == 0)
		err = class_sets_swap(set->sets, set->set, CLASS_SET_SPARE, set->family);
	if (err != 0) {
		(void)class_sets_empty(set->sets, CLASS_SET_SPARE, set->family);
		return err;
	}
	err = tell_spare(set);
	while ((entry = ledger_next(set->ledger, &place)) != NULL)
		if (entry->leaving && learned_set_takes(set, &entry->record))
			ledger_remove(set->ledger, entry);
	return err;
}

/* A set that is logged is swapped for the empty spare one and read. */
int learned_set_empty(struct learned_set *set, int *unread)
{
	int err = set->logged ? class_sets_empty(set->sets, CLASS_SET_SPARE, set->family)
			      : -ENODATA;

	if (err == 0)
		err = class_sets_swap(set->sets, set->set, CLASS_SET_SPARE, set->family);
	*unread = err == 0 ? tell_spare(set) : 0;
	err = class_sets_empty(set->sets, set->set, set->family);
	if (err != 0 && err != -ENOENT) /* a set that another program destroyed answers nothing */
		return err;
	set->dirty = false;
	set->current = 0;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/learn/learned_set.h"

#include <errno.h>
#include <string.h>

#include "policy/compile/endpoint_table.h"
#include "policy/values/vector.h"
#include "process/clock.h"

bool learned_set_takes(const struct learned_set *set, const struct record *record)
{
	return (record->judgement.verdict == VERDICT_DENY) == (set->set == CLASS_SET_DENIED) &&
		record->flow.src.family == set->family;
}

/* ---- the ends of classes that are in the kernel's set alone ---- */

static uint32_t end_of(const struct ip_addr *addr)
{
	return endpoint_hash(addr) % LEARNED_ENDS;
}

static void note_ends(struct learned_set *set, const struct flow *flow)
{
	const uint32_t ends[2] = {end_of(&flow->src), end_of(&flow->dst)};

	for (int i = 0; i < 2; i++)
		set->ends[ends[i] / 32] |= UINT32_C(1) << ends[i] % 32;
}

static bool may_have(const struct learned_set *set, const struct touched *touched)
{
	for (size_t i = 0; i < touched->count; i++) {
		const uint32_t end = end_of(&touched->addrs[i]);

		if (set->ends[end / 32] >> end % 32 & 1)
			return true;
	}
	return touched->everything;
}

static bool is_touched(const struct touched *touched, const struct flow *flow)
{
	return touched != NULL &&
		(touched_has(touched, &flow->src) || touched_has(touched, &flow->dst));
}

/* ---- adding and reading ---- */

int learned_set_add_waiting(struct learned_set *set)
{
	const size_t count = set->waiting;
	int err;

	if (count == 0)
		return 0;
	set->dirty = true; /* even after a failure: some may be in */
	set->waiting = 0;
	for (size_t i = 0; !set->logged && i < count; i++)
		note_ends(set, &set->flows[i]);
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

/* Adds this set's classes to the spare set, but for those that are to leave. */
static int fill_spare(struct learned_set *set, const struct touched *touched)
{
	const uint64_t now = clock_ns();
	struct ledger_entry *entry;
	size_t place = 0, count = 0;
	int err = 0;

	do {
		entry = ledger_next(set->ledger, &place);
		if (entry != NULL && learned_set_takes(set, &entry->record)) {
			entry->leaving = now - entry->used_ns >= set->timeout_s * NS_PER_S ||
				is_touched(touched, &entry->record.flow);
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
int learned_set_renew(struct learned_set *set, const struct touched *touched, int *unread)
{
	struct ledger_entry *entry;
	size_t place = 0;
	int err = class_sets_empty(set->sets, CLASS_SET_SPARE, set->family);

	*unread = 0;
	if (err == 0)
		err = fill_spare(set, touched);
	if (err == 0)
		err = class_sets_swap(set->sets, set->set, CLASS_SET_SPARE, set->family);
	if (err != 0) {
		(void)class_sets_empty(set->sets, CLASS_SET_SPARE, set->family);
		return err;
	}
	*unread = tell_spare(set);
	while ((entry = ledger_next(set->ledger, &place)) != NULL)
		if (entry->leaving && learned_set_takes(set, &entry->record))
			ledger_remove(set->ledger, entry);
	return 0;
}

/* Of the kernel's list: those that are to go, and the ends of those that stay. */
struct picking {
	struct learned_set *set;
	const struct touched *touched;
	struct vector found; /* of struct flow */
	bool failed;
};

static void pick(const struct flow *flow, uint64_t packets, void *context)
{
	struct picking *picking = context;
	struct flow *added;

	(void)packets;
	if (!is_touched(picking->touched, flow)) {
		note_ends(picking->set, flow);
		return;
	}
	added = vector_push(&picking->found, sizeof(*added));
	if (added != NULL)
		*added = *flow;
	else
		picking->failed = true;
}

static int remove_unlogged(struct learned_set *set, const struct touched *touched, bool *removed)
{
	struct picking picking = {.set = set, .touched = touched};
	int err;

	if (!may_have(set, touched))
		return 0;
	memset(set->ends, 0, sizeof(set->ends));
	err = class_sets_read(set->sets, set->set, set->family, pick, &picking);
	if (err == 0 && picking.failed)
		err = -ENOMEM;
	*removed = picking.found.count > 0;
	if (err == 0 && *removed)
		err = class_sets_remove(
			set->sets, set->set, set->family, picking.found.items, picking.found.count);
	vector_deinit(&picking.found);
	if (err != 0) /* nobody knows what is in it */
		memset(set->ends, 0xff, sizeof(set->ends));
	return err == -ENOENT ? 0 : err; /* a set that another program destroyed answers nothing */
}

int learned_set_remove(
	struct learned_set *set, const struct touched *touched, bool *removed, int *unread)
{
	const struct ledger_entry *entry;
	size_t place = 0;

	*removed = false;
	*unread = 0;
	if (!set->logged)
		return remove_unlogged(set, touched, removed);
	while (!*removed && (entry = ledger_next(set->ledger, &place)) != NULL)
		*removed = learned_set_takes(set, &entry->record) &&
			is_touched(touched, &entry->record.flow);
	return *removed ? learned_set_renew(set, touched, unread) : 0;
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
	memset(set->ends, 0, sizeof(set->ends));
	return 0;
}

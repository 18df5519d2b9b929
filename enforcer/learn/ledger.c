/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/learn/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/gate/flow_class.h"
#include "enforcer/gate/seeded_hash.h"

/*
 * A hash table of chained entries. Links are entry numbers plus one; 0 ends a list. Shares are
 * counted by a hash of the source: two sources may have to share one, which makes it smaller, never
 * larger.
 */
enum { SOURCES = 1024 };

struct ledger {
	uint64_t seed;
	size_t count;
	/* entries below were in use once; those above were never touched, and cost no memory */
	uint16_t used;
	uint16_t free;
	uint16_t chains[LEDGER_MOST];
	uint16_t by_source[SOURCES];
	struct ledger_entry entries[LEDGER_MOST];
};

int ledger_create(struct ledger **out)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (ledger == NULL)
		return -ENOMEM;
	ledger->seed = seeded_hash_seed();
	*out = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	free(ledger);
}

static uint16_t *chain_of(struct ledger *ledger, const struct flow *flow)
{
	return &ledger->chains[flow_class_hash(ledger->seed, flow) % LEDGER_MOST];
}

static uint16_t *share_of(struct ledger *ledger, const struct flow *flow)
{
	const struct flow source = {.src = flow->src};

	return &ledger->by_source[flow_class_hash(ledger->seed, &source) % SOURCES];
}

struct ledger_entry *ledger_find(struct ledger *ledger, const struct flow *flow)
{
	for (uint16_t i = *chain_of(ledger, flow); i != 0; i = ledger->entries[i - 1].next) {
		struct ledger_entry *entry = &ledger->entries[i - 1];

		if (flow_class_equal(&entry->record.flow, flow))
			return entry;
	}
	return NULL;
}

int ledger_add(struct ledger *ledger, const struct record *record, uint64_t now_ns)
{
	uint16_t *share = share_of(ledger, &record->flow), *chain = chain_of(ledger, &record->flow);
	uint16_t number;

	if (ledger_find(ledger, &record->flow) != NULL)
		return -EEXIST;
	if (ledger->count == LEDGER_MOST)
		return -ENOSPC;
	if (*share == LEDGER_SHARE)
		return -EDQUOT;
	number = ledger->free; /* the number of the entry to fill, plus one */
	if (number == 0)
		number = ++ledger->used;
	else
		ledger->free = ledger->entries[number - 1].next;
	ledger->entries[number - 1] = (struct ledger_entry){
		.record = *record, .used_ns = now_ns, .live = true, .next = *chain};
	*chain = number;
	++*share;
	ledger->count++;
	return 0;
}

struct ledger_entry *ledger_next(struct ledger *ledger, size_t *place)
{
	while (*place < ledger->used) {
		struct ledger_entry *entry = &ledger->entries[(*place)++];

		if (entry->live)
			return entry;
	}
	return NULL;
}

void ledger_remove(struct ledger *ledger, struct ledger_entry *entry)
{
	const uint16_t number = (uint16_t)(entry - ledger->entries + 1);
	uint16_t *link = chain_of(ledger, &entry->record.flow);

	while (*link != number)
		link = &ledger->entries[*link - 1].next;
	*link = entry->next;
	--*share_of(ledger, &entry->record.flow);
	entry->live = false;
	entry->next = ledger->free;
	ledger->free = number;
	ledger->count--;
}

void ledger_clear(struct ledger *ledger)
{
	memset(ledger->chains, 0, sizeof(ledger->chains));
	memset(ledger->by_source, 0, sizeof(ledger->by_source));
	ledger->count = 0;
	ledger->used = 0;
	ledger->free = 0;
}

size_t ledger_count(const struct ledger *ledger)
{
	return ledger->count;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/line_budget.h"

#include <errno.h>
#include <stdlib.h>

#include "enforcer/gate/seeded_hash.h"

#define NS_PER_S 1000000000ULL

enum { LEFT_SHARE = 3, LINES_MOST = 1 << 20 };

/*
 * Slots by open addressing; one of an earlier second is free. A party gets a slot with its first
 * line, and there are twice as many slots as lines: so a free one is always found. Parties are told
 * apart by 64 bits of a seeded hash.
 */
struct slot {
	uint64_t party, second;
	unsigned int used;
};

struct line_budget {
	unsigned int lines_per_s, left;
	uint64_t seed, began_ns, second;
	size_t mask;
	struct slot slots[];
};

int line_budget_create(struct line_budget **out, unsigned int lines_per_s)
{
	struct line_budget *budget;
	size_t capacity = 2;

	if (lines_per_s > LINES_MOST)
		return -EINVAL;
	while (capacity < (size_t)lines_per_s * 2)
		capacity *= 2;
	budget = calloc(1, sizeof(*budget) + capacity * sizeof(budget->slots[0]));
	if (budget == NULL)
		return -ENOMEM;
	budget->lines_per_s = lines_per_s;
	budget->mask = capacity - 1;
	budget->seed = seeded_hash_seed();
	*out = budget;
	return 0;
}

void line_budget_free(struct line_budget *budget)
{
	free(budget);
}

/* The pod that the record is from; else the receiver; of an unreadable packet its interface. */
static uint64_t party_of(const struct line_budget *budget, const struct record *record)
{
	const struct flow *flow = &record->flow;
	bool pod;

	if (record->kind == RECORD_UNREADABLE)
		return seeded_hash_mix(seeded_hash_mix(budget->seed, record->in_ifindex), 2);
	pod = snapshot_pod_at(record->snapshot, &flow->src) != NULL;
	return seeded_hash_mix(seeded_hash_addr(budget->seed, pod ? &flow->src : &flow->dst), pod);
}

bool line_budget_take(struct line_budget *budget, const struct record *record, uint64_t now_ns)
{
	uint64_t party;
	size_t at;
	unsigned int used;

	if (budget->lines_per_s == 0)
		return true;
	if (budget->second == 0 || now_ns - budget->began_ns >= NS_PER_S) {
		budget->began_ns = now_ns;
		budget->second++;
		budget->left = budget->lines_per_s;
	}
	if (budget->left == 0)
		return false;
	party = party_of(budget, record);
	at = (size_t)(party & budget->mask);
	while (budget->slots[at].second == budget->second && budget->slots[at].party != party)
		at = (at + 1) & budget->mask;
	used = budget->slots[at].second == budget->second ? budget->slots[at].used : 0;
	if (used >= (uint64_t)LEFT_SHARE * budget->left)
		return false;
	budget->slots[at] = (struct slot){
		.party = party, .second = budget->second, .used = used + 1};
	budget->left--;
	return true;
}

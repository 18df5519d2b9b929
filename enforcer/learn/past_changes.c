/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/learn/past_changes.h"

void past_changes_begin(struct past_changes *past, uint64_t revision)
{
	*past = (struct past_changes){.oldest = revision, .latest = revision};
}

void past_changes_add(struct past_changes *past, const struct touched *touched, uint64_t revision)
{
	struct past_change *change = &past->items[past->next++ % PAST_CHANGES];

	if (touched->everything || touched->count > PAST_ADDRS) {
		past_changes_begin(past, revision);
		return;
	}
	/* Verdicts from before the change that is forgotten here can't be told about any more. */
	if (change->revision > past->oldest)
		past->oldest = change->revision;
	*change = (struct past_change){.revision = revision, .count = touched->count};
	for (size_t i = 0; i < touched->count; i++)
		change->addrs[i] = touched->addrs[i];
	past->latest = revision;
}

static bool touches(const struct past_change *change, const struct flow *flow)
{
	for (size_t i = 0; i < change->count; i++)
		if (ip_addr_equal(&change->addrs[i], &flow->src) ||
			ip_addr_equal(&change->addrs[i], &flow->dst))
			return true;
	return false;
}

bool past_changes_spare(const struct past_changes *past, uint64_t revision, const struct flow *flow)
{
	if (revision < past->oldest || revision > past->latest)
		return false;
	for (size_t i = 0; revision != past->latest && i < PAST_CHANGES; i++)
		if (past->items[i].revision > revision && touches(&past->items[i], flow))
			return false;
	return true;
}

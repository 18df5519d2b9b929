/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/tier.h"

/* The entry that decides; NULL when none does. */
static const struct tier *walk(const struct tier_list *list, const struct peer_sets *sets,
	const struct profile_question *question, bool with_audited, bool *accepts)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct tier *tier = &list->items[i];
		bool admits;

		if (tier->audited && !with_audited)
			continue;
		admits = profile_admits(profile_at(sets, tier->profile), sets, question);
		if (admits && tier->action == RULE_PASS) {
			while (i + 1 < list->count && list->items[i + 1].tier == tier->tier)
				i++;
		} else if (admits || tier->isolates) {
			*accepts = admits && tier->action == RULE_ACCEPT;
			return tier;
		}
	}
	return NULL;
}

enum side_verdict tier_list_judge(const struct tier_list *list, const struct peer_sets *sets,
	const struct profile_question *question, bool audits, const struct tier **by)
{
	bool accepts = true, all_accept = true;
	const struct tier *enforced = walk(list, sets, question, false, &accepts);
	const struct tier *all = walk(list, sets, question, true, &all_accept);

	*by = accepts && !all_accept ? all : enforced;
	if (!accepts)
		return audits ? SIDE_AUDIT_DENIED : SIDE_DENIED;
	if (!all_accept)
		return SIDE_AUDIT_DENIED;
	return enforced != NULL ? SIDE_ALLOWED : SIDE_OPEN;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/rules/ruleset_watch.h"

#include <string.h>

#include "enforcer/rules/iptables.h"

static bool read_generations(const struct ruleset_options *options, uint64_t out[2])
{
	return iptables_generation(options->backend, IP_FAMILY_V4, &out[0]) == 0 &&
	       (!options->ipv6 || iptables_generation(options->backend, IP_FAMILY_V6, &out[1]) == 0);
}

/* The generation is read before the rules are, so that a change in between shows at the next look. */
int ruleset_watch_look(
	struct ruleset_watch *watch, const struct ruleset_options *options, char problem[RULESET_PROBLEM])
{
	uint64_t now[2] = {0};
	const bool known = read_generations(options, now);
	int err;

	if (known && watch->seen_whole && memcmp(now, watch->generations, sizeof(now)) == 0 &&
	    ++watch->looks < RULESET_WATCH_WHOLE)
		return 0;
	err = ruleset_verify(options, problem);
	watch->seen_whole = known && err == 0;
	memcpy(watch->generations, now, sizeof(now));
	watch->looks = 0;
	return err;
}

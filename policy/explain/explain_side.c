/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/explain_side.h"

#include <stdio.h>

const char *explain_rule_path(
	const struct explain_side *side, enum direction direction, char buffer[EXPLAIN_PATH])
{
	if (side->rule == NULL)
		snprintf(buffer, EXPLAIN_PATH, "%s", direction_name(direction));
	else
		snprintf(buffer, EXPLAIN_PATH, "%s[%zu]", direction_name(direction),
			(size_t)(side->rule - side->policy->rules[direction]));
	return buffer;
}

const char *miss_name(enum miss miss)
{
	static const char *const names[] = {
		[MISS_NONE] = "none",
		[MISS_NO_RULES] = "no-rules",
		[MISS_PEER_AND_PORT] = "peer-and-port",
		[MISS_PEER] = "peer",
		[MISS_PROTOCOL] = "protocol",
		[MISS_PORT] = "port",
		[MISS_AUDITED] = "audited",
		[MISS_DENIED] = "denied",
	};

	return names[miss];
}

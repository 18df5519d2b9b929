/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/jurisdiction.h"

bool jurisdiction_isolates(const struct jurisdiction *jurisdiction, const struct flow *flow)
{
	return snapshot_isolates(jurisdiction->snapshot, &flow->src) ||
		snapshot_isolates(jurisdiction->snapshot, &flow->dst);
}

bool jurisdiction_gates(const struct jurisdiction *jurisdiction, const struct flow *flow)
{
	if (local_addrs_contain(jurisdiction->local, &flow->src) || ip_addr_is_group(&flow->dst))
		return false;
	return jurisdiction->host_traffic || !local_addrs_contain(jurisdiction->local, &flow->dst);
}

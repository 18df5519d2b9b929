/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/own_addresses.h"

#include "kernel/netlink/local_addrs.h"

static bool has_a_pods(const struct snapshot *snapshot, const struct local_addrs *local)
{
	size_t count;
	const struct ip_addr *own = local_addrs_all(local, &count);

	for (size_t i = 0; i < count; i++)
		if (snapshot_pod_at(snapshot, &own[i]) != NULL)
			return true;
	return false;
}

static bool lacks_a_claimed_one(const struct snapshot *snapshot, const struct local_addrs *local)
{
	size_t count;
	const struct snapshot_claim *claims = snapshot_odd_claims(snapshot, &count);

	for (size_t i = 0; i < count; i++)
		if (claims[i].state == CLAIM_GATEWAYS &&
			!local_addrs_contain(local, &claims[i].addr))
			return true;
	return false;
}

bool own_addresses_moved(const struct snapshot *snapshot)
{
	struct local_addrs *local;
	bool moved;

	if (local_addrs_read(&local) != 0)
		return false;
	moved = has_a_pods(snapshot, local) || lacks_a_claimed_one(snapshot, local);
	local_addrs_free(local);
	return moved;
}

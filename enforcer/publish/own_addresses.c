/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/own_addresses.h"

#include "kernel/netlink/local_addrs.h"

bool own_addresses_moved(const struct snapshot *snapshot)
{
	size_t own_count, claim_count;
	const struct snapshot_claim *claims = snapshot_odd_claims(snapshot, &claim_count);
	const struct ip_addr *own;
	struct local_addrs *local;
	bool moved = false;

	if (local_addrs_read(&local) != 0)
		return false;
	own = local_addrs_all(local, &own_count);
	for (size_t i = 0; i < own_count && !moved; i++)
		moved = snapshot_pod_at(snapshot, &own[i]) != NULL;
	for (size_t i = 0; i < claim_count && !moved; i++)
		moved = claims[i].state == CLAIM_GATEWAYS &&
			!local_addrs_contain(local, &claims[i].addr);
	local_addrs_free(local);
	return moved;
}

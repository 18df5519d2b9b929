/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/peer_set.h"

#include <endian.h>
#include <string.h>

static bool contains_pod(const struct peer_set *set, uint32_t pod)
{
	if (pod < set->pod_first || pod > set->pod_last)
		return false;
	if (set->pods_in_bitmap) {
		const uint32_t bit = pod - set->pod_first;

		return set->pods.bitmap[bit / 64] >> (bit % 64) & 1;
	}
	return set->pod_count == 1 || range_list_contains((struct range_list){set->pods.ranges, set->pod_count}, pod);
}

static bool contains_ip4(const struct peer_set *set, const struct ip_addr *addr)
{
	uint32_t number;

	memcpy(&number, addr->bytes, sizeof(number));
	number = be32toh(number);
	if (number < set->ip4_first || number > set->ip4_last)
		return false;
	return set->ip4_count == 1 || range_list_contains((struct range_list){set->ip4, set->ip4_count}, number);
}

static bool is_before(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] != b[0] ? a[0] < b[0] : a[1] < b[1];
}

static bool contains_ip6(const struct peer_set *set, const struct ip_addr *addr)
{
	uint32_t low = 0, high = set->ip6_count;	/* ranges before low end before the address */
	uint64_t number[2];

	memcpy(number, addr->bytes, sizeof(number));
	number[0] = be64toh(number[0]);
	number[1] = be64toh(number[1]);
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (is_before(set->ip6[middle].last, number))
			low = middle + 1;
		else
			high = middle;
	}
	return low < set->ip6_count && !is_before(number, set->ip6[low].first);
}

bool peer_set_contains(const struct peer_set *set, const struct peer *peer)
{
	if (set->everybody || contains_pod(set, peer->pod))
		return true;
	return peer->addr->family == IP_FAMILY_V4 ? contains_ip4(set, peer->addr) : contains_ip6(set, peer->addr);
}

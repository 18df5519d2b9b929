/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/peer_set.h"

#include <endian.h>
#include <string.h>

_Static_assert(sizeof(struct peer_set) == 32, "two peer sets a cache line");

static bool in_ranges(const uint32_t *words, uint32_t count, uint32_t kind)
{
	uint32_t low = 0, high = count; /* ranges before low end before the kind */

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (words[2 * middle + 1] < kind)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && words[2 * low] <= kind;
}

static bool contains_kind_elsewhere(
	const struct peer_sets *sets, const struct peer_set *set, uint32_t kind)
{
	const uint32_t *words = sets->words + set->kinds.elsewhere.at, bit = kind - set->kind_first;

	if (kind < set->kind_first || kind > set->kind_last)
		return false;
	if (set->form == PEER_FORM_WORDS)
		return words[bit / 32] >> bit % 32 & 1;
	return set->kinds.elsewhere.count == 1 ||
		in_ranges(words, set->kinds.elsewhere.count, kind);
}

static const struct peer_blocks *blocks_of(const struct peer_sets *sets, const struct peer_set *set)
{
	return piece_at(sets->pieces, set->blocks);
}

static bool contains_ip4(
	const struct peer_sets *sets, const struct peer_set *set, const struct ip_addr *addr)
{
	const struct peer_blocks *blocks;
	uint32_t number;

	memcpy(&number, addr->bytes, sizeof(number));
	number = be32toh(number);
	if (number < set->ip4_first || number > set->ip4_last)
		return false;
	if (set->blocks == PIECE_NONE)
		return true;
	blocks = blocks_of(sets, set);
	return range_list_contains(
		(struct range_list){
			(const struct range *)(blocks->ip6 + blocks->ip6_count), blocks->ip4_count},
		number);
}

static bool is_before(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] != b[0] ? a[0] < b[0] : a[1] < b[1];
}

static bool contains_ip6(const struct peer_blocks *blocks, const struct ip_addr *addr)
{
	uint32_t low = 0, high = blocks->ip6_count; /* ranges before low end before the address */
	uint64_t number[2];

	memcpy(number, addr->bytes, sizeof(number));
	number[0] = be64toh(number[0]);
	number[1] = be64toh(number[1]);
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (is_before(blocks->ip6[middle].last, number))
			low = middle + 1;
		else
			high = middle;
	}
	return low < blocks->ip6_count && !is_before(number, blocks->ip6[low].first);
}

bool peer_set_contains_further(
	const struct peer_sets *sets, const struct peer_set *set, const struct peer *peer)
{
	if (set->form != PEER_FORM_BITS && contains_kind_elsewhere(sets, set, peer->kind))
		return true;
	if (peer->addr->family == IP_FAMILY_V4)
		return contains_ip4(sets, set, peer->addr);
	return set->blocks != PIECE_NONE && contains_ip6(blocks_of(sets, set), peer->addr);
}

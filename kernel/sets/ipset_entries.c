/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/ipset_entries.h"

#include <errno.h>
#include <libipset/nfproto.h>
#include <libipset/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sets/ipset_dump.h"
#include "policy/values/vector.h"

/* One command about one address. With a line number libipset may put it off till ipset_commit(). */
static int tell(struct ipset_talk *talk, const struct ipset_entries *entries,
	enum ipset_cmd command, const struct ip_addr *addr, uint8_t prefix, uint32_t line)
{
	const uint8_t number = entries->family == IP_FAMILY_V6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	ipset_session_data_set(talk->session, IPSET_SETNAME, entries->name);
	if (ipset_type_get(talk->session, command) == NULL)
		return ipset_talk_failed(talk, "fill", entries->name);
	ipset_session_data_set(talk->session, IPSET_OPT_FAMILY, &number);
	ipset_session_data_set(talk->session, IPSET_OPT_IP, addr->bytes);
	if (entries->nets)
		ipset_session_data_set(talk->session, IPSET_OPT_CIDR, &prefix);
	return ipset_cmd(talk->session, command, line) == 0
		? 0
		: ipset_talk_failed(talk, "fill", entries->name);
}

static uint8_t prefix_of(const struct ipset_entries *entries, const struct ip_addr *addr)
{
	return entries->nets ? entries->prefix_of(addr) : ip_addr_bits(addr);
}

int ipset_entries_add(struct ipset_talk *talk, const struct ipset_entries *entries)
{
	for (size_t i = 0; i < entries->count; i++) {
		const struct ip_addr *addr = &entries->addrs[i];
		const int err = tell(
			talk, entries, IPSET_CMD_ADD, addr, prefix_of(entries, addr), 1);

		if (err != 0)
			return err;
	}
	return ipset_commit(talk->session) == 0 ? 0
						: ipset_talk_failed(talk, "fill", entries->name);
}

/* ---- one by one ---- */

struct entry {
	struct ip_addr addr;
	uint8_t prefix;
};

/* What the set holds, and of what it should hold what is there. */
struct amendment {
	const struct ipset_entries *entries;
	bool *present;	       /* by entries->addrs */
	struct vector surplus; /* of struct entry */
};

static int take_entry(const struct ip_addr *addr, uint8_t prefix, void *context)
{
	struct amendment *amendment = context;
	const struct ipset_entries *entries = amendment->entries;
	const struct ip_addr *wanted = entries->count == 0
		? NULL
		: bsearch(addr, entries->addrs, entries->count, sizeof(*addr), ip_addr_compare);
	struct entry *added;

	if (wanted != NULL && prefix == prefix_of(entries, addr)) {
		amendment->present[wanted - entries->addrs] = true;
		return 0;
	}
	/*
	 * an exception: libipset needs more than this to name it; the look at the set tells
	 * of it
	 */
	if (addr->family == 0)
		return 0;
	added = vector_push(&amendment->surplus, sizeof(*added));
	if (added == NULL)
		return -ENOMEM;
	*added = (struct entry){*addr, prefix};
	return 0;
}

static void refuse(
	struct ipset_refused *refused, const struct ipset_talk *talk, const struct ip_addr *addr)
{
	if (refused->count[0] + refused->count[1] == 0) {
		refused->first = *addr;
		memcpy(refused->why, talk->problem, sizeof(refused->why));
	}
	refused->count[addr->family == IP_FAMILY_V6]++;
}

static void add_missing(
	struct ipset_talk *talk, const struct amendment *amendment, struct ipset_refused *refused)
{
	const struct ipset_entries *entries = amendment->entries;

	for (size_t i = 0; i < entries->count; i++) {
		const struct ip_addr *addr = &entries->addrs[i];

		if (!amendment->present[i] &&
			tell(talk, entries, IPSET_CMD_ADD, addr, prefix_of(entries, addr), 0) != 0)
			refuse(refused, talk, addr);
	}
}

/* What can't be removed isolates somebody who need not be: the look at the set tells of it. */
static void remove_surplus(struct ipset_talk *talk, const struct amendment *amendment)
{
	const struct entry *surplus = amendment->surplus.items;

	for (size_t i = 0; i < amendment->surplus.count; i++)
		(void)tell(talk, amendment->entries, IPSET_CMD_DEL, &surplus[i].addr,
			surplus[i].prefix, 0);
}

int ipset_entries_amend(
	struct ipset_talk *talk, const struct ipset_entries *entries, struct ipset_refused *refused)
{
	struct amendment amendment = {
		.entries = entries, .present = calloc(entries->count + 1, sizeof(bool))};
	int err = amendment.present == NULL ? -ENOMEM
					    : ipset_dump(entries->name, take_entry, &amendment);

	if (err == 0) {
		add_missing(talk, &amendment, refused);
		remove_surplus(talk, &amendment);
	} else {
		snprintf(talk->problem, sizeof(talk->problem), "could not read ipset %s: %s",
			entries->name, strerror(-err));
	}
	free(amendment.present);
	vector_deinit(&amendment.surplus);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/rule_generation.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/netlink/netlink_attrs.h"
#include "kernel/rules/nft_talk.h"

/* ---- nf_tables ---- */

static int take_id(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attrs[NFTA_GEN_MAX + 1];
	uint32_t id;

	(void)netlink_attrs_index_message(attrs, NFTA_GEN_MAX, message, sizeof(struct nfgenmsg));
	if (!netlink_attr_be32(&id, attrs[NFTA_GEN_ID]))
		return -EPROTO;
	*(uint64_t *)context = id + 1ULL; /* so that none is told from the number 0 */
	return 0;
}

static int read_nft(uint64_t *out)
{
	char buffer[NFT_TALK_BYTES];

	return nft_talk_ask(nft_talk_begin(buffer, NFT_MSG_GETGEN, IP_FAMILY_V4), take_id, out);
}

/* ---- the legacy tables ---- */

/* What differs between the families: the same structs but for the addresses in front. */
struct shape {
	int domain, level, info, entries;
	/* where an entry has its counters and its length, and the least of that */
	size_t counters, next, entry;
};

static const struct shape shape_v4 = {
	.domain = AF_INET,
	.level = SOL_IP,
	.info = IPT_SO_GET_INFO,
	.entries = IPT_SO_GET_ENTRIES,
	.counters = offsetof(struct ipt_entry, counters),
	.next = offsetof(struct ipt_entry, next_offset),
	.entry = sizeof(struct ipt_entry),
};

static const struct shape shape_v6 = {
	.domain = AF_INET6,
	.level = SOL_IPV6,
	.info = IP6T_SO_GET_INFO,
	.entries = IP6T_SO_GET_ENTRIES,
	.counters = offsetof(struct ip6t_entry, counters),
	.next = offsetof(struct ip6t_entry, next_offset),
	.entry = sizeof(struct ip6t_entry),
};

_Static_assert(
	sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "one struct for both families");
_Static_assert(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries),
	"one struct for both families");

/*
 * FNV-1a: tells one set of rules from another. Whoever could forge it could as well remove podgate.
 */
static uint64_t hash_on(uint64_t sum, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3;
	return sum;
}

static const struct shape *shape_of(enum ip_family family)
{
	return family == IP_FAMILY_V6 ? &shape_v6 : &shape_v4;
}

int rule_generation_hash(enum ip_family family, const void *entries, size_t size, uint64_t *out)
{
	const struct shape *shape = shape_of(family);
	const unsigned char *bytes = entries;
	const size_t counters_end = shape->counters + sizeof(struct xt_counters);
	uint64_t sum = 0xcbf29ce484222325;
	uint16_t length;

	for (size_t at = 0; at < size; at += length) {
		if (size - at < shape->entry)
			return -EPROTO;
		memcpy(&length, bytes + at + shape->next, sizeof(length));
		if (length < shape->entry || length > size - at)
			return -EPROTO;
		sum = hash_on(sum, bytes + at, shape->counters);
		sum = hash_on(sum, bytes + at + counters_end, length - counters_end);
	}
	*out = sum;
	return 0;
}

/*
 * The kernel refuses, with -EAGAIN, to give more or fewer bytes than the table has. It does not
 * write all of them: behind the names of matches it leaves what was there, so that should be always
 * the same.
 */
static int read_entries(
	enum ip_family family, int fd, const struct ipt_getinfo *info, uint64_t *out)
{
	const struct shape *shape = shape_of(family);
	socklen_t length = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	struct ipt_get_entries *entries = calloc(1, length);
	int err;

	if (entries == NULL)
		return -ENOMEM;
	*entries = (struct ipt_get_entries){.size = info->size};
	memcpy(entries->name, info->name, sizeof(entries->name));
	if (getsockopt(fd, shape->level, shape->entries, entries, &length) != 0)
		err = -errno;
	else
		err = rule_generation_hash(family, entries->entrytable, info->size, out);
	free(entries);
	return err;
}

static int read_legacy(enum ip_family family, const char *table, uint64_t *out)
{
	const struct shape *shape = shape_of(family);
	struct ipt_getinfo info = {.size = 0};
	socklen_t length = sizeof(info);
	const int fd = socket(shape->domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	snprintf(info.name, sizeof(info.name), "%s", table);
	if (getsockopt(fd, shape->level, shape->info, &info, &length) != 0)
		err = -errno;
	else
		err = read_entries(family, fd, &info, out);
	close(fd);
	return err;
}

int rule_generation_read(
	enum backend_choice backend, enum ip_family family, const char *table, uint64_t *out)
{
	*out = 0;
	return backend == BACKEND_NFT ? read_nft(out) : read_legacy(family, table, out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/class_sets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/ipset/ip_set_hash.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/netlink/netlink_attrs.h"
#include "kernel/sets/ipset_message.h"

enum {
	PATIENCE_S = 5,	 /* the caller may hold a lock meanwhile */
	MESSAGE = 32768, /* CLASS_SETS_ADD_MOST IPv6 classes of 88 bytes */
};

struct class_sets {
	struct mnl_socket *socket;
	_Alignas(8) char request[MESSAGE];
};

int class_sets_open(struct class_sets **out)
{
	struct class_sets *sets = calloc(1, sizeof(*sets));
	int err;

	if (sets == NULL)
		return -ENOMEM;
	err = netlink_open(&sets->socket, NETLINK_NETFILTER, PATIENCE_S);
	if (err != 0)
		free(sets);
	else
		*out = sets;
	return err;
}

void class_sets_close(struct class_sets *sets)
{
	if (sets == NULL)
		return;
	mnl_socket_close(sets->socket);
	free(sets);
}

static const char *name_of(enum class_set set, enum ip_family family, char name[IPSET_MAXNAMELEN])
{
	static const char *const names[CLASS_SET_COUNT] = {
		CLASS_SETS_ALLOWED, CLASS_SETS_DENIED, CLASS_SETS_SPARE};

	snprintf(name, IPSET_MAXNAMELEN, "%s%d", names[set], (int)family);
	return name;
}

static struct nlmsghdr *begin(
	struct class_sets *sets, enum ipset_cmd command, enum class_set set, enum ip_family family)
{
	char name[IPSET_MAXNAMELEN];

	return ipset_message_put(
		sets->request, command, NLM_F_ACK, family, name_of(set, family, name));
}

/* The kernel's ipset has errors of its own, from 4096 on. */
static int send_request(struct class_sets *sets, struct nlmsghdr *message)
{
	const int err = netlink_ask(sets->socket, message, NULL, NULL, NULL);

	switch (-err) {
	case IPSET_ERR_HASH_FULL:
		return -ENOSPC;
	case IPSET_ERR_EXIST_SETNAME2:
		return -ENOENT;
	default:
		return -err >= IPSET_ERR_PRIVATE ? -EPROTO : err;
	}
}

/* ---- Adding ---- */

/* A class without a time is one to be removed. */
static void put_class(struct nlmsghdr *message, const struct flow *flow, const uint32_t *timeout_s)
{
	struct nlattr *nest = mnl_attr_nest_start(message, IPSET_ATTR_DATA);

	ipset_message_put_addr(message, IPSET_ATTR_IP, &flow->src);
	mnl_attr_put_u8(message, IPSET_ATTR_PROTO, flow->protocol);
	mnl_attr_put_u16(message, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, htons(flow->dst_port));
	ipset_message_put_addr(message, IPSET_ATTR_IP2, &flow->dst);
	if (timeout_s != NULL)
		mnl_attr_put_u32(
			message, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(*timeout_s));
	mnl_attr_nest_end(message, nest);
}

/* Without NLM_F_EXCL, ipset takes what is there already, or not there, as it is. */
static int change(struct class_sets *sets, enum ipset_cmd command, enum class_set set,
	enum ip_family family, const struct flow *flows, size_t count, const uint32_t *timeout_s)
{
	while (count > 0) {
		const size_t some = count < CLASS_SETS_ADD_MOST ? count : CLASS_SETS_ADD_MOST;
		struct nlmsghdr *message = begin(sets, command, set, family);
		struct nlattr *list;
		int err;

		mnl_attr_put_u32(message, IPSET_ATTR_LINENO, 0); /* a list must have it */
		list = mnl_attr_nest_start(message, IPSET_ATTR_ADT);
		for (size_t i = 0; i < some; i++)
			put_class(message, &flows[i], timeout_s);
		mnl_attr_nest_end(message, list);
		err = send_request(sets, message);
		if (err != 0)
			return err;
		flows += some;
		count -= some;
	}
	return 0;
}

int class_sets_add(struct class_sets *sets, enum class_set set, enum ip_family family,
	const struct flow *flows, size_t count, uint32_t timeout_s)
{
	return change(sets, IPSET_CMD_ADD, set, family, flows, count, &timeout_s);
}

int class_sets_remove(struct class_sets *sets, enum class_set set, enum ip_family family,
	const struct flow *flows, size_t count)
{
	return change(sets, IPSET_CMD_DEL, set, family, flows, count, NULL);
}

int class_sets_swap(
	struct class_sets *sets, enum class_set one, enum class_set other, enum ip_family family)
{
	struct nlmsghdr *message = begin(sets, IPSET_CMD_SWAP, one, family);
	char name[IPSET_MAXNAMELEN];

	mnl_attr_put_strz(message, IPSET_ATTR_SETNAME2, name_of(other, family, name));
	return send_request(sets, message);
}

int class_sets_empty(struct class_sets *sets, enum class_set set, enum ip_family family)
{
	return send_request(sets, begin(sets, IPSET_CMD_FLUSH, set, family));
}

struct reading {
	enum ip_family family;
	class_sets_visit *visit;
	void *context;
};

/* Passes over an element that is no class of this family. */
static int read_class(const struct nlattr *const *element, void *context)
{
	const struct reading *reading = context;
	struct flow flow = {.src_port = 0};
	uint64_t packets;

	if (netlink_attr_u8(&flow.protocol, element[IPSET_ATTR_PROTO]) &&
		netlink_attr_be16(&flow.dst_port, element[IPSET_ATTR_PORT]) &&
		netlink_attr_be64(&packets, element[IPSET_ATTR_PACKETS]) &&
		ipset_message_addr(&flow.src, element[IPSET_ATTR_IP]) &&
		ipset_message_addr(&flow.dst, element[IPSET_ATTR_IP2]) &&
		flow.src.family == reading->family && flow.dst.family == reading->family)
		reading->visit(&flow, packets, reading->context);
	return 0;
}

int class_sets_read(struct class_sets *sets, enum class_set set, enum ip_family family,
	class_sets_visit *visit, void *context)
{
	struct reading reading = {.family = family, .visit = visit, .context = context};
	char name[IPSET_MAXNAMELEN];

	return ipset_message_list(
		sets->socket, family, name_of(set, family, name), read_class, &reading);
}

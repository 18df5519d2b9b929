/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/class_sets.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/ipset/ip_set_hash.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	PROTOCOL = 6, /* every kernel since 2.6.39; the commands used here are the same in 7 */
	PATIENCE_S = 5,
	/* CLASS_SETS_ADD_MOST IPv6 classes of 88 bytes, and the most of a kernel's dump */
	MESSAGE = 32768,
};

struct class_sets {
	struct mnl_socket *socket;
	unsigned int port;
	uint32_t seq;
	_Alignas(8) char request[MESSAGE];
	_Alignas(8) char answer[MESSAGE];
};

int class_sets_open(struct class_sets **out)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct class_sets *sets = calloc(1, sizeof(*sets));
	int err;

	if (sets == NULL)
		return -ENOMEM;
	sets->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (sets->socket == NULL || mnl_socket_bind(sets->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		class_sets_close(sets);
		return err;
	}
	/* An answer that never comes must not hold up whoever waits for it with a lock in hand. */
	if (setsockopt(mnl_socket_get_fd(sets->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		    sizeof(patience)) < 0) {
		err = -errno;
		class_sets_close(sets);
		return err;
	}
	sets->port = mnl_socket_get_portid(sets->socket);
	*out = sets;
	return 0;
}

void class_sets_close(struct class_sets *sets)
{
	if (sets == NULL)
		return;
	if (sets->socket != NULL)
		mnl_socket_close(sets->socket);
	free(sets);
}

static uint8_t netlink_family(enum ip_family family)
{
	return family == IP_FAMILY_V6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

static void put_name(
	struct nlmsghdr *message, uint16_t attribute, enum class_set set, enum ip_family family)
{
	static const char *const names[CLASS_SET_COUNT] = {
		CLASS_SETS_ALLOWED, CLASS_SETS_DENIED, CLASS_SETS_SPARE};
	char name[IPSET_MAXNAMELEN];

	snprintf(name, sizeof(name), "%s%d", names[set], (int)family);
	mnl_attr_put_strz(message, attribute, name);
}

static struct nlmsghdr *begin(struct class_sets *sets, enum ipset_cmd command, uint16_t flags,
	enum class_set set, enum ip_family family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(sets->request);
	struct nfgenmsg *general;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_IPSET << 8 | (int)command);
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++sets->seq;
	general = mnl_nlmsg_put_extra_header(message, sizeof(*general));
	general->nfgen_family = netlink_family(family);
	general->version = NFNETLINK_V0;
	mnl_attr_put_u8(message, IPSET_ATTR_PROTOCOL, PROTOCOL);
	put_name(message, IPSET_ATTR_SETNAME, set, family);
	return message;
}

/* The kernel's ipset has errors of its own, from 4096 on. */
static int translate(int err)
{
	switch (err) {
	case IPSET_ERR_HASH_FULL:
		return -ENOSPC;
	case IPSET_ERR_EXIST_SETNAME2:
		return -ENOENT;
	default:
		return err >= IPSET_ERR_PRIVATE ? -EPROTO : -err;
	}
}

/* Sends the request and takes its answers to the last. */
static int exchange(
	struct class_sets *sets, const struct nlmsghdr *message, mnl_cb_t read, void *context)
{
	ssize_t length;
	int left;

	if (mnl_socket_sendto(sets->socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		length = mnl_socket_recvfrom(sets->socket, sets->answer, sizeof(sets->answer));
		if (length < 0 && errno == EINTR) {
			left = MNL_CB_OK;
			continue;
		}
		if (length < 0)
			return -errno;
		left = mnl_cb_run(
			sets->answer, (size_t)length, sets->seq, sets->port, read, context);
		if (left < 0 && (errno == EPROTO || errno == ESRCH))
			left = MNL_CB_OK; /* the rest of an earlier exchange that was given up */
	} while (left > 0);
	return left < 0 ? translate(errno) : 0;
}

/* ---- Adding ---- */

static void put_addr(struct nlmsghdr *message, uint16_t attribute, const struct ip_addr *addr)
{
	struct nlattr *nest = mnl_attr_nest_start(message, attribute);

	if (addr->family == IP_FAMILY_V6)
		mnl_attr_put(
			message, IPSET_ATTR_IPADDR_IPV6 | NLA_F_NET_BYTEORDER, 16, addr->bytes);
	else
		mnl_attr_put(message, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, 4, addr->bytes);
	mnl_attr_nest_end(message, nest);
}

static void put_class(struct nlmsghdr *message, const struct flow *flow, uint32_t timeout_s)
{
	struct nlattr *nest = mnl_attr_nest_start(message, IPSET_ATTR_DATA);

	put_addr(message, IPSET_ATTR_IP, &flow->src);
	mnl_attr_put_u8(message, IPSET_ATTR_PROTO, flow->protocol);
	mnl_attr_put_u16(message, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, htons(flow->dst_port));
	put_addr(message, IPSET_ATTR_IP2, &flow->dst);
	mnl_attr_put_u32(message, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(timeout_s));
	mnl_attr_nest_end(message, nest);
}

int class_sets_add(struct class_sets *sets, enum class_set set, enum ip_family family,
	const struct flow *flows, size_t count, uint32_t timeout_s)
{
	while (count > 0) {
		const size_t some = count < CLASS_SETS_ADD_MOST ? count : CLASS_SETS_ADD_MOST;
		struct nlmsghdr *message = begin(sets, IPSET_CMD_ADD, NLM_F_ACK, set, family);
		struct nlattr *list;
		int err;

		mnl_attr_put_u32(message, IPSET_ATTR_LINENO, 0); /* a list must have it */
		list = mnl_attr_nest_start(message, IPSET_ATTR_ADT);
		for (size_t i = 0; i < some; i++)
			put_class(message, &flows[i], timeout_s);
		mnl_attr_nest_end(message, list);
		err = exchange(sets, message, NULL, NULL);
		if (err != 0)
			return err;
		flows += some;
		count -= some;
	}
	return 0;
}

int class_sets_swap(
	struct class_sets *sets, enum class_set one, enum class_set other, enum ip_family family)
{
	struct nlmsghdr *message = begin(sets, IPSET_CMD_SWAP, NLM_F_ACK, one, family);

	put_name(message, IPSET_ATTR_SETNAME2, other, family);
	return exchange(sets, message, NULL, NULL);
}

int class_sets_empty(struct class_sets *sets, enum class_set set, enum ip_family family)
{
	return exchange(sets, begin(sets, IPSET_CMD_FLUSH, NLM_F_ACK, set, family), NULL, NULL);
}

/* ---- Reading ---- */

struct reading {
	enum ip_family family;
	class_sets_visit *visit;
	void *context;
};

/* An attribute's payload when it is there and as long as it should be; else NULL. */
static const void *payload(const struct nlattr *attribute, size_t length)
{
	if (attribute == NULL || mnl_attr_get_payload_len(attribute) != length)
		return NULL;
	return mnl_attr_get_payload(attribute);
}

static int keep_attribute(const struct nlattr *attribute, void *context)
{
	const struct nlattr **found = context;

	if (mnl_attr_get_type(attribute) <= IPSET_ATTR_ADT_MAX)
		found[mnl_attr_get_type(attribute)] = attribute;
	return MNL_CB_OK;
}

static bool read_addr(const struct nlattr *nest, enum ip_family family, struct ip_addr *out)
{
	const struct nlattr *found[IPSET_ATTR_ADT_MAX + 1] = {NULL};
	const void *bytes;

	if (nest == NULL || mnl_attr_parse_nested(nest, keep_attribute, found) < 0)
		return false;
	bytes = family == IP_FAMILY_V6 ? payload(found[IPSET_ATTR_IPADDR_IPV6], 16)
				       : payload(found[IPSET_ATTR_IPADDR_IPV4], 4);
	if (bytes == NULL)
		return false;
	*out = family == IP_FAMILY_V6 ? ip_addr_v6(bytes) : ip_addr_v4(bytes);
	return true;
}

/* What can't be read is passed over. */
static int read_class(const struct nlattr *data, void *context)
{
	const struct reading *reading = context;
	const struct nlattr *found[IPSET_ATTR_ADT_MAX + 1] = {NULL};
	const void *protocol, *port, *packets;
	struct flow flow = {.src_port = 0};
	uint64_t count;
	uint16_t number;

	if (mnl_attr_parse_nested(data, keep_attribute, found) < 0)
		return MNL_CB_OK;
	protocol = payload(found[IPSET_ATTR_PROTO], sizeof(flow.protocol));
	port = payload(found[IPSET_ATTR_PORT], sizeof(number));
	packets = payload(found[IPSET_ATTR_PACKETS], sizeof(count));
	if (protocol == NULL || port == NULL || packets == NULL ||
		!read_addr(found[IPSET_ATTR_IP], reading->family, &flow.src) ||
		!read_addr(found[IPSET_ATTR_IP2], reading->family, &flow.dst))
		return MNL_CB_OK;
	memcpy(&flow.protocol, protocol, sizeof(flow.protocol));
	memcpy(&number, port, sizeof(number));
	memcpy(&count, packets, sizeof(count));
	flow.dst_port = ntohs(number);
	reading->visit(&flow, be64toh(count), reading->context);
	return MNL_CB_OK;
}

static int read_list(const struct nlattr *attribute, void *context)
{
	if (mnl_attr_get_type(attribute) == IPSET_ATTR_ADT)
		mnl_attr_parse_nested(attribute, read_class, context);
	return MNL_CB_OK;
}

static int read_message(const struct nlmsghdr *message, void *context)
{
	mnl_attr_parse(message, sizeof(struct nfgenmsg), read_list, context);
	return MNL_CB_OK;
}

int class_sets_read(struct class_sets *sets, enum class_set set, enum ip_family family,
	class_sets_visit *visit, void *context)
{
	struct reading reading = {.family = family, .visit = visit, .context = context};

	return exchange(
		sets, begin(sets, IPSET_CMD_LIST, NLM_F_DUMP, set, family), read_message, &reading);
}

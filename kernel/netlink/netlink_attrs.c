/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink/netlink_attrs.h"

#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include <libmnl/libmnl.h>

struct attr_index {
	const struct nlattr **table;
	uint16_t most;
};

static int note(const struct nlattr *attr, void *context)
{
	const struct attr_index *index = context;

	if (mnl_attr_get_type(attr) <= index->most)
		index->table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

void netlink_attrs_index(
	const struct nlattr **table, uint16_t most, const void *bytes, size_t length)
{
	struct attr_index index = {.table = table, .most = most};

	memset(table, 0, (most + 1U) * sizeof(*table));
	mnl_attr_parse_payload(bytes, length, note, &index);
}

void netlink_attrs_index_nested(
	const struct nlattr **table, uint16_t most, const struct nlattr *nest)
{
	netlink_attrs_index(table, most, nest != NULL ? mnl_attr_get_payload(nest) : NULL,
		nest != NULL ? mnl_attr_get_payload_len(nest) : 0);
}

bool netlink_attrs_index_message(
	const struct nlattr **table, uint16_t most, const struct nlmsghdr *message, size_t header)
{
	const size_t length = mnl_nlmsg_get_payload_len(message);
	const size_t skipped = (header + MNL_ALIGNTO - 1) / MNL_ALIGNTO * MNL_ALIGNTO;
	const bool whole = message->nlmsg_len >= sizeof(*message) && length >= header;

	netlink_attrs_index(table, most,
		whole ? mnl_nlmsg_get_payload_offset(message, header) : NULL,
		whole && length > skipped ? length - skipped : 0);
	return whole;
}

const void *netlink_attr_bytes(const struct nlattr *attr, size_t size)
{
	return attr != NULL && mnl_attr_get_payload_len(attr) == size ? mnl_attr_get_payload(attr)
								      : NULL;
}

const char *netlink_attr_text(const struct nlattr *attr)
{
	return attr != NULL && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0
		? mnl_attr_get_str(attr)
		: "";
}

bool netlink_attr_addr(struct ip_addr *out, const struct nlattr *attr, int family)
{
	const void *bytes = netlink_attr_bytes(attr, family == AF_INET ? 4 : 16);

	if (bytes == NULL || (family != AF_INET && family != AF_INET6))
		return false;
	*out = family == AF_INET ? ip_addr_v4(bytes) : ip_addr_v6(bytes);
	return true;
}

bool netlink_attr_u8(uint8_t *out, const struct nlattr *attr)
{
	const uint8_t *value = netlink_attr_bytes(attr, sizeof(*value));

	if (value != NULL)
		*out = *value;
	return value != NULL;
}

bool netlink_attr_be16(uint16_t *out, const struct nlattr *attr)
{
	const void *bytes = netlink_attr_bytes(attr, sizeof(uint16_t));
	uint16_t value;

	if (bytes == NULL)
		return false;
	memcpy(&value, bytes, sizeof(value));
	*out = ntohs(value);
	return true;
}

bool netlink_attr_be32(uint32_t *out, const struct nlattr *attr)
{
	const void *bytes = netlink_attr_bytes(attr, sizeof(uint32_t));
	uint32_t value;

	if (bytes == NULL)
		return false;
	memcpy(&value, bytes, sizeof(value));
	*out = ntohl(value);
	return true;
}

bool netlink_attr_be64(uint64_t *out, const struct nlattr *attr)
{
	const void *bytes = netlink_attr_bytes(attr, sizeof(uint64_t));
	uint64_t value;

	if (bytes == NULL)
		return false;
	memcpy(&value, bytes, sizeof(value));
	*out = be64toh(value);
	return true;
}

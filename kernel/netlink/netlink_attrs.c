/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink/netlink_attrs.h"

#include <arpa/inet.h>
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
	netlink_attrs_index(
		table, most, mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest));
}

const void *netlink_attr_bytes(const struct nlattr *attr, size_t size)
{
	return attr != NULL && mnl_attr_get_payload_len(attr) == size ? mnl_attr_get_payload(attr)
								      : NULL;
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

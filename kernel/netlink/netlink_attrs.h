/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NETLINK_NETLINK_ATTRS_H
#define KERNEL_NETLINK_NETLINK_ATTRS_H

/*
 * Netlink attributes found by their type. Pure, any thread; what is found points into the bytes
 * given.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

/*
 * Sorts the attributes in `length` bytes into table[0..most] by type; NULL where there is none, the
 * last where there are several. Types past `most` are passed over; what follows a malformed
 * attribute is not there.
 */
void netlink_attrs_index(
	const struct nlattr **table, uint16_t most, const void *bytes, size_t length);
void netlink_attrs_index_nested(
	const struct nlattr **table, uint16_t most, const struct nlattr *nest);

/* The value of an attribute, if it is there and of that very size; else NULL. */
const void *netlink_attr_bytes(const struct nlattr *attr, size_t size);

/* The same for numbers, from network order. False when there is none: *out untouched. */
bool netlink_attr_u8(uint8_t *out, const struct nlattr *attr);
bool netlink_attr_be16(uint16_t *out, const struct nlattr *attr);
bool netlink_attr_be32(uint32_t *out, const struct nlattr *attr);

#endif

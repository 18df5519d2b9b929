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

#include "policy/values/ip_addr.h"

/*
 * Sorts the attributes in `length` bytes into table[0..most] by type; NULL where there is none, the
 * last where there are several. Types past `most` are passed over; what follows a malformed
 * attribute is not there.
 */
void netlink_attrs_index(
	const struct nlattr **table, uint16_t most, const void *bytes, size_t length);
void netlink_attrs_index_nested(
	const struct nlattr **table, uint16_t most, const struct nlattr *nest); /* NULL: none */
/*
 * Those of a message, behind its own header of `header` bytes. False when the message is shorter
 * than that: the table is empty.
 */
bool netlink_attrs_index_message(
	const struct nlattr **table, uint16_t most, const struct nlmsghdr *message, size_t header);

/* The value of an attribute, if it is there and of that very size; else NULL. */
const void *netlink_attr_bytes(const struct nlattr *attr, size_t size);

/* The text of an attribute; "" when it is not there, or does not end in a NUL. */
const char *netlink_attr_text(const struct nlattr *attr);
/* An address of this family, AF_INET or AF_INET6. False when there is none: *out untouched. */
bool netlink_attr_addr(struct ip_addr *out, const struct nlattr *attr, int family);

/* The same for numbers, from network order. False when there is none: *out untouched. */
bool netlink_attr_u8(uint8_t *out, const struct nlattr *attr);
bool netlink_attr_be16(uint16_t *out, const struct nlattr *attr);
bool netlink_attr_be32(uint32_t *out, const struct nlattr *attr);
bool netlink_attr_be64(uint64_t *out, const struct nlattr *attr);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/ipset_dump.h"

#include <errno.h>
#include <string.h>

#include "kernel/netlink/netlink_attrs.h"
#include "kernel/sets/ipset_message.h"

struct dump {
	ipset_visit *visit;
	void *context;
};

static int take_element(const struct nlattr *const *element, void *context)
{
	const struct dump *dump = context;
	struct ip_addr addr = {0};
	uint32_t flags = 0;
	uint8_t prefix;

	(void)netlink_attr_be32(&flags, element[IPSET_ATTR_CADT_FLAGS]);
	/* An exception from a net is in the set so as not to match. */
	if ((flags & IPSET_FLAG_NOMATCH) == 0)
		(void)ipset_message_addr(&addr, element[IPSET_ATTR_IP]);
	if (!netlink_attr_u8(&prefix, element[IPSET_ATTR_CIDR]))
		prefix = ip_addr_bits(&addr);
	return dump->visit(&addr, prefix, dump->context);
}

int ipset_dump(const char *name, ipset_visit *visit, void *context)
{
	struct dump dump = {.visit = visit, .context = context};
	struct mnl_socket *socket;
	int err;

	if (strlen(name) >= IPSET_MAXNAMELEN)
		return -ENAMETOOLONG;
	err = netlink_open(&socket, NETLINK_NETFILTER, 0);
	if (err != 0)
		return err;
	err = ipset_message_list(socket, IP_FAMILY_V4, name, take_element, &dump);
	mnl_socket_close(socket);
	return err;
}

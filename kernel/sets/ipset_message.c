/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/ipset_message.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include "kernel/netlink/netlink_attrs.h"

/*
 * A message of a list, of which there are as many as it takes; the first may lack the elements:
 *
 * 	nfgenmsg, PROTOCOL, SETNAME, ..., ADT { DATA { IP { IPADDR_IPV4 or IPADDR_IPV6 }, ... },
 * 	DATA { ... }, ... }
 */

struct nlmsghdr *ipset_message_put(void *at, enum ipset_cmd command, unsigned int flags,
	enum ip_family family, const char *name)
{
	struct nlmsghdr *message = netlink_put_netfilter(at, NFNL_SUBSYS_IPSET, command, flags,
		family == IP_FAMILY_V6 ? NFPROTO_IPV6 : NFPROTO_IPV4);

	/* Every kernel knows this protocol; its commands are the same in the next. */
	mnl_attr_put_u8(message, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL_MIN);
	mnl_attr_put_strz(message, IPSET_ATTR_SETNAME, name);
	return message;
}

struct list {
	ipset_message_visit *visit;
	void *context;
	int result; /* of the visits */
};

static int take_element(const struct nlattr *data, void *context)
{
	const struct nlattr *element[IPSET_ATTR_ADT_MAX + 1];
	struct list *list = context;

	netlink_attrs_index_nested(element, IPSET_ATTR_ADT_MAX, data);
	list->result = list->visit(element, list->context);
	return list->result < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

static int take_message(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *attrs[IPSET_ATTR_CMD_MAX + 1];
	struct list *list = context;

	if (!netlink_attrs_index_message(
		    attrs, IPSET_ATTR_CMD_MAX, message, sizeof(struct nfgenmsg)))
		return -EBADMSG;
	if (attrs[IPSET_ATTR_ADT] != NULL)
		mnl_attr_parse_nested(attrs[IPSET_ATTR_ADT], take_element, list);
	return list->result;
}

int ipset_message_list(struct mnl_socket *socket, enum ip_family family, const char *name,
	ipset_message_visit *visit, void *context)
{
	char buffer[128] __attribute__((aligned(MNL_ALIGNTO)));
	struct list list = {.visit = visit, .context = context};

	return netlink_ask(socket,
		ipset_message_put(buffer, IPSET_CMD_LIST, NLM_F_DUMP, family, name), take_message,
		&list, NULL);
}

bool ipset_message_addr(struct ip_addr *out, const struct nlattr *nest)
{
	const struct nlattr *addrs[IPSET_ATTR_IPADDR_MAX + 1];

	netlink_attrs_index_nested(addrs, IPSET_ATTR_IPADDR_MAX, nest);
	return netlink_attr_addr(out, addrs[IPSET_ATTR_IPADDR_IPV4], AF_INET) ||
		netlink_attr_addr(out, addrs[IPSET_ATTR_IPADDR_IPV6], AF_INET6);
}

void ipset_message_put_addr(
	struct nlmsghdr *message, uint16_t attribute, const struct ip_addr *addr)
{
	struct nlattr *nest = mnl_attr_nest_start(message, attribute);

	if (addr->family == IP_FAMILY_V6)
		mnl_attr_put(
			message, IPSET_ATTR_IPADDR_IPV6 | NLA_F_NET_BYTEORDER, 16, addr->bytes);
	else
		mnl_attr_put(message, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, 4, addr->bytes);
	mnl_attr_nest_end(message, nest);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/ipset_dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/netlink/netlink_dump.h"

/*
 * A message of the answer, which comes in as many as it takes:
 *
 * 	nfgenmsg, PROTOCOL, SETNAME, ..., ADT { DATA { IP { IPADDR_IPV4 or IPADDR_IPV6 }, ... },
 * 	DATA { ... }, ... }
 */

struct dump {
	ipset_visit *visit;
	void *context;
	int result; /* of the visits */
};

/* Of the attributes from `attr` to `end` the one of this type, or NULL. */
static const struct nlattr *find(const void *attr, const void *end, uint16_t type)
{
	for (const struct nlattr *at = attr;
		mnl_attr_ok(at, (int)((const char *)end - (const char *)at));
		at = mnl_attr_next(at))
		if (mnl_attr_get_type(at) == type)
			return at;
	return NULL;
}

static const void *nest_end(const struct nlattr *nest)
{
	return (const char *)mnl_attr_get_payload(nest) + mnl_attr_get_payload_len(nest);
}

static const struct nlattr *find_in(const struct nlattr *nest, uint16_t type)
{
	return find(mnl_attr_get_payload(nest), nest_end(nest), type);
}

/* An exception from a net: it is in the set so as not to match. */
static bool is_exception(const struct nlattr *data)
{
	const struct nlattr *flags = find_in(data, IPSET_ATTR_CADT_FLAGS);

	return flags != NULL && mnl_attr_get_payload_len(flags) == 4 &&
		(ntohl(mnl_attr_get_u32(flags)) & IPSET_FLAG_NOMATCH) != 0;
}

/*
 * The address of one element; of no family when it is something else, as in a set of another type.
 */
static struct ip_addr read_addr(const struct nlattr *data)
{
	const struct nlattr *ip = find_in(data, IPSET_ATTR_IP), *v4, *v6;

	if (ip == NULL || is_exception(data))
		return (struct ip_addr){0};
	v4 = find_in(ip, IPSET_ATTR_IPADDR_IPV4);
	v6 = find_in(ip, IPSET_ATTR_IPADDR_IPV6);
	if (v4 != NULL && mnl_attr_get_payload_len(v4) == 4)
		return ip_addr_v4(mnl_attr_get_payload(v4));
	if (v6 != NULL && mnl_attr_get_payload_len(v6) == 16)
		return ip_addr_v6(mnl_attr_get_payload(v6));
	return (struct ip_addr){0};
}

static uint8_t read_prefix(const struct nlattr *data, const struct ip_addr *addr)
{
	const struct nlattr *prefix = find_in(data, IPSET_ATTR_CIDR);

	return prefix != NULL && mnl_attr_get_payload_len(prefix) == 1 ? mnl_attr_get_u8(prefix)
								       : ip_addr_bits(addr);
}

static int take_element(const struct nlattr *data, void *context)
{
	struct dump *dump = context;
	const struct ip_addr addr = read_addr(data);

	dump->result = dump->visit(&addr, read_prefix(data, &addr), dump->context);
	return dump->result < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

static int take_message(const struct nlmsghdr *message, void *context)
{
	struct dump *dump = context;
	const struct nlattr *elements;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct nfgenmsg))
		return -EBADMSG;
	elements = find(mnl_nlmsg_get_payload_offset(message, sizeof(struct nfgenmsg)),
		mnl_nlmsg_get_payload_tail(message), IPSET_ATTR_ADT);
	if (elements != NULL) /* the first message may be the set's header only */
		mnl_attr_parse_nested(elements, take_element, dump);
	return dump->result;
}

static struct nlmsghdr *ask(char *buffer, const char *name)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *general = mnl_nlmsg_put_extra_header(request, sizeof(*general));

	request->nlmsg_type = NFNL_SUBSYS_IPSET << 8 | IPSET_CMD_LIST;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*general = (struct nfgenmsg){.nfgen_family = AF_INET, .version = NFNETLINK_V0};
	/* every kernel knows this one */
	mnl_attr_put_u8(request, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL_MIN);
	mnl_attr_put_strz(request, IPSET_ATTR_SETNAME, name);
	return request;
}

int ipset_dump(const char *name, ipset_visit *visit, void *context)
{
	char buffer[128] __attribute__((aligned(MNL_ALIGNTO)));
	struct dump dump = {.visit = visit, .context = context};
	struct mnl_socket *socket;
	int err = 0;

	if (strlen(name) >= IPSET_MAXNAMELEN)
		return -ENAMETOOLONG;
	socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (socket == NULL)
		return -errno;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		err = -errno;
	if (err == 0)
		err = netlink_dump(socket, ask(buffer, name), take_message, &dump, NULL);
	mnl_socket_close(socket);
	return err;
}

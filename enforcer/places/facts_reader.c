/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/places/facts_reader.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/netlink/netlink.h"
#include "kernel/netlink/netlink_attrs.h"

void facts_deinit(struct facts *facts)
{
	free(facts->links);
	free(facts->forwarding);
	free(facts->neighbours);
	free(facts->networks);
}

struct places_facts facts_view(const struct facts *facts)
{
	return (struct places_facts){
		.links = facts->links,
		.forwarding = facts->forwarding,
		.neighbours = facts->neighbours,
		.networks = facts->networks,
		.link_count = facts->link_count,
		.forwarding_count = facts->forwarding_count,
		.neighbour_count = facts->neighbour_count,
		.network_count = facts->network_count,
	};
}

/* The place of one more item, or NULL. */
static void *grow(void **items, size_t *count, size_t *room, size_t size)
{
	if (*count == *room) {
		const size_t more = *room == 0 ? 64 : *room * 2;
		void *grown = reallocarray(*items, more, size);

		if (grown == NULL)
			return NULL;
		*items = grown;
		*room = more;
	}
	return (char *)*items + size * (*count)++;
}

int facts_add_forwarding(struct facts *facts, const struct places_forwarding *forwarding)
{
	struct places_forwarding *added = grow((void **)&facts->forwarding,
		&facts->forwarding_count, &facts->forwarding_room, sizeof(*added));

	if (added == NULL)
		return -ENOMEM;
	*added = *forwarding;
	return 0;
}

int facts_add_neighbour(struct facts *facts, const struct places_neighbour *neighbour)
{
	struct places_neighbour *added = grow((void **)&facts->neighbours, &facts->neighbour_count,
		&facts->neighbour_room, sizeof(*added));

	if (added == NULL)
		return -ENOMEM;
	*added = *neighbour;
	return 0;
}

/* ---- one message ---- */

static uint32_t number_of(const struct nlattr *attr)
{
	return attr != NULL && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ? mnl_attr_get_u32(attr)
									  : 0;
}

static bool mac_of(const struct nlattr *attr, uint8_t out[PLACES_MAC])
{
	if (attr == NULL || mnl_attr_get_payload_len(attr) != PLACES_MAC)
		return false;
	memcpy(out, mnl_attr_get_payload(attr), PLACES_MAC);
	return true;
}

/* The kinds of pods' interfaces: a port of any other kind leads to a network. */
static bool is_kind_of_pods(const char *kind)
{
	static const char *const kinds[] = {
		"veth", "tun", "netkit", "macvtap", "ipvtap", "macvlan", "ipvlan", "ifb", "dummy"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

/* Whether a list of names with commas between them has this one. */
static bool lists(const char *names, const char *name)
{
	const size_t length = strlen(name);

	for (; *names != '\0'; names += *names == ',') {
		const size_t one = strcspn(names += strspn(names, " "), ", ");

		if (one == length && strncmp(names, name, length) == 0)
			return true;
		names += strcspn(names, ",");
	}
	return false;
}

static int take_link(struct facts *facts, const struct nlmsghdr *message)
{
	const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *link[IFLA_LINKINFO + 1], *info[IFLA_INFO_KIND + 1];
	struct places_link *added;
	const char *kind, *names = facts->router_ports != NULL ? facts->router_ports : "";

	if (!netlink_attrs_index_message(link, IFLA_LINKINFO, message, sizeof(*header)) ||
		header->ifi_family != AF_UNSPEC)
		return 0;
	netlink_attrs_index_nested(info, IFLA_INFO_KIND, link[IFLA_LINKINFO]);
	added = grow((void **)&facts->links, &facts->link_count, &facts->link_room, sizeof(*added));
	if (added == NULL)
		return -ENOMEM;
	kind = netlink_attr_text(info[IFLA_INFO_KIND]);
	*added = (struct places_link){
		.index = (uint32_t)header->ifi_index,
		.master = number_of(link[IFLA_MASTER]),
		.bridge = strcmp(kind, "bridge") == 0,
		.router = *names != '\0' ? lists(names, netlink_attr_text(link[IFLA_IFNAME]))
					 : !is_kind_of_pods(kind),
	};
	return 0;
}

/*
 * Not the bridge's and its ports' own addresses (permanent), nor what a device keeps for itself
 * (without a master).
 */
static int take_forwarding(
	struct facts *facts, const struct ndmsg *header, const struct nlattr *const *attrs)
{
	struct places_forwarding found = {
		.port = (uint32_t)header->ndm_ifindex, .bridge = number_of(attrs[NDA_MASTER])};

	if ((header->ndm_state & NUD_PERMANENT) != 0 || found.bridge == 0 ||
		!mac_of(attrs[NDA_LLADDR], found.mac))
		return 0;
	return facts_add_forwarding(facts, &found);
}

static int take_neighbour(struct facts *facts, const struct nlmsghdr *message)
{
	const struct ndmsg *header = mnl_nlmsg_get_payload(message);
	struct places_neighbour found;
	const struct nlattr *attrs[NDA_MASTER + 1];

	if (!netlink_attrs_index_message(attrs, NDA_MASTER, message, sizeof(*header)))
		return 0;
	if (header->ndm_family == AF_BRIDGE)
		return take_forwarding(facts, header, attrs);
	found.device = (uint32_t)header->ndm_ifindex;
	if ((header->ndm_state & (NUD_FAILED | NUD_INCOMPLETE | NUD_NOARP)) != 0 ||
		header->ndm_state == NUD_NONE ||
		!netlink_attr_addr(&found.addr, attrs[NDA_DST], header->ndm_family) ||
		!mac_of(attrs[NDA_LLADDR], found.mac) || ip_addr_is_link_local(&found.addr) ||
		ip_addr_is_group(&found.addr))
		return 0;
	return facts_add_neighbour(facts, &found);
}

static int take_network(struct facts *facts, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	struct places_network found, *added;
	const struct nlattr *attrs[IFA_LOCAL + 1];

	if (!netlink_attrs_index_message(attrs, IFA_LOCAL, message, sizeof(*header)))
		return 0;
	found.device = header->ifa_index;
	found.prefix = header->ifa_prefixlen;
	/*
	 * IFA_LOCAL is missing for most IPv6 addresses; of a point-to-point link IFA_ADDRESS is the
	 * other end.
	 */
	if (!netlink_attr_addr(&found.addr, attrs[IFA_LOCAL], header->ifa_family) &&
		!netlink_attr_addr(&found.addr, attrs[IFA_ADDRESS], header->ifa_family))
		return 0;
	if (found.prefix > ip_addr_bits(&found.addr))
		return 0;
	added = grow((void **)&facts->networks, &facts->network_count, &facts->network_room,
		sizeof(*added));
	if (added == NULL)
		return -ENOMEM;
	*added = found;
	return 0;
}

int facts_take(struct facts *facts, const struct nlmsghdr *message)
{
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		return take_link(facts, message);
	case RTM_NEWNEIGH:
		return take_neighbour(facts, message);
	case RTM_NEWADDR:
		return take_network(facts, message);
	default:
		return 0;
	}
}

/* ---- asking ---- */

static int take(const struct nlmsghdr *message, void *context)
{
	return facts_take(context, message);
}

static int ask(struct facts *facts, struct mnl_socket *socket, uint16_t type, uint8_t family)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = netlink_put_header(buffer, type, NLM_F_DUMP);
	bool interrupted;
	int err;

	/* Of all of these the family is the first byte, and the rest may be zero. */
	if (type == RTM_GETLINK || family == AF_BRIDGE)
		((struct ifinfomsg *)mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg)))
			->ifi_family = family;
	else if (type == RTM_GETNEIGH)
		((struct ndmsg *)mnl_nlmsg_put_extra_header(message, sizeof(struct ndmsg)))
			->ndm_family = family;
	else
		((struct ifaddrmsg *)mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg)))
			->ifa_family = family;
	err = netlink_ask(socket, message, take, facts, &interrupted);
	return err == 0 && interrupted ? -EINTR : err;
}

int facts_read(struct facts *facts, struct mnl_socket *socket)
{
	static const struct {
		uint16_t type;
		uint8_t family;
	} questions[] = {
		{RTM_GETLINK, AF_UNSPEC},
		{RTM_GETNEIGH, AF_BRIDGE},
		{RTM_GETNEIGH, AF_INET},
		{RTM_GETNEIGH, AF_INET6},
		{RTM_GETADDR, AF_UNSPEC},
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]) && err == 0; i++)
		err = ask(facts, socket, questions[i].type, questions[i].family);
	return err;
}

/*
 * NTF_USE: neigh_add() in the kernel's net/core/neighbour.c begins to resolve the entry, making it
 * if need be.
 */
int facts_solicit(struct mnl_socket *socket, const struct ip_addr *addr, uint32_t device)
{
	char buffer[256] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = netlink_put_header(buffer, RTM_NEWNEIGH, NLM_F_CREATE);
	struct ndmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->ndm_family = addr->family == IP_FAMILY_V4 ? AF_INET : AF_INET6;
	header->ndm_ifindex = (int)device;
	header->ndm_state = NUD_NONE;
	header->ndm_flags = NTF_USE;
	mnl_attr_put(message, NDA_DST, addr->family == IP_FAMILY_V4 ? 4 : 16, addr->bytes);
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

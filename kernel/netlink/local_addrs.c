/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink/local_addrs.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "kernel/netlink/netlink.h"
#include "kernel/netlink/netlink_attrs.h"

struct local_addrs {
	size_t count, capacity;
	struct ip_addr *addrs; /* sorted; an address on two interfaces may be there twice */
};

/* while addresses come and go: a consistent answer, or the last one there was */
enum { READ_TRIES = 5 };

static int append(struct local_addrs *list, struct ip_addr addr)
{
	if (list->count == list->capacity) {
		const size_t capacity = list->capacity == 0 ? 32 : 2 * list->capacity;
		struct ip_addr *grown = reallocarray(list->addrs, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		list->addrs = grown;
		list->capacity = capacity;
	}
	list->addrs[list->count++] = addr;
	return 0;
}

/*
 * IFA_LOCAL is ours; so is IFA_ADDRESS, except on a point-to-point link: there it is the peer's,
 * next to IFA_LOCAL.
 */
static int take_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attrs[IFA_MAX + 1], *own;
	struct ip_addr addr;

	if (message->nlmsg_type != RTM_NEWADDR ||
		!netlink_attrs_index_message(attrs, IFA_MAX, message, sizeof(*header)))
		return 0;
	own = attrs[IFA_LOCAL] != NULL ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	return netlink_attr_addr(&addr, own, header->ifa_family) ? append(context, addr) : 0;
}

static int order(const void *a, const void *b)
{
	return ip_addr_cmp(a, b);
}

static int fill(struct local_addrs *list, struct mnl_socket *socket)
{
	bool interrupted = true;
	int err = 0;

	for (int i = 0; i < READ_TRIES && err == 0 && interrupted; i++) {
		char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
		struct nlmsghdr *request = netlink_put_header(buffer, RTM_GETADDR, NLM_F_DUMP);

		mnl_nlmsg_put_extra_header(request, sizeof(struct ifaddrmsg)); /* zero: AF_UNSPEC */
		list->count = 0;
		err = netlink_ask(socket, request, take_address, list, &interrupted);
	}
	if (err == 0 && list->count > 0)
		qsort(list->addrs, list->count, sizeof(list->addrs[0]), order);
	return err;
}

int local_addrs_read(struct local_addrs **out)
{
	struct local_addrs *list = calloc(1, sizeof(*list));
	struct mnl_socket *socket;
	int err;

	if (list == NULL)
		return -ENOMEM;
	err = netlink_open(&socket, NETLINK_ROUTE, 0);
	if (err == 0) {
		err = fill(list, socket);
		mnl_socket_close(socket);
	}
	if (err != 0)
		local_addrs_free(list);
	else
		*out = list;
	return err;
}

void local_addrs_free(struct local_addrs *addrs)
{
	if (addrs == NULL)
		return;
	free(addrs->addrs);
	free(addrs);
}

const struct ip_addr *local_addrs_all(const struct local_addrs *addrs, size_t *count)
{
	*count = addrs->count;
	return addrs->addrs;
}

bool local_addrs_contain(const struct local_addrs *addrs, const struct ip_addr *addr)
{
	return addrs->count > 0 &&
		bsearch(addr, addrs->addrs, addrs->count, sizeof(addrs->addrs[0]), order) != NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sets/ipset_dump.h"
#include "kernel/sets/ipset_message.h"
#include "kernel/sets/pod_set_internal.h"

/* ---- adding and removing ---- */

enum { CHANGE_MOST = 128 }; /* entries a message, of at most 60 bytes */

/* Without NLM_F_EXCL, ipset takes what is there already, or not there, as it is. */
static int change(
	enum ipset_cmd command, enum pod_set which, const struct ip_addr *addrs, size_t count)
{
	char buffer[8192] __attribute__((aligned(MNL_ALIGNTO))), name[POD_SET_NAME];
	struct mnl_socket *socket;
	int err = netlink_open(&socket, NETLINK_NETFILTER, 0);

	for (size_t i = 0, part; err == 0 && i < count; i += part) {
		const enum ip_family family = addrs[i].family;
		const bool nets = pod_set_holds_nets(which, family);
		struct nlmsghdr *message = ipset_message_put(
			buffer, command, NLM_F_ACK, family, pod_set_name(which, family, name));
		struct nlattr *list, *entry;

		mnl_attr_put_u32(message, IPSET_ATTR_LINENO, 0); /* a list must have it */
		list = mnl_attr_nest_start(message, IPSET_ATTR_ADT);
		for (part = 0;
			part < CHANGE_MOST && i + part < count && addrs[i + part].family == family;
			part++) {
			entry = mnl_attr_nest_start(message, IPSET_ATTR_DATA);
			ipset_message_put_addr(message, IPSET_ATTR_IP, &addrs[i + part]);
			if (nets)
				mnl_attr_put_u8(
					message, IPSET_ATTR_CIDR, pod_set_prefix(&addrs[i + part]));
			mnl_attr_nest_end(message, entry);
		}
		mnl_attr_nest_end(message, list);
		err = netlink_ask(socket, message, NULL, NULL, NULL);
	}
	if (socket != NULL)
		mnl_socket_close(socket);
	return err;
}

int pod_set_add(enum pod_set which, const struct ip_addr *addrs, size_t count)
{
	return change(IPSET_CMD_ADD, which, addrs, count);
}

int pod_set_remove(enum pod_set which, const struct ip_addr *addrs, size_t count)
{
	return change(IPSET_CMD_DEL, which, addrs, count);
}

/* ---- comparing ---- */

/* Of a set that is being compared: how many it holds, and the first that is not wanted. */
struct comparison {
	const struct ip_addr *wanted;
	size_t wanted_count;
	long size, wrong;
	struct ip_addr first_wrong;
};

/* The kernel holds no address twice: as many as wanted, and none unwanted, is all of them. */
static int compare(const struct ip_addr *addr, uint8_t prefix, void *context)
{
	struct comparison *comparison = context;

	comparison->size++;
	if (comparison->wanted_count > 0 && prefix == pod_set_prefix(addr) &&
		bsearch(addr, comparison->wanted, comparison->wanted_count, sizeof(*addr),
			ip_addr_compare) != NULL)
		return 0;
	if (comparison->wrong++ == 0)
		comparison->first_wrong = *addr;
	return 0;
}

int pod_set_verify_one(enum pod_set which, enum ip_family family, const struct ip_addr *addrs,
	size_t count, size_t refused, long *size, char problem[PROBLEM_SIZE])
{
	static const struct {
		const char *singular, *plural;
	} words[] = {
		[POD_SET_PODS] = {"isolated pod", "isolated"},
		[POD_SET_NEAR] = {"receiver near by", "near"},
		[POD_SET_GROUPS] = {"group that is judged", "group"},
	};
	struct comparison comparison = {.wanted = addrs, .wanted_count = count};
	char name[POD_SET_NAME], addr[IP_ADDR_TEXT];
	const int err = ipset_dump(pod_set_name(which, family, name), compare, &comparison);

	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE, "ipset %s can't be read: %s", name, strerror(-err));
		return err;
	}
	*size = comparison.size;
	if (comparison.wrong > 0)
		snprintf(problem, PROBLEM_SIZE, "ipset %s holds %s, which is no %s", name,
			comparison.first_wrong.family != 0
				? ip_addr_format(&comparison.first_wrong, addr)
				: "an exception",
			words[which].singular);
	else if (comparison.size != (long)(count - refused))
		snprintf(problem, PROBLEM_SIZE, "ipset %s has %ld of %zu %s addresses", name,
			comparison.size, count - refused, words[which].plural);
	return comparison.wrong > 0 || comparison.size != (long)(count - refused) ? -ESTALE : 0;
}

int pod_set_verify(enum ip_family family, const struct ip_addr *addrs, size_t count, size_t refused,
	long *size, char problem[PROBLEM_SIZE])
{
	return pod_set_verify_one(POD_SET_PODS, family, addrs, count, refused, size, problem);
}

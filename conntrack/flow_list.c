/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/flow_list.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "conntrack/entry.h"
#include "kernel/netlink/netlink.h"

struct flow_list {
	struct mnl_socket *socket;
	struct netlink_answer answer;
	size_t skipped;
};

int flow_list_open(struct flow_list **out)
{
	char buffer[64] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *request = netlink_put_netfilter(
		buffer, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
	struct flow_list *list = calloc(1, sizeof(*list));
	int err;

	if (list == NULL)
		return -ENOMEM;
	err = netlink_open(&list->socket, NETLINK_NETFILTER, 0);
	if (err == 0)
		err = netlink_send(&list->answer, list->socket, request, request->nlmsg_len);
	if (err != 0)
		flow_list_close(list);
	else
		*out = list;
	return err;
}

void flow_list_close(struct flow_list *list)
{
	if (list == NULL)
		return;
	if (list->socket != NULL)
		mnl_socket_close(list->socket);
	free(list);
}

struct reading {
	struct flow_list *list;
	flow_list_visit *visit;
	void *context;
};

static int decode(const struct nlmsghdr *message, void *context)
{
	const struct reading *reading = context;
	struct ct_details details;
	struct ct_entry entry;

	if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_CTNETLINK ||
		ct_entry_decode(&entry, message) != 0) {
		reading->list->skipped++;
		return 0;
	}
	ct_details_decode(&details, message);
	reading->visit(&entry, &details, reading->context);
	return 0;
}

int flow_list_read(struct flow_list *list, flow_list_visit *visit, void *context, bool *done)
{
	struct reading reading = {.list = list, .visit = visit, .context = context};
	const int err = netlink_read(&list->answer, decode, &reading);

	*done = list->answer.done;
	return err;
}

size_t flow_list_skipped(const struct flow_list *list)
{
	return list->skipped;
}

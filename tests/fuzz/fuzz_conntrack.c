/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The ctnetlink decoders, fed anything. An entry that is accepted must be consistent, and naming it
 * to the kernel and reading that name back must give the same entry. Of the details all may be
 * missing.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "conntrack/details.h"
#include "conntrack/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void require_consistent(const struct ct_entry *entry)
{
	const struct flow *flow = &entry->flow, *original = &entry->original;

	require(flow->src.family == IP_FAMILY_V4 || flow->src.family == IP_FAMILY_V6);
	require(flow->dst.family == flow->src.family && original->src.family == flow->src.family);
	require(original->dst.family == flow->src.family && original->protocol == flow->protocol);
	require(ip_addr_equal(&flow->src, &original->src));
	require(flow_protocol_has_ports(flow->protocol) ||
		(flow->src_port == 0 && flow->dst_port == 0));
}

/* The name serves as the tuple of both directions. */
static void require_round_trip(const struct ct_entry *entry)
{
	char buffer[512] __attribute__((aligned(MNL_ALIGNTO)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	struct nlattr *tuple = mnl_nlmsg_get_payload_tail(message);
	const uint32_t before = message->nlmsg_len;
	struct ct_entry back;

	header->nfgen_family = entry->original.src.family == IP_FAMILY_V4 ? AF_INET : AF_INET6;
	ct_entry_put_name(message, entry);
	require(message->nlmsg_len - before <= CT_ENTRY_NAME_MOST);
	mnl_attr_put(message, CTA_TUPLE_REPLY, mnl_attr_get_payload_len(tuple),
		mnl_attr_get_payload(tuple));
	require(ct_entry_decode(&back, message) == 0);
	require(memcmp(&back.original, &entry->original, sizeof(back.original)) == 0);
	require(back.zone == entry->zone && back.icmp_id == entry->icmp_id);
	require(back.icmp_type == entry->icmp_type && back.icmp_code == entry->icmp_code);
}

/*
 * The input is a message, but for its length: that is what there is. A copy, so that it is aligned
 * and ends where it ends.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ct_details details;
	struct ct_entry entry;
	struct nlmsghdr *message;

	if (size < sizeof(*message) || size > 65536)
		return 0;
	message = malloc(size);
	if (message == NULL)
		return 0;
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;
	if (ct_entry_decode(&entry, message) == 0) {
		require_consistent(&entry);
		require_round_trip(&entry);
	}
	ct_details_decode(&details, message);
	require(details.has_timeout || details.timeout_s == 0);
	require(details.state == NULL || details.state[0] != '\0');
	free(message);
	return 0;
}

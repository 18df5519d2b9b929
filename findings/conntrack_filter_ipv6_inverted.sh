#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctnetlink can dump only the entries that have an address (CTA_FILTER, since Linux 5.8), which is
# many times faster than to dump all and sift in userspace. For IPv4 that works. For IPv6 the kernel
# returns the entries that do not have the address, and leaves out those that have it.
#
# ctnetlink_filter_match_tuple() (net/netfilter/nf_conntrack_netlink.c) compares IPv6 addresses by
# ipv6_addr_cmp(), which is 0 for equal ones like memcmp(), and takes 0 for "differs". A program
# that trusts the filter misses just the flows that it asked for. It finds no error: the dump ends
# well.
#
# What helps: dump the family IPv6 whole (nfgen_family AF_INET6), and compare in userspace.
#
# Seen, Linux 6.18 (a request by hand, as libnetfilter_conntrack 1.0.9 has no name for this filter):
#   IPv4, source 10.0.0.3: 10.0.0.3
#   IPv6, source fd00::3: fd00::1 fd00::2 fd00::4 fd00::5
#
# Needs root, gcc, libmnl-dev, libnetfilter-conntrack-dev (Debian 12: libmnl 1.0.4-3,
# libnetfilter-conntrack 1.0.9-3). Exit: 0 as above, 1 it behaves otherwise, 2 it could not be tried.

set -eu
[ "$(id -u)" = 0 ] || { echo "NOT RUN: needs root"; exit 2; }
WORK=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

cat >"$WORK/filter.c" <<'SOURCE'
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FLOWS = 5, FILTER_IP_SRC = 1 }; /* CTA_FILTER_F_CTA_IP_SRC, net/netfilter/nf_internals.h */

/* Flows of UDP, from five sources to one destination. */
static int add(struct nfct_handle *handle, int family, int number)
{
	struct nf_conntrack *ct = nfct_new();
	char text[2][64];
	unsigned char address[2][16];
	int err;

	snprintf(text[0], 64, family == AF_INET ? "10.0.0.%d" : "fd00::%d", number);
	snprintf(text[1], 64, family == AF_INET ? "10.0.0.%d" : "fd00::%d", 99);
	for (int i = 0; i < 2; i++)
		inet_pton(family, text[i], address[i]);
	nfct_set_attr_u8(ct, ATTR_L3PROTO, family);
	nfct_set_attr(ct, family == AF_INET ? ATTR_IPV4_SRC : ATTR_IPV6_SRC, address[0]);
	nfct_set_attr(ct, family == AF_INET ? ATTR_IPV4_DST : ATTR_IPV6_DST, address[1]);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, IPPROTO_UDP);
	nfct_set_attr_u16(ct, ATTR_PORT_SRC, htons(1000));
	nfct_set_attr_u16(ct, ATTR_PORT_DST, htons(80));
	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, 600);
	err = nfct_query(handle, NFCT_Q_CREATE, ct);
	nfct_destroy(ct);
	return err;
}

static char found[FLOWS][64];
static int count;

static int note(const struct nlmsghdr *message, void *family)
{
	struct nf_conntrack *ct = nfct_new();
	const int v4 = *(int *)family == AF_INET;

	if (nfct_nlmsg_parse(message, ct) == 0 && count < FLOWS)
		inet_ntop(*(int *)family, nfct_get_attr(ct, v4 ? ATTR_IPV4_SRC : ATTR_IPV6_SRC), found[count++], 64);
	nfct_destroy(ct);
	return MNL_CB_OK;
}

static int order(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void dump(struct mnl_socket *socket, int family, const char *source)
{
	static char buffer[65536];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	const int v4 = family == AF_INET;
	unsigned char address[16];
	struct nlattr *tuple, *nest;
	long got;

	inet_pton(family, source, address);
	header->nfgen_family = family;
	request->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request->nlmsg_seq = time(NULL);
	tuple = mnl_attr_nest_start(request, CTA_TUPLE_ORIG);
	nest = mnl_attr_nest_start(request, CTA_TUPLE_IP);
	mnl_attr_put(request, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, v4 ? 4 : 16, address);
	mnl_attr_nest_end(request, nest);
	mnl_attr_nest_end(request, tuple);
	nest = mnl_attr_nest_start(request, CTA_FILTER);
	mnl_attr_put_u32(request, CTA_FILTER_ORIG_FLAGS, FILTER_IP_SRC);
	mnl_attr_nest_end(request, nest);
	mnl_socket_sendto(socket, request, request->nlmsg_len);
	count = 0;
	while ((got = mnl_socket_recvfrom(socket, buffer, sizeof(buffer))) > 0 &&
		mnl_cb_run(buffer, got, 0, 0, note, &family) > MNL_CB_STOP)
		;
	qsort(found, count, sizeof(found[0]), order);
	printf("%s, source %s:", v4 ? "IPv4" : "IPv6", source);
	for (int i = 0; i < count; i++)
		printf(" %s", found[i]);
	putchar('\n');
}

int main(void)
{
	struct nfct_handle *handle = nfct_open(CONNTRACK, 0);
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);

	if (handle == NULL || socket == NULL || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return 2;
	for (int i = 1; i <= FLOWS; i++)
		if (add(handle, AF_INET, i) != 0 || add(handle, AF_INET6, i) != 0)
			return 2;
	dump(socket, AF_INET, "10.0.0.3");
	dump(socket, AF_INET6, "fd00::3");
	return 0;
}
SOURCE
gcc -o "$WORK/filter" "$WORK/filter.c" -lmnl -lnetfilter_conntrack ||
	{ echo "NOT RUN: gcc, libmnl-dev or libnetfilter-conntrack-dev is missing"; exit 2; }
unshare -n "$WORK/filter" >"$WORK/out" || { echo "NOT RUN: no entries could be made"; exit 2; }
echo "Linux $(uname -r)"
cat "$WORK/out"
printf '%s\n' 'IPv4, source 10.0.0.3: 10.0.0.3' 'IPv6, source fd00::3: fd00::1 fd00::2 fd00::4 fd00::5' |
	cmp -s - "$WORK/out" || { echo "it behaves otherwise"; exit 1; }

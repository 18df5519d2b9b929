/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/flow_table.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>

enum { LIFETIME = 600, DATAGRAM = 32768, MESSAGE_MOST = 512 };

static struct mnl_socket *kernel;
static char buffer[DATAGRAM] __attribute__((aligned(MNL_ALIGNTO)));

void flow_table_run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		errx(1, "this failed: %s", command);
}

void flow_table_here(void)
{
	if (kernel != NULL)
		mnl_socket_close(kernel);
	kernel = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (kernel == NULL || mnl_socket_bind(kernel, 0, MNL_SOCKET_AUTOPID) < 0)
		err(1, "netlink socket");
}

void flow_table_enter(void)
{
	if (unshare(CLONE_NEWNET) != 0)
		err(1, "a network namespace is needed (run this as root)");
	flow_table_here();
	flow_table_run("ip link set lo up");
}

static void set_address(struct nf_conntrack *ct, bool v6, enum nf_conntrack_attr v4_attr,
	enum nf_conntrack_attr v6_attr, const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		errx(1, "no address: %s", text);
	nfct_set_attr(ct, v6 ? v6_attr : v4_attr, bytes);
}

static void set_tuple_end(struct nf_conntrack *ct, const struct flow_spec *spec)
{
	if (spec->protocol == IPPROTO_ICMP || spec->protocol == IPPROTO_ICMPV6) {
		nfct_set_attr_u8(ct, ATTR_ICMP_TYPE, spec->protocol == IPPROTO_ICMP ? 8 : 128);
		nfct_set_attr_u8(ct, ATTR_ICMP_CODE, 0);
		nfct_set_attr_u16(ct, ATTR_ICMP_ID, htons(spec->icmp_id));
		return;
	}
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_SRC, htons(spec->sport));
	nfct_set_attr_u16(ct, ATTR_ORIG_PORT_DST, htons(spec->dport));
}

/* The original tuple and the zone: what names an entry. */
static struct nf_conntrack *named(const struct flow_spec *spec)
{
	const bool v6 = strchr(spec->src, ':') != NULL;
	struct nf_conntrack *ct = nfct_new();

	if (ct == NULL)
		errx(1, "out of memory");
	nfct_set_attr_u8(ct, ATTR_L3PROTO, v6 ? AF_INET6 : AF_INET);
	nfct_set_attr_u8(ct, ATTR_L4PROTO, spec->protocol);
	set_address(ct, v6, ATTR_ORIG_IPV4_SRC, ATTR_ORIG_IPV6_SRC, spec->src);
	set_address(ct, v6, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST, spec->dst);
	set_tuple_end(ct, spec);
	if (spec->zone != 0)
		nfct_set_attr_u16(ct, ATTR_ZONE, spec->zone);
	return ct;
}

static struct nf_conntrack *whole(const struct flow_spec *spec)
{
	const bool v6 = strchr(spec->src, ':') != NULL;
	struct nf_conntrack *ct = named(spec);

	nfct_setobjopt(ct, NFCT_SOPT_SETUP_REPLY);
	if (spec->backend != NULL)
		set_address(ct, v6, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC, spec->backend);
	if (spec->backend_port != 0)
		nfct_set_attr_u16(ct, ATTR_REPL_PORT_SRC, htons(spec->backend_port));
	if (spec->masquerade != NULL)
		set_address(ct, v6, ATTR_REPL_IPV4_DST, ATTR_REPL_IPV6_DST, spec->masquerade);
	if (spec->protocol == IPPROTO_TCP)
		nfct_set_attr_u8(ct, ATTR_TCP_STATE, TCP_CONNTRACK_ESTABLISHED);
	nfct_set_attr_u32(ct, ATTR_TIMEOUT, LIFETIME);
	if (spec->mark != 0)
		nfct_set_attr_u32(ct, ATTR_MARK, spec->mark);
	return ct;
}

static struct nlmsghdr *put_message(
	void *at, struct nf_conntrack *ct, unsigned int type, unsigned int flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(at);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	header->nfgen_family = nfct_get_attr_u8(ct, ATTR_L3PROTO);
	header->version = NFNETLINK_V0;
	nfct_nlmsg_build(message, ct);
	nfct_destroy(ct);
	return message;
}

/* Sends what is in the buffer and reads one datagram of answer into it. */
static const struct nlmsghdr *ask(size_t size, const char *what)
{
	const struct nlmsghdr *answer = (const void *)buffer;
	ssize_t got;

	if (mnl_socket_sendto(kernel, buffer, size) < 0)
		err(1, "%s", what);
	got = mnl_socket_recvfrom(kernel, buffer, sizeof(buffer));
	if (got < 0 || !mnl_nlmsg_ok(answer, (int)got))
		err(1, "%s", what);
	if (answer->nlmsg_type == NLMSG_ERROR &&
		((const struct nlmsgerr *)mnl_nlmsg_get_payload(answer))->error != 0)
		errx(1, "%s: %s", what,
			strerror(-((const struct nlmsgerr *)mnl_nlmsg_get_payload(answer))->error));
	return answer;
}

void flow_table_add(const struct flow_spec *spec)
{
	ask(put_message(
		    buffer, whole(spec), IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK)
			->nlmsg_len,
		"adding an entry");
}

void flow_table_delete(const struct flow_spec *spec)
{
	ask(put_message(buffer, named(spec), IPCTNL_MSG_CT_DELETE, NLM_F_ACK)->nlmsg_len,
		"deleting an entry");
}

uint32_t flow_table_mark(const struct flow_spec *spec)
{
	const struct nlmsghdr *answer = ask(
		put_message(buffer, named(spec), IPCTNL_MSG_CT_GET, 0)->nlmsg_len,
		"reading an entry");
	struct nf_conntrack *ct = nfct_new();
	uint32_t mark;

	if (ct == NULL || nfct_nlmsg_parse(answer, ct) != 0)
		errx(1, "an entry that libnetfilter_conntrack cannot read");
	mark = nfct_get_attr_u32(ct, ATTR_MARK);
	nfct_destroy(ct);
	return mark;
}

/* As many messages in a datagram as it holds: the last one alone asks for an answer. */
void flow_table_fill(size_t count, const char *dst, uint16_t dport, size_t stride)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		const bool last = i + 1 == count || size + 2UL * MESSAGE_MOST > sizeof(buffer);
		char src[16];

		snprintf(src, sizeof(src), "%d.%zu.%zu.%zu",
			stride != 0 && i % stride == 0 ? 11 : 10, i >> 16 & 0xff, i >> 8 & 0xff,
			i & 0xff);
		size += put_message(buffer + size,
			whole(&(struct flow_spec){.protocol = IPPROTO_TCP,
				.src = src,
				.dst = dst,
				.sport = 1024,
				.dport = dport}),
			IPCTNL_MSG_CT_NEW, NLM_F_CREATE | NLM_F_EXCL | (last ? NLM_F_ACK : 0U))
				->nlmsg_len;
		if (last) {
			ask(size, "filling the table");
			size = 0;
		}
	}
}

size_t flow_table_count(void)
{
	FILE *file = fopen("/proc/sys/net/netfilter/nf_conntrack_count", "r");
	size_t count;

	if (file == NULL || fscanf(file, "%zu", &count) != 1)
		errx(1, "nf_conntrack_count cannot be read");
	fclose(file);
	return count;
}

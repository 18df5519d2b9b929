/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/details.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include "kernel/netlink/netlink_attrs.h"

/*
 * A message, as far as it is read here (all numbers in network order):
 *
 * 	CTA_STATUS, CTA_TIMEOUT,
 * 	CTA_PROTOINFO { CTA_PROTOINFO_TCP { CTA_PROTOINFO_TCP_STATE } | CTA_PROTOINFO_SCTP {
 * 	CTA_PROTOINFO_SCTP_STATE } }
 * 	CTA_COUNTERS_ORIG { CTA_COUNTERS_PACKETS, CTA_COUNTERS_BYTES }, CTA_COUNTERS_REPLY {
 * 	likewise }
 * 	CTA_TIMESTAMP { CTA_TIMESTAMP_START }
 */

static const char *const tcp_states[] = {
	[TCP_CONNTRACK_NONE] = "none",
	[TCP_CONNTRACK_SYN_SENT] = "syn-sent",
	[TCP_CONNTRACK_SYN_RECV] = "syn-received",
	[TCP_CONNTRACK_ESTABLISHED] = "established",
	[TCP_CONNTRACK_FIN_WAIT] = "fin-wait",
	[TCP_CONNTRACK_CLOSE_WAIT] = "close-wait",
	[TCP_CONNTRACK_LAST_ACK] = "last-ack",
	[TCP_CONNTRACK_TIME_WAIT] = "time-wait",
	[TCP_CONNTRACK_CLOSE] = "closed",
	[TCP_CONNTRACK_SYN_SENT2] = "syn-sent",
};

static const char *const sctp_states[] = {
	[SCTP_CONNTRACK_NONE] = "none",
	[SCTP_CONNTRACK_CLOSED] = "closed",
	[SCTP_CONNTRACK_COOKIE_WAIT] = "cookie-wait",
	[SCTP_CONNTRACK_COOKIE_ECHOED] = "cookie-echoed",
	[SCTP_CONNTRACK_ESTABLISHED] = "established",
	[SCTP_CONNTRACK_SHUTDOWN_SENT] = "shutdown-sent",
	[SCTP_CONNTRACK_SHUTDOWN_RECD] = "shutdown-received",
	[SCTP_CONNTRACK_SHUTDOWN_ACK_SENT] = "shutdown-acknowledged",
	[SCTP_CONNTRACK_HEARTBEAT_SENT] = "heartbeat-sent",
	[SCTP_CONNTRACK_HEARTBEAT_ACKED] = "established",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The name of the state that `nest` holds as an attribute `type`, one of `most` at most; NULL when
 * it holds none.
 */
static const char *read_state(const struct nlattr *nest, uint16_t type, uint16_t most,
	const char *const *names, size_t count)
{
	const struct nlattr *attrs[CTA_PROTOINFO_TCP_MAX + 1];
	uint8_t state;

	netlink_attrs_index_nested(attrs, most, nest);
	return netlink_attr_u8(&state, attrs[type]) && state < count ? names[state] : NULL;
}

static void read_protocol_info(struct ct_details *out, const struct nlattr *nest)
{
	const struct nlattr *info[CTA_PROTOINFO_MAX + 1];

	_Static_assert(CTA_PROTOINFO_SCTP_MAX <= CTA_PROTOINFO_TCP_MAX, "one table serves both");
	netlink_attrs_index_nested(info, CTA_PROTOINFO_MAX, nest);
	out->state = read_state(info[CTA_PROTOINFO_TCP], CTA_PROTOINFO_TCP_STATE,
		CTA_PROTOINFO_TCP_MAX, tcp_states, COUNT(tcp_states));
	if (out->state == NULL)
		out->state = read_state(info[CTA_PROTOINFO_SCTP], CTA_PROTOINFO_SCTP_STATE,
			CTA_PROTOINFO_SCTP_MAX, sctp_states, COUNT(sctp_states));
}

static bool read_counters(uint64_t *packets, uint64_t *bytes, const struct nlattr *nest)
{
	const struct nlattr *counters[CTA_COUNTERS_MAX + 1];

	netlink_attrs_index_nested(counters, CTA_COUNTERS_MAX, nest);
	return netlink_attr_be64(packets, counters[CTA_COUNTERS_PACKETS]) &&
		netlink_attr_be64(bytes, counters[CTA_COUNTERS_BYTES]);
}

static bool read_start(uint64_t *out, const struct nlattr *nest)
{
	const struct nlattr *times[CTA_TIMESTAMP_MAX + 1];

	netlink_attrs_index_nested(times, CTA_TIMESTAMP_MAX, nest);
	return netlink_attr_be64(out, times[CTA_TIMESTAMP_START]);
}

void ct_details_decode(struct ct_details *out, const struct nlmsghdr *message)
{
	const struct nlattr *attrs[CTA_MAX + 1];
	uint32_t status = 0;

	*out = (struct ct_details){.state = NULL};
	if (!netlink_attrs_index_message(attrs, CTA_MAX, message, sizeof(struct nfgenmsg)))
		return;
	(void)netlink_attr_be32(&status, attrs[CTA_STATUS]);
	out->replied = (status & IPS_SEEN_REPLY) != 0;
	out->offloaded = (status & (IPS_OFFLOAD | IPS_HW_OFFLOAD)) != 0;
	out->has_timeout = netlink_attr_be32(&out->timeout_s, attrs[CTA_TIMEOUT]);
	read_protocol_info(out, attrs[CTA_PROTOINFO]);
	out->has_counters = read_counters(
				    &out->packets[0], &out->bytes[0], attrs[CTA_COUNTERS_ORIG]) &&
		read_counters(&out->packets[1], &out->bytes[1], attrs[CTA_COUNTERS_REPLY]);
	out->has_start = read_start(&out->start_ns, attrs[CTA_TIMESTAMP]);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/nfqueue_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <string.h>

/*
 * One packet, a line a field; everything is padded to 4 bytes:
 *
 *	struct nlmsghdr		length, type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, flags, sequence, port
 *	struct nfgenmsg		family, version, queue number (network order)
 *	attribute		length (its header of 4 bytes included), type, value:
 *	  NFQA_PACKET_HDR	  packet id (network order), EtherType, hook: always the first
 *	  NFQA_IFINDEX_*	  32 bits, network order
 *	  NFQA_PAYLOAD		  the packet from its IP header on, up to the copy range
 *	  ...			  others, passed over
 */
enum {
	PACKET_TYPE = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET,
	HEADER = sizeof(struct nlmsghdr),
	ATTRIBUTES = HEADER + sizeof(struct nfgenmsg),
	ALIGNMENT = MNL_ALIGNTO,
};

static size_t padded(size_t length)
{
	return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* What the attributes gave, each by its own flag: an interface index or a packet id may have any value. */
struct fields {
	bool has_id, has_payload, damaged;
	uint32_t in, out, in_port, out_port;
};

static void read_index(const struct nlattr *attr, uint32_t *out, struct fields *fields)
{
	if (mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
		fields->damaged = true;
	else
		*out = ntohl(mnl_attr_get_u32(attr));
}

static void read_packet_header(const struct nlattr *attr, struct nfqueue_packet *packet, struct fields *fields)
{
	struct nfqnl_msg_packet_hdr header;

	if (mnl_attr_get_payload_len(attr) < sizeof(header)) {
		fields->damaged = true;
		return;
	}
	memcpy(&header, mnl_attr_get_payload(attr), sizeof(header));
	packet->id = ntohl(header.packet_id);
	fields->has_id = true;
}

static void read_attribute(const struct nlattr *attr, struct nfqueue_packet *packet, struct fields *fields)
{
	switch (mnl_attr_get_type(attr)) {
	case NFQA_PACKET_HDR:
		read_packet_header(attr, packet, fields);
		break;
	case NFQA_IFINDEX_INDEV:
		read_index(attr, &fields->in, fields);
		break;
	case NFQA_IFINDEX_OUTDEV:
		read_index(attr, &fields->out, fields);
		break;
	case NFQA_IFINDEX_PHYSINDEV:
		read_index(attr, &fields->in_port, fields);
		break;
	case NFQA_IFINDEX_PHYSOUTDEV:
		read_index(attr, &fields->out_port, fields);
		break;
	case NFQA_PAYLOAD:
		packet->bytes = mnl_attr_get_payload(attr);
		packet->length = mnl_attr_get_payload_len(attr);
		fields->has_payload = true;
		break;
	default:
		break;
	}
}

/* The attributes lie in bytes [at, end). A message cut short keeps what lies before the cut. */
static void read_attributes(
	const uint8_t *at, const uint8_t *end, struct nfqueue_packet *packet, struct fields *fields)
{
	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		const struct nlattr *attr = (const void *)at;
		size_t step;

		if (!mnl_attr_ok(attr, (int)(end - at))) {
			fields->damaged = true;
			return;
		}
		read_attribute(attr, packet, fields);
		step = padded(attr->nla_len);
		if (step > (size_t)(end - at))	/* the last one may lack its padding */
			return;
		at += step;
	}
}

static enum nfqueue_message read_packet(
	const uint8_t *datagram, size_t length, bool whole, struct nfqueue_packet *packet)
{
	struct nfqueue_packet read = {.bytes = NULL};
	struct fields fields = {.damaged = !whole};

	read_attributes(datagram + ATTRIBUTES, datagram + length, &read, &fields);
	if (!fields.has_id)
		return NFQUEUE_MESSAGE_UNKNOWN;
	if (fields.damaged || !fields.has_payload) {
		read.bytes = NULL;
		read.length = 0;
	}
	read.in_ifindex = fields.in_port != 0 ? fields.in_port : fields.in;
	read.out_ifindex = fields.out_port != 0 ? fields.out_port : fields.out;
	*packet = read;
	return read.bytes != NULL ? NFQUEUE_MESSAGE_PACKET : NFQUEUE_MESSAGE_DAMAGED;
}

static enum nfqueue_message read_error(const struct nlmsghdr *message, size_t length, int *error)
{
	struct nlmsgerr answer;

	/* With NETLINK_CAP_ACK only the header of the refused message comes back, without it the message too. */
	if (length < HEADER + sizeof(answer))
		return NFQUEUE_MESSAGE_UNKNOWN;
	memcpy(&answer, (const uint8_t *)message + HEADER, sizeof(answer));
	if (answer.error == 0)
		return NFQUEUE_MESSAGE_ACK;
	*error = answer.error;
	return NFQUEUE_MESSAGE_REFUSAL;
}

enum nfqueue_message nfqueue_message_read(
	const void *datagram, size_t length, uint16_t queue, struct nfqueue_packet *packet, int *error)
{
	const struct nlmsghdr *message = datagram;
	struct nfgenmsg general;
	bool whole;

	if (length < HEADER || message->nlmsg_len < HEADER)
		return NFQUEUE_MESSAGE_UNKNOWN;
	/* The kernel puts one message in a datagram: more than one, or less, is damage. */
	whole = length >= message->nlmsg_len && length <= padded(message->nlmsg_len);
	if (length > message->nlmsg_len)
		length = message->nlmsg_len;
	if (message->nlmsg_type == NLMSG_ERROR)
		return read_error(message, length, error);
	if (message->nlmsg_type != PACKET_TYPE || length < ATTRIBUTES)
		return NFQUEUE_MESSAGE_UNKNOWN;
	memcpy(&general, mnl_nlmsg_get_payload(message), sizeof(general));
	if (general.version != NFNETLINK_V0 || ntohs(general.res_id) != queue)
		return NFQUEUE_MESSAGE_UNKNOWN;
	return read_packet(datagram, length, whole, packet);
}

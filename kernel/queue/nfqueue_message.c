/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue/nfqueue_message.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>

/*
 * One packet, a line a field; everything is padded to 4 bytes:
 *
 * 	struct nlmsghdr         length, type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET, flags,
 * 	sequence, port
 * 	struct nfgenmsg		family, version, queue number (network order)
 * 	attribute		length (its header of 4 bytes included), type, value:
 * 	  NFQA_PACKET_HDR	  packet id (network order), EtherType, hook: always the first
 * 	  NFQA_IFINDEX_*	  32 bits, network order
 * 	  NFQA_PAYLOAD		  the packet from its IP header on, up to the copy range
 * 	  ...			  others, passed over
 */
enum {
	PACKET_TYPE = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET,
	HEADER = sizeof(struct nlmsghdr),
	ATTRIBUTES = HEADER + sizeof(struct nfgenmsg),
	ATTRIBUTE = sizeof(struct nlattr),
	ALIGNMENT = NLA_ALIGNTO,
	PACKET_HEADER = 12, /* with its attribute header and padding */
};

static size_t padded(size_t length)
{
	return (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/*
 * What the attributes gave, each by its own flag: an interface index or a packet id may have any
 * value.
 */
struct fields {
	bool has_id, has_payload, damaged;
	uint32_t in, out, in_port, out_port;
};

static uint32_t read32(const uint8_t *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof(number));
	return ntohl(number);
}

static void read_index(const uint8_t *value, size_t length, uint32_t *out, struct fields *fields)
{
	if (length != sizeof(*out))
		fields->damaged = true;
	else
		*out = read32(value);
}

/* A value of `length` bytes. */
static void read_value(unsigned int type, const uint8_t *value, size_t length,
	struct nfqueue_packet *packet, struct fields *fields)
{
	switch (type) {
	case NFQA_PACKET_HDR:
		if (length < sizeof(struct nfqnl_msg_packet_hdr)) {
			fields->damaged = true;
			break;
		}
		packet->id = read32(value); /* its first member */
		fields->has_id = true;
		break;
	case NFQA_IFINDEX_INDEV:
		read_index(value, length, &fields->in, fields);
		break;
	case NFQA_IFINDEX_OUTDEV:
		read_index(value, length, &fields->out, fields);
		break;
	case NFQA_IFINDEX_PHYSINDEV:
		read_index(value, length, &fields->in_port, fields);
		break;
	case NFQA_IFINDEX_PHYSOUTDEV:
		read_index(value, length, &fields->out_port, fields);
		break;
	case NFQA_PAYLOAD:
		packet->bytes = value;
		packet->length = length;
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
	size_t left = (size_t)(end - at), step;

	for (; left >= ATTRIBUTE; at += step, left -= step) {
		struct nlattr attr;

		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_len < ATTRIBUTE || attr.nla_len > left) {
			fields->damaged = true;
			return;
		}
		read_value(attr.nla_type & (unsigned int)NLA_TYPE_MASK, at + ATTRIBUTE,
			(size_t)attr.nla_len - ATTRIBUTE, packet, fields);
		step = padded(attr.nla_len);
		if (step > left) /* the last one may lack its padding */
			return;
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

	/*
	 * With NETLINK_CAP_ACK only the header of the refused message comes back, without it the
	 * message too.
	 */
	if (length < HEADER + sizeof(answer))
		return NFQUEUE_MESSAGE_UNKNOWN;
	memcpy(&answer, (const uint8_t *)message + HEADER, sizeof(answer));
	if (answer.error == 0)
		return NFQUEUE_MESSAGE_ACK;
	*error = answer.error;
	return NFQUEUE_MESSAGE_REFUSAL;
}

enum nfqueue_message nfqueue_message_read_generic(const void *datagram, size_t length,
	uint16_t queue, struct nfqueue_packet *packet, int *error)
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
	memcpy(&general, message + 1, sizeof(general));
	if (general.version != NFNETLINK_V0 || ntohs(general.res_id) != queue)
		return NFQUEUE_MESSAGE_UNKNOWN;
	return read_packet(datagram, length, whole, packet);
}

/* ---- The short cut ---- */

struct cursor {
	const uint8_t *at, *end;
};

/* Whether an attribute of this type, with a value of this length, comes next and is all there. */
static bool is_next(const struct cursor *cursor, unsigned int type, size_t length)
{
	struct nlattr attr;

	if (cursor->end - cursor->at < (ptrdiff_t)(ATTRIBUTE + length))
		return false;
	memcpy(&attr, cursor->at, sizeof(attr));
	return ((uint32_t)attr.nla_type << 16 | attr.nla_len) ==
		((uint32_t)type << 16 | (uint16_t)(ATTRIBUTE + length));
}

static uint32_t take_index(struct cursor *cursor, unsigned int type)
{
	uint32_t index;

	if (!is_next(cursor, type, sizeof(index)))
		return 0;
	index = read32(cursor->at + ATTRIBUTE);
	cursor->at += ATTRIBUTE + sizeof(index);
	return index;
}

static void skip(struct cursor *cursor, unsigned int type, size_t length)
{
	if (is_next(cursor, type, length))
		cursor->at += ATTRIBUTE + length;
}

/*
 * Of a routed packet the kernel writes these attributes, in this order
 * (nfqnl_build_packet_message()), and the payload last. Where each one is depends on which are
 * there, but not on what the one before it says of its length: so the CPU need not wait for the one
 * to find the other.
 */
static bool read_usual_attributes(
	const uint8_t *datagram, size_t length, struct nfqueue_packet *packet)
{
	struct cursor cursor = {datagram + ATTRIBUTES, datagram + length};

	if (!is_next(&cursor, NFQA_PACKET_HDR, sizeof(struct nfqnl_msg_packet_hdr)))
		return false;
	packet->id = read32(cursor.at + ATTRIBUTE);
	packet->accept = false;
	cursor.at += PACKET_HEADER;
	packet->in_ifindex = take_index(&cursor, NFQA_IFINDEX_INDEV);
	packet->out_ifindex = take_index(&cursor, NFQA_IFINDEX_OUTDEV);
	skip(&cursor, NFQA_MARK, sizeof(uint32_t));
	skip(&cursor, NFQA_HWADDR, sizeof(struct nfqnl_msg_packet_hw));
	skip(&cursor, NFQA_TIMESTAMP, sizeof(struct nfqnl_msg_packet_timestamp));
	skip(&cursor, NFQA_CAP_LEN, sizeof(uint32_t));
	skip(&cursor, NFQA_SKB_INFO, sizeof(uint32_t));
	if (cursor.end - cursor.at < ATTRIBUTE)
		return false;
	packet->bytes = cursor.at + ATTRIBUTE;
	packet->length = (size_t)(cursor.end - packet->bytes);
	return is_next(&cursor, NFQA_PAYLOAD, packet->length);
}

static bool is_whole_packet(const struct nlmsghdr *message, size_t length, uint16_t queue)
{
	struct nfgenmsg general;

	if (length < ATTRIBUTES + PACKET_HEADER || length > UINT16_MAX ||
		message->nlmsg_len != length || message->nlmsg_type != PACKET_TYPE)
		return false;
	memcpy(&general, message + 1, sizeof(general));
	return general.version == NFNETLINK_V0 && general.res_id == htons(queue);
}

enum nfqueue_message nfqueue_message_read(const void *datagram, size_t length, uint16_t queue,
	struct nfqueue_packet *packet, int *error)
{
	if (is_whole_packet(datagram, length, queue) &&
		read_usual_attributes(datagram, length, packet))
		return NFQUEUE_MESSAGE_PACKET;
	return nfqueue_message_read_generic(datagram, length, queue, packet, error);
}

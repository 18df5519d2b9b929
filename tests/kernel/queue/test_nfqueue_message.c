/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/queue/nfqueue_message.h"

enum { QUEUE = 8610, ID = 0x01020304, PACKET_TYPE = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET };

/*
 * A message as the kernel would send it; each test then takes something away from it, or bends it.
 */
struct message {
	_Alignas(8) char bytes[512];
	struct nlmsghdr *header;
};

static void begin(struct message *message, int type, uint16_t queue)
{
	struct nfgenmsg *general;

	memset(message->bytes, 0, sizeof(message->bytes));
	message->header = mnl_nlmsg_put_header(message->bytes);
	message->header->nlmsg_type = (uint16_t)type;
	general = mnl_nlmsg_put_extra_header(message->header, sizeof(*general));
	general->version = NFNETLINK_V0;
	general->res_id = htons(queue);
}

static void put_id(struct message *message)
{
	const struct nfqnl_msg_packet_hdr header = {
		.packet_id = htonl(ID), .hw_protocol = htons(0x0800), .hook = 2};

	mnl_attr_put(message->header, NFQA_PACKET_HDR, sizeof(header), &header);
}

static void put_whole(struct message *message)
{
	begin(message, PACKET_TYPE, QUEUE);
	put_id(message);
	mnl_attr_put_u32(message->header, NFQA_IFINDEX_INDEV, htonl(7));
	mnl_attr_put_u32(message->header, NFQA_IFINDEX_OUTDEV, htonl(8));
	mnl_attr_put_u32(message->header, NFQA_MARK, htonl(99));
	mnl_attr_put(message->header, NFQA_PAYLOAD, 5, "\x45\0\0\x05!");
}

/* With the short cut for usual messages and without, which must come to the same. */
static enum nfqueue_message read_both(
	const void *bytes, size_t length, struct nfqueue_packet *packet, int *error)
{
	struct nfqueue_packet generic = *packet;
	const enum nfqueue_message kind = nfqueue_message_read(bytes, length, QUEUE, packet, error);
	int generic_error;

	assert_int_equal(
		nfqueue_message_read_generic(bytes, length, QUEUE, &generic, &generic_error), kind);
	if (kind == NFQUEUE_MESSAGE_REFUSAL)
		assert_int_equal(generic_error, *error);
	assert_int_equal(generic.id, packet->id);
	assert_int_equal(generic.in_ifindex, packet->in_ifindex);
	assert_int_equal(generic.out_ifindex, packet->out_ifindex);
	assert_ptr_equal(generic.bytes, packet->bytes);
	assert_int_equal(generic.length, packet->length);
	assert_int_equal(generic.accept, packet->accept);
	return kind;
}

/*
 * Reads a copy that ends where its memory ends; the packet's bytes are compared before that goes.
 */
static enum nfqueue_message read_bytes(
	const void *bytes, size_t length, struct nfqueue_packet *packet, int *error)
{
	void *copy = malloc(length + (length == 0));
	enum nfqueue_message kind;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	kind = read_both(copy, length, packet, error);
	if (kind == NFQUEUE_MESSAGE_PACKET) {
		assert_true(packet->bytes >= (uint8_t *)copy);
		assert_true(packet->bytes + packet->length <= (uint8_t *)copy + length);
		assert_memory_equal(packet->bytes, "\x45\0\0\x05!", packet->length);
	}
	free(copy);
	return kind;
}

static enum nfqueue_message read_message(
	const struct message *message, struct nfqueue_packet *packet)
{
	int error;

	return read_bytes(message->bytes, message->header->nlmsg_len, packet, &error);
}

static void expect_damaged(const struct message *message)
{
	struct nfqueue_packet packet = {.accept = true};

	assert_int_equal(read_message(message, &packet), NFQUEUE_MESSAGE_DAMAGED);
	assert_int_equal(packet.id, ID);
	assert_int_equal(packet.length, 0);
	assert_false(packet.accept);
}

static void expect_unknown(const struct message *message)
{
	struct nfqueue_packet packet = {.id = 42}, before = packet;

	assert_int_equal(read_message(message, &packet), NFQUEUE_MESSAGE_UNKNOWN);
	assert_memory_equal(&packet, &before, sizeof(packet));
}

static void test_whole_packet(void **state)
{
	struct nfqueue_packet packet = {.accept = true};
	struct message message;

	(void)state;
	put_whole(&message);
	assert_int_equal(read_message(&message, &packet), NFQUEUE_MESSAGE_PACKET);
	assert_int_equal(packet.id, ID);
	assert_int_equal(packet.length, 5);
	assert_int_equal(packet.in_ifindex, 7);
	assert_int_equal(packet.out_ifindex, 8);
	assert_false(packet.accept);
}

/* A pod is behind a port of the bridge, not behind the bridge. */
static void test_bridge_ports_win(void **state)
{
	struct nfqueue_packet packet = {0};
	struct message message;

	(void)state;
	put_whole(&message);
	mnl_attr_put_u32(message.header, NFQA_IFINDEX_PHYSINDEV, htonl(70));
	mnl_attr_put_u32(message.header, NFQA_IFINDEX_PHYSOUTDEV, htonl(80));
	assert_int_equal(read_message(&message, &packet), NFQUEUE_MESSAGE_PACKET);
	assert_int_equal(packet.in_ifindex, 70);
	assert_int_equal(packet.out_ifindex, 80);
}

static void test_every_cut(void **state)
{
	struct nfqueue_packet packet = {0};
	struct message message;
	int error;

	(void)state;
	put_whole(&message);
	for (size_t length = 0; length < message.header->nlmsg_len; length++) {
		const enum nfqueue_message kind = read_bytes(
			message.bytes, length, &packet, &error);

		/* 16 + 4 bytes of headers, then the packet id's attribute of 4 + 7. */
		assert_int_equal(
			kind, length < 31 ? NFQUEUE_MESSAGE_UNKNOWN : NFQUEUE_MESSAGE_DAMAGED);
		if (kind == NFQUEUE_MESSAGE_DAMAGED)
			assert_int_equal(packet.id, ID);
	}
}

static void test_lengths_that_lie(void **state)
{
	struct nfqueue_packet packet = {0};
	struct message message;
	uint32_t whole;
	int error;

	(void)state;
	put_whole(&message);
	whole = message.header->nlmsg_len;
	for (uint32_t claimed = 0; claimed < 20; claimed++) {
		message.header->nlmsg_len = claimed;
		assert_int_equal(
			read_bytes(message.bytes, whole, &packet, &error), NFQUEUE_MESSAGE_UNKNOWN);
	}
	message.header->nlmsg_len = UINT32_MAX;
	assert_int_equal(
		read_bytes(message.bytes, whole, &packet, &error), NFQUEUE_MESSAGE_DAMAGED);
	message.header->nlmsg_len = whole; /* and something behind it */
	assert_int_equal(
		read_bytes(message.bytes, whole + 16, &packet, &error), NFQUEUE_MESSAGE_DAMAGED);
}

static struct nlattr *attribute(struct message *message, uint16_t type)
{
	struct nlattr *attr = mnl_nlmsg_get_payload_offset(
		message->header, sizeof(struct nfgenmsg));
	const char *end = mnl_nlmsg_get_payload_tail(message->header);

	for (; mnl_attr_ok(attr, (int)(end - (char *)attr)); attr = mnl_attr_next(attr))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	fail_msg("attribute %u was never put", type);
	return NULL;
}

static void test_attributes_that_lie(void **state)
{
	static const uint16_t lengths[] = {0, 1, 3, 0xffff, 300};
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_whole(&message);
		attribute(&message, NFQA_PAYLOAD)->nla_len = lengths[i];
		expect_damaged(&message);
		put_whole(&message);
		attribute(&message, NFQA_MARK)->nla_len = lengths[i];
		expect_damaged(&message);
		put_whole(&message);
		attribute(&message, NFQA_PACKET_HDR)->nla_len = lengths[i];
		expect_unknown(&message);
	}
	put_whole(&message);
	attribute(&message, NFQA_PACKET_HDR)->nla_len = 10; /* an id, but no whole header */
	expect_unknown(&message);
	put_whole(&message);
	attribute(&message, NFQA_IFINDEX_INDEV)->nla_len = 6;
	expect_damaged(&message);
}

static void test_what_is_missing(void **state)
{
	struct message message;

	(void)state;
	begin(&message, PACKET_TYPE, QUEUE);
	expect_unknown(&message);
	mnl_attr_put(message.header, NFQA_PAYLOAD, 4, "abcd");
	expect_unknown(&message);
	begin(&message, PACKET_TYPE, QUEUE);
	put_id(&message);
	expect_damaged(&message);
}

/*
 * An empty payload is the kernel's right (nothing to copy); it is damage only in that nothing can
 * be parsed from it.
 */
static void test_empty_payload(void **state)
{
	struct nfqueue_packet packet = {0};
	struct message message;

	(void)state;
	begin(&message, PACKET_TYPE, QUEUE);
	put_id(&message);
	mnl_attr_put(message.header, NFQA_PAYLOAD, 0, "");
	assert_int_equal(read_message(&message, &packet), NFQUEUE_MESSAGE_PACKET);
	assert_int_equal(packet.length, 0);
}

static void test_messages_of_others(void **state)
{
	struct message message;

	(void)state;
	put_whole(&message);
	message.header->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT;
	expect_unknown(&message);
	message.header->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | NFQNL_MSG_PACKET;
	expect_unknown(&message);
	message.header->nlmsg_type = NLMSG_NOOP;
	expect_unknown(&message);
	message.header->nlmsg_type = NLMSG_DONE;
	expect_unknown(&message);
	begin(&message, PACKET_TYPE, QUEUE + 1);
	put_id(&message);
	expect_unknown(&message);
	put_whole(&message);
	((struct nfgenmsg *)mnl_nlmsg_get_payload(message.header))->version = 1;
	expect_unknown(&message);
}

static void test_answers(void **state)
{
	_Alignas(8) char bytes[64] = {0};
	struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);
	struct nlmsgerr *answer = mnl_nlmsg_put_extra_header(header, sizeof(*answer));
	struct nfqueue_packet packet = {0};
	int error = 1;

	(void)state;
	header->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(
		read_bytes(bytes, header->nlmsg_len, &packet, &error), NFQUEUE_MESSAGE_ACK);
	assert_int_equal(error, 1);
	answer->error = -ENOENT;
	assert_int_equal(
		read_bytes(bytes, header->nlmsg_len, &packet, &error), NFQUEUE_MESSAGE_REFUSAL);
	assert_int_equal(error, -ENOENT);
	assert_int_equal(
		read_bytes(bytes, header->nlmsg_len - 1, &packet, &error), NFQUEUE_MESSAGE_UNKNOWN);
}

/*
 * The attributes of a set bit each, as the kernel orders them; last the payload, which it does not
 * pad.
 */
static void put_usual(struct message *message, unsigned int which, uint16_t payload)
{
	static const struct {
		uint16_t type, length;
	} attributes[] = {
		{NFQA_PACKET_HDR, 7},
		{NFQA_IFINDEX_INDEV, 4},
		{NFQA_IFINDEX_OUTDEV, 4},
		{NFQA_MARK, 4},
		{NFQA_HWADDR, 12},
		{NFQA_TIMESTAMP, 16},
		{NFQA_CAP_LEN, 4},
		{NFQA_SKB_INFO, 4},
	};
	static const uint8_t value[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	const struct nlattr last = {
		.nla_len = (uint16_t)(sizeof(last) + payload), .nla_type = NFQA_PAYLOAD};

	begin(message, PACKET_TYPE, QUEUE);
	for (unsigned int i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (which & 1U << i)
			mnl_attr_put(
				message->header, attributes[i].type, attributes[i].length, value);
	memcpy(message->bytes + message->header->nlmsg_len, &last, sizeof(last));
	memcpy(message->bytes + message->header->nlmsg_len + sizeof(last), "\x45\0\0\x05!",
		payload);
	message->header->nlmsg_len += last.nla_len;
}

/*
 * Whatever of its attributes is there, in whatever order two of them come, whichever bit is wrong,
 * wherever it ends.
 */
static void test_short_cut_changes_nothing(void **state)
{
	struct nfqueue_packet packet = {.id = 0};
	struct message message, bent;
	int error;

	(void)state;
	for (unsigned int which = 0; which < 256; which++) {
		for (uint16_t payload = 0; payload <= 5; payload++) {
			put_usual(&message, which, payload);
			assert_int_equal(read_message(&message, &packet),
				which & 1 ? NFQUEUE_MESSAGE_PACKET : NFQUEUE_MESSAGE_UNKNOWN);
			if (which & 1)
				assert_int_equal(packet.length, payload);
		}
		for (size_t length = 0; length < message.header->nlmsg_len; length++)
			read_bytes(message.bytes, length, &packet, &error);
		for (size_t bit = 0; bit < (message.header->nlmsg_len - 5) * 8; bit++) {
			bent = message;
			bent.bytes[bit / 8] ^= (char)(1 << bit % 8);
			read_bytes(bent.bytes, message.header->nlmsg_len, &packet, &error);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_packet),
		cmocka_unit_test(test_bridge_ports_win),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_attributes_that_lie),
		cmocka_unit_test(test_what_is_missing),
		cmocka_unit_test(test_empty_payload),
		cmocka_unit_test(test_messages_of_others),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_short_cut_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

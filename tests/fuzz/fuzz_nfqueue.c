/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a message of queue 8610, and what it holds as a packet. A packet's bytes must lie
 * within the message, only a message that names an id may become one, and the short cut for usual
 * messages must read nothing but what the generic reader reads.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/gate/packet.h"
#include "kernel/queue/nfqueue_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_packet(const uint8_t *message, size_t size, const struct nfqueue_packet *packet)
{
	struct flow flow;

	require(!packet->accept);
	require(packet->bytes >= message && packet->length <= size);
	require((size_t)(packet->bytes - message) <= size - packet->length);
	(void)packet_parse(packet->bytes, packet->length, &flow);
}

static void check_generic(const uint8_t *message, size_t size, enum nfqueue_message kind,
	const struct nfqueue_packet *packet, int error)
{
	struct nfqueue_packet generic = {.id = 0};
	int generic_error = 0;

	require(nfqueue_message_read_generic(message, size, 8610, &generic, &generic_error) ==
		kind);
	require(generic_error == error && generic.id == packet->id &&
		generic.in_ifindex == packet->in_ifindex);
	require(generic.out_ifindex == packet->out_ifindex && generic.bytes == packet->bytes);
	require(generic.length == packet->length && generic.accept == packet->accept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nfqueue_packet packet = {.id = 0};
	uint8_t *message = malloc(size + (size == 0)); /* aligned, as the queue's own buffers are */
	enum nfqueue_message kind;
	int error = 0;

	require(message != NULL);
	memcpy(message, data, size);
	kind = nfqueue_message_read(message, size, 8610, &packet, &error);
	check_generic(message, size, kind, &packet, error);
	switch (kind) {
	case NFQUEUE_MESSAGE_PACKET:
		check_packet(message, size, &packet);
		break;
	case NFQUEUE_MESSAGE_DAMAGED:
		require(packet.length == 0 && !packet.accept);
		require(size >= 31); /* two headers, and an attribute with the id */
		break;
	case NFQUEUE_MESSAGE_REFUSAL:
		require(error != 0);
		break;
	case NFQUEUE_MESSAGE_ACK:
	case NFQUEUE_MESSAGE_UNKNOWN:
		require(error == 0 && packet.id == 0);
		break;
	}
	free(message);
	return 0;
}

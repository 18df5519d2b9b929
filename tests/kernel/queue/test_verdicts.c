/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/queue/verdicts.h"

/*
 * A queue as the kernel keeps one (nfnetlink_queue.c): packets in the order of their ids, each
 * answered once. The messages written are played to it, so what is tested is what becomes of the
 * packets, not how it was said.
 */
enum { QUEUE = 8610, MODEL_PACKETS = 256 };
enum fate { QUEUED, ACCEPTED, DROPPED };

struct model {
	uint32_t ids[MODEL_PACKETS];
	enum fate fates[MODEL_PACKETS];
	size_t count, in_vain;
};

static void enqueue(struct model *model, uint32_t id)
{
	model->ids[model->count] = id;
	model->fates[model->count++] = QUEUED;
}

static void answer(struct model *model, uint32_t id, bool batch, enum fate fate)
{
	size_t answered = 0;

	for (size_t i = 0; i < model->count; i++) {
		const bool meant = batch ? (int32_t)(model->ids[i] - id) <= 0 : model->ids[i] == id;

		if (meant && model->fates[i] == QUEUED) {
			model->fates[i] = fate;
			answered++;
		}
	}
	model->in_vain += answered == 0;
}

static void play(struct model *model, const struct verdicts *verdicts)
{
	for (size_t at = 0; at < verdicts->length; at += VERDICT_BYTES) {
		const struct nlmsghdr *message = (const void *)(verdicts->bytes + at);
		const struct nfgenmsg *general = mnl_nlmsg_get_payload(message);
		const struct nlattr *attr = mnl_nlmsg_get_payload_offset(message, sizeof(*general));
		const struct nfqnl_msg_verdict_hdr *verdict = mnl_attr_get_payload(attr);
		const int type = message->nlmsg_type & 0xff;

		assert_int_equal(message->nlmsg_len, VERDICT_BYTES);
		assert_int_equal(message->nlmsg_type >> 8, NFNL_SUBSYS_QUEUE);
		assert_int_equal(message->nlmsg_flags, NLM_F_REQUEST);
		assert_int_equal(ntohs(general->res_id), QUEUE);
		assert_int_equal(mnl_attr_get_type(attr), NFQA_VERDICT_HDR);
		assert_int_equal(mnl_attr_get_payload_len(attr), sizeof(*verdict));
		assert_true(type == NFQNL_MSG_VERDICT || type == NFQNL_MSG_VERDICT_BATCH);
		assert_true(
			ntohl(verdict->verdict) == NF_ACCEPT || ntohl(verdict->verdict) == NF_DROP);
		answer(model, ntohl(verdict->id), type == NFQNL_MSG_VERDICT_BATCH,
			ntohl(verdict->verdict) == NF_ACCEPT ? ACCEPTED : DROPPED);
	}
}

/*
 * Answers ids[0..count), accepting those whose bit is set in `accepts`; returns how many messages
 * that took.
 */
static size_t burst(struct model *model, struct verdicts *verdicts, const uint32_t *ids,
	size_t count, uint64_t accepts)
{
	struct nfqueue_packet packets[VERDICTS_PACKETS] = {0};
	size_t messages;

	for (size_t i = 0; i < count; i++) {
		packets[i].id = ids[i];
		packets[i].accept = (accepts >> i & 1) != 0;
	}
	messages = verdicts_write(verdicts, packets, count);
	play(model, verdicts);
	return messages;
}

static enum fate fate_of(const struct model *model, uint32_t id)
{
	for (size_t i = 0; i < model->count; i++)
		if (model->ids[i] == id)
			return model->fates[i];
	fail_msg("packet %u was never queued", id);
	return QUEUED;
}

static void test_nothing_to_say(void **state)
{
	struct model model = {.count = 0};
	struct verdicts verdicts;

	(void)state;
	verdicts_init(&verdicts, QUEUE);
	assert_int_equal(burst(&model, &verdicts, NULL, 0, 0), 0);
	assert_int_equal(verdicts.length, 0);
}

/* One verdict for a whole burst is one message; the rarer of two is said packet by packet. */
static void test_fewest_messages(void **state)
{
	static const uint32_t ids[] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const struct {
		uint64_t accepts;
		size_t messages;
	} cases[] = {{0xff, 1}, {0x00, 1}, {0xfe, 2}, {0x01, 2}, {0x7f, 2}, {0x80, 2}, {0x0f, 5},
		{0x55, 5}, {0xaa, 5}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct model model = {.count = 0};
		struct verdicts verdicts;

		verdicts_init(&verdicts, QUEUE);
		for (size_t j = 0; j < 8; j++)
			enqueue(&model, ids[j]);
		enqueue(&model, 9); /* of a later burst */
		assert_int_equal(
			burst(&model, &verdicts, ids, 8, cases[i].accepts), cases[i].messages);
		for (size_t j = 0; j < 8; j++)
			assert_int_equal(model.fates[j],
				(cases[i].accepts >> j & 1) != 0 ? ACCEPTED : DROPPED);
		assert_int_equal(fate_of(&model, 9), QUEUED);
	}
}

/*
 * Bursts of any size and verdicts, ids with gaps and across the wrap of 32 bits: each packet gets
 * its own verdict and no other.
 */
static void test_random_bursts(void **state)
{
	struct verdicts verdicts;
	uint32_t next = UINT32_MAX - 5000;
	unsigned int seed = 1;

	(void)state;
	verdicts_init(&verdicts, QUEUE);
	for (int round = 0; round < 2000; round++) {
		struct model model = {.count = 0};
		const size_t count = 1 + (size_t)rand_r(&seed) % VERDICTS_PACKETS;
		const uint64_t accepts = (uint64_t)rand_r(&seed) << 33 ^ (uint64_t)rand_r(&seed);
		uint32_t ids[VERDICTS_PACKETS];

		for (size_t i = 0; i < count; i++) {
			next += 1 + (rand_r(&seed) % 8 == 0 ? (uint32_t)rand_r(&seed) % 5 : 0);
			enqueue(&model, ids[i] = next);
		}
		enqueue(&model, next + 1);
		burst(&model, &verdicts, ids, count, accepts);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(
				model.fates[i], (accepts >> i & 1) != 0 ? ACCEPTED : DROPPED);
		assert_int_equal(fate_of(&model, next + 1), QUEUED);
		assert_int_equal(model.in_vain, 0);
	}
	assert_true(next < UINT32_MAX / 2); /* it did wrap */
}

/* Ids that wrap are in order: one batch still answers them. */
static void test_wrap_is_no_disorder(void **state)
{
	static const uint32_t ids[] = {UINT32_MAX - 1, UINT32_MAX, 0, 1};
	struct model model = {.count = 0};
	struct verdicts verdicts;

	(void)state;
	verdicts_init(&verdicts, QUEUE);
	for (size_t i = 0; i < 4; i++)
		enqueue(&model, ids[i]);
	assert_int_equal(burst(&model, &verdicts, ids, 4, 0xf), 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(model.fates[i], ACCEPTED);
}

/*
 * The kernel never sends ids out of order; were it to, a batch would reach packets that nobody has
 * judged.
 */
static void test_disorder_is_answered_one_by_one(void **state)
{
	static const uint32_t ids[] = {10, 14, 12, 13};
	struct model model = {.count = 0};
	struct verdicts verdicts;

	(void)state;
	verdicts_init(&verdicts, QUEUE);
	for (uint32_t id = 10; id <= 14; id++)
		enqueue(&model, id);
	assert_int_equal(burst(&model, &verdicts, ids, 4, 0xf), 4);
	assert_int_equal(fate_of(&model, 11), QUEUED);
	assert_int_equal(fate_of(&model, 14), ACCEPTED);
	/* 11 comes late: below the last id of the burst before. */
	assert_int_equal(burst(&model, &verdicts, (uint32_t[]){11, 15}, 2, 0x3), 2);
	assert_int_equal(fate_of(&model, 11), ACCEPTED);
}

/*
 * A packet whose message could not be read: no batch may let it pass, and it is dropped as soon as
 * its id is passed by.
 */
static void test_stray_packet_is_dropped(void **state)
{
	struct model model = {.count = 0};
	struct verdicts verdicts;

	(void)state;
	verdicts_init(&verdicts, QUEUE);
	for (uint32_t id = 1; id <= 6; id++)
		enqueue(&model, id);
	verdicts_note_stray(&verdicts); /* that was 2 */
	burst(&model, &verdicts, (uint32_t[]){1, 3, 4}, 3, 0x7);
	assert_int_equal(fate_of(&model, 1), ACCEPTED);
	assert_int_equal(fate_of(&model, 2), DROPPED);
	assert_int_equal(fate_of(&model, 3), ACCEPTED);
	assert_int_equal(fate_of(&model, 4), ACCEPTED);
	assert_int_equal(fate_of(&model, 5), QUEUED);
	/* all is well again */
	assert_int_equal(burst(&model, &verdicts, (uint32_t[]){5, 6}, 2, 0x3), 1);
	assert_int_equal(fate_of(&model, 6), ACCEPTED);
}

/*
 * A denial that never reached the kernel must not turn into an accept with the next burst's batch.
 */
static void test_unsent_denials_stay_denied(void **state)
{
	struct nfqueue_packet packets[2] = {{.id = 1, .accept = true}, {.id = 2, .accept = false}};
	struct model model = {.count = 0};
	struct verdicts verdicts;

	(void)state;
	verdicts_init(&verdicts, QUEUE);
	for (uint32_t id = 1; id <= 4; id++)
		enqueue(&model, id);
	verdicts_write(&verdicts, packets, 2); /* not played: the send failed */
	verdicts_note_stray(&verdicts);
	burst(&model, &verdicts, (uint32_t[]){3, 4}, 2, 0x3);
	assert_int_equal(fate_of(&model, 1), DROPPED);
	assert_int_equal(fate_of(&model, 2), DROPPED);
	assert_int_equal(fate_of(&model, 3), ACCEPTED);
	assert_int_equal(fate_of(&model, 4), ACCEPTED);
}

/*
 * The longest answer there is: each of a full burst by itself, and the batch that drops the strays.
 */
static void test_full_burst_with_strays_fits(void **state)
{
	uint32_t ids[VERDICTS_PACKETS];
	struct model model = {.count = 0};
	struct verdicts verdicts;

	(void)state;
	verdicts_init(&verdicts, QUEUE);
	for (uint32_t i = 0; i < VERDICTS_PACKETS; i++)
		enqueue(&model, ids[i] = i + 1);
	verdicts_note_stray(&verdicts);
	assert_int_equal(
		burst(&model, &verdicts, ids, VERDICTS_PACKETS, UINT64_MAX), VERDICTS_PACKETS + 1);
	assert_int_equal(verdicts.length, VERDICTS_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_fewest_messages),
		cmocka_unit_test(test_random_bursts),
		cmocka_unit_test(test_wrap_is_no_disorder),
		cmocka_unit_test(test_disorder_is_answered_one_by_one),
		cmocka_unit_test(test_stray_packet_is_dropped),
		cmocka_unit_test(test_unsent_denials_stay_denied),
		cmocka_unit_test(test_full_burst_with_strays_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

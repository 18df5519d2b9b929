/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/record_json.h"

#include <errno.h>
#include <stdbool.h>

#include "enforcer/log/explain_json.h"
#include "enforcer/log/record_time.h"
#include "policy/explain/explain.h"

static void begin(struct json_writer *to, uint64_t time_ns, uint64_t seq)
{
	char time_text[RECORD_TIME_TEXT];

	json_begin_object(to, NULL);
	json_text(to, "time", record_time_format(time_ns, time_text));
	json_number(to, "seq", seq);
}

static void end(struct json_writer *to)
{
	json_end_object(to);
	json_end_line(to);
}

/* An interface that is unknown or gone has no name. */
static void write_interface(
	struct json_writer *to, const char *key, struct interface_names *names, uint32_t index)
{
	char buffer[IF_NAMESIZE];

	json_text_unless_empty(to, key, interface_names_get(names, index, buffer));
}

static void write_denied(struct json_writer *to, const struct judgement *judgement)
{
	/* Egress first: the order in which a packet meets them. */
	static const enum direction order[] = {DIRECTION_EGRESS, DIRECTION_INGRESS};

	json_begin_array(to, "denied");
	for (size_t i = 0; i < DIRECTION_COUNT; i++) {
		const enum side_verdict side = judgement->sides[order[i]];

		if (side == SIDE_DENIED || side == SIDE_AUDIT_DENIED)
			json_text(to, NULL, direction_name(order[i]));
	}
	json_end_array(to);
}

static void write_flow(struct json_writer *to, const struct record *record, struct arena *scratch)
{
	char protocol[FLOW_PROTOCOL_TEXT], group[IP_ADDR_TEXT];
	struct explanation explanation;

	if (explain_flow(record->snapshot, &record->flow, scratch, &explanation) != 0) {
		to->err = -ENOMEM;
		return;
	}
	json_bool_if_true(to, "link_local", explanation.link_local);
	write_denied(to, &record->judgement);
	/* A group address: the packet would have reached the destination among others. */
	if (record->group.family != 0)
		json_text(to, "group", ip_addr_format(&record->group, group));
	json_text(to, "protocol", flow_protocol_name(record->flow.protocol, protocol));
	explain_json_end(to, "source", &explanation, DIRECTION_EGRESS);
	explain_json_end(to, "destination", &explanation, DIRECTION_INGRESS);
	explain_json_side(to, "egress", &explanation, DIRECTION_EGRESS);
	explain_json_side(to, "ingress", &explanation, DIRECTION_INGRESS);
}

static const char *verdict_of(const struct record *record)
{
	switch (record->kind) {
	case RECORD_UNREADABLE:
		return "unreadable";
	case RECORD_REVOKED:
		return "revoke";
	default:
		return verdict_name(record->judgement.verdict);
	}
}

void record_json_verdict(struct json_writer *to, const struct folded *folded, uint64_t seq,
	struct interface_names *names, struct arena *scratch)
{
	const struct record *record = &folded->record;
	char since[RECORD_TIME_TEXT];

	begin(to, record->time_ns, seq);
	json_number(to, "revision", snapshot_revision(record->snapshot));
	json_text(to, "verdict", verdict_of(record));
	if (record->kind == RECORD_UNREADABLE)
		json_text(to, "cause", packet_error_name(record->error));
	else
		write_flow(to, record, scratch);
	if (record->kind != RECORD_REVOKED) {
		json_begin_object(to, "interfaces");
		write_interface(to, "in", names, record->in_ifindex);
		write_interface(to, "out", names, record->out_ifindex);
		json_end_object(to);
	}
	json_number(to, "repeat", folded->repeat);
	if (folded->repeat > 1)
		json_text(to, "since", record_time_format(folded->since_ns, since));
	if (folded->answered > 0)
		json_number(to, "in_kernel", folded->answered);
	json_bool_if_true(to, "learnable", record->learnable);
	if (record->user_ns != 0)
		json_number(to, "user_us", record->user_ns / 1000);
	end(to);
}

void record_json_overload(
	struct json_writer *to, uint64_t time_ns, uint64_t seq, bool flood, uint64_t dropped)
{
	begin(to, time_ns, seq);
	json_text(to, "verdict", "overload");
	json_bool_if_true(to, "flood", flood);
	json_number(to, "repeat", dropped);
	end(to);
}

void record_json_lost(struct json_writer *to, uint64_t time_ns, uint64_t seq, uint64_t count)
{
	begin(to, time_ns, seq);
	json_text(to, "event", "lost");
	json_number(to, "count", count);
	end(to);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/record_json.h"

#include <stdbool.h>

#include "enforcer/log/explain_json.h"
#include "enforcer/log/record_time.h"
#include "policy/explain/explain.h"

static cJSON *begin(uint64_t time_ns, uint64_t seq)
{
	char time_text[RECORD_TIME_TEXT];
	cJSON *line = cJSON_CreateObject();

	if (line == NULL ||
		cJSON_AddStringToObject(line, "time", record_time_format(time_ns, time_text)) ==
			NULL ||
		cJSON_AddNumberToObject(line, "seq", (double)seq) == NULL) {
		cJSON_Delete(line);
		return NULL;
	}
	return line;
}

/* Returns `line`; or NULL, and `line` deleted, when something could not be added to it. */
static cJSON *finish(cJSON *line, bool complete)
{
	if (complete)
		return line;
	cJSON_Delete(line);
	return NULL;
}

static bool add_item(cJSON *to, const char *name, cJSON *item)
{
	if (item != NULL && cJSON_AddItemToObject(to, name, item))
		return true;
	cJSON_Delete(item);
	return false;
}

/* An interface that is unknown or gone has no name to add. */
static bool add_interface(
	cJSON *interfaces, const char *key, struct interface_names *names, uint32_t index)
{
	char buffer[IF_NAMESIZE];
	const char *name = interface_names_get(names, index, buffer);

	return *name == '\0' || cJSON_AddStringToObject(interfaces, key, name) != NULL;
}

static bool add_interfaces(cJSON *line, const struct record *record, struct interface_names *names)
{
	cJSON *interfaces = cJSON_AddObjectToObject(line, "interfaces");

	return interfaces != NULL && add_interface(interfaces, "in", names, record->in_ifindex) &&
		add_interface(interfaces, "out", names, record->out_ifindex);
}

static bool add_denied(cJSON *line, const struct judgement *judgement)
{
	/* Egress first: the order in which a packet meets them. */
	static const enum direction order[] = {DIRECTION_EGRESS, DIRECTION_INGRESS};
	cJSON *denied = cJSON_AddArrayToObject(line, "denied");

	if (denied == NULL)
		return false;
	for (size_t i = 0; i < DIRECTION_COUNT; i++) {
		const enum side_verdict side = judgement->sides[order[i]];

		if (side != SIDE_DENIED && side != SIDE_AUDIT_DENIED)
			continue;
		if (!cJSON_AddItemToArray(denied, cJSON_CreateString(direction_name(order[i]))))
			return false;
	}
	return true;
}

/* Where a packet was sent that would reach the destination with others. */
static bool add_group(cJSON *line, const struct record *record)
{
	char text[IP_ADDR_TEXT];

	return record->group.family == 0 ||
		cJSON_AddStringToObject(line, "group", ip_addr_format(&record->group, text)) !=
		NULL;
}

static bool add_flow(cJSON *line, const struct record *record, struct arena *scratch)
{
	char protocol[FLOW_PROTOCOL_TEXT];
	struct explanation explanation;

	if (explain_flow(record->snapshot, &record->flow, scratch, &explanation) != 0)
		return false;
	if (explanation.link_local && cJSON_AddTrueToObject(line, "link_local") == NULL)
		return false;
	return add_denied(line, &record->judgement) && add_group(line, record) &&
		cJSON_AddStringToObject(line, "protocol",
			flow_protocol_name(record->flow.protocol, protocol)) != NULL &&
		add_item(line, "source", explain_json_end(&explanation, DIRECTION_EGRESS)) &&
		add_item(line, "destination", explain_json_end(&explanation, DIRECTION_INGRESS)) &&
		add_item(line, "egress", explain_json_side(&explanation, DIRECTION_EGRESS)) &&
		add_item(line, "ingress", explain_json_side(&explanation, DIRECTION_INGRESS));
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

static bool add_repeat(cJSON *line, const struct folded *folded)
{
	char since[RECORD_TIME_TEXT];

	if (cJSON_AddNumberToObject(line, "repeat", (double)folded->repeat) == NULL)
		return false;
	return folded->repeat <= 1 ||
		cJSON_AddStringToObject(
			line, "since", record_time_format(folded->since_ns, since)) != NULL;
}

/* What the kernel answers without asking: so many of these, and perhaps those to come. */
static bool add_kernel(cJSON *line, const struct folded *folded)
{
	if (folded->answered > 0 &&
		cJSON_AddNumberToObject(line, "in_kernel", (double)folded->answered) == NULL)
		return false;
	return !folded->record.learnable || cJSON_AddTrueToObject(line, "learnable") != NULL;
}

cJSON *record_json_verdict(const struct folded *folded, uint64_t seq, struct interface_names *names,
	struct arena *scratch)
{
	const struct record *record = &folded->record;
	cJSON *line = begin(record->time_ns, seq);
	bool complete = line != NULL;

	complete = complete &&
		cJSON_AddNumberToObject(
			line, "revision", (double)snapshot_revision(record->snapshot)) != NULL &&
		cJSON_AddStringToObject(line, "verdict", verdict_of(record)) != NULL;
	if (record->kind == RECORD_UNREADABLE)
		complete = complete &&
			cJSON_AddStringToObject(line, "cause", packet_error_name(record->error)) !=
				NULL;
	else
		complete = complete && add_flow(line, record, scratch);
	if (record->kind != RECORD_REVOKED)
		complete = complete && add_interfaces(line, record, names);
	complete = complete && add_repeat(line, folded) && add_kernel(line, folded);
	if (record->user_ns != 0)
		complete = complete &&
			cJSON_AddNumberToObject(line, "user_us", record->user_ns / 1000) != NULL;
	return finish(line, complete);
}

cJSON *record_json_overload(uint64_t time_ns, uint64_t seq, bool flood, uint64_t dropped)
{
	cJSON *line = begin(time_ns, seq);

	return finish(line,
		line != NULL && cJSON_AddStringToObject(line, "verdict", "overload") != NULL &&
			(!flood || cJSON_AddTrueToObject(line, "flood") != NULL) &&
			cJSON_AddNumberToObject(line, "repeat", (double)dropped) != NULL);
}

cJSON *record_json_lost(uint64_t time_ns, uint64_t seq, uint64_t count)
{
	cJSON *line = begin(time_ns, seq);

	return finish(line,
		line != NULL && cJSON_AddStringToObject(line, "event", "lost") != NULL &&
			cJSON_AddNumberToObject(line, "count", (double)count) != NULL);
}

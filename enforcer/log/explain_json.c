/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/explain_json.h"

#include <errno.h>
#include <stdio.h>

#include "policy/explain/query.h"

enum { ISOLATING_MOST = 16, ROW_FIELDS = 4 };

static void write_pos(struct json_writer *to, const struct source_pos *pos)
{
	if (pos->file == NULL || *pos->file == '\0')
		return;
	json_text(to, "file", pos->file);
	json_number(to, "line", pos->line);
	json_number(to, "column", pos->column);
}

/* ---- the parts of an explanation ---- */

void explain_json_end(struct json_writer *to, const char *key,
	const struct explanation *explanation, enum direction direction)
{
	const struct flow *flow = &explanation->flow;
	const struct explain_side *side = &explanation->sides[direction];
	const bool destination = direction == DIRECTION_INGRESS;
	const uint16_t port = destination ? flow->dst_port : flow->src_port;
	char address[IP_ADDR_TEXT];

	json_begin_object(to, key);
	json_text(to, "address", ip_addr_format(destination ? &flow->dst : &flow->src, address));
	/* A question names no source port: 0 stands for any. */
	if (flow_protocol_has_ports(flow->protocol) && (destination || port != 0))
		json_number(to, "port", port);
	if (side->pod != NULL) {
		json_text(to, "namespace", side->pod->namespace_name);
		json_text(to, "pod", side->pod->name);
	}
	if (side->claimants > 1)
		json_number(to, "claimants", side->claimants);
	json_end_object(to);
}

static void write_name(struct json_writer *to, const struct network_policy *policy)
{
	json_text(to, "namespace", policy->namespace_name);
	json_text(to, "name", policy->name);
}

static void write_isolating(struct json_writer *to, const struct explain_side *side)
{
	const size_t listed = side->isolating_count < ISOLATING_MOST ? side->isolating_count
								     : ISOLATING_MOST;

	json_begin_array(to, "isolated_by");
	for (size_t i = 0; i < listed; i++) {
		const struct network_policy *policy = side->isolating[i];

		json_begin_object(to, NULL);
		write_name(to, policy);
		write_pos(to, &policy->pos);
		json_bool_if_true(to, "audit", policy->audit);
		json_bool_if_true(to, "in_part", policy->in_part);
		json_end_object(to);
	}
	json_end_array(to);
	if (listed < side->isolating_count)
		json_number(to, "isolated_by_more", side->isolating_count - listed);
}

/* "policy", if any; and "rule", "peer" and "port" as paths under its spec. */
static void write_rule(
	struct json_writer *to, const struct explain_side *side, enum direction direction)
{
	char rule[EXPLAIN_PATH], path[2 * EXPLAIN_PATH];

	if (side->policy != NULL) {
		json_begin_object(to, "policy");
		write_name(to, side->policy);
		json_end_object(to);
	}
	if (side->rule == NULL)
		return;
	explain_rule_path(side, direction, rule);
	json_text(to, "rule", rule);
	if (side->peer != NULL) {
		snprintf(path, sizeof(path), "%s.%s[%zu]", rule,
			direction == DIRECTION_INGRESS ? "from" : "to",
			(size_t)(side->peer - side->rule->peers));
		json_text(to, "peer", path);
	}
	if (side->port != NULL) {
		snprintf(path, sizeof(path), "%s.ports[%zu]", rule,
			(size_t)(side->port - side->rule->ports));
		json_text(to, "port", path);
	}
}

void explain_json_side(struct json_writer *to, const char *key,
	const struct explanation *explanation, enum direction direction)
{
	const struct explain_side *side = &explanation->sides[direction];

	json_begin_object(to, key);
	json_text(to, "verdict", side_verdict_name(side->side));
	json_bool(to, "enforced", side->enforced);
	write_isolating(to, side);
	write_rule(to, side, direction);
	if (side->policy != NULL) {
		write_pos(to, &side->pos);
		if (side->miss != MISS_NONE) {
			json_text(to, "miss", miss_name(side->miss));
			json_text_unless_empty(to, "field", side->field);
			json_text_unless_empty(to, "wanted", side->wanted);
			json_text_unless_empty(to, "had", side->had);
			json_text_unless_empty(to, "fix", side->fix);
		}
	}
	json_bool_if_true(to, "disagrees", side->disagrees);
	json_end_object(to);
}

void explain_json_side_brief(struct json_writer *to, const char *key,
	const struct explanation *explanation, enum direction direction)
{
	const struct explain_side *side = &explanation->sides[direction];

	json_begin_object(to, key);
	json_text(to, "verdict", side_verdict_name(side->side));
	if (!side->enforced)
		json_bool(to, "enforced", false);
	write_rule(to, side, direction);
	if (side->miss != MISS_NONE)
		json_text(to, "miss", miss_name(side->miss));
	json_end_object(to);
}

void explain_json_flow(struct json_writer *to, const struct explanation *explanation)
{
	char protocol[FLOW_PROTOCOL_TEXT];

	json_begin_object(to, NULL);
	json_text(to, "verdict", verdict_name(explanation->judgement.verdict));
	json_text(to, "protocol", flow_protocol_name(explanation->flow.protocol, protocol));
	json_bool_if_true(to, "link_local", explanation->link_local);
	json_bool_if_true(to, "to_group", explanation->group);
	json_bool_if_true(to, "ipv6_off", explanation->ipv6_off);
	explain_json_end(to, "source", explanation, DIRECTION_EGRESS);
	explain_json_end(to, "destination", explanation, DIRECTION_INGRESS);
	explain_json_side(to, "egress", explanation, DIRECTION_EGRESS);
	explain_json_side(to, "ingress", explanation, DIRECTION_INGRESS);
	json_end_object(to);
}

/* ---- answers ---- */

static void begin_reply(struct json_writer *to, const struct snapshot *snapshot, const char *list)
{
	json_begin_object(to, NULL);
	json_bool(to, "ok", true);
	json_number(to, "revision", snapshot_revision(snapshot));
	json_begin_array(to, list);
}

static void end_reply(struct json_writer *to)
{
	json_end_array(to);
	json_end_object(to);
}

void explain_json_answer(
	struct json_writer *to, const struct snapshot *snapshot, const cJSON *request)
{
	const cJSON *source = cJSON_GetObjectItemCaseSensitive(request, "source");
	const cJSON *destination = cJSON_GetObjectItemCaseSensitive(request, "destination");
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM] = "explain needs the texts \"source\" and \"destination\"";
	int count = -EINVAL;

	if (cJSON_IsString(source) && cJSON_IsString(destination))
		count = query_flows(
			snapshot, source->valuestring, destination->valuestring, flows, problem);
	if (count < 0) {
		json_refusal(to, problem);
		return;
	}
	begin_reply(to, snapshot, "flows");
	for (int i = 0; i < count; i++) {
		struct arena *arena = arena_create();
		struct explanation explanation;

		if (arena != NULL && explain_flow(snapshot, &flows[i], arena, &explanation) == 0)
			explain_json_flow(to, &explanation);
		else
			to->err = -ENOMEM;
		arena_unref(arena);
	}
	end_reply(to);
}

static bool is_row(const cJSON *row)
{
	if (!cJSON_IsArray(row) || cJSON_GetArraySize(row) != ROW_FIELDS)
		return false;
	for (int i = 0; i < ROW_FIELDS; i++)
		if (!cJSON_IsString(cJSON_GetArrayItem(row, i)))
			return false;
	return true;
}

static const char *row_field(const cJSON *row, int index)
{
	return cJSON_GetArrayItem(row, index)->valuestring;
}

static void judge_row(struct json_writer *to, const struct snapshot *snapshot, const cJSON *row)
{
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM] = "a row is four texts: source, destination, protocol, port";
	int count = -EINVAL;

	if (is_row(row))
		count = query_fields(snapshot, row_field(row, 0), row_field(row, 1),
			row_field(row, 2), row_field(row, 3), flows, problem);
	json_begin_object(to, NULL);
	if (count < 0)
		json_text(to, "error", problem);
	else
		json_text(to, "verdict", verdict_name(snapshot_judge(snapshot, &flows[0]).verdict));
	json_end_object(to);
}

void explain_json_judge(
	struct json_writer *to, const struct snapshot *snapshot, const cJSON *request)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(request, "rows"), *row;

	if (!cJSON_IsArray(rows)) {
		json_refusal(to,
			"judge needs \"rows\", a list of [source, destination, protocol, port]");
		return;
	}
	begin_reply(to, snapshot, "rows");
	cJSON_ArrayForEach(row, rows)
		judge_row(to, snapshot, row);
	end_reply(to);
}

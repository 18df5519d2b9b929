/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/log/explain_json.h"

#include <stdio.h>

#include "policy/explain/query.h"

enum { ISOLATING_MOST = 16, ROW_FIELDS = 4 };

/*
 * ---- building: each returns false when memory is short, and what was added is freed with its
 * parent ----
 */

static bool add_item(cJSON *to, const char *name, cJSON *item)
{
	if (item != NULL && cJSON_AddItemToObject(to, name, item))
		return true;
	cJSON_Delete(item);
	return false;
}

static bool append_item(cJSON *to, cJSON *item)
{
	if (item != NULL && cJSON_AddItemToArray(to, item))
		return true;
	cJSON_Delete(item);
	return false;
}

static bool add_text(cJSON *to, const char *name, const char *text)
{
	return cJSON_AddStringToObject(to, name, text) != NULL;
}

/* As add_text(), but leaves out what there is nothing to say of. */
static bool add_known_text(cJSON *to, const char *name, const char *text)
{
	return *text == '\0' || add_text(to, name, text);
}

static bool add_number(cJSON *to, const char *name, double number)
{
	return cJSON_AddNumberToObject(to, name, number) != NULL;
}

static cJSON *finish(cJSON *object, bool complete)
{
	if (complete)
		return object;
	cJSON_Delete(object);
	return NULL;
}

static bool add_pos(cJSON *to, const struct source_pos *pos)
{
	if (pos->file == NULL || *pos->file == '\0')
		return true;
	return add_text(to, "file", pos->file) && add_number(to, "line", pos->line) &&
		add_number(to, "column", pos->column);
}

/* ---- the parts of an explanation ---- */

cJSON *explain_json_end(const struct explanation *explanation, enum direction direction)
{
	const struct flow *flow = &explanation->flow;
	const struct pod *pod = explanation->sides[direction].pod;
	const bool destination = direction == DIRECTION_INGRESS;
	const uint16_t port = destination ? flow->dst_port : flow->src_port;
	cJSON *end = cJSON_CreateObject();
	char address[IP_ADDR_TEXT];
	bool complete;

	complete = end != NULL &&
		add_text(end, "address",
			ip_addr_format(destination ? &flow->dst : &flow->src, address));
	/* A question names no source port: 0 stands for any. */
	if (complete && flow_protocol_has_ports(flow->protocol) && (destination || port != 0))
		complete = add_number(end, "port", port);
	if (complete && pod != NULL)
		complete = add_text(end, "namespace", pod->namespace_name) &&
			add_text(end, "pod", pod->name);
	if (complete && explanation->sides[direction].claimants > 1)
		complete = add_number(
			end, "claimants", (double)explanation->sides[direction].claimants);
	return finish(end, complete);
}

static cJSON *make_policy(const struct network_policy *policy)
{
	cJSON *object = cJSON_CreateObject();

	return finish(object,
		object != NULL && add_text(object, "namespace", policy->namespace_name) &&
			add_text(object, "name", policy->name));
}

static cJSON *make_isolating(const struct network_policy *policy)
{
	cJSON *object = make_policy(policy);
	bool complete = object != NULL && add_pos(object, &policy->pos);

	if (complete && policy->audit)
		complete = cJSON_AddTrueToObject(object, "audit") != NULL;
	if (complete && policy->in_part)
		complete = cJSON_AddTrueToObject(object, "in_part") != NULL;
	return finish(object, complete);
}

static bool add_isolating(cJSON *to, const struct explain_side *side)
{
	const size_t listed = side->isolating_count < ISOLATING_MOST ? side->isolating_count
								     : ISOLATING_MOST;
	cJSON *list = cJSON_AddArrayToObject(to, "isolated_by");

	if (list == NULL)
		return false;
	for (size_t i = 0; i < listed; i++)
		if (!append_item(list, make_isolating(side->isolating[i])))
			return false;
	return listed == side->isolating_count ||
		add_number(to, "isolated_by_more", (double)(side->isolating_count - listed));
}

/* "rule", "peer" and "port" as paths under spec. */
static bool add_paths(cJSON *to, const struct explain_side *side, enum direction direction)
{
	char rule[EXPLAIN_PATH], path[2 * EXPLAIN_PATH];

	explain_rule_path(side, direction, rule);
	if (!add_text(to, "rule", rule))
		return false;
	if (side->peer != NULL) {
		snprintf(path, sizeof(path), "%s.%s[%zu]", rule,
			direction == DIRECTION_INGRESS ? "from" : "to",
			(size_t)(side->peer - side->rule->peers));
		if (!add_text(to, "peer", path))
			return false;
	}
	if (side->port != NULL) {
		snprintf(path, sizeof(path), "%s.ports[%zu]", rule,
			(size_t)(side->port - side->rule->ports));
		return add_text(to, "port", path);
	}
	return true;
}

static bool add_miss(cJSON *to, const struct explain_side *side)
{
	return side->miss == MISS_NONE ||
		(add_text(to, "miss", miss_name(side->miss)) &&
			add_known_text(to, "field", side->field) &&
			add_known_text(to, "wanted", side->wanted) &&
			add_known_text(to, "had", side->had) &&
			add_known_text(to, "fix", side->fix));
}

cJSON *explain_json_side(const struct explanation *explanation, enum direction direction)
{
	const struct explain_side *side = &explanation->sides[direction];
	cJSON *object = cJSON_CreateObject();
	bool complete = object != NULL &&
		add_text(object, "verdict", side_verdict_name(side->side)) &&
		cJSON_AddBoolToObject(object, "enforced", side->enforced) != NULL &&
		add_isolating(object, side);

	if (complete && side->policy != NULL)
		complete = add_item(object, "policy", make_policy(side->policy));
	if (complete && side->rule != NULL)
		complete = add_paths(object, side, direction);
	if (complete && side->policy != NULL)
		complete = add_pos(object, &side->pos) && add_miss(object, side);
	if (complete && side->disagrees)
		complete = cJSON_AddTrueToObject(object, "disagrees") != NULL;
	return finish(object, complete);
}

cJSON *explain_json_side_brief(const struct explanation *explanation, enum direction direction)
{
	const struct explain_side *side = &explanation->sides[direction];
	cJSON *object = cJSON_CreateObject();
	bool complete = object != NULL &&
		add_text(object, "verdict", side_verdict_name(side->side));

	if (complete && !side->enforced)
		complete = cJSON_AddFalseToObject(object, "enforced") != NULL;
	if (complete && side->policy != NULL)
		complete = add_item(object, "policy", make_policy(side->policy));
	if (complete && side->rule != NULL)
		complete = add_paths(object, side, direction);
	if (complete && side->miss != MISS_NONE)
		complete = add_text(object, "miss", miss_name(side->miss));
	return finish(object, complete);
}

cJSON *explain_json_flow(const struct explanation *explanation)
{
	char protocol[FLOW_PROTOCOL_TEXT];
	cJSON *object = cJSON_CreateObject();

	return finish(object,
		object != NULL &&
			add_text(object, "verdict", verdict_name(explanation->judgement.verdict)) &&
			add_text(object, "protocol",
				flow_protocol_name(explanation->flow.protocol, protocol)) &&
			(!explanation->link_local ||
				cJSON_AddTrueToObject(object, "link_local") != NULL) &&
			(!explanation->group ||
				cJSON_AddTrueToObject(object, "to_group") != NULL) &&
			(!explanation->ipv6_off ||
				cJSON_AddTrueToObject(object, "ipv6_off") != NULL) &&
			add_item(object, "source",
				explain_json_end(explanation, DIRECTION_EGRESS)) &&
			add_item(object, "destination",
				explain_json_end(explanation, DIRECTION_INGRESS)) &&
			add_item(object, "egress",
				explain_json_side(explanation, DIRECTION_EGRESS)) &&
			add_item(object, "ingress",
				explain_json_side(explanation, DIRECTION_INGRESS)));
}

/* ---- answers ---- */

static cJSON *make_refusal(const char *error)
{
	cJSON *reply = cJSON_CreateObject();

	return finish(reply,
		reply != NULL && cJSON_AddFalseToObject(reply, "ok") != NULL &&
			add_text(reply, "error", error));
}

static cJSON *make_reply(const struct snapshot *snapshot)
{
	cJSON *reply = cJSON_CreateObject();

	return finish(reply,
		reply != NULL && cJSON_AddTrueToObject(reply, "ok") != NULL &&
			add_number(reply, "revision", (double)snapshot_revision(snapshot)));
}

static cJSON *make_flow(const struct snapshot *snapshot, const struct flow *flow)
{
	struct arena *arena = arena_create();
	struct explanation explanation;
	cJSON *object = NULL;

	if (arena != NULL && explain_flow(snapshot, flow, arena, &explanation) == 0)
		object = explain_json_flow(&explanation);
	arena_unref(arena);
	return object;
}

cJSON *explain_json_answer(const struct snapshot *snapshot, const cJSON *request)
{
	const cJSON *source = cJSON_GetObjectItemCaseSensitive(request, "source");
	const cJSON *destination = cJSON_GetObjectItemCaseSensitive(request, "destination");
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM];
	cJSON *reply, *list;
	int count;

	if (!cJSON_IsString(source) || !cJSON_IsString(destination))
		return make_refusal("explain needs the texts \"source\" and \"destination\"");
	count = query_flows(
		snapshot, source->valuestring, destination->valuestring, flows, problem);
	if (count < 0)
		return make_refusal(problem);
	reply = make_reply(snapshot);
	list = reply != NULL ? cJSON_AddArrayToObject(reply, "flows") : NULL;
	for (int i = 0; i < count; i++)
		if (list == NULL || !append_item(list, make_flow(snapshot, &flows[i])))
			return finish(reply, false);
	return finish(reply, list != NULL);
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

static cJSON *judge_row(const struct snapshot *snapshot, const cJSON *row)
{
	struct flow flows[QUERY_FLOWS_MOST];
	char problem[QUERY_PROBLEM] = "a row is four texts: source, destination, protocol, port";
	cJSON *answer = cJSON_CreateObject();
	int count = -1;

	if (is_row(row))
		count = query_fields(snapshot, row_field(row, 0), row_field(row, 1),
			row_field(row, 2), row_field(row, 3), flows, problem);
	if (answer == NULL)
		return NULL;
	if (count < 0)
		return finish(answer, add_text(answer, "error", problem));
	return finish(answer,
		add_text(answer, "verdict",
			verdict_name(snapshot_judge(snapshot, &flows[0]).verdict)));
}

cJSON *explain_json_judge(const struct snapshot *snapshot, const cJSON *request)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(request, "rows"), *row;
	cJSON *reply, *answers;

	if (!cJSON_IsArray(rows))
		return make_refusal(
			"judge needs \"rows\", a list of [source, destination, protocol, port]");
	reply = make_reply(snapshot);
	answers = reply != NULL ? cJSON_AddArrayToObject(reply, "rows") : NULL;
	if (answers == NULL)
		return finish(reply, false);
	cJSON_ArrayForEach(row, rows)
		if (!append_item(answers, judge_row(snapshot, row)))
			return finish(reply, false);
	return reply;
}

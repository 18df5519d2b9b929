/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/answers.h"

#include "enforcer/log/explain_json.h"

static void answer_status(
	void *context, const struct control_request *request, struct json_writer *out)
{
	const struct answers *answers = context;

	(void)request;
	status_json(out, &answers->sources);
}

static int open_flows(void *context, const struct control_request *request, struct stream **out,
	char problem[PROBLEM_SIZE])
{
	struct answers *answers = context;

	return listings_open_flows(&answers->listings, request, out, problem);
}

static int open_policies(void *context, const struct control_request *request, struct stream **out,
	char problem[PROBLEM_SIZE])
{
	struct answers *answers = context;

	return listings_open_policies(&answers->listings, request, out, problem);
}

static int open_past(void *context, const struct control_request *request, struct replay **out,
	char problem[PROBLEM_SIZE])
{
	const struct answers *answers = context;

	return listings_open_past(&answers->listings, request, out, problem);
}

static void answer_explain(
	void *context, const struct control_request *request, struct json_writer *out)
{
	const struct answers *answers = context;

	explain_json_answer(out, publisher_snapshot(answers->publisher), request->json);
}

static void answer_judge(
	void *context, const struct control_request *request, struct json_writer *out)
{
	const struct answers *answers = context;

	explain_json_judge(out, publisher_snapshot(answers->publisher), request->json);
}

static void answer_reload(
	void *context, const struct control_request *request, struct json_writer *out)
{
	const struct answers *answers = context;
	const struct publisher *publisher = answers->publisher;
	struct publish_stats stats;

	(void)request;
	source_list_rescan(answers->sources.source_list);
	publisher_await(answers->publisher, true);
	publisher_stats(publisher, &stats);
	json_begin_object(out, NULL);
	json_bool(out, "ok", true);
	json_number(out, "revision", snapshot_revision(publisher_snapshot(publisher)));
	json_bool(out, "pending", stats.pending);
	json_end_object(out);
}

static void answer_diags(
	void *context, const struct control_request *request, struct json_writer *out)
{
	const struct answers *answers = context;

	(void)request;
	status_diags_json(out, answers->sources.store, publisher_snapshot(answers->publisher));
}

static void answer_hand_over(void *context, const struct control_request *request,
	struct control_offer *offer, struct json_writer *out)
{
	struct answers *answers = context;

	handover_answer(&answers->handover, request->json, offer, out);
}

#define NAMES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

const struct control_command answers_commands[] = {
	{.name = "status", .answer = answer_status},
	{.name = "flows",
		.filters = NAMES("namespace", "pod", "all", "deny", "allow", "protocol", "limit"),
		.open = open_flows},
	{.name = "policies", .filters = NAMES("namespace", "pod"), .open = open_policies},
	{.name = "watch",
		.filters = NAMES(
			"allow", "deny", "audit", "revoked", "namespace", "pod", "policy", "since"),
		.watch = open_past},
	{.name = "explain", .fields = NAMES("source", "destination"), .answer = answer_explain},
	{.name = "judge", .fields = NAMES("rows"), .is_large = true, .answer = answer_judge},
	{.name = "reload", .answer = answer_reload},
	{.name = "diags", .answer = answer_diags},
	{.name = "hand_over",
		.fields = NAMES("protocol", "step"),
		.is_internal = true,
		.hand_over = answer_hand_over},
	{.name = NULL},
};

static void abandoned(void *context)
{
	struct answers *answers = context;

	if (!answers->stopping)
		handover_abandoned(&answers->handover);
}

static void handed_over(void *context)
{
	const struct answers *answers = context;

	answers->handed_over(answers->context);
}

static void watched(void *context, bool any)
{
	const struct answers *answers = context;

	verdict_log_watch(answers->log, any);
}

void answers_set_callbacks(struct answers *answers, struct control_server_options *options)
{
	options->commands = answers_commands;
	options->abandoned = abandoned;
	options->handed_over = handed_over;
	options->watched = watched;
	options->context = answers;
}

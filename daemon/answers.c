/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/answers.h"

#include <stdlib.h>

#include "enforcer/log/explain_json.h"

static cJSON *answer_reload(const struct answers *answers)
{
	cJSON *json = cJSON_CreateObject();
	struct publish_stats stats;

	directory_rescan(answers->directory);
	publisher_stats(answers->publisher, &stats);
	if (cJSON_AddTrueToObject(json, "ok") != NULL &&
		cJSON_AddNumberToObject(json, "revision",
			(double)snapshot_revision(publisher_snapshot(answers->publisher))) !=
			NULL &&
		cJSON_AddBoolToObject(json, "pending", stats.pending) != NULL)
		return json;
	cJSON_Delete(json);
	return NULL;
}

static cJSON *answer(void *context, const struct control_request *request)
{
	const struct answers *answers = context;
	const struct snapshot *snapshot = publisher_snapshot(answers->publisher);

	switch (request->command) {
	case CONTROL_STATUS:
		return status_json(&answers->sources);
	case CONTROL_EXPLAIN:
		return explain_json_answer(snapshot, request->json);
	case CONTROL_JUDGE:
		return explain_json_judge(snapshot, request->json);
	case CONTROL_RELOAD:
		return answer_reload(answers);
	case CONTROL_DIAGS:
		return status_diags_json(answers->sources.store, snapshot);
	case CONTROL_WATCH:
	case CONTROL_HAND_OVER:
	case CONTROL_FLOWS:
	case CONTROL_POLICIES:
		break;
	}
	abort(); /* the server's own, and those that take many lines: open_listing() */
}

static int open_listing(void *context, const struct control_request *request, struct stream **out,
	char problem[CONTROL_PROBLEM])
{
	struct answers *answers = context;

	return listings_open(&answers->listings, request, out, problem);
}

static int open_replay(void *context, const struct control_request *request, struct replay **out,
	char problem[CONTROL_PROBLEM])
{
	const struct answers *answers = context;

	return listings_open_replay(&answers->listings, request, out, problem);
}

static cJSON *hand_over(
	void *context, const struct control_request *request, struct control_offer *offer)
{
	struct answers *answers = context;

	return handover_answer(&answers->handover, request->json, offer);
}

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
	options->answer = answer;
	options->open = open_listing;
	options->replay = open_replay;
	options->hand_over = hand_over;
	options->abandoned = abandoned;
	options->handed_over = handed_over;
	options->watched = watched;
	options->context = answers;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/oracle.h"

#include <errno.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "enforcer/log/explain_json.h"

int oracle_open(struct oracle *out, struct command_options *options)
{
	struct oracle oracle = {.is_offline = options->path_count > 0};
	int err;

	if (!oracle.is_offline) {
		err = command_options_find_socket(options, &oracle.socket);
		if (err == 0)
			command_options_warn_manifests(options);
	} else {
		err = offline_open(
			&oracle.offline, options->paths, options->path_count, options->trust);
		if (err != 0)
			return err;
		err = offline_require_sound(&oracle.offline);
		if (err != 0)
			offline_close(&oracle.offline);
	}
	if (err == 0)
		*out = oracle;
	return err;
}

void oracle_close(struct oracle *oracle)
{
	if (oracle->is_offline)
		offline_close(&oracle->offline);
}

static int ask_here(const struct oracle *oracle, const cJSON *request, cJSON **out)
{
	const cJSON *command = answer_get(request, "command");
	const struct snapshot *snapshot = oracle->offline.snapshot;
	struct json_writer answer = {.text = NULL};
	cJSON *reply = NULL;

	if (strcmp(command->valuestring, "judge") == 0)
		explain_json_judge(&answer, snapshot, request);
	else
		explain_json_answer(&answer, snapshot, request);
	if (answer.err == 0)
		reply = cJSON_ParseWithLength(answer.text, answer.length);
	json_writer_deinit(&answer);
	if (reply == NULL) {
		output_problem("out of memory");
		return -ENOMEM;
	}
	if (!answer_true(reply, "ok")) {
		output_problem("%s", answer_get(reply, "error")->valuestring);
		cJSON_Delete(reply);
		return -EINVAL;
	}
	*out = reply;
	return 0;
}

int oracle_ask(const struct oracle *oracle, const cJSON *request, cJSON **reply)
{
	char problem[PROBLEM_SIZE];
	int err;

	if (oracle->is_offline)
		return ask_here(oracle, request, reply);
	err = client_request(oracle->socket, request, reply, problem);
	if (err != 0)
		output_problem("%s", problem);
	return err;
}

int oracle_explain(const struct oracle *oracle, const char *source, const char *destination,
	cJSON **reply, const cJSON **flows)
{
	cJSON *request = cJSON_CreateObject(), *answer;
	int err = -ENOMEM;

	if (request != NULL && cJSON_AddStringToObject(request, "command", "explain") != NULL &&
		cJSON_AddStringToObject(request, "source", source) != NULL &&
		cJSON_AddStringToObject(request, "destination", destination) != NULL)
		err = oracle_ask(oracle, request, &answer);
	else
		output_problem("out of memory");
	cJSON_Delete(request);
	if (err != 0)
		return err;
	*reply = answer;
	*flows = answer_get(answer, "flows");
	return 0;
}

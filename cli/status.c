/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command_options.h"
#include "cli/status_text.h"

enum { WAIT_DEFAULT_S = 30, WAIT_MOST_S = 86400, POLL_MS = 20 };

struct status_options {
	bool wait;
	uint64_t wait_s;
	uint64_t wait_revision; /* 0: until nothing is pending */
};

static const char usage[] =
	"usage: podgate status [-o text|json] [--wait [SECONDS]] [--wait-revision N] [--socket "
	"PATH] [--config FILE]\n\n"
	"What the running podgate enforces and how it fares.\n\n";
static const char more[] =
	"\nExit code: 0 all is well; 1 there is a problem; 2 no answer, or --wait ran out.\n";

static int take_wait(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	struct status_options *own = row->value;
	const struct option_row seconds = {.name = row->name,
		.value = &own->wait_s,
		.most = UINT64_MAX,
		.wanted = row->wanted};
	const int err = text == NULL ? 0 : OPTION_NUMBER->take(&seconds, text, problem);

	own->wait = true;
	if (own->wait_s > WAIT_MOST_S)
		own->wait_s = WAIT_MOST_S;
	return err;
}

static const struct option_type wait_type = {
	.form = "[SECONDS]", .may_lack_value = true, .take = take_wait};

static int ask(const char *socket_path, const char *command, cJSON **reply)
{
	char problem[PROBLEM_SIZE];
	const int err = client_ask(socket_path, command, 0, reply, problem);

	if (err != 0)
		output_problem("%s", problem);
	return err;
}

static bool is_enforced(const struct status_options *options, const cJSON *status)
{
	const cJSON *revision = answer_get(status, "revision");

	if (options->wait_revision > 0)
		return cJSON_IsNumber(revision) &&
			revision->valuedouble >= (double)options->wait_revision;
	return cJSON_IsFalse(answer_get(status, "pending"));
}

/* Stores the first status in which all is enforced. */
static int wait_enforced(const struct status_options *options, const char *socket_path, cJSON **out)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	const time_t began = time(NULL);
	cJSON *reply;
	int err = ask(socket_path, "reload", &reply);

	while (err == 0) {
		cJSON_Delete(reply);
		err = ask(socket_path, "status", &reply);
		if (err != 0)
			break;
		if (is_enforced(options, reply)) {
			*out = reply;
			return 0;
		}
		if (time(NULL) - began >= (time_t)options->wait_s) {
			const cJSON *problem = answer_get(reply, "problem");

			output_problem("not enforced after %u s%s%s", (unsigned int)options->wait_s,
				cJSON_IsString(problem) ? ": " : "",
				cJSON_IsString(problem) ? problem->valuestring : "");
			cJSON_Delete(reply);
			return -ETIMEDOUT;
		}
		nanosleep(&pause, NULL);
	}
	return err;
}

static int show(struct command_options *options)
{
	const struct status_options *own = options->own;
	const bool waits = own->wait || own->wait_revision > 0;
	const char *socket_path;
	cJSON *status;
	bool well;

	if (command_options_find_socket(options, &socket_path) != 0)
		return EXIT_PROBLEM;
	if ((waits ? wait_enforced(own, socket_path, &status)
		   : ask(socket_path, "status", &status)) != 0)
		return EXIT_PROBLEM;
	if (options->format == OUTPUT_JSON)
		output_json(status);
	else
		status_text_print(status);
	well = answer_get(status, "problem") == NULL &&
		cJSON_GetArraySize(answer_get(status, "problems")) == 0;
	cJSON_Delete(status);
	return well ? EXIT_OK : EXIT_FINDINGS;
}

int command_status(int argc, char **argv)
{
	struct status_options own = {.wait_s = WAIT_DEFAULT_S};
	const struct option_row rows[] = {
		{"wait", &wait_type, .value = &own, .wanted = "a number of seconds",
			.help = "first let it read the manifests again, and wait until all of it "
				"is enforced;\n30 seconds at most unless said otherwise"},
		{"wait-revision", OPTION_NUMBER, .value = &own.wait_revision, .most = UINT64_MAX,
			.wanted = "a number",
			.help = "wait until revision N, or a later one, is enforced"},
	};
	const struct subcommand self = {
		.usage = usage,
		.more = more,
		.shared = TAKES_SOCKET | TAKES_CONFIG,
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.run = show,
	};

	return command_options_run(&self, &own, argc, argv);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command_options.h"
#include "cli/filter_options.h"
#include "cli/watch_text.h"

static const char usage[] =
	"usage: podgate watch [--deny] [--allow] [--audit] [--revoked] [--ns NAMESPACE] [--pod "
	"NAMESPACE/NAME]\n"
	"                     [--policy NAMESPACE/NAME] [--since TIME] [-n COUNT] [-o text|json] "
	"[--socket PATH]\n"
	"                     [--config FILE]\n\n"
	"Shows verdicts as the daemon logs them (podgate-log(5)): denials, and allowed flows with "
	"log_allowed: yes.\n\n";
static const char more[] = "\nOf --deny, --allow, --audit and --revoked several may be given; of "
			   "the others all must hold.\n";

struct watch {
	cJSON *request;
	enum output_format format;
	uint64_t shown, count;		/* 0: no end */
	bool tells_days;		/* it may go back over midnight */
	char day[sizeof("2026-11-24")]; /* of the last line, so told */
};

/* Lines have the time of day: where the day is another, it gets a line of its own. */
static void show_day(struct watch *watch, const cJSON *line)
{
	const cJSON *time_value = answer_get(line, "time");
	const size_t length = sizeof(watch->day) - 1;

	if (!watch->tells_days || !cJSON_IsString(time_value) ||
		strlen(time_value->valuestring) < length ||
		strncmp(time_value->valuestring, watch->day, length) == 0)
		return;
	memcpy(watch->day, time_value->valuestring, length);
	printf("%s%s%s\n", output_color(COLOR_DIM), watch->day, output_color(COLOR_NONE));
}

/* Each line is flushed: it is watched live. A reader that went away ends the watch. */
static int show(cJSON *line, void *context)
{
	struct watch *watch = context;

	if (watch->format == OUTPUT_JSON) {
		output_json(line);
	} else {
		if (output_clean_json(line) != 0)
			return -ENOMEM;
		show_day(watch, line);
		watch_text_print(line);
	}
	if (output_finish() != 0)
		return -EIO;
	return ++watch->shown == watch->count;
}

static int watch(struct command_options *options)
{
	struct watch *watch = options->own;
	char problem[PROBLEM_SIZE];
	const char *socket_path;
	int ended;

	watch->format = options->format;
	watch->tells_days = cJSON_HasObjectItem(watch->request, "since");
	if (command_options_find_socket(options, &socket_path) != 0)
		return EXIT_PROBLEM;
	ended = client_stream(socket_path, watch->request, show, watch, problem);
	if (ended == 1)
		return EXIT_OK;
	if (ended != -EIO) /* which output_finish() has said */
		output_problem("%s", problem);
	return EXIT_PROBLEM;
}

int command_watch(int argc, char **argv)
{
	cJSON *request = filter_options_request("watch");
	struct watch own = {.request = request};
	const struct option_row rows[] = {
		{"deny", OPTION_FILTER_FLAG, .value = request,
			.help = "only what did not simply pass: denied, cut, would be denied, not "
				"readable"},
		{"allow", OPTION_FILTER_FLAG, .value = request, .help = "only what was allowed"},
		{"audit", OPTION_FILTER_FLAG, .value = request,
			.help = "only what would be denied, were it not for audit mode"},
		{"revoked", OPTION_FILTER_FLAG, .value = request,
			.help = "only live flows that were cut"},
		{"ns", OPTION_FILTER, .form = "NAMESPACE", .value = request,
			.help = "only flows from or to this namespace"},
		OPTION_NAMESPACE(request),
		{"pod", OPTION_FILTER, .form = "NS/NAME", .value = request,
			.help = "only flows from or to this pod"},
		{"policy", OPTION_FILTER, .form = "NS/NAME", .value = request,
			.help = "only what this policy isolates, admits or nearly admits"},
		{"since", OPTION_FILTER, .form = "TIME", .value = request,
			.help = "first what the log holds from then on: a time ago (90s, 10m, "
				"1h30m, 2d), or a time\n"
				"(10:00, 2026-11-24, \"2026-11-24 10:00\", 2026-11-24T09:00:00Z)"},
		{NULL, OPTION_NUMBER, 'n', .form = "COUNT", .value = &own.count, .least = 1,
			.most = UINT64_MAX, .wanted = "a number of lines",
			.help = "exit after this number of lines"},
	};
	const struct subcommand self = {
		.usage = usage,
		.more = more,
		.shared = TAKES_SOCKET | TAKES_CONFIG,
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.run = watch,
	};
	const int code = request != NULL ? command_options_run(&self, &own, argc, argv)
					 : EXIT_PROBLEM;

	cJSON_Delete(request);
	return code;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command_options.h"
#include "cli/since.h"
#include "cli/watch_text.h"
#include "enforcer/log/record_time.h"

struct watch_options {
	bool denied, allowed, audited, revoked;
	const char *namespace_name, *pod, *policy;
	uint64_t since_ns;	  /* 0: from now on */
	unsigned long long count; /* 0: without end */
};

static const char usage[] =
	"usage: podgate watch [--deny] [--allow] [--audit] [--revoked] [--ns NAMESPACE] [--pod "
	"NAMESPACE/NAME]\n"
	"                     [--policy NAMESPACE/NAME] [--since TIME] [-n COUNT] [-o text|json] "
	"[--socket PATH]\n"
	"                     [--config FILE]\n\n"
	"Shows verdicts as the daemon logs them (podgate-log(5)): denials, and allowed flows with "
	"log_allowed: yes.\n\n"
	"  --deny              only what did not simply pass: denied, cut, would be denied, not "
	"readable\n"
	"  --allow             only what was allowed\n"
	"  --audit             only what would be denied, were it not for audit mode\n"
	"  --revoked           only live flows that were cut\n"
	"  --ns NAMESPACE      only flows from or to this namespace\n"
	"  --pod NS/NAME       only flows from or to this pod\n"
	"  --policy NS/NAME    only what this policy isolates, admits or nearly admits\n"
	"  --since TIME        first what the log holds from then on: so long ago (90s, 10m, "
	"1h30m, 2d), or a time\n"
	"                      (10:00, 2026-11-24, \"2026-11-24 10:00\", 2026-11-24T09:00:00Z)\n"
	"  -n COUNT            exit after so many lines\n"
	"  -o, --output FORMAT text (the default) or json\n" SOURCE_USAGE_DAEMON
	"\nOf --deny, --allow, --audit and --revoked several may be given; of the others all must "
	"hold.\n";

static int parse_count(const char *text, unsigned long long *out)
{
	char *end;
	unsigned long long count;

	errno = 0;
	count = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || count == 0) {
		output_problem("-n needs a number of lines, not \"%s\"", text);
		return -EINVAL;
	}
	*out = count;
	return 0;
}

static int parse_since(const char *text, uint64_t *out)
{
	const int err = since_parse(out, text, time(NULL));

	if (err == -ERANGE)
		output_problem("--since %s is not in the past", text);
	else if (err != 0)
		output_problem("--since takes so long ago (10m, 1h30m) or a time (10:00, "
			       "2026-11-24T09:00:00Z), not \"%s\"",
			text);
	return err;
}

static int take_option(struct command_options *options, int letter, const char *value)
{
	struct watch_options *own = options->own;

	switch (letter) {
	case 'd':
		own->denied = true;
		return 0;
	case 'w':
		own->allowed = true;
		return 0;
	case 'u':
		own->audited = true;
		return 0;
	case 'r':
		own->revoked = true;
		return 0;
	case 's':
		return parse_since(value, &own->since_ns);
	case 'N':
		own->namespace_name = value;
		return 0;
	case 'p':
		own->pod = value;
		return 0;
	case 'P':
		own->policy = value;
		return 0;
	case 'n':
		return parse_count(value, &own->count);
	default:
		return command_options_take(options, letter, value);
	}
}

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"deny", no_argument, NULL, 'd'},
		{"allow", no_argument, NULL, 'w'},
		{"audit", no_argument, NULL, 'u'},
		{"revoked", no_argument, NULL, 'r'},
		{"since", required_argument, NULL, 's'},
		{"ns", required_argument, NULL, 'N'},
		{"namespace", required_argument, NULL, 'N'},
		{"pod", required_argument, NULL, 'p'},
		{"policy", required_argument, NULL, 'P'},
		SOCKET_LONG_OPTION,
		SHARED_LONG_OPTIONS,
		{0},
	};
	const int err = command_options_read(
		options, argc, argv, "n:" SHARED_SHORT_OPTIONS, table, take_option);

	return err != 0 ? err : command_options_end(argc, argv);
}

static bool add_flag(cJSON *to, const char *field, bool value)
{
	return !value || cJSON_AddTrueToObject(to, field) != NULL;
}

static bool add_since(cJSON *to, uint64_t since_ns)
{
	char text[RECORD_TIME_TEXT];

	return since_ns == 0 || answer_ask(to, "since", record_time_format(since_ns, text));
}

static cJSON *make_request(const struct watch_options *options)
{
	cJSON *request = cJSON_CreateObject();

	if (answer_ask(request, "command", "watch") && add_flag(request, "deny", options->denied) &&
		add_flag(request, "allow", options->allowed) &&
		add_flag(request, "audit", options->audited) &&
		add_flag(request, "revoked", options->revoked) &&
		add_since(request, options->since_ns) &&
		answer_ask(request, "namespace", options->namespace_name) &&
		answer_ask(request, "pod", options->pod) &&
		answer_ask(request, "policy", options->policy))
		return request;
	cJSON_Delete(request);
	return NULL;
}

struct watch {
	enum output_format format;
	unsigned long long shown, count;
	bool tells_days;		/* it may go back over midnight */
	char day[sizeof("2026-11-24")]; /* of the last line, so told */
};

/* Lines have the time of day: where the day is another, it gets a line of its own. */
static void show_day(struct watch *watch, const cJSON *line)
{
	const cJSON *time_value = cJSON_GetObjectItemCaseSensitive(line, "time");
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
	const struct watch_options *own = options->own;
	struct watch watch = {
		.format = options->format, .count = own->count, .tells_days = own->since_ns > 0};
	char problem[CLIENT_PROBLEM] = "out of memory";
	const char *socket_path;
	cJSON *request;
	int ended = -ENOMEM;

	if (command_options_find_socket(options, &socket_path) != 0)
		return EXIT_PROBLEM;
	request = make_request(own);
	if (request != NULL)
		ended = client_stream(socket_path, request, show, &watch, problem);
	cJSON_Delete(request);
	if (ended == 1)
		return EXIT_OK;
	if (ended != -EIO) /* which output_finish() has said */
		output_problem("%s", problem);
	return EXIT_PROBLEM;
}

int command_watch(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, watch};
	struct watch_options own = {.count = 0};

	return command_options_run(&self, &own, argc, argv);
}

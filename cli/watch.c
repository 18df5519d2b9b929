/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command_options.h"
#include "cli/watch_text.h"

struct watch_options {
	bool deny;
	const char *namespace_name, *pod, *policy;
	unsigned long long count;	/* 0: without end */
};

static const char usage[] =
	"usage: podgate watch [--deny] [--ns NAMESPACE] [--pod NAMESPACE/NAME] [--policy NAMESPACE/NAME] [-n COUNT]\n"
	"                     [-o text|json] [--socket PATH] [--config FILE]\n\n"
	"Shows verdicts as the daemon logs them (podgate-log(5)): denials, and allowed flows with log_allowed: yes.\n\n"
	"  --deny              leave out what was allowed\n"
	"  --ns NAMESPACE      only flows from or to this namespace\n"
	"  --pod NS/NAME       only flows from or to this pod\n"
	"  --policy NS/NAME    only what this policy isolates, admits or nearly admits\n"
	"  -n COUNT            exit after so many lines\n"
	"  -o, --output FORMAT text (the default) or json\n" SOURCE_USAGE_DAEMON;

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

static int take_option(struct command_options *options, int letter, const char *value)
{
	struct watch_options *own = options->own;

	switch (letter) {
	case 'd':
		own->deny = true;
		return 0;
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
		{"deny", no_argument, NULL, 'd'}, {"ns", required_argument, NULL, 'N'},
		{"namespace", required_argument, NULL, 'N'}, {"pod", required_argument, NULL, 'p'},
		{"policy", required_argument, NULL, 'P'}, SOCKET_LONG_OPTION, SHARED_LONG_OPTIONS, {0},
	};
	int letter;

	while ((letter = getopt_long(argc, argv, "n:" SHARED_SHORT_OPTIONS, table, NULL)) != -1)
		if (take_option(options, letter, optarg) != 0)
			return -EINVAL;
	return command_options_end(argc, argv);
}

static bool add_text(cJSON *to, const char *field, const char *value)
{
	return value == NULL || cJSON_AddStringToObject(to, field, value) != NULL;
}

static cJSON *make_request(const struct watch_options *options)
{
	cJSON *request = cJSON_CreateObject();

	if (add_text(request, "command", "watch") && cJSON_AddBoolToObject(request, "deny", options->deny) != NULL &&
	    add_text(request, "namespace", options->namespace_name) && add_text(request, "pod", options->pod) &&
	    add_text(request, "policy", options->policy))
		return request;
	cJSON_Delete(request);
	return NULL;
}

struct watch {
	enum output_format format;
	unsigned long long shown, count;
};

/* Each line is flushed: it is watched live. A reader that went away ends the watch. */
static int show(cJSON *line, void *context)
{
	struct watch *watch = context;

	if (watch->format == OUTPUT_JSON) {
		output_json(line);
	} else {
		if (output_clean_json(line) != 0)
			return -ENOMEM;
		watch_text_print(line);
	}
	if (output_finish() != 0)
		return -EIO;
	return ++watch->shown == watch->count;
}

static int watch(struct command_options *options)
{
	const struct watch_options *own = options->own;
	struct watch watch = {.format = options->format, .count = own->count};
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
	if (ended != -EIO)	/* which output_finish() has said */
		output_problem("%s", problem);
	return EXIT_PROBLEM;
}

int command_watch(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, watch};
	struct watch_options own = {.count = 0};

	return command_options_run(&self, &own, argc, argv);
}

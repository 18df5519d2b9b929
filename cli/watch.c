/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/output.h"
#include "cli/source_options.h"
#include "cli/watch_text.h"

struct watch_options {
	struct source_options source;	/* --socket, --config, -o */
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

static int take_option(struct watch_options *options, int letter, const char *value)
{
	switch (letter) {
	case 'd':
		options->deny = true;
		return 0;
	case 'N':
		options->namespace_name = value;
		return 0;
	case 'p':
		options->pod = value;
		return 0;
	case 'P':
		options->policy = value;
		return 0;
	case 'n':
		return parse_count(value, &options->count);
	default:
		return source_option_take(&options->source, letter, value);
	}
}

static int parse_options(int argc, char **argv, struct watch_options *options)
{
	static const struct option table[] = {
		{"deny", no_argument, NULL, 'd'}, {"ns", required_argument, NULL, 'N'},
		{"namespace", required_argument, NULL, 'N'}, {"pod", required_argument, NULL, 'p'},
		{"policy", required_argument, NULL, 'P'}, {"output", required_argument, NULL, 'o'},
		{"config", required_argument, NULL, 'C'}, {"socket", required_argument, NULL, 'S'},
		{"help", no_argument, NULL, 'h'}, {0},
	};
	int letter, err = 0;

	while (err == 0 && (letter = getopt_long(argc, argv, "n:o:h", table, NULL)) != -1)
		err = take_option(options, letter, optarg);
	if (err == 0 && optind < argc) {
		output_problem("watch takes no argument \"%s\"", argv[optind]);
		err = -EINVAL;
	}
	return err;
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
	const struct watch_options *options;
	unsigned long long shown;
};

/* Each line is flushed: it is watched live. A reader that went away ends the watch. */
static int show(cJSON *line, void *context)
{
	struct watch *watch = context;

	if (watch->options->source.format == OUTPUT_JSON) {
		output_json(line);
	} else {
		if (output_clean_json(line) != 0)
			return -ENOMEM;
		watch_text_print(line);
	}
	if (output_finish() != 0)
		return -EIO;
	return ++watch->shown == watch->options->count;
}

static int watch_daemon(struct watch_options *options)
{
	struct watch watch = {.options = options};
	char problem[CLIENT_PROBLEM] = "out of memory";
	const char *socket_path;
	cJSON *request;
	int ended = -ENOMEM;

	if (source_options_find_socket(&options->source, &socket_path) != 0)
		return EXIT_PROBLEM;
	request = make_request(options);
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
	struct watch_options options = {0};
	int code = EXIT_PROBLEM;

	if (source_options_init(&options.source, argc) != 0)
		return EXIT_PROBLEM;
	if (parse_options(argc, argv, &options) != 0) {
		fputs(usage, stderr);
	} else if (options.source.help) {
		fputs(usage, stdout);
		code = EXIT_OK;
	} else {
		code = watch_daemon(&options);
	}
	source_options_deinit(&options.source);
	return code;
}

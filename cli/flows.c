/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cli/answer.h"
#include "cli/flows_text.h"
#include "cli/listing.h"

enum { LIMIT_DEFAULT = 1000 };

struct flows_options {
	const char *namespace_name, *pod, *protocol;
	bool all, denied, allowed;
	unsigned long long limit; /* 0: none */
};

static const char usage[] =
	"usage: podgate flows [--pod NAMESPACE/NAME] [--ns NAMESPACE] [--deny] [--allow] "
	"[--protocol PROTOCOL]\n"
	"                     [--limit COUNT] [--all] [-o text|json] [--socket PATH] [--config "
	"FILE]\n\n"
	"The live connections of isolated pods, as the kernel tracks them: from whom to whom, by "
	"which rule of which\n"
	"policy, and whether the kernel passes them.\n\n"
	"  --pod NS/NAME       those from or to this pod, isolated or not\n"
	"  --ns NAMESPACE      those from or to the pods of this namespace, isolated or not\n"
	"  --deny              those that were cut or would be denied, audit mode included\n"
	"  --allow             the others\n"
	"  --protocol PROTOCOL only TCP, UDP, SCTP, ICMP, ICMPv6, or a number\n"
	"  --limit COUNT       not more than so many; default 1000, 0 is no limit\n"
	"  --all               all that the kernel tracks, also those that podgate does not judge\n"
	"  -o, --output FORMAT text (the default) or json\n" SOURCE_USAGE_DAEMON
	"\nExit code: 0 listed; 2 it could not be done.\n";

static int parse_limit(const char *text, unsigned long long *out)
{
	unsigned long long limit;
	char *end;

	errno = 0;
	limit = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || limit > 1000000000) {
		output_problem("--limit needs a number of flows, 0 for all, not \"%s\"", text);
		return -EINVAL;
	}
	*out = limit;
	return 0;
}

static int take_option(struct command_options *options, int letter, const char *value)
{
	struct flows_options *own = options->own;

	switch (letter) {
	case 'p':
		own->pod = value;
		return 0;
	case 'N':
		own->namespace_name = value;
		return 0;
	case 'd':
		own->denied = true;
		return 0;
	case 'w':
		own->allowed = true;
		return 0;
	case 'P':
		own->protocol = value;
		return 0;
	case 'l':
		return parse_limit(value, &own->limit);
	case 'a':
		own->all = true;
		return 0;
	default:
		return command_options_take(options, letter, value);
	}
}

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"pod", required_argument, NULL, 'p'},
		{"ns", required_argument, NULL, 'N'},
		{"namespace", required_argument, NULL, 'N'},
		{"deny", no_argument, NULL, 'd'},
		{"allow", no_argument, NULL, 'w'},
		{"protocol", required_argument, NULL, 'P'},
		{"limit", required_argument, NULL, 'l'},
		{"all", no_argument, NULL, 'a'},
		SOCKET_LONG_OPTION,
		SHARED_LONG_OPTIONS,
		{0},
	};
	const int err = command_options_read(
		options, argc, argv, SHARED_SHORT_OPTIONS, table, take_option);

	return err != 0 ? err : command_options_end(argc, argv);
}

static cJSON *make_request(const struct flows_options *options)
{
	cJSON *request = cJSON_CreateObject();

	if (answer_ask(request, "command", "flows") &&
		answer_ask(request, "namespace", options->namespace_name) &&
		answer_ask(request, "pod", options->pod) &&
		answer_ask(request, "protocol", options->protocol) &&
		cJSON_AddBoolToObject(request, "all", options->all) != NULL &&
		cJSON_AddBoolToObject(request, "deny", options->denied) != NULL &&
		cJSON_AddBoolToObject(request, "allow", options->allowed) != NULL &&
		cJSON_AddNumberToObject(request, "limit", (double)options->limit) != NULL)
		return request;
	cJSON_Delete(request);
	return NULL;
}

static int list(struct command_options *options)
{
	struct flows_text text;
	const struct listing listing = {.name = "flows", .show = flows_text_show, .context = &text};
	const char *socket_path;
	int code;

	if (command_options_find_socket(options, &socket_path) != 0)
		return EXIT_PROBLEM;
	flows_text_init(&text);
	code = listing_run(options, socket_path, make_request(options->own), &listing);
	flows_text_deinit(&text);
	return code;
}

int command_flows(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, list};
	struct flows_options own = {.limit = LIMIT_DEFAULT};

	return command_options_run(&self, &own, argc, argv);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "cli/answer.h"
#include "cli/listing.h"
#include "cli/policies_text.h"

struct policies_options {
	const char *namespace_name, *pod;
};

static const char usage[] = "usage: podgate policies [--ns NAMESPACE] [--pod NAMESPACE/NAME] [-o "
			    "text|json] [--socket PATH] [--config FILE]\n\n"
			    "The policies in force: which pods each selects, in which directions "
			    "it isolates them and by how many rules,\n"
			    "whether it is enforced, where it stands, and what it has denied since "
			    "the daemon started.\n\n"
			    "  --ns NAMESPACE      only those of this namespace\n"
			    "  --pod NS/NAME       only those that select this pod\n"
			    "  -o, --output FORMAT text (the default) or json\n" SOURCE_USAGE_DAEMON
			    "\nExit code: 0 listed; 2 it could not be done.\n";

static int take_option(struct command_options *options, int letter, const char *value)
{
	struct policies_options *own = options->own;

	switch (letter) {
	case 'N':
		own->namespace_name = value;
		return 0;
	case 'p':
		own->pod = value;
		return 0;
	default:
		return command_options_take(options, letter, value);
	}
}

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"ns", required_argument, NULL, 'N'},
		{"namespace", required_argument, NULL, 'N'},
		{"pod", required_argument, NULL, 'p'},
		SOCKET_LONG_OPTION,
		SHARED_LONG_OPTIONS,
		{0},
	};
	const int err = command_options_read(
		options, argc, argv, SHARED_SHORT_OPTIONS, table, take_option);

	return err != 0 ? err : command_options_end(argc, argv);
}

static cJSON *make_request(const struct policies_options *options)
{
	cJSON *request = cJSON_CreateObject();

	if (answer_ask(request, "command", "policies") &&
		answer_ask(request, "namespace", options->namespace_name) &&
		answer_ask(request, "pod", options->pod))
		return request;
	cJSON_Delete(request);
	return NULL;
}

static int list(struct command_options *options)
{
	struct policies_text text;
	const struct listing listing = {
		.name = "policies", .show = policies_text_show, .context = &text};
	const char *socket_path;
	int code;

	if (command_options_find_socket(options, &socket_path) != 0)
		return EXIT_PROBLEM;
	policies_text_init(&text);
	code = listing_run(options, socket_path, make_request(options->own), &listing);
	policies_text_deinit(&text);
	return code;
}

int command_policies(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, list};
	struct policies_options own = {.pod = NULL};

	return command_options_run(&self, &own, argc, argv);
}

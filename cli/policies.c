/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "cli/filter_options.h"
#include "cli/listing.h"
#include "cli/policies_text.h"

static const char usage[] = "usage: podgate policies [--ns NAMESPACE] [--pod NAMESPACE/NAME] [-o "
			    "text|json] [--socket PATH] [--config FILE]\n\n"
			    "The policies in force: which pods each selects, in which directions "
			    "it isolates them and by how many rules,\n"
			    "whether it is enforced, where it stands, and what it has denied since "
			    "the daemon started.\n\n";

static int list(struct command_options *options)
{
	struct policies_text text;
	const struct listing listing = {
		.name = "policies", .show = policies_text_show, .context = &text};
	int code;

	policies_text_init(&text);
	code = listing_run(options, options->own, &listing);
	policies_text_deinit(&text);
	return code;
}

int command_policies(int argc, char **argv)
{
	cJSON *request = filter_options_request("policies");
	const struct option_row rows[] = {
		{"ns", OPTION_FILTER, .form = "NAMESPACE", .value = request,
			.help = "only those of this namespace"},
		OPTION_NAMESPACE(request),
		{"pod", OPTION_FILTER, .form = "NS/NAME", .value = request,
			.help = "only those that select this pod"},
	};
	const struct subcommand self = {
		.usage = usage,
		.more = "\nExit code: 0 listed; 2 it could not be done.\n",
		.shared = TAKES_SOCKET | TAKES_CONFIG,
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.run = list,
	};
	const int code = request != NULL ? command_options_run(&self, request, argc, argv)
					 : EXIT_PROBLEM;

	cJSON_Delete(request);
	return code;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include "cli/filter_options.h"
#include "cli/flows_text.h"
#include "cli/listing.h"

enum { LIMIT_DEFAULT = 1000 };

static const char usage[] =
	"usage: podgate flows [--pod NAMESPACE/NAME] [--ns NAMESPACE] [--deny] [--allow] "
	"[--protocol PROTOCOL]\n"
	"                     [--limit COUNT] [--all] [-o text|json] [--socket PATH] [--config "
	"FILE]\n\n"
	"The live connections of isolated pods, as the kernel tracks them: both ends, the rule of "
	"which policy\n"
	"admits them, and whether the kernel lets them pass.\n\n";

static int list(struct command_options *options)
{
	struct flows_text text;
	const struct listing listing = {.name = "flows", .show = flows_text_show, .context = &text};
	int code;

	flows_text_init(&text);
	code = listing_run(options, options->own, &listing);
	flows_text_deinit(&text);
	return code;
}

int command_flows(int argc, char **argv)
{
	cJSON *request = filter_options_request("flows");
	const struct option_row rows[] = {
		{"pod", OPTION_FILTER, .form = "NS/NAME", .value = request,
			.help = "those from or to this pod, isolated or not"},
		{"ns", OPTION_FILTER, .form = "NAMESPACE", .value = request,
			.help = "those from or to the pods of this namespace, isolated or not"},
		OPTION_NAMESPACE(request),
		{"deny", OPTION_FILTER_FLAG, .value = request,
			.help = "those that were cut or would be denied, audit mode included"},
		{"allow", OPTION_FILTER_FLAG, .value = request, .help = "the others"},
		{"protocol", OPTION_FILTER, .form = "PROTOCOL", .value = request,
			.help = "only TCP, UDP, SCTP, ICMP, ICMPv6, or a number"},
		{"limit", OPTION_FILTER, .form = "COUNT", .value = request,
			.help = "the most flows to list; default 1000, 0 is no limit"},
		{"all", OPTION_FILTER_FLAG, .value = request,
			.help = "all that the kernel tracks, also those that podgate does not "
				"judge"},
	};
	const struct subcommand self = {
		.usage = usage,
		.more = "\nExit code: 0 listed; 2 it could not be done.\n",
		.shared = TAKES_SOCKET | TAKES_CONFIG,
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.run = list,
	};
	int code = EXIT_PROBLEM;

	if (request != NULL && cJSON_AddNumberToObject(request, "limit", LIMIT_DEFAULT) != NULL)
		code = command_options_run(&self, request, argc, argv);
	cJSON_Delete(request);
	return code;
}

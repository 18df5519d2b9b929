/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/explain_text.h"
#include "cli/oracle.h"

static const char usage[] =
	"usage: podgate explain [-f PATH]... SOURCE DESTINATION\n\n"
	"Says whether a flow passes, and why: what isolates each end, the rule that admits it, or "
	"the rule that came\n"
	"nearest, what it missed, and what would fix it. Without -f the running daemon is "
	"asked.\n\n"
	"  SOURCE              namespace/pod, or an address\n"
	"  DESTINATION         the same, with :PORT (a number or a port's name) and /PROTOCOL:\n"
	"                      shop/db:5432, 10.0.0.7:53/udp, [fd00::7]:443, "
	"shop/db/icmp\n";
static const char more[] =
	"\nA pair of dual-stack pods is judged once for each family. Exit code: 0 allowed (audit "
	"mode included);\n"
	"1 denied, for at least one family; 2 the question can't be answered.\n";

/*
 * What people write instead: the port as a word of its own, and a folder of manifests before the
 * pods.
 */
static int check(struct command_options *options)
{
	char **arguments = options->arguments;

	if (options->argument_count == 2)
		return 0;
	if (options->argument_count == 3 && access(arguments[0], F_OK) == 0)
		output_problem("explain takes a SOURCE and a DESTINATION; manifests follow -f: "
			       "podgate explain -f %s %s %s",
			arguments[0], arguments[1], arguments[2]);
	else if (options->argument_count == 3)
		output_problem("explain takes a SOURCE and a DESTINATION; a port belongs to the "
			       "latter: %s:%s",
			arguments[1], arguments[2]);
	else
		output_problem(
			"explain takes a SOURCE and a DESTINATION; see podgate explain --help");
	return -EINVAL;
}

static bool is_denied(const cJSON *flow)
{
	const cJSON *verdict = answer_get(flow, "verdict");

	/* What is no clear allowance is none. */
	return !cJSON_IsString(verdict) || strcmp(verdict->valuestring, "deny") == 0;
}

static int print_flows(cJSON *reply, const cJSON *flows, enum output_format format)
{
	const cJSON *flow;
	int code = cJSON_GetArraySize(flows) > 0 ? EXIT_OK : EXIT_PROBLEM;

	if (format == OUTPUT_JSON) {
		output_json(reply);
	} else if (output_clean_json(reply) != 0) {
		output_problem("out of memory");
		return EXIT_PROBLEM;
	}
	cJSON_ArrayForEach(flow, flows) {
		if (is_denied(flow))
			code = EXIT_FINDINGS;
		if (format != OUTPUT_TEXT)
			continue;
		if (flow != flows->child)
			putchar('\n');
		explain_text_print(flow, flow != flows->child ? flow->prev : NULL, "");
	}
	return code;
}

static int explain(struct command_options *options)
{
	struct oracle oracle;
	const cJSON *flows;
	cJSON *reply;
	int code = EXIT_PROBLEM;

	if (oracle_open(&oracle, options) != 0)
		return EXIT_PROBLEM;
	if (oracle_explain(&oracle, options->arguments[0], options->arguments[1], &reply, &flows) ==
		0) {
		code = print_flows(reply, flows, options->format);
		cJSON_Delete(reply);
	}
	oracle_close(&oracle);
	return code;
}

int command_explain(int argc, char **argv)
{
	static const struct subcommand self = {
		.usage = usage,
		.more = more,
		.shared = TAKES_FILES | TAKES_SOCKET | TAKES_CONFIG,
		.check = check,
		.run = explain,
	};

	return command_options_run(&self, NULL, argc, argv);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>

#include "cli/output.h"
#include "cli/settings_file.h"
#include "enforcer/host.h"

static const char usage[] =
	"usage: podgate doctor [-o text|json] [--config FILE]\n\n"
	"Whether this host has what podgate needs: privilege, iptables, kernel features, free marks and "
	"queues,\n"
	"bridges that show their packets. Changes nothing.\n\n"
	"  -o FORMAT       text (the default) or json\n"
	"  --config FILE   the settings to check for; default " SETTINGS_FILE_DEFAULT "\n\n"
	"Exit code: 0 all is well; 1 something should be mended; 2 the check itself could not be done.\n";

struct doctor_options {
	const char *config;
	enum output_format format;
	bool help;
};

static int parse_options(int argc, char **argv, struct doctor_options *options)
{
	static const struct option table[] = {
		{"config", required_argument, NULL, 'c'},
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int letter;

	*options = (struct doctor_options){.config = NULL};
	while ((letter = getopt_long(argc, argv, "o:h", table, NULL)) != -1) {
		if (letter == 'c')
			options->config = optarg;
		else if (letter == 'h')
			options->help = true;
		else if (letter != 'o')
			return -1;
		else if (output_format_parse(optarg, &options->format) != 0) {
			output_problem("-o takes text or json, not \"%s\"", optarg);
			return -1;
		}
	}
	if (optind < argc) {
		output_problem("doctor takes no \"%s\"", argv[optind]);
		return -1;
	}
	return 0;
}

static void print_text(const struct host_finding *findings, size_t count)
{
	static const enum output_color colors[] = {
		[HOST_OK] = COLOR_GREEN, [HOST_WARNING] = COLOR_YELLOW, [HOST_FAILED] = COLOR_RED};

	for (size_t i = 0; i < count; i++) {
		const struct host_finding *finding = &findings[i];

		printf("%s%-8s%s %-18s %s\n", output_color(colors[finding->state]),
			host_state_name(finding->state), output_color(COLOR_NONE), finding->check,
			finding->found);
		if (finding->remedy[0] != '\0')
			printf("%-27s %sremedy:%s %s\n", "", output_color(COLOR_BOLD),
				output_color(COLOR_NONE), finding->remedy);
	}
}

static cJSON *finding_json(const struct host_finding *finding)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "check", finding->check);
	cJSON_AddStringToObject(json, "state", host_state_name(finding->state));
	cJSON_AddStringToObject(json, "found", finding->found);
	cJSON_AddStringToObject(json, "remedy", finding->remedy);
	return json;
}

static void print_json(const struct host_finding *findings, size_t count, const size_t totals[3])
{
	cJSON *json = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(json, "checks");

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(list, finding_json(&findings[i]));
	for (enum host_state state = HOST_OK; state <= HOST_FAILED; state++)
		cJSON_AddNumberToObject(json, host_state_name(state), (double)totals[state]);
	output_json(json);
	cJSON_Delete(json);
}

static int examine(const struct doctor_options *options, const struct settings *settings)
{
	struct host_finding findings[HOST_FINDINGS_MOST];
	const size_t count = host_check(settings, findings);
	size_t totals[3] = {0};

	for (size_t i = 0; i < count; i++)
		totals[findings[i].state]++;
	if (options->format == OUTPUT_JSON) {
		print_json(findings, count, totals);
	} else {
		print_text(findings, count);
		printf("%zu ok, %zu warning%s, %zu failed\n", totals[HOST_OK], totals[HOST_WARNING],
			totals[HOST_WARNING] == 1 ? "" : "s", totals[HOST_FAILED]);
	}
	return totals[HOST_OK] == count ? EXIT_OK : EXIT_FINDINGS;
}

int command_doctor(int argc, char **argv)
{
	struct doctor_options options;
	struct settings settings;
	struct arena *arena;
	int code = EXIT_PROBLEM;

	if (parse_options(argc, argv, &options) != 0)
		return EXIT_PROBLEM;
	if (options.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	arena = arena_create();
	if (arena == NULL)
		output_problem("out of memory");
	else if (settings_file_load(&settings, options.config, arena) == 0)
		code = examine(&options, &settings);
	arena_unref(arena);
	return code;
}

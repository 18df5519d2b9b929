/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>

#include "cli/output.h"

static const char usage[] = "usage: podgate version [-o text|json]\n";

static int print_json(void)
{
	cJSON *object = cJSON_CreateObject();
	const bool complete =
		object != NULL && cJSON_AddStringToObject(object, "version", PODGATE_VERSION) != NULL;

	if (complete)
		output_json(object);
	else
		output_problem("out of memory");
	cJSON_Delete(object);
	return complete ? EXIT_OK : EXIT_PROBLEM;
}

int command_version(int argc, char **argv)
{
	static const struct option table[] = {
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	enum output_format format = OUTPUT_TEXT;
	int letter;

	while ((letter = getopt_long(argc, argv, "o:h", table, NULL)) != -1) {
		if (letter == 'h') {
			fputs(usage, stdout);
			return EXIT_OK;
		}
		if (letter != 'o' || output_format_parse(optarg, &format) != 0) {
			fputs(usage, stderr);
			return EXIT_PROBLEM;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return EXIT_PROBLEM;
	}
	if (format == OUTPUT_JSON)
		return print_json();
	printf("podgate %s\n", PODGATE_VERSION);
	return EXIT_OK;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <stdio.h>

#include "cli/command_options.h"

static const char usage[] = "usage: podgate version [-o text|json]\n";

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"output", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	const int err = command_options_read(
		options, argc, argv, SHARED_SHORT_OPTIONS, table, command_options_take);

	return err != 0 ? err : command_options_end(argc, argv);
}

static int version(struct command_options *options)
{
	struct json_writer writer = {.text = NULL};

	if (options->format == OUTPUT_TEXT) {
		printf("podgate %s\n", PODGATE_VERSION);
		return EXIT_OK;
	}
	json_begin_object(&writer, NULL);
	json_text(&writer, "version", PODGATE_VERSION);
	json_end_object(&writer);
	return output_json_written(&writer) == 0 ? EXIT_OK : EXIT_PROBLEM;
}

int command_version(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, version};

	return command_options_run(&self, NULL, argc, argv);
}

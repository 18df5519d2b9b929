/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <stdio.h>

#include "cli/command_options.h"

static const char usage[] = "usage: podgate version [-o text|json]\n\n";

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
	static const struct subcommand self = {.usage = usage, .more = "", .run = version};

	return command_options_run(&self, NULL, argc, argv);
}

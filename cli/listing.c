/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/listing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/command.h"

struct showing {
	const struct listing *listing;
	bool begun; /* the first line was shown */
	size_t items;
	bool said; /* what went wrong was said */
};

/*
 * The fields of an object but for one, with a comma before each or behind it. The daemon's names
 * need no escapes.
 */
static void write_fields(const cJSON *object, const char *except, bool before)
{
	const cJSON *field;

	cJSON_ArrayForEach(field, object) {
		if (strcmp(field->string, except) == 0)
			continue;
		printf("%s\"%s\":", before ? "," : "", field->string);
		output_json_part(field);
		if (!before)
			putchar(',');
	}
}

static void write_json(struct showing *showing, const cJSON *line)
{
	if (!showing->begun) {
		putchar('{');
		write_fields(line, "ok", false);
		printf("\"%s\":[", showing->listing->name);
	} else if (answer_true(line, "end")) {
		printf("%s]", showing->items > 0 ? "\n" : "");
		write_fields(line, "end", true);
		printf("}\n");
	} else {
		printf("%s\n", showing->items > 0 ? "," : "");
		output_json_part(line);
		showing->items++;
	}
	showing->begun = true;
}

static int show_json(cJSON *line, void *context)
{
	write_json(context, line);
	return 0;
}

static int show_text(cJSON *line, void *context)
{
	struct showing *showing = context;
	int err = output_clean_json(line);

	if (err != 0) {
		output_problem("out of memory");
		showing->said = true;
		return err;
	}
	err = showing->listing->show(line, showing->listing->context);
	showing->said = err != 0;
	return err;
}

int listing_run(
	struct command_options *options, const cJSON *request, const struct listing *listing)
{
	struct showing showing = {.listing = listing};
	char problem[PROBLEM_SIZE];
	const char *socket_path;

	if (command_options_find_socket(options, &socket_path) != 0)
		return EXIT_PROBLEM;
	if (client_list(socket_path, request,
		    options->format == OUTPUT_JSON ? show_json : show_text, &showing, problem) == 0)
		return EXIT_OK;
	if (!showing.said)
		output_problem("%s", problem);
	return EXIT_PROBLEM;
}

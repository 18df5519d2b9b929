/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command_options.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "cli/command.h"
#include "cli/daemon_manifests.h"
#include "cli/settings_file.h"

static int take_path(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	struct command_options *options = row->value;

	(void)problem;
	options->paths[options->path_count++] = text;
	return 0;
}

static int take_format(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	if (output_format_parse(text, row->value) == 0)
		return 0;
	snprintf(problem, OPTIONS_PROBLEM, "-o takes text or json, not \"%s\"", text);
	return -EINVAL;
}

static const struct option_type path_type = {.form = "PATH", .take = take_path};
static const struct option_type format_type = {.form = "FORMAT", .take = take_format};

/* The subcommand's own rows, and those that it shares. Returns how many. */
static size_t list_rows(const struct subcommand *subcommand, struct command_options *options,
	struct option_row rows[OPTIONS_MOST])
{
	const struct {
		unsigned int bits; /* any of these; 0: always */
		struct option_row row;
	} shared[] = {
		{TAKES_FILES,
			{"file", &path_type, 'f', .value = options,
				.help = "a manifest, or a folder of them; may be repeated; - is "
					"standard input"}},
		{0,
			{"output", &format_type, 'o', .value = &options->format,
				.help = "text (the default) or json"}},
		{TAKES_SOCKET,
			{"socket", OPTION_TEXT, .form = "PATH", .value = &options->socket,
				.help = "the daemon's control socket, when it is not the one in "
					"the settings"}},
		{IGNORES_SOCKET, {"socket", OPTION_TEXT, .value = &options->socket}},
		{TAKES_CONFIG,
			{"config", OPTION_TEXT, .form = "FILE", .value = &options->config,
				.help = "the settings file; default " SETTINGS_FILE_DEFAULT}},
	};
	size_t count = subcommand->row_count;

	assert(count + sizeof(shared) / sizeof(shared[0]) <= OPTIONS_MOST);
	if (count > 0)
		memcpy(rows, subcommand->rows, count * sizeof(*rows));
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (shared[i].bits == 0 || (shared[i].bits & subcommand->shared) != 0)
			rows[count++] = shared[i].row;
	return count;
}

static int check_no_arguments(const struct command_options *options, const char *command)
{
	if (options->argument_count == 0)
		return 0;
	output_problem("%s takes no \"%s\"; see podgate %s --help", command, options->arguments[0],
		command);
	return -EINVAL;
}

static int run(
	const struct subcommand *subcommand, struct command_options *options, int argc, char **argv)
{
	struct option_row rows[OPTIONS_MOST];
	const size_t count = list_rows(subcommand, options, rows);
	char problem[OPTIONS_PROBLEM];
	int first, err = options_parse(rows, count, argc, argv, &first, problem);

	if (err == OPTIONS_HELP) {
		fputs(subcommand->usage, stdout);
		options_print(rows, count);
		fputs(subcommand->more, stdout);
		return EXIT_OK;
	}
	if (err != 0) {
		output_problem("%s", problem);
		return EXIT_PROBLEM;
	}
	options->arguments = &argv[first];
	options->argument_count = (size_t)(argc - first);
	err = subcommand->check != NULL ? subcommand->check(options)
					: check_no_arguments(options, argv[0]);
	return err == 0 ? subcommand->run(options) : EXIT_PROBLEM;
}

int command_options_run(const struct subcommand *subcommand, void *own, int argc, char **argv)
{
	struct command_options options = {.arena = arena_create(), .own = own};
	int code = EXIT_PROBLEM;

	/* No more paths than arguments. */
	if (options.arena != NULL)
		options.paths = arena_calloc(options.arena, (size_t)argc, sizeof(*options.paths));
	if (options.paths != NULL)
		code = run(subcommand, &options, argc, argv);
	else
		output_problem("out of memory");
	arena_unref(options.arena);
	return code;
}

int command_options_take_paths(struct command_options *options)
{
	struct settings settings;
	int err;

	for (size_t i = 0; i < options->argument_count; i++)
		options->paths[options->path_count++] = options->arguments[i];
	if (options->path_count > 0)
		return 0;
	err = settings_file_load(&settings, options->config, options->arena);
	if (err != 0)
		return err;
	options->paths = arena_memdup(options->arena, settings.manifests,
		settings.manifest_count * sizeof(*options->paths));
	if (options->paths == NULL) {
		output_problem("out of memory");
		return -ENOMEM;
	}
	options->path_count = settings.manifest_count;
	options->trust = settings_annotation_trust(&settings);
	daemon_manifests_warn(&settings);
	return 0;
}

void command_options_warn_manifests(struct command_options *options)
{
	struct settings settings;

	if (options->socket == NULL &&
		settings_file_load(&settings, options->config, options->arena) == 0)
		daemon_manifests_warn(&settings);
}

int command_options_find_socket(struct command_options *options, const char **out)
{
	struct settings settings;
	int err;

	if (options->socket != NULL) {
		*out = options->socket;
		return 0;
	}
	err = settings_file_load(&settings, options->config, options->arena);
	if (err == 0)
		*out = settings.control_socket;
	return err;
}

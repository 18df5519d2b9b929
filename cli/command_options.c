/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command_options.h"

#include <errno.h>

#include "cli/command.h"
#include "cli/daemon_manifests.h"
#include "cli/settings_file.h"

/* Returns 0; or -ENOMEM, said, with nothing to free. */
static int init(struct command_options *options, void *own, int argc)
{
	struct arena *arena = arena_create();
	const char **paths = arena != NULL ? arena_calloc(arena, (size_t)argc, sizeof(*paths))
					   : NULL;

	if (paths == NULL) {
		arena_unref(arena);
		output_problem("out of memory");
		return -ENOMEM;
	}
	*options = (struct command_options){.paths = paths, .arena = arena, .own = own};
	return 0;
}

int command_options_run(const struct subcommand *subcommand, void *own, int argc, char **argv)
{
	struct command_options options;
	int code = EXIT_PROBLEM;

	if (init(&options, own, argc) != 0)
		return EXIT_PROBLEM;
	if (subcommand->parse(&options, argc, argv) == 0) {
		options.arguments = &argv[optind];
		if (options.help)
			code = fputs(subcommand->usage, stdout) >= 0 ? EXIT_OK : EXIT_PROBLEM;
		else
			code = subcommand->run(&options);
	}
	arena_unref(options.arena);
	return code;
}

int command_options_read(struct command_options *options, int argc, char **argv,
	const char *letters, const struct option *table,
	int (*take)(struct command_options *options, int letter, const char *value))
{
	int letter;

	while ((letter = getopt_long(argc, argv, letters, table, NULL)) != -1)
		if (take(options, letter, optarg) != 0)
			return -EINVAL;
	return 0;
}

int command_options_end(int argc, char **argv)
{
	if (optind >= argc)
		return 0;
	output_problem("%s takes no \"%s\"; see podgate %s --help", argv[0], argv[optind], argv[0]);
	return -EINVAL;
}

void command_options_add_path(struct command_options *options, const char *path)
{
	options->paths[options->path_count++] = path;
}

int command_options_take(struct command_options *options, int letter, const char *value)
{
	switch (letter) {
	case 'f':
		command_options_add_path(options, value);
		return 0;
	case 'o':
		if (output_format_parse(value, &options->format) == 0)
			return 0;
		output_problem("-o takes text or json, not \"%s\"", value);
		return -EINVAL;
	case 'C':
		options->config = value;
		return 0;
	case 'S':
		options->socket = value;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default: /* getopt has said what it does not know */
		return -EINVAL;
	}
}

int command_options_default_paths(struct command_options *options)
{
	struct settings settings;
	const char **paths;
	const int err = settings_file_load(&settings, options->config, options->arena);

	if (err != 0)
		return err;
	paths = arena_memdup(
		options->arena, settings.manifests, settings.manifest_count * sizeof(*paths));
	if (paths == NULL) {
		output_problem("out of memory");
		return -ENOMEM;
	}
	options->paths = paths;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/source_options.h"

#include <errno.h>

#include "cli/settings_file.h"

int source_options_init(struct source_options *options, int argc)
{
	struct arena *arena = arena_create();
	const char **paths = arena != NULL ? arena_calloc(arena, (size_t)argc, sizeof(*paths)) : NULL;

	if (paths == NULL) {
		arena_unref(arena);
		output_problem("out of memory");
		return -ENOMEM;
	}
	*options = (struct source_options){.paths = paths, .arena = arena};
	return 0;
}

void source_options_deinit(struct source_options *options)
{
	arena_unref(options->arena);
}

void source_options_add_path(struct source_options *options, const char *path)
{
	options->paths[options->path_count++] = path;
}

int source_option_take(struct source_options *options, int letter, const char *value)
{
	switch (letter) {
	case 'f':
		source_options_add_path(options, value);
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

int source_options_default_paths(struct source_options *options)
{
	struct settings settings;
	const char **paths;
	const int err = settings_file_load(&settings, options->config, options->arena);

	if (err != 0)
		return err;
	paths = arena_memdup(options->arena, settings.manifests, settings.manifest_count * sizeof(*paths));
	if (paths == NULL) {
		output_problem("out of memory");
		return -ENOMEM;
	}
	options->paths = paths;
	options->path_count = settings.manifest_count;
	return 0;
}

int source_options_find_socket(struct source_options *options, const char **out)
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/settings_file.h"
#include "config/settings/settings.h"
#include "daemon/daemon.h"
#include "daemon/preflight.h"

struct run_options {
	const char *config; /* NULL: the default file, if there is one */
	bool check;	    /* -n */
	bool take_over;
	bool help;
};

static void print_usage(void)
{
	printf("usage: podgate run [--config FILE] [--OPTION VALUE]... [--take-over] [-n]\n\n"
	       "Enforces the policies until it is stopped. Options given here come before those in "
	       "the file.\n\n"
	       "  --config FILE\n\tsettings to read; default " SETTINGS_FILE_DEFAULT
	       ", if it is there\n"
	       "  --take-over\n\ttakes the place of the podgate that runs (on control_socket), if "
	       "one does, without\n"
	       "\tlosing a packet: it goes on until this one is ready, or for good if that never "
	       "is\n"
	       "  -n\tchecks settings, host and manifests, and exits: 0 when podgate would "
	       "start\n\n");
	settings_print_help(stdout);
}

/*
 * Splits argv[*at], "--name=value" or "--name value", and steps over what it took. The value is
 * NULL when there is none. `name` has room for any name that settings_set() could know.
 */
static const char *split_option(int argc, char **argv, int *at, char *name, size_t size)
{
	const char *text = argv[*at] + 2;
	const char *equals = strchr(text, '=');
	const size_t length = equals == NULL ? strlen(text) : (size_t)(equals - text);

	snprintf(name, size, "%.*s", (int)length, text);
	(*at)++;
	if (equals != NULL)
		return equals + 1;
	return *at < argc ? argv[(*at)++] : NULL;
}

/* One walk over the arguments finds our own options (settings NULL), a second sets the daemon's. */
static int walk_options(int argc, char **argv, struct run_options *options,
	struct settings *settings, struct arena *arena, struct diag_list *diags)
{
	int at = 1;

	while (at < argc) {
		char name[128];
		const char *value;

		if (strcmp(argv[at], "-n") == 0 || strcmp(argv[at], "-h") == 0 ||
			strcmp(argv[at], "--help") == 0) {
			*(argv[at][1] == 'n' ? &options->check : &options->help) = true;
			at++;
			continue;
		}
		if (strcmp(argv[at], "--take-over") == 0) {
			options->take_over = true;
			at++;
			continue;
		}
		if (strncmp(argv[at], "--", 2) != 0) {
			output_problem(
				"run takes no argument \"%s\"; see podgate run --help", argv[at]);
			return -EINVAL;
		}
		value = split_option(argc, argv, &at, name, sizeof(name));
		if (value == NULL && strcmp(name, "config") != 0 && !settings_has(name)) {
			output_problem("there is no option --%s; see podgate run --help", name);
			return -EINVAL;
		}
		if (value == NULL) {
			output_problem("--%s needs a value; see podgate run --help", name);
			return -EINVAL;
		}
		if (strcmp(name, "config") == 0)
			options->config = value;
		else if (settings != NULL &&
			settings_set(settings, name, value, arena, diags) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static int load_settings(int argc, char **argv, struct run_options *options,
	struct settings *settings, struct arena *arena)
{
	struct diag_list diags;
	int err = settings_file_load(settings, options->config, arena);

	if (err != 0)
		return err;
	diag_list_init(&diags, arena);
	err = walk_options(argc, argv, options, settings, arena, &diags);
	if (err == 0)
		err = settings_check(settings, &diags);
	for (size_t i = 0; i < diags.count; i++)
		output_diag_problem(&diags.items[i]);
	return err == 0 && diags.errors > 0 ? -EINVAL : err;
}

int command_run(int argc, char **argv)
{
	struct run_options options = {0};
	struct settings settings;
	struct arena *arena;
	int err = walk_options(argc, argv, &options, NULL, NULL, NULL);

	if (err != 0)
		return EXIT_PROBLEM;
	if (options.help) {
		print_usage();
		return EXIT_OK;
	}
	arena = arena_create();
	err = arena == NULL ? -ENOMEM : load_settings(argc, argv, &options, &settings, arena);
	if (err == 0)
		err = options.check ? preflight_check(&settings)
				    : daemon_run(&settings, options.take_over);
	arena_unref(arena);
	return err == 0 ? EXIT_OK : EXIT_PROBLEM;
}

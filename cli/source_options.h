/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_SOURCE_OPTIONS_H
#define CLI_SOURCE_OPTIONS_H

/*
 * The options that check, explain, test and matrix share: where the policies come from, and in which form to answer. A command
 * puts SOURCE_LONG_OPTIONS in its own getopt_long() table and hands what it does not know itself to source_option_take().
 */

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

struct source_options {
	const char **paths;		/* of -f, in order; the strings are argv's or the settings' */
	size_t path_count;
	const char *config, *socket;	/* NULL: not given */
	enum output_format format;
	bool help;
	struct arena *arena;		/* of the lists, and of settings that were read */
};

#define SOURCE_SHORT_OPTIONS "f:o:h"
#define SOURCE_LONG_OPTIONS                                                                             \
	{"file", required_argument, NULL, 'f'}, {"output", required_argument, NULL, 'o'},               \
	{"config", required_argument, NULL, 'C'}, {"socket", required_argument, NULL, 'S'},             \
	{"help", no_argument, NULL, 'h'}
#define SOURCE_USAGE                                                                                    \
	"  -f, --file PATH     a manifest, or a folder of them; may be repeated; - is standard input\n"  \
	"  -o, --output FORMAT text (the default) or json\n"
#define SOURCE_USAGE_DAEMON                                                                             \
	"      --socket PATH   the daemon's control socket, when it is not the one in the settings\n"      \
	"      --config FILE   the settings file\n"

/* `argc` bounds how many paths there can be. 0, or -ENOMEM said on standard error. */
int source_options_init(struct source_options *options, int argc);
void source_options_deinit(struct source_options *options);

/* 0 when the option was taken; -EINVAL, said on standard error, when it can't be. */
int source_option_take(struct source_options *options, int letter, const char *value);
/* Adds a path given as an argument. */
void source_options_add_path(struct source_options *options, const char *path);

/* Without a path of its own the command looks at the manifests that the settings name. 0, or -errno said on standard error. */
int source_options_default_paths(struct source_options *options);
/* The daemon's socket: --socket, or the one in the settings. As above. */
int source_options_find_socket(struct source_options *options, const char **out);

#endif

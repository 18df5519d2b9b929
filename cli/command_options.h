/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_COMMAND_OPTIONS_H
#define CLI_COMMAND_OPTIONS_H

/*
 * The options that subcommands share: where policies, settings and daemon are, and in which form to
 * answer; and the course that every subcommand takes. Each puts the macros below in its own
 * getopt_long() table, and hands what it does not know itself to command_options_take().
 */

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"
#include "config/kube/kube.h"

struct command_options {
	const char **paths; /* of -f, in order; the strings are argv's or the settings' */
	size_t path_count;
	struct annotation_trust trust; /* of the settings, once a path was looked for in them */
	const char *config, *socket;   /* NULL: not given */
	enum output_format format;
	bool help;
	char **arguments;    /* what stands behind the options; NULL-terminated */
	struct arena *arena; /* of the lists, and of settings that were read */
	void *own;	     /* the subcommand's, for options that only it has */
};

#define SHARED_SHORT_OPTIONS "o:h"
#define SHARED_LONG_OPTIONS \
	{"output", required_argument, NULL, 'o'}, {"config", required_argument, NULL, 'C'}, \
	{ \
		"help", no_argument, NULL, 'h' \
	}
#define SOCKET_LONG_OPTION \
	{ \
		"socket", required_argument, NULL, 'S' \
	}
#define SOURCE_SHORT_OPTIONS "f:" SHARED_SHORT_OPTIONS
#define SOURCE_LONG_OPTIONS \
	{"file", required_argument, NULL, 'f'}, SOCKET_LONG_OPTION, SHARED_LONG_OPTIONS
#define SOURCE_USAGE \
	"  -f, --file PATH     a manifest, or a folder of them; may be repeated; - is standard " \
	"input\n" \
	"  -o, --output FORMAT text (the default) or json\n"
#define SOURCE_USAGE_DAEMON \
	"      --socket PATH   the daemon's control socket, when it is not the one in the " \
	"settings\n" \
	"      --config FILE   the settings file\n"

/* What one subcommand does in the course of command_options_run(). */
struct subcommand {
	const char *usage;
	/*
	 * Reads argv, optind behind the options and what else it takes. 0; or -errno, said on
	 * standard error.
	 */
	int (*parse)(struct command_options *options, int argc, char **argv);
	/* The exit code. */
	int (*run)(struct command_options *options);
};

/*
 * Parses; prints the usage when that is asked for, else runs. The options live until then. Returns
 * the exit code.
 */
int command_options_run(const struct subcommand *subcommand, void *own, int argc, char **argv);

/*
 * Reads all options; `letters` and `table` as getopt_long() wants them. Each goes to `take`: the
 * subcommand's own, or command_options_take() where it has none. As parse().
 */
int command_options_read(struct command_options *options, int argc, char **argv,
	const char *letters, const struct option *table,
	int (*take)(struct command_options *options, int letter, const char *value));
/* 0 when the option was taken; -EINVAL, said on standard error, when it can't be. */
int command_options_take(struct command_options *options, int letter, const char *value);
/* -EINVAL, said on standard error, when anything stands behind the options. */
int command_options_end(int argc, char **argv);
/* Adds a path given as an argument: no more of them than argc. */
void command_options_add_path(struct command_options *options, const char *path);

/*
 * Without a path the command looks at the manifests that the settings name, and warns when the
 * running daemon enforces others. 0, or -errno said on standard error.
 */
int command_options_default_paths(struct command_options *options);
/* The daemon's socket: --socket, or the one in the settings. As above. */
int command_options_find_socket(struct command_options *options, const char **out);
/*
 * Warns when the daemon at the settings' socket enforces other manifests than the settings name.
 * Not with --socket.
 */
void command_options_warn_manifests(struct command_options *options);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_COMMAND_OPTIONS_H
#define CLI_COMMAND_OPTIONS_H

/*
 * The course of every subcommand but run: options, arguments, then its answer. The options that
 * several share (where policies, settings and daemon are, and in which form to answer) are here.
 */

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "cli/output.h"
#include "config/kube/kube.h"

struct command_options {
	const char **paths; /* of -f, in order; the strings are argv's or the settings' */
	size_t path_count;
	struct annotation_trust trust; /* of the settings, once a path was looked for in them */
	const char *config, *socket;   /* NULL: not given */
	enum output_format format;
	char **arguments; /* behind the options */
	size_t argument_count;
	struct arena *arena; /* of the lists, and of settings that were read */
	void *own;	     /* the subcommand's, where its own options are */
};

/* Beside -o, which all take. */
enum {
	TAKES_FILES = 1U << 0,	  /* -f */
	TAKES_SOCKET = 1U << 1,	  /* --socket */
	TAKES_CONFIG = 1U << 2,	  /* --config */
	IGNORES_SOCKET = 1U << 3, /* --socket is no mistake, and without effect */
};

struct subcommand {
	const char *usage, *more; /* the help's text before and behind the options */
	unsigned int shared;
	const struct option_row *rows; /* of its own options */
	size_t row_count;
	/*
	 * Looks at the arguments; NULL: none is taken. 0; or -errno, said on standard error.
	 */
	int (*check)(struct command_options *options);
	int (*run)(struct command_options *options); /* returns the exit code */
};

/* Prints the help when that is asked for, else runs. Returns the exit code. */
int command_options_run(const struct subcommand *subcommand, void *own, int argc, char **argv);

/*
 * Takes all arguments as paths. Without a path the command looks at the manifests that the settings
 * name, and warns when the running daemon enforces others. 0, or -errno said on standard error.
 */
int command_options_take_paths(struct command_options *options);
/* The daemon's socket: --socket, or the one in the settings. As above. */
int command_options_find_socket(struct command_options *options, const char **out);
/*
 * Warns when the daemon at the settings' socket enforces other manifests than the settings name.
 * Not with --socket.
 */
void command_options_warn_manifests(struct command_options *options);

#endif

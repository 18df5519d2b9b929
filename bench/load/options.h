/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

/*
 * The arguments of one subcommand: a table row per option, which names its type, its bounds and
 * where its value goes. What the row does not set keeps its default: the caller puts that there
 * first. Not for two threads at once (getopt_long(3)).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_NUMBER, /* uint64_t, within least and most */
	/* uint64_t nanoseconds, written as seconds; least and most are of nanoseconds */
	OPTION_SECONDS,
	OPTION_ADDRESSES, /* struct addr_span */
	OPTION_ADDRESS,	  /* struct addr_span of one */
	OPTION_PORTS,	  /* struct number_span, "80" or "80-89" */
	OPTION_QUEUES,	  /* struct number_span, "0" or "0:3" */
	OPTION_WORD,	  /* const char *, one of `words` */
};

struct option_row {
	const char *name;
	enum option_type type;
	bool required;
	void *value;
	uint64_t least, most;
	const char *words; /* "udp|tcp" */
	const char *help;
};

struct option_table {
	const char *program; /* "podgate-load sink" */
	const struct option_row *rows;
	size_t count;
	struct number_span *ports; /* the one argument PORT[-PORT]; NULL: none is taken */
	const char *help;	   /* what it does and needs; whole lines */
};

enum { OPTIONS_MOST = 16, OPTIONS_PROBLEM = 200, OPTIONS_HELP = 1 };
#define OPTIONS_SECONDS_MOST (3600 * UINT64_C(1000000000))

/* 0; OPTIONS_HELP when --help was among them; or -EINVAL with a sentence in `problem`. */
int options_parse(
	const struct option_table *table, int argc, char **argv, char problem[OPTIONS_PROBLEM]);
/*
 * The same for a main program: prints the help or the sentence. Returns true to go on; else
 * *exit_code is what to end with.
 */
bool options_take(const struct option_table *table, int argc, char **argv, int *exit_code);

#endif

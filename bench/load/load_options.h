/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_LOAD_OPTIONS_H
#define BENCH_LOAD_LOAD_OPTIONS_H

/* The arguments of one subcommand of podgate-load: options (cli/options.h) and perhaps ports. */

#include "cli/options.h"

extern const struct option_type option_seconds, option_addresses, option_address, option_ports,
	option_queues;
/* uint64_t nanoseconds, written as seconds; least and most are of nanoseconds */
#define OPTION_SECONDS (&option_seconds)
#define OPTION_ADDRESSES (&option_addresses) /* struct addr_span */
#define OPTION_ADDRESS (&option_address)     /* struct addr_span of one */
#define OPTION_PORTS (&option_ports)	     /* struct number_span, "80" or "80-89" */
#define OPTION_QUEUES (&option_queues)	     /* struct number_span, "0" or "0:3" */

struct option_table {
	const char *program; /* "podgate-load sink" */
	const struct option_row *rows;
	size_t count;
	struct number_span *ports; /* the one argument PORT[-PORT]; NULL: none is taken */
	const char *help;	   /* what it does and needs; whole lines */
};

#define OPTIONS_SECONDS_MOST (3600 * UINT64_C(1000000000))

/* 0; OPTIONS_HELP when --help was among them; or -EINVAL with a sentence in `problem`. */
int load_options_parse(
	const struct option_table *table, int argc, char **argv, char problem[OPTIONS_PROBLEM]);
/*
 * The same for a main program: prints the help or the sentence. Returns true to go on; else
 * *exit_code is what to end with.
 */
bool load_options_take(const struct option_table *table, int argc, char **argv, int *exit_code);

#endif

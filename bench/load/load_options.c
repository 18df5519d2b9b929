/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load_options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/load.h"
#include "bench/load/span.h"

enum { NS = 1000000000 };

static int take_seconds(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	char *end;
	const double value = strtod(text, &end) * NS;

	/* Written so that what is not a number fails it, too. */
	if (*text < '0' || *text > '9' || *end != '\0' ||
		!(value >= (double)row->least && value <= (double)row->most)) {
		snprintf(problem, OPTIONS_PROBLEM,
			"--%s %s: a number from %.15g to %.15g is wanted", row->name, text,
			(double)row->least / NS, (double)row->most / NS);
		return -EINVAL;
	}
	*(uint64_t *)row->value = (uint64_t)llround(value);
	return 0;
}

static int take_addresses(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	(void)problem;
	return addr_span_parse(row->value, text);
}

static int take_address(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	return strchr(text, ',') != NULL ? -EINVAL : take_addresses(row, text, problem);
}

static int take_ports(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	(void)problem;
	return number_span_parse(row->value, text, '-', 1);
}

static int take_queues(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	(void)problem;
	return number_span_parse(row->value, text, ':', 0);
}

const struct option_type option_seconds = {.form = "SECONDS", .take = take_seconds};
const struct option_type option_addresses = {.form = "ADDRESS[,COUNT]", .take = take_addresses};
const struct option_type option_address = {.form = "ADDRESS", .take = take_address};
const struct option_type option_ports = {.form = "PORT[-PORT]", .take = take_ports};
const struct option_type option_queues = {.form = "FIRST[:LAST]", .take = take_queues};

int load_options_parse(
	const struct option_table *table, int argc, char **argv, char problem[OPTIONS_PROBLEM])
{
	const int wanted = table->ports != NULL ? 1 : 0;
	int first, err = options_parse(table->rows, table->count, argc, argv, &first, problem);

	if (err != 0)
		return err;
	err = -EINVAL;
	if (argc - first > wanted)
		snprintf(
			problem, OPTIONS_PROBLEM, "%s: an argument too many", argv[first + wanted]);
	else if (argc - first < wanted)
		snprintf(problem, OPTIONS_PROBLEM, "PORT[-PORT] is missing");
	else if (wanted == 1 && number_span_parse(table->ports, argv[first], '-', 1) != 0)
		snprintf(problem, OPTIONS_PROBLEM, "%s: PORT[-PORT] from 1 to 65535 is wanted",
			argv[first]);
	else
		err = 0;
	return err;
}

bool load_options_take(const struct option_table *table, int argc, char **argv, int *exit_code)
{
	char problem[OPTIONS_PROBLEM];

	switch (load_options_parse(table, argc, argv, problem)) {
	case 0:
		return true;
	case OPTIONS_HELP:
		printf("usage: %s [OPTIONS]%s\n%s", table->program,
			table->ports != NULL ? " PORT[-PORT]" : "", table->help);
		options_print(table->rows, table->count);
		*exit_code = 0;
		return false;
	default:
		fprintf(stderr, "%s: %s\n", table->program, problem);
		*exit_code = LOAD_PROBLEM;
		return false;
	}
}

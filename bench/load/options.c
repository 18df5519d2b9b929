/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/load.h"
#include "bench/load/span.h"

enum { NS = 1000000000 };

static const char *form_of(const struct option_row *row)
{
	switch (row->type) {
	case OPTION_FLAG:
		return "";
	case OPTION_NUMBER:
		return "N";
	case OPTION_SECONDS:
		return "SECONDS";
	case OPTION_ADDRESSES:
		return "ADDRESS[,COUNT]";
	case OPTION_ADDRESS:
		return "ADDRESS";
	case OPTION_PORTS:
		return "PORT[-PORT]";
	case OPTION_QUEUES:
		return "FIRST[:LAST]";
	case OPTION_WORD:
		return row->words;
	}
	return "";
}

static int store_number(const struct option_row *row, const char *text)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < row->least ||
		value > row->most)
		return -EINVAL;
	*(uint64_t *)row->value = value;
	return 0;
}

static int store_seconds(const struct option_row *row, const char *text)
{
	char *end;
	double value;

	value = strtod(text, &end) * NS;
	/* Written so that what is not a number fails it, too. */
	if (*text < '0' || *text > '9' || *end != '\0' ||
		!(value >= (double)row->least && value <= (double)row->most))
		return -EINVAL;
	*(uint64_t *)row->value = (uint64_t)llround(value);
	return 0;
}

static int store_word(const struct option_row *row, const char *text)
{
	const size_t length = strlen(text);
	const char *word = strchr(text, '|') == NULL ? row->words : NULL;

	while (word != NULL) {
		if (strncmp(word, text, length) == 0 &&
			(word[length] == '\0' || word[length] == '|')) {
			*(const char **)row->value = text;
			return 0;
		}
		word = strchr(word, '|');
		if (word != NULL)
			word++;
	}
	return -EINVAL;
}

static int store_address(const struct option_row *row, const char *text)
{
	struct addr_span span;

	if (strchr(text, ',') != NULL || addr_span_parse(&span, text) != 0)
		return -EINVAL;
	*(struct addr_span *)row->value = span;
	return 0;
}

static int store(const struct option_row *row, const char *text)
{
	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)row->value = true;
		return 0;
	case OPTION_NUMBER:
		return store_number(row, text);
	case OPTION_SECONDS:
		return store_seconds(row, text);
	case OPTION_ADDRESSES:
		return addr_span_parse(row->value, text);
	case OPTION_ADDRESS:
		return store_address(row, text);
	case OPTION_PORTS:
		return number_span_parse(row->value, text, '-', 1);
	case OPTION_QUEUES:
		return number_span_parse(row->value, text, ':', 0);
	case OPTION_WORD:
		return store_word(row, text);
	}
	return -EINVAL;
}

static int complain_value(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	const double unit = row->type == OPTION_SECONDS ? NS : 1;

	if (row->type == OPTION_NUMBER || row->type == OPTION_SECONDS)
		snprintf(problem, OPTIONS_PROBLEM,
			"--%s %s: a number from %.15g to %.15g is wanted", row->name, text,
			(double)row->least / unit, (double)row->most / unit);
	else
		snprintf(problem, OPTIONS_PROBLEM, "--%s %s: %s is wanted", row->name, text,
			form_of(row));
	return -EINVAL;
}

/* getopt_long() gives the row's number plus 1; '?' is no row, ':' one without its value. */
enum { FIRST_ROW = 256, HELP = 255 };

static void fill_getopt(const struct option_table *table, struct option out[OPTIONS_MOST + 2])
{
	assert(table->count <= OPTIONS_MOST);
	memset(out, 0, (OPTIONS_MOST + 2) * sizeof(*out));
	for (size_t i = 0; i < table->count; i++) {
		out[i].name = table->rows[i].name;
		out[i].has_arg = table->rows[i].type == OPTION_FLAG ? no_argument
								    : required_argument;
		out[i].val = FIRST_ROW + (int)i;
	}
	out[table->count] = (struct option){.name = "help", .val = HELP};
}

static int take_ports(
	const struct option_table *table, int argc, char **argv, char problem[OPTIONS_PROBLEM])
{
	const int wanted = table->ports != NULL ? 1 : 0;

	if (argc - optind > wanted) {
		snprintf(problem, OPTIONS_PROBLEM, "%s: an argument too many",
			argv[optind + wanted]);
		return -EINVAL;
	}
	if (argc - optind < wanted) {
		snprintf(problem, OPTIONS_PROBLEM, "PORT[-PORT] is missing");
		return -EINVAL;
	}
	if (wanted == 0 || number_span_parse(table->ports, argv[optind], '-', 1) == 0)
		return 0;
	snprintf(problem, OPTIONS_PROBLEM, "%s: PORT[-PORT] from 1 to 65535 is wanted",
		argv[optind]);
	return -EINVAL;
}

static int complain_option(int answer, char **argv, char problem[OPTIONS_PROBLEM])
{
	snprintf(problem, OPTIONS_PROBLEM,
		answer == ':' ? "%s: its value is missing" : "%s: no such option",
		argv[optind - 1]);
	return -EINVAL;
}

int options_parse(
	const struct option_table *table, int argc, char **argv, char problem[OPTIONS_PROBLEM])
{
	struct option options[OPTIONS_MOST + 2];
	bool seen[OPTIONS_MOST] = {false};
	int answer;

	fill_getopt(table, options);
	optind = 0; /* begin anew, also where an earlier parse ended early */
	opterr = 0;
	while ((answer = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		const struct option_row *row;

		if (answer == HELP)
			return OPTIONS_HELP;
		if (answer < FIRST_ROW)
			return complain_option(answer, argv, problem);
		row = &table->rows[answer - FIRST_ROW];
		if (store(row, optarg) != 0)
			return complain_value(row, optarg, problem);
		seen[answer - FIRST_ROW] = true;
	}
	for (size_t i = 0; i < table->count; i++) {
		if (seen[i] || !table->rows[i].required)
			continue;
		snprintf(problem, OPTIONS_PROBLEM, "--%s %s is missing", table->rows[i].name,
			form_of(&table->rows[i]));
		return -EINVAL;
	}
	return take_ports(table, argc, argv, problem);
}

static void print_help(const struct option_table *table)
{
	printf("usage: %s [OPTIONS]%s\n%s", table->program,
		table->ports != NULL ? " PORT[-PORT]" : "", table->help);
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", row->name, form_of(row));
		printf("  %-26s %s%s\n", left, row->help, row->required ? " (required)" : "");
	}
}

bool options_take(const struct option_table *table, int argc, char **argv, int *exit_code)
{
	char problem[OPTIONS_PROBLEM];

	switch (options_parse(table, argc, argv, problem)) {
	case 0:
		return true;
	case OPTIONS_HELP:
		print_help(table);
		*exit_code = 0;
		return false;
	default:
		fprintf(stderr, "%s: %s\n", table->program, problem);
		*exit_code = LOAD_PROBLEM;
		return false;
	}
}

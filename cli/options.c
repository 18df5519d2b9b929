/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *options_form(const struct option_row *row)
{
	const char *form = row->words != NULL ? row->words : row->type->form;

	return row->form != NULL ? row->form : form != NULL ? form : "";
}

/* ---- types ---- */

static int take_flag(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	(void)text;
	(void)problem;
	*(bool *)row->value = true;
	return 0;
}

static int take_text(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	(void)problem;
	*(const char **)row->value = text;
	return 0;
}

static int take_number(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && value >= row->least &&
		value <= row->most) {
		*(uint64_t *)row->value = value;
		return 0;
	}
	if (row->wanted == NULL)
		snprintf(problem, OPTIONS_PROBLEM,
			"--%s %s: a number from %.15g to %.15g is wanted", row->name, text,
			(double)row->least, (double)row->most);
	return -EINVAL;
}

static int take_word(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	const size_t length = strlen(text);
	const char *word = strchr(text, '|') == NULL ? row->words : NULL;

	(void)problem;
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

const struct option_type option_flag = {.take = take_flag};
const struct option_type option_text = {.form = "TEXT", .take = take_text};
const struct option_type option_number = {.form = "N", .take = take_number};
const struct option_type option_word = {.form = "WORD", .take = take_word};

/* ---- parsing ---- */

/* getopt_long() gives a row's letter, or its number from here on; '?' is no row. */
enum { FIRST_ROW = 256 };

static const struct option_row *find_row(const struct option_row *rows, size_t count, int answer)
{
	if (answer >= FIRST_ROW)
		return &rows[answer - FIRST_ROW];
	for (size_t i = 0; i < count; i++)
		if (rows[i].letter == answer)
			return &rows[i];
	return NULL;
}

static int has_value(const struct option_type *type)
{
	if (type->form == NULL)
		return no_argument;
	return type->may_lack_value ? optional_argument : required_argument;
}

static void complain_of_value(
	const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	char name[64];

	if (row->name != NULL)
		snprintf(name, sizeof(name), "--%s", row->name);
	else
		snprintf(name, sizeof(name), "-%c", row->letter);
	if (row->wanted != NULL)
		snprintf(problem, OPTIONS_PROBLEM, "%s needs %s, not \"%s\"", name, row->wanted,
			text);
	else
		snprintf(problem, OPTIONS_PROBLEM, "%s %s: %s is wanted", name, text,
			options_form(row));
}

int options_parse(const struct option_row *rows, size_t count, int argc, char **argv, int *first,
	char problem[OPTIONS_PROBLEM])
{
	struct option names[OPTIONS_MOST + 2] = {{.name = "help", .val = 'h'}}, *name = &names[1];
	char letters[3 * OPTIONS_MOST + 3] = ":h", *letter = letters + 2;
	bool seen[OPTIONS_MOST] = {false};
	int answer;

	assert(count <= OPTIONS_MOST);
	for (size_t i = 0; i < count; i++) {
		const int value = has_value(rows[i].type);

		if (rows[i].name != NULL)
			*name++ = (struct option){
				.name = rows[i].name, .has_arg = value, .val = FIRST_ROW + (int)i};
		if (rows[i].letter == 0)
			continue;
		*letter++ = rows[i].letter;
		for (int colons = value; colons > 0; colons--)
			*letter++ = ':';
	}
	optind = 0; /* begins again, also where an earlier parse ended early */
	opterr = 0;
	while ((answer = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct option_row *row = find_row(rows, count, answer);
		const char *text = optarg;

		if (answer == 'h')
			return OPTIONS_HELP;
		if (row == NULL) {
			char given[64];

			snprintf(given, sizeof(given), "%s", argv[optind - 1]);
			if (optopt > 0 && optopt < FIRST_ROW)
				snprintf(given, sizeof(given), "-%c", optopt);
			snprintf(problem, OPTIONS_PROBLEM,
				answer == ':' ? "%s needs a value" : "there is no option %s",
				given);
			return -EINVAL;
		}
		/* getopt takes such a value only behind "=": a number of its own is meant for it.
		 */
		if (row->type->may_lack_value && text == NULL && optind < argc &&
			argv[optind][0] >= '0' && argv[optind][0] <= '9')
			text = argv[optind++];
		problem[0] = '\0';
		if (row->type->take(row, text, problem) != 0) {
			if (problem[0] == '\0')
				complain_of_value(row, text, problem);
			return -EINVAL;
		}
		seen[row - rows] = true;
	}
	for (size_t i = 0; i < count; i++) {
		if (seen[i] || !rows[i].required)
			continue;
		snprintf(problem, OPTIONS_PROBLEM, "--%s %s is missing", rows[i].name,
			options_form(&rows[i]));
		return -EINVAL;
	}
	*first = optind;
	return 0;
}

enum { COLUMN = 22 }; /* where the help of a row begins */

void options_print(const struct option_row *rows, size_t count)
{
	for (const struct option_row *row = rows; row < rows + count; row++) {
		int width = 0;

		if (row->help == NULL)
			continue;
		if (row->letter != 0)
			width += printf("  -%c%s", row->letter, row->name != NULL ? "," : "");
		if (row->name != NULL)
			width += printf("%s--%s", row->letter != 0 ? " " : "  ", row->name);
		if (*options_form(row) != '\0')
			width += printf(" %s", options_form(row));
		if (width >= COLUMN) {
			putchar('\n');
			width = 0;
		}
		printf("%*s", COLUMN - width, "");
		for (const char *at = row->help; *at != '\0'; at++) {
			putchar(*at);
			if (*at == '\n')
				printf("%*s", COLUMN, "");
		}
		puts(row->required ? " (required)" : "");
	}
}

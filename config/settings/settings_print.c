/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings/settings.h"

#include <string.h>

enum { HELP_COLUMN = 30, HELP_WIDTH = 100 };

/* Not for an ENUM, whose choices stand there. */
static const char *placeholder(const struct setting *row)
{
	static const char *const names[] = {
		[SETTING_STRING] = "PATH",
		[SETTING_STRING_LIST] = "PATH,...",
		[SETTING_UINT] = "NUMBER",
		[SETTING_MARK] = "BIT",
		[SETTING_BOOL] = "true|false",
		[SETTING_LISTEN] = "ADDRESS:PORT",
	};

	return row->type == SETTING_STRING && strstr(row->name, "name") != NULL ? "NAME"
										: names[row->type];
}

/*
 * Puts words from HELP_COLUMN on, breaking lines before HELP_WIDTH. Returns the column where it
 * ended.
 */
static int print_wrapped(FILE *to, const char *text, int column)
{
	while (*text != '\0') {
		const int length = (int)strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + length > HELP_WIDTH) {
			fprintf(to, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		column += fprintf(to, "%s%.*s", column > HELP_COLUMN ? " " : "", length, text);
		text += length;
		text += strspn(text, " ");
	}
	return column;
}

static void print_option(FILE *to, const struct setting *row)
{
	int column = fprintf(to, "  --");
	char tail[128];

	for (const char *at = row->name; *at != '\0'; at++)
		fputc(*at == '_' ? '-' : *at, to);
	column += (int)strlen(row->name);
	if (row->type != SETTING_ENUM)
		column += fprintf(to, " %s", placeholder(row));
	for (size_t i = 0; row->type == SETTING_ENUM && row->choices[i] != NULL; i++)
		column += fprintf(to, "%c%s", i == 0 ? ' ' : '|', row->choices[i]);
	if (column >= HELP_COLUMN - 1) {
		fputc('\n', to);
		column = 0;
	}
	fprintf(to, "%*s", HELP_COLUMN - column, "");
	column = print_wrapped(to, row->help, HELP_COLUMN);
	if (row->type == SETTING_UINT)
		snprintf(tail, sizeof(tail), "(%u-%u, default %s)", row->least, row->most,
			row->default_text);
	else
		snprintf(tail, sizeof(tail), "(default %s)",
			row->default_text[0] != '\0' ? row->default_text : "none");
	print_wrapped(to, tail, column);
	fputc('\n', to);
}

void settings_print_help(FILE *to)
{
	size_t count;
	const struct setting *table = settings_table(&count);

	for (size_t i = 0; i < count; i++)
		print_option(to, &table[i]);
}

/*
 * Text of mdoc, a line a sentence: one that began with a dot would be a macro, and a backslash is
 * an escape.
 */
static void print_text(FILE *to, const char *text)
{
	char last = '\0';

	if (*text == '.' || *text == '\'')
		fputs("\\&", to);
	for (; *text != '\0'; last = *text++) {
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '-')
			fputs("\\-", to);
		else if (*text == ' ' && last == '.')
			fputc('\n', to);
		else
			fputc(*text, to);
	}
	fputc('\n', to);
}

static void print_item(FILE *to, const struct setting *row)
{
	fprintf(to, ".It Ic %s : ", row->name);
	if (row->type == SETTING_ENUM) {
		for (size_t i = 0; row->choices[i] != NULL; i++)
			fprintf(to, "%sCm %s", i == 0 ? "" : " | ", row->choices[i]);
		fputc('\n', to);
	} else {
		fprintf(to, "Ar %s\n", placeholder(row));
	}
	print_text(to, row->help);
	if (row->type == SETTING_UINT)
		fprintf(to, "From %u to %u.\n", row->least, row->most);
	if (row->default_text[0] != '\0')
		fprintf(to, "The default is\n.Ql %s .\n", row->default_text);
}

void settings_print_man(FILE *to)
{
	size_t count;
	const struct setting *table = settings_table(&count);

	fputs(".Bl -tag -width Ds\n", to);
	for (size_t i = 0; i < count; i++)
		print_item(to, &table[i]);
	fputs(".El\n", to);
}

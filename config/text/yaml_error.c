/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/yaml_error.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORD_TEXT = 64, LINES_LOOKED_AT = 64 };

/* One line of the input, without its comment and the spaces at its end. */
struct line {
	size_t number; /* counted from 0 */
	const char *text;
	size_t length;
	size_t indent;	/* of its first character that is no space */
	size_t content; /* likewise, behind the dashes of list items */
};

struct scene {
	struct diag_list *diags;
	const char *file, *bytes;
	size_t length, line_base;
	const struct yaml_failure *failure;
};

static void report(const struct scene *scene, size_t line, size_t column, const char *code,
	const char *hint, const char *text)
{
	const struct source_pos pos = {.file = scene->file,
		.line = (uint32_t)(scene->line_base + line + 1),
		.column = (uint32_t)(column + 1)};

	diag_add(scene->diags, DIAG_ERROR, pos, code, hint, "%s", text);
}

static struct line make_line(const char *text, size_t length, size_t number)
{
	struct line line = {.number = number, .text = text};

	/* A # at the beginning or behind a space. (One inside quotes counts, too: no harm here.) */
	for (size_t i = 0; i < length; i++)
		if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t'))
			length = i;
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	line.length = length;
	while (line.indent < length && text[line.indent] == ' ')
		line.indent++;
	line.content = line.indent;
	while (line.content + 1 < length && text[line.content] == '-' &&
		text[line.content + 1] == ' ') {
		line.content++;
		while (line.content < length && text[line.content] == ' ')
			line.content++;
	}
	return line;
}

static struct line find_line(const struct scene *scene, size_t number)
{
	const char *at = scene->bytes, *end = scene->bytes + scene->length, *newline;
	size_t found = 0;

	for (; found < number; found++) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (newline == NULL)
			break;
		at = newline + 1;
	}
	newline = memchr(at, '\n', (size_t)(end - at));
	return make_line(at, (size_t)((newline != NULL ? newline : end) - at), found);
}

/* The nearest line above that is not empty, within the document and LINES_LOOKED_AT. */
static bool line_above(const struct scene *scene, const struct line *below, struct line *out)
{
	const char *start = below->text;
	size_t number = below->number;

	while (number > scene->failure->first_line &&
		scene->failure->line - number < LINES_LOOKED_AT) {
		const char *end = start - 1; /* the newline */
		const char *newline = memrchr(scene->bytes, '\n', (size_t)(end - scene->bytes));

		start = newline != NULL ? newline + 1 : scene->bytes;
		*out = make_line(start, (size_t)(end - start), --number);
		if (out->length > 0)
			return true;
	}
	return false;
}

/* The nearest line below that is not empty, within the document. */
static bool line_below(const struct scene *scene, const struct line *above, struct line *out)
{
	const char *const end = scene->bytes + scene->length;
	const char *start = above->text, *newline;
	size_t number = above->number;

	while ((newline = memchr(start, '\n', (size_t)(end - start))) != NULL) {
		start = newline + 1;
		if (end - start >= 3 && memcmp(start, "---", 3) == 0)
			return false;
		newline = memchr(start, '\n', (size_t)(end - start));
		*out = make_line(
			start, (size_t)((newline != NULL ? newline : end) - start), ++number);
		if (out->length > 0)
			return true;
	}
	return false;
}

/* Whether a mapping entry begins in the line: a colon at its end or before a space. */
static bool has_colon(const struct line *line)
{
	for (size_t i = line->content; i < line->length; i++)
		if (line->text[i] == ':' && (i + 1 == line->length || line->text[i + 1] == ' '))
			return true;
	return false;
}

/*
 * "to", "- to", "name web" or "name:web" where "to:", "- to:", "name: web" is meant. False for
 * anything else, such as a line that has its colon.
 */
static bool report_missing_colon(const struct scene *scene, const struct line *line)
{
	char name[WORD_TEXT], text[2 * WORD_TEXT], hint[2 * WORD_TEXT];
	size_t after = line->content, word, words = 0;

	while (after < line->length &&
		(isalnum((unsigned char)line->text[after]) ||
			memchr("_./-", line->text[after], 4) != NULL))
		after++;
	word = after - line->content;
	for (size_t i = line->content; i < line->length; i++)
		words += line->text[i] != ' ' && (i == line->content || line->text[i - 1] == ' ');
	/* A key and its value are two words. */
	if (word == 0 || !isalpha((unsigned char)line->text[line->content]) || has_colon(line) ||
		words > 2)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(word < WORD_TEXT ? word : WORD_TEXT - 1),
		line->text + line->content);
	if (after < line->length && line->text[after] == ':') {
		snprintf(text, sizeof(text), "'%s:' has no space after its colon", name);
		snprintf(hint, sizeof(hint), "write '%s: ' and then the value", name);
		report(scene, line->number, after, "missing-space", hint, text);
		return true;
	}
	if (after < line->length && line->text[after] != ' ')
		return false;
	snprintf(text, sizeof(text), "'%s' has no colon after it", name);
	snprintf(hint, sizeof(hint), "write '%s:'", name);
	report(scene, line->number, line->content, "missing-colon", hint, text);
	return true;
}

/* "a: b: c": two of them in one line. */
static bool explain_second_colon(const struct scene *scene, const struct line *line)
{
	struct line before = *line;

	/*
	 * The column is libyaml's, in characters: where it is not in bytes, too, the look is a
	 * little off, no more.
	 */
	before.length = scene->failure->column < line->length ? scene->failure->column
							      : line->length;
	if (!has_colon(&before))
		return false;
	report(scene, line->number, scene->failure->column, "second-colon",
		"put the value in quotes, or begin a new line",
		"a second ': ' in a line can't begin another key");
	return true;
}

/* Whether the line is but the name of a policy's field that has something below it. */
static bool is_field(const struct line *line)
{
	static const char *const names[] = {"to", "from", "ports", "ingress", "egress",
		"podSelector", "namespaceSelector", "ipBlock", "except", "matchLabels",
		"matchExpressions", "policyTypes"};
	const size_t length = line->length - line->content;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length &&
			memcmp(line->text + line->content, names[i], length) == 0)
			return true;
	return false;
}

/*
 * libyaml gives up at the first mistake, and one forgotten colon is seldom the only one. A field's
 * name that stands alone above a line indented deeper is reported at once.
 */
static void report_later_colons(const struct scene *scene, const struct line *from)
{
	struct line line = *from, below;

	while (line_below(scene, &line, &below)) {
		if (line.number > from->number && below.indent > line.indent && is_field(&line))
			report_missing_colon(scene, &line);
		line = below;
	}
}

/*
 * Reports the lines above that lack their colon, and then such lines in the rest of the document.
 * False when none above does: there is a key with its value, or words that can't be meant as a key.
 * Lines in between that are indented deeper belong to the same text.
 */
static bool explain_missing_colons(const struct scene *scene, const struct line *line)
{
	struct line above = *line;
	size_t indent = line->indent;
	bool found = false;

	/* A line below a key that has its value continues that value. */
	while (line_above(scene, &above, &above))
		if (has_colon(&above))
			break;
	if (has_colon(&above) && above.number < line->number && above.text[above.length - 1] != ':')
		return false;
	above = *line;
	while (line_above(scene, &above, &above) && !has_colon(&above)) {
		if (above.content > indent || !report_missing_colon(scene, &above))
			continue;
		indent = above.indent;
		found = true;
	}
	if (found)
		report_later_colons(scene, line);
	return found;
}

/*
 * A key where none may be. Mostly a line above lacks its colon and swallowed this one:
 *	- to
 *	  - ipBlock:	is the text "to - ipBlock" and a colon.
 */
static void explain_mapping_value(const struct scene *scene)
{
	const struct line line = find_line(scene, scene->failure->line);

	if (!explain_second_colon(scene, &line) && !explain_missing_colons(scene, &line))
		report(scene, line.number, line.indent, "bad-indentation",
			"indent it like the keys it belongs with",
			"this line is indented as if it were part of the value above it");
}

/*
 * A comment ends a text: "- to # whom" swallows nothing, and the line below it is what fits
 * nowhere.
 */
static void explain_missing_key(const struct scene *scene)
{
	const struct line line = find_line(scene, scene->failure->line);
	char text[128];

	if (explain_missing_colons(scene, &line))
		return;
	if (line.content < line.length && line.text[line.content] == ':') {
		report(scene, line.number, line.content, "bad-key", "write a name before the colon",
			"a mapping has a value without a key");
		return;
	}
	snprintf(text, sizeof(text),
		"this line fits nowhere: the keys of the mapping it ends begin in column %zu (line "
		"%zu)",
		scene->failure->context_column + 1,
		scene->line_base + scene->failure->context_line + 1);
	report(scene, line.number, line.indent, "bad-indentation",
		"indent it like the keys it belongs with", text);
}

static void explain_document_start(const struct scene *scene)
{
	const struct line line = find_line(scene, scene->failure->line);
	struct line above;

	if (line_above(scene, &line, &above) && above.length >= 3 &&
		memcmp(above.text, "...", 3) == 0)
		report(scene, line.number, line.indent, "missing-separator",
			"put a line with --- above it",
			"kubectl silently drops the text behind '...', and podgate does not read "
			"it");
	else if (!explain_missing_colons(scene, &line))
		report(scene, line.number, line.indent, "bad-indentation",
			"a new document begins with a line ---",
			"the document ended above this line");
}

static void explain_missing_dash(const struct scene *scene)
{
	const struct line line = find_line(scene, scene->failure->line);
	char text[128];

	/* "- b" below "- a" but deeper is an item that is indented too far, and "a" no key. */
	if (has_colon(&line) && explain_missing_colons(scene, &line))
		return;
	snprintf(text, sizeof(text),
		"this line is indented like the items of the list of line %zu, but does not begin "
		"with '- '",
		scene->line_base + scene->failure->context_line + 1);
	report(scene, line.number, line.indent, "bad-indentation",
		"begin it with '- ', or indent it like the keys it belongs with", text);
}

static void explain_simple_key(const struct scene *scene)
{
	const struct line line = find_line(scene, scene->failure->context_line);

	if (report_missing_colon(scene, &line))
		report_later_colons(scene, &line);
	else
		report(scene, scene->failure->context_line, scene->failure->context_column,
			"missing-colon", "write 'key: value'",
			"this is no key: it has no colon after it");
}

static void explain_bad_character(const struct scene *scene)
{
	const struct line line = find_line(scene, scene->failure->line);
	const size_t column = scene->failure->column;
	const char character = column < line.length ? line.text[column] : '\0';
	char text[64];

	if (memchr(line.text, '\t', line.length) != NULL &&
		(character == '\t' || character == '\0')) {
		report(scene, line.number, column, "tab", "YAML is indented with spaces only",
			"a tab indents this line");
		return;
	}
	snprintf(text, sizeof(text), "a value can't begin with '%c'", character);
	report(scene, line.number, column, "bad-character", "put it in quotes",
		isprint((unsigned char)character) ? text
						  : "a value can't begin with this character");
}

static void explain_open_quote(const struct scene *scene)
{
	report(scene, scene->failure->context_line, scene->failure->context_column, "open-quote",
		"add the closing quote", "the quote that opens here is never closed");
}

static void explain_open_bracket(const struct scene *scene)
{
	const bool list = strstr(scene->failure->context, "sequence") != NULL;
	char text[96];

	snprintf(text, sizeof(text),
		"a comma or '%c' is missing: the '%c' of line %zu, column %zu is still open",
		list ? ']' : '}', list ? '[' : '{',
		scene->line_base + scene->failure->context_line + 1,
		scene->failure->context_column + 1);
	report(scene, scene->failure->line, scene->failure->column, "open-bracket", NULL, text);
}

static void explain_otherwise(const struct scene *scene)
{
	const struct yaml_failure *failure = scene->failure;
	char text[256];

	snprintf(text, sizeof(text), "not YAML: %s%s%s", failure->problem,
		failure->context[0] != '\0' ? ", " : "", failure->context);
	report(scene, failure->line, failure->column, "yaml-syntax", NULL, text);
}

static void explain_list_in_line(const struct scene *scene)
{
	report(scene, scene->failure->line, scene->failure->column, "bad-indentation",
		"begin a new line before the '-'", "a list can't begin in the line of its key");
}

/* In this order; the first whose words are libyaml's. */
static const struct {
	const char *problem;
	void (*explain)(const struct scene *scene);
} explanations[] = {
	{"mapping values are not allowed", explain_mapping_value},
	{"could not find expected ':'", explain_simple_key},
	{"did not find expected key", explain_missing_key},
	{"did not find expected '-' indicator", explain_missing_dash},
	{"did not find expected <document start>", explain_document_start},
	{"block sequence entries are not allowed", explain_list_in_line},
	{"cannot start any token", explain_bad_character},
	{"found unexpected end of stream", explain_open_quote},
	{"found unexpected document indicator", explain_open_quote},
	{"did not find expected ',' or", explain_open_bracket},
	{"", explain_otherwise},
};

void yaml_error_explain(struct diag_list *diags, const char *file, const char *bytes, size_t length,
	size_t line_base, const struct yaml_failure *failure)
{
	const struct scene scene = {.diags = diags,
		.file = file,
		.bytes = bytes,
		.length = length,
		.line_base = line_base,
		.failure = failure};
	const struct line line = find_line(&scene, failure->line);
	const char *braces = memmem(line.text, line.length, "{{", 2);
	size_t i = 0;

	/* Helm's charts hold files that look like manifests, and are none yet. */
	if (braces != NULL) {
		report(&scene, line.number, (size_t)(braces - line.text), "template",
			"render it first, for example with 'helm template'",
			"this is a template, and not YAML yet");
		return;
	}
	while (strstr(failure->problem, explanations[i].problem) == NULL)
		i++;
	explanations[i].explain(&scene);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int output_format_parse(const char *text, enum output_format *out)
{
	if (strcmp(text, "text") == 0)
		*out = OUTPUT_TEXT;
	else if (strcmp(text, "json") == 0)
		*out = OUTPUT_JSON;
	else
		return -EINVAL;
	return 0;
}

const char *output_color(enum output_color color)
{
	static const char *const sequences[] = {
		[COLOR_NONE] = "\033[0m",
		[COLOR_RED] = "\033[1;31m",
		[COLOR_GREEN] = "\033[1;32m",
		[COLOR_YELLOW] = "\033[1;33m",
		[COLOR_BOLD] = "\033[1m",
		[COLOR_DIM] = "\033[2m",
	};
	static int wanted = -1; /* not looked yet; the command has one thread */

	if (wanted < 0) {
		const char *no_color = getenv("NO_COLOR");

		wanted = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || *no_color == '\0');
	}
	return wanted ? sequences[color] : "";
}

/* ---- foreign text ---- */

/* How long the UTF-8 sequence that begins with this byte is; 0 when none does. */
static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/*
 * Reads one character; returns its length in bytes, or 0 for a byte that is not the start of any.
 */
static size_t read_character(const char *text, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	const size_t length = sequence_length(bytes[0]);
	uint32_t code = length < 2 ? bytes[0] : bytes[0] & (0x7fU >> length);

	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3fU);
	}
	if (length == 0 || code < least[length] || code > 0x10ffff ||
		(code >= 0xd800 && code < 0xe000))
		return 0;
	*out = code;
	return length;
}

/*
 * What a terminal obeys instead of showing: C0, DEL, C1, and the marks that turn the reading
 * direction round.
 */
static bool is_obeyed(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
		(code >= 0x2066 && code <= 0x2069) || code == 0x200e || code == 0x200f ||
		code == 0x061c || code == 0xfeff;
}

void output_text(FILE *to, const char *text)
{
	while (*text != '\0') {
		uint32_t code;
		const size_t length = read_character(text, &code);

		if (length == 0)
			fprintf(to, "\\x%02x", (unsigned int)(unsigned char)*text);
		else if (code == '\n' || code == '\t')
			fputs(code == '\n' ? "\\n" : "\\t", to);
		else if (is_obeyed(code))
			fprintf(to, code < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned int)code);
		else
			fwrite(text, 1, length, to);
		text += length == 0 ? 1 : length;
	}
}

/*
 * A copy of `text` as output_text() writes it, for the caller to free(); NULL when memory is short.
 */
static char *clean_copy(const char *text)
{
	char *copy = NULL;
	size_t size;
	FILE *to = open_memstream(&copy, &size);

	if (to == NULL)
		return NULL;
	output_text(to, text);
	if (fclose(to) == 0)
		return copy;
	free(copy);
	return NULL;
}

int output_clean_json(cJSON *tree)
{
	cJSON *child;
	char *copy;

	if (cJSON_IsString(tree)) {
		copy = clean_copy(tree->valuestring);
		if (copy == NULL || cJSON_SetValuestring(tree, copy) == NULL) {
			free(copy);
			return -ENOMEM;
		}
		free(copy);
	}
	cJSON_ArrayForEach(child, tree) {
		const int err = output_clean_json(child);

		if (err != 0)
			return err;
	}
	return 0;
}

void output_problem(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	fputs("podgate: ", stderr);
	output_text(stderr, length < 0 ? "out of memory" : text);
	fputc('\n', stderr);
	if (length >= 0)
		free(text);
}

/* ---- JSON ---- */

/*
 * In JSON, C0 alone is escaped already. Outside of strings JSON is ASCII, so every other character
 * to escape is inside one.
 */
static void write_json_text(const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		uint32_t code;
		const size_t step = read_character(text, &code);

		if (step == 0)
			fputs("\\ufffd", stdout);
		else if (is_obeyed(code))
			printf("\\u%04x", (unsigned int)code);
		else
			fwrite(text, 1, step, stdout);
		text += step == 0 ? 1 : step;
	}
}

void output_json_part(const cJSON *value)
{
	char *text = cJSON_PrintUnformatted(value);

	if (text == NULL) {
		output_problem("out of memory");
		return;
	}
	write_json_text(text, strlen(text));
	free(text);
}

void output_json(const cJSON *value)
{
	output_json_part(value);
	putchar('\n');
}

int output_json_written(struct json_writer *writer)
{
	const int err = writer->err;

	if (err != 0) {
		output_problem("out of memory");
	} else {
		write_json_text(writer->text, writer->length); /* it ends with a bracket */
		putchar('\n');
	}
	json_writer_deinit(writer);
	return err;
}

/* ---- findings ---- */

static void write_diag(
	FILE *to, const struct diag *diag, const char *color, const char *bold, const char *end)
{
	if (diag->pos.file != NULL && *diag->pos.file != '\0') {
		output_text(to, diag->pos.file);
		if (diag->pos.line != 0)
			fprintf(to, ":%u:%u", (unsigned int)diag->pos.line,
				(unsigned int)diag->pos.column);
		fputs(": ", to);
	}
	fprintf(to, "%s%s:%s ", color, diag_severity_name(diag->severity), end);
	output_text(to, diag->text);
	fputc('\n', to);
	if (diag->hint != NULL) {
		fprintf(to, "    %shint:%s ", bold, end);
		output_text(to, diag->hint);
		fputc('\n', to);
	}
}

void output_diag(const struct diag *diag)
{
	const enum output_color color = diag->severity == DIAG_ERROR ? COLOR_RED : COLOR_YELLOW;

	write_diag(stdout, diag, output_color(color), output_color(COLOR_BOLD),
		output_color(COLOR_NONE));
}

void output_diag_problem(const struct diag *diag)
{
	write_diag(stderr, diag, "", "", "");
}

int output_finish(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return 0;
	output_problem("can't write the result: %s", strerror(errno));
	return errno != 0 ? -errno : -EIO;
}

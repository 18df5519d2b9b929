/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/test_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/values/flow.h"

enum { COLUMNS = TEST_FIELDS + 1 };

struct reader {
	struct arena *arena;
	struct diag_list *problems;
	struct source_pos pos; /* of the field being looked at */
	struct test_table table;
	size_t capacity;
};

static void complain(const struct reader *reader, const char *hint, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void complain(const struct reader *reader, const char *hint, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	diag_add(reader->problems, DIAG_ERROR, reader->pos, "bad-row", hint, "%s", text);
}

static int append_row(struct reader *reader, const struct test_row *row)
{
	struct test_table *table = &reader->table;

	if (table->count == reader->capacity) {
		const size_t capacity = reader->capacity == 0 ? 64 : reader->capacity * 2;
		struct test_row *rows = arena_calloc(reader->arena, capacity, sizeof(*rows));

		if (rows == NULL)
			return -ENOMEM;
		if (table->count > 0)
			memcpy(rows, table->rows, table->count * sizeof(*rows));
		table->rows = rows;
		reader->capacity = capacity;
	}
	table->rows[table->count++] = *row;
	return 0;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
	return text;
}

/*
 * Cuts a line at its tabs; returns how many fields it has, of which the first COLUMNS are stored
 * with their columns.
 */
static size_t split(char *line, const char *fields[COLUMNS], uint32_t columns[COLUMNS])
{
	size_t count = 0;

	for (char *at = line; at != NULL; count++) {
		char *tab = strchr(at, '\t');

		if (tab != NULL)
			*tab = '\0';
		if (count < COLUMNS) {
			columns[count] = (uint32_t)(at - line) + 1;
			fields[count] = trim(at);
		}
		at = tab != NULL ? tab + 1 : NULL;
	}
	return count;
}

static bool is_port(const char *text)
{
	char *end;
	unsigned long number;

	if (strcmp(text, "-") == 0)
		return true;
	if (text[strspn(text, "0123456789")] != '\0')
		return strpbrk(text, " \"'") ==
			NULL; /* a name: whether the pod has it, its judge says */
	if (text[0] == '0')
		return false; /* as in a flow's text: 080 may be meant as octal */
	number = strtoul(text, &end, 10);
	return end != text && number >= 1 && number <= UINT16_MAX;
}

static bool is_expectation(const char *text)
{
	return strcmp(text, "allow") == 0 || strcmp(text, "deny") == 0 ||
		strcmp(text, "audit-deny") == 0;
}

static bool check_fields(
	struct reader *reader, const char *const fields[COLUMNS], const uint32_t columns[COLUMNS])
{
	static const char *const names[] = {
		"source", "destination", "protocol", "port", "expectation"};
	uint8_t protocol;

	for (size_t i = 0; i < COLUMNS; i++) {
		reader->pos.column = columns[i];
		if (*fields[i] == '\0') {
			complain(reader, "fields are separated by one tab", "the %s is empty",
				names[i]);
			return false;
		}
	}
	reader->pos.column = columns[2];
	if (flow_protocol_parse(&protocol, fields[2]) != 0) {
		complain(reader, NULL, "\"%s\" is no protocol: TCP, UDP, SCTP, ICMP", fields[2]);
		return false;
	}
	reader->pos.column = columns[3];
	if (!is_port(fields[3])) {
		complain(reader, NULL, "\"%s\" is no port: a number from 1 to 65535, a name, or -",
			fields[3]);
		return false;
	}
	reader->pos.column = columns[4];
	if (!is_expectation(fields[4])) {
		complain(reader, NULL, "\"%s\" is no expectation: allow, deny or audit-deny",
			fields[4]);
		return false;
	}
	return true;
}

/* `line` is the arena's, and is cut into the row's fields. */
static int read_line(struct reader *reader, char *line)
{
	const char *fields[COLUMNS];
	uint32_t columns[COLUMNS];
	struct test_row row = {.line = reader->pos.line};
	size_t count;

	line[strcspn(line, "\r\n")] = '\0';
	if (*line == '#' || line[strspn(line, " \t")] == '\0')
		return 0;
	reader->pos.column = 1;
	count = split(line, fields, columns);
	if (count != COLUMNS) {
		complain(reader,
			"a row is SOURCE, DESTINATION, PROTOCOL, PORT and allow or deny, with one "
			"tab between",
			"a row has %d fields, not %zu", COLUMNS, count);
		return 0;
	}
	if (!check_fields(reader, fields, columns))
		return 0;
	memcpy(row.fields, fields, sizeof(row.fields));
	row.expected = fields[TEST_FIELDS];
	return append_row(reader, &row);
}

static int read_lines(struct reader *reader, FILE *from)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;
	int err = 0;

	while (err == 0 && (length = getline(&line, &capacity, from)) >= 0) {
		char *copy = NULL;

		const char *begin = line;

		reader->pos.line++;
		reader->pos.column = 1;
		if (reader->pos.line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
			begin += 3; /* a byte order mark, which editors of some systems put there */
		if (memchr(line, '\0', (size_t)length) != NULL)
			complain(reader, NULL, "a NUL byte: is this a text file?");
		else if ((copy = arena_strdup(reader->arena, begin)) == NULL)
			err = -ENOMEM;
		if (copy != NULL)
			err = read_line(reader, copy);
	}
	if (err == 0 && ferror(from))
		err = errno != 0 ? -errno : -EIO;
	free(line);
	return err;
}

int test_table_read(struct test_table *out, FILE *from, const char *name, struct arena *arena,
	struct diag_list *problems)
{
	struct reader reader = {.arena = arena, .problems = problems, .pos = {.file = name}};
	const int err = read_lines(&reader, from);

	if (err == 0)
		*out = reader.table;
	return err;
}

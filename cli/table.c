/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2 };

void table_init(struct table *table, const char *const *headings, size_t columns)
{
	*table = (struct table){.headings = headings, .columns = columns};
	for (size_t i = 0; i < columns; i++)
		table->widths[i] = (int)strlen(headings[i]);
}

static void forget_rows(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		for (size_t column = 0; column < table->columns; column++)
			free(table->rows[i].cells[column].text);
	table->count = 0;
}

void table_deinit(struct table *table)
{
	forget_rows(table);
	free(table->rows);
}

struct table_row *table_add(struct table *table)
{
	if (table->count == table->capacity) {
		const size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
		struct table_row *rows = reallocarray(table->rows, capacity, sizeof(*rows));

		if (rows == NULL) {
			table->failed = true;
			return NULL;
		}
		table->rows = rows;
		table->capacity = capacity;
	}
	table->rows[table->count] = (struct table_row){.cells = {{.text = NULL}}};
	return &table->rows[table->count++];
}

void table_set(struct table *table, struct table_row *row, size_t column, enum output_color color,
	const char *format, ...)
{
	struct table_cell *cell;
	va_list args;
	int length;

	if (row == NULL)
		return;
	cell = &row->cells[column];
	va_start(args, format);
	length = vasprintf(&cell->text, format, args);
	va_end(args);
	if (length < 0) {
		cell->text = NULL;
		table->failed = true;
		return;
	}
	cell->color = color;
	table->filled[column] = table->filled[column] || length > 0;
	if (length > table->widths[column])
		table->widths[column] = length;
}

static const char *text_of(const struct table_row *row, size_t column)
{
	return row->cells[column].text != NULL ? row->cells[column].text : "";
}

static int compare_rows(const void *pa, const void *pb)
{
	const struct table_row *a = pa, *b = pb;
	int order = 0;

	for (size_t column = 0; order == 0 && column < TABLE_COLUMNS_MOST; column++)
		order = strverscmp(text_of(a, column), text_of(b, column));
	return order;
}

void table_sort(struct table *table)
{
	if (table->count > 1)
		qsort(table->rows, table->count, sizeof(table->rows[0]), compare_rows);
}

static void print_cell(const struct table *table, size_t column, const char *text,
	enum output_color color, bool last)
{
	const int padding = table->widths[column] - (int)strlen(text) + GAP;
	const bool colored = color != COLOR_NONE && *text != '\0';

	printf("%s%s%s", colored ? output_color(color) : "", text,
		colored ? output_color(COLOR_NONE) : "");
	if (!last)
		printf("%*s", padding, "");
}

/* Behind the last text of a row nothing is padded. Returns how many columns it takes up. */
static size_t row_length(const struct table *table, const struct table_row *row)
{
	size_t length = 0;

	for (size_t column = 0; column < table->columns; column++)
		if (table->shown[column] && *text_of(row, column) != '\0')
			length = column + 1;
	return length;
}

static void print_row(const struct table *table, const struct table_row *row)
{
	const size_t length = row_length(table, row);

	for (size_t column = 0; column < length; column++)
		if (table->shown[column])
			print_cell(table, column, text_of(row, column), row->cells[column].color,
				column + 1 == length);
	putchar('\n');
}

/* As a row of which nothing is copied. */
static void print_headings(const struct table *table)
{
	struct table_row row = {.cells = {{.text = NULL}}};

	for (size_t column = 0; column < table->columns; column++)
		row.cells[column] = (struct table_cell){
			.text = (char *)(uintptr_t)table->headings[column], .color = COLOR_DIM};
	print_row(table, &row);
}

int table_print(struct table *table)
{
	if (table->count > 0 && !table->begun) {
		memcpy(table->shown, table->filled, sizeof(table->shown));
		print_headings(table);
		table->begun = true;
	}
	for (size_t i = 0; i < table->count; i++)
		print_row(table, &table->rows[i]);
	forget_rows(table);
	if (!table->failed)
		return 0;
	output_problem("out of memory");
	return -ENOMEM;
}

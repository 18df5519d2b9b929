/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/*
 * Rows of cells, printed in columns as wide as they must be. A long table is printed a block at a
 * time, so that it need not be in memory as a whole: columns never become narrower again. Cells are
 * text that a terminal may be shown (output_clean_json()).
 */

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

enum { TABLE_COLUMNS_MOST = 10, TABLE_BLOCK = 1000 };

struct table_cell {
	char *text;		 /* the table's own copy; NULL: "" */
	enum output_color color; /* COLOR_NONE: as it is */
};

struct table_row {
	struct table_cell cells[TABLE_COLUMNS_MOST];
};

struct table {
	const char *const *headings; /* borrowed */
	size_t columns;
	bool begun;  /* the headings were printed */
	bool failed; /* memory was short: cells are missing */
	int widths[TABLE_COLUMNS_MOST];
	bool filled[TABLE_COLUMNS_MOST]; /* some cell of the column has a text */
	bool shown[TABLE_COLUMNS_MOST];	 /* was filled when the headings were printed */
	struct table_row *rows;
	size_t count, capacity;
};

void table_init(struct table *table, const char *const *headings, size_t columns);
void table_deinit(struct table *table);

/* A new row, all of it empty. Good until the next is added; NULL when memory is short. */
struct table_row *table_add(struct table *table);
/* Writes into a cell of it, as printf() does. `row` may be NULL. */
void table_set(struct table *table, struct table_row *row, size_t column, enum output_color color,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* By the text of the first column, then the next: numbers in it by their value. */
void table_sort(struct table *table);
/*
 * Prints the rows and forgets them. A column that was empty when the first block was printed is
 * left out, then and later. Returns 0; or -ENOMEM, said on standard error, when something is
 * missing.
 */
int table_print(struct table *table);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a table of expected reachability: rows are whole, and a line is a row, a complaint
 * or a comment.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/test_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_create();
	struct diag_list problems;
	struct test_table table;
	uint32_t line = 0;
	FILE *from;

	if (size == 0) /* fmemopen() refuses nothing */
		data = (const uint8_t *)"\n", size = 1;
	from = fmemopen((void *)(uintptr_t)data, size, "r");
	must(arena != NULL && from != NULL);
	diag_list_init(&problems, arena);
	must(test_table_read(&table, from, "f", arena, &problems) == 0);
	for (size_t i = 0; i < table.count; i++) {
		must(table.rows[i].line > line);
		line = table.rows[i].line;
		for (int j = 0; j < TEST_FIELDS; j++)
			must(*table.rows[i].fields[j] != '\0');
		must(strstr("allow audit-deny", table.rows[i].expected) != NULL);
	}
	must(problems.errors == problems.count + problems.dropped);
	fclose(from);
	arena_unref(arena);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_TEST_TABLE_H
#define CLI_TEST_TABLE_H

/*
 * A table of expected reachability: SOURCE <tab> DESTINATION <tab> PROTOCOL <tab> PORT <tab>
 * VERDICT, one flow a line. PORT is a number, a name, or - for protocols without ports. Blank lines
 * and lines that begin with # say nothing.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "policy/values/arena.h"
#include "policy/values/diag.h"

enum { TEST_FIELDS = 4 };

struct test_row {
	const char *fields[TEST_FIELDS]; /* source, destination, protocol, port */
	const char *expected;		 /* "allow", "deny" or "audit-deny" */
	uint32_t line;
};

struct test_table {
	struct test_row *rows;
	size_t count;
};

/*
 * Reads to the end of `from`, called `name` in positions (borrowed). A malformed line is an error
 * in `problems`. Returns 0, also when there are problems; or -errno when it could not be read, *out
 * untouched. Strings live in `arena`.
 */
int test_table_read(struct test_table *out, FILE *from, const char *name, struct arena *arena,
	struct diag_list *problems);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cli/shown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

static FILE *file;
static int kept;

void shown_begin(void)
{
	file = tmpfile();
	assert_non_null(file);
	fflush(stdout);
	kept = dup(STDOUT_FILENO);
	assert_true(kept >= 0);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
}

void shown_end(char text[SHOWN_MOST])
{
	size_t length;

	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	rewind(file);
	length = fread(text, 1, SHOWN_MOST - 1, file);
	text[length] = '\0';
	fclose(file);
}

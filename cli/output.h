/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

/* What the subcommands share of writing to a person or a program. */

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "policy/diag.h"

enum output_format { OUTPUT_TEXT, OUTPUT_JSON };
int output_format_parse(const char *text, enum output_format *out);	/* "text", "json"; or -EINVAL */

/* "podgate: <text>" on standard error, a newline added. */
void output_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum output_color { COLOR_NONE, COLOR_RED, COLOR_GREEN, COLOR_YELLOW, COLOR_BOLD, COLOR_DIM };
/* The escape sequence to begin (or, COLOR_NONE, to end) a colour: "" unless standard output is a terminal and NO_COLOR is unset. */
const char *output_color(enum output_color color);

void output_json(const cJSON *value);	/* one line on standard output */
/* "file:line:column: severity: text" and, on a line of its own, "    hint: ..."; quoted control characters. */
void output_diag(const struct diag *diag);
cJSON *output_diag_json(const struct diag *diag);

#endif

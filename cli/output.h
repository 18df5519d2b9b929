/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

/*
 * What the subcommands share of writing to a person or a program. Manifests, names and a daemon's
 * answers are foreign text: nothing of them may move a cursor, so whatever a terminal would obey is
 * written as an escape.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "config/text/json_writer.h"
#include "policy/values/diag.h"

enum output_format { OUTPUT_TEXT, OUTPUT_JSON };
int output_format_parse(const char *text, enum output_format *out); /* "text", "json"; or -EINVAL */

/* "podgate: <text>" on standard error, a newline added. */
void output_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum output_color { COLOR_NONE, COLOR_RED, COLOR_GREEN, COLOR_YELLOW, COLOR_BOLD, COLOR_DIM };
/*
 * Begins a colour, or with COLOR_NONE ends it: "" unless standard output is a terminal and NO_COLOR
 * is unset.
 */
const char *output_color(enum output_color color);

/*
 * Foreign text: control characters, bidirectional overrides and bytes that are no UTF-8 come as \n,
 * \x1b, \u202e.
 */
void output_text(FILE *to, const char *text);
/* Makes every string in a tree fit for printf(), as output_text() would write it. 0 or -ENOMEM. */
int output_clean_json(cJSON *tree);

void output_json(const cJSON *value); /* one line on standard output */
/* The same of what was written. Frees it. 0; or -ENOMEM, said on standard error: it had failed. */
int output_json_written(struct json_writer *writer);
/* the same without the newline, for a document that is written in parts */
void output_json_part(const cJSON *value);
/*
 * "file:line:column: severity: text" and, on a line of its own, "    hint: ..."; quoted control
 * characters.
 */
void output_diag(const struct diag *diag);
/* the same on standard error: findings that stand in the way */
void output_diag_problem(const struct diag *diag);
/*
 * Flushes standard output. Returns 0; or -errno, said on standard error: a result that was not
 * written is no result.
 */
int output_finish(void);

#endif

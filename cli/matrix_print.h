/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_MATRIX_PRINT_H
#define CLI_MATRIX_PRINT_H

/*
 * A reachability matrix on standard output: a table while a screen holds it, else a line for each
 * pair cut off.
 */

#include "policy/explain/reach.h"

/* 0, or -ENOMEM. */
int matrix_print_text(const struct reach_matrix *matrix, const struct reach_question *question);
/*
 * {"family", "protocol", "port", "pods": [{"namespace", "name"}], "pairs": [{"source",
 * "destination", "reach", "allowed", "asked", "audited"}]}: ends are indices into pods, reach is
 * "all", "some", "none" or "unknown".
 */
int matrix_print_json(const struct reach_matrix *matrix, const struct reach_question *question);

#endif

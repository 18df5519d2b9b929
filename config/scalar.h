/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SCALAR_H
#define CONFIG_SCALAR_H

/*
 * What a scalar is, as Kubernetes' own YAML reader takes it: YAML 1.1, where yes and off are booleans and 0x50 and
 * 1_000 are numbers. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "config/document.h"

enum scalar_type { SCALAR_STRING, SCALAR_BOOLEAN, SCALAR_INTEGER, SCALAR_FLOAT };

/* `node` is a NODE_SCALAR. Quoted ones are strings. */
enum scalar_type scalar_type(const struct node *node);
const char *scalar_type_name(enum scalar_type type);	/* "a string", "a boolean", "a number", "a number" */

bool scalar_is_null(const char *text);	/* "", "~", "null", "Null", "NULL", unquoted */

/* Reads true, false and their YAML 1.1 kin. Returns 0; or -EINVAL, *out untouched. */
int scalar_boolean(const struct node *node, bool *out);

/*
 * Reads a whole number, decimal or 0x hexadecimal. Returns 0; -ERANGE past 64 bits; or -EINVAL: not a number, or one
 * written so that readers differ about it (a leading zero, 80.0, 1_000). *out is untouched on failure.
 */
int scalar_integer(const struct node *node, int64_t *out);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_SCALAR_H
#define CONFIG_TEXT_SCALAR_H

/*
 * The type and value of a scalar, as kubectl and the API server take it: YAML 1.1 as Go's yaml.v2
 * resolves it (its resolve.go, and the keys as sigs.k8s.io/yaml turns them into JSON). yes, off and
 * y are booleans; 0x50, 0120, 1_000 and 1e3 are numbers; what Go cannot hold as a number (1e309) is
 * a string. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "config/text/document.h"

enum scalar_type { SCALAR_STRING, SCALAR_BOOLEAN, SCALAR_INTEGER, SCALAR_FLOAT };

/* `node` is a NODE_SCALAR. Quoted ones are strings. */
enum scalar_type scalar_type(const struct node *node);
const char *scalar_type_name(
	enum scalar_type type); /* "a string", "a boolean", "a number", "a number" */

bool scalar_is_null(const char *text); /* "", "~", "null", "Null", "NULL", unquoted */

/* Reads true, false and their YAML 1.1 kin. Returns 0; or -EINVAL, *out untouched. */
int scalar_boolean(const struct node *node, bool *out);

/* y, Y, n and N without quotes: booleans that most other readers of YAML take for strings. */
bool scalar_is_letter_boolean(const struct node *node);

/*
 * Reads a whole number, however it is written: 80.0 and 8e1 are 80, 0120 is octal. Returns 0;
 * -ERANGE past 64 bits; or -EINVAL: not a number, or one with a fraction. *out is untouched on
 * failure.
 */
int scalar_integer(const struct node *node, int64_t *out);

/*
 * Whether a number is written as every reader reads it alike: decimal without leading zeros, or 0x
 * hexadecimal.
 */
bool scalar_is_plain_number(const struct node *node);

enum { SCALAR_KEY_TEXT = 32 };

/*
 * The text that an unquoted key of a mapping becomes: on is "true", 012 is "10", 1.0 is "1".
 * Returns `text` itself where it stays as it is, `out`, or NULL for a whole number above 2^63,
 * which kubectl refuses as a key.
 */
const char *scalar_key(const char *text, char out[SCALAR_KEY_TEXT]);

#endif

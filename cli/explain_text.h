/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_EXPLAIN_TEXT_H
#define CLI_EXPLAIN_TEXT_H

/*
 * An explanation for people, made from its JSON: the same for one's own policies, a daemon's and
 * the verdict log's.
 */

#include <cjson/cJSON.h>

/*
 * Prints one flow (explain_json_flow()) on standard output, every line after `indent`. Whatever is
 * missing or of another type is left out. The tree must have been through output_clean_json().
 * `before` (NULL: none) was printed just now: the same pods over the other address family, say;
 * reasons that are equal are not said again.
 */
void explain_text_print(const cJSON *flow, const cJSON *before, const char *indent);

#endif

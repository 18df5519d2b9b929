/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_YAML_ERROR_H
#define CONFIG_TEXT_YAML_ERROR_H

/*
 * Why a YAML document does not parse, in words that help. libyaml says where it gave up, which is
 * often the line after the mistake: this looks at the text again. Internal to config/text/document.
 */

#include <stddef.h>

#include "policy/values/diag.h"

struct yaml_failure {
	const char *problem; /* libyaml's words */
	const char *context; /* likewise, or "" */
	size_t line, column; /* of the problem, counted from 0, in `bytes` */
	size_t context_line, context_column;
	size_t first_line; /* of the document that failed, counted from 0 */
};

/* Adds one finding or more. `line_base` is added to the lines of `bytes` in positions. */
void yaml_error_explain(struct diag_list *diags, const char *file, const char *bytes, size_t length,
	size_t line_base, const struct yaml_failure *failure);

#endif

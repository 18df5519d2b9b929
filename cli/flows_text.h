/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_FLOWS_TEXT_H
#define CLI_FLOWS_TEXT_H

/* The live connections (service/views/flow_listing.h) as a table for a person. */

#include <cjson/cJSON.h>

#include "cli/table.h"

struct flows_text {
	struct table table;
	size_t shown;
};

void flows_text_init(struct flows_text *text);
void flows_text_deinit(struct flows_text *text);
/*
 * Takes one line of the answer; prints when there is enough for a block, or nothing more. `context`
 * is a struct flows_text.
 */
int flows_text_show(cJSON *line, void *context);

#endif

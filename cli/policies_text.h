/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_POLICIES_TEXT_H
#define CLI_POLICIES_TEXT_H

/* The policies in force (service/views/policy_listing.h) as a table for a person. */

#include <cjson/cJSON.h>

#include "cli/table.h"

struct policies_text {
	struct table table;
	size_t without_pods; /* policies that select none */
	double all;	     /* policies in force, listed or not */
};

void policies_text_init(struct policies_text *text);
void policies_text_deinit(struct policies_text *text);
/*
 * Takes one line of the answer; prints when there is enough for a block, or nothing more. `context`
 * is a struct policies_text.
 */
int policies_text_show(cJSON *line, void *context);

#endif

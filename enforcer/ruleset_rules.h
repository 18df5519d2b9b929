/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_RULESET_RULES_H
#define ENFORCER_RULESET_RULES_H

/* The text of our rules, in the form in which iptables-save would write them. Pure. */

#include <stdbool.h>

#include "enforcer/rule_text.h"
#include "enforcer/ruleset.h"

#define RULESET_TABLE "mangle"
#define RULESET_CHAIN "PODGATE"

enum { RULESET_RULE_TEXT = RULESET_RULE_LENGTH, RULESET_RULES_MOST = 32 };

struct ruleset_rules {
	size_t count;
	char text[RULESET_RULES_MOST][RULESET_RULE_TEXT];	/* "-A CHAIN ...", without a newline */
};

/* The rules of our chain, in order. */
void ruleset_chain_rules(const struct ruleset_options *options, enum ip_family family, struct ruleset_rules *out);
/* The rules that lead into it: of each base chain they come first, in this order. */
void ruleset_jump_rules(const struct ruleset_options *options, struct ruleset_rules *out);

/* Recognising them in a listing. */
bool ruleset_is_ours(const char *chain);			/* NULL is nobody's */
bool ruleset_is_jump(const struct rule_text *rule);		/* a rule elsewhere that leads into our chain */
bool ruleset_declares_chain(const struct rule_text *line);	/* ":PODGATE - [0:0]" */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_RULES_RULESET_RULES_H
#define ENFORCER_RULES_RULESET_RULES_H

/* The text of our rules, in the form in which iptables-save would write them. Pure. */

#include <stdbool.h>

#include "enforcer/rules/rule_text.h"
#include "enforcer/rules/ruleset.h"

#define RULESET_TABLE "mangle"
#define RULESET_CHAIN "PODGATE"
#define RULESET_LEARNED "PODGATE-LEARNED"	/* where it sends the first packet of a learned class */

enum { RULESET_RULE_TEXT = RULESET_RULE_LENGTH, RULESET_RULES_MOST = 32 };

struct ruleset_rules {
	size_t count;
	char text[RULESET_RULES_MOST][RULESET_RULE_TEXT];	/* "-A CHAIN ...", without a newline */
};

/* Our chains, the one that others lead into first. */
extern const char *const ruleset_chains[];
enum { RULESET_CHAINS = 2 };

/* The rules of our chains, chain by chain, in order. */
void ruleset_chain_rules(const struct ruleset_options *options, enum ip_family family, struct ruleset_rules *out);
/* The rules that lead into the first: of each base chain they come first, in this order. */
void ruleset_jump_rules(const struct ruleset_options *options, struct ruleset_rules *out);

/* Recognising them in a listing. */
bool ruleset_is_ours(const char *chain);			/* NULL is nobody's */
bool ruleset_is_jump(const struct rule_text *rule);		/* a rule elsewhere that leads into a chain of ours */
bool ruleset_declares(const struct rule_text *line, const char *chain);	/* ":PODGATE - [0:0]" */
/* Whether a listing has it. */
bool ruleset_has_chain(const char *saved, const char *chain);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_RULESET_RULES_H
#define KERNEL_RULES_RULESET_RULES_H

/* The text of our rules, in the form in which iptables-save would write them. Pure. */

#include <stdbool.h>

#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset.h"

#define RULESET_TABLE "mangle"
#define RULESET_EARLY_TABLE "raw" /* before connection tracking */
#define RULESET_CHAIN "PODGATE"
#define RULESET_LEARNED "PODGATE-LEARNED" /* where it sends the first packet of a learned class */
#define RULESET_GROUPS "PODGATE-GROUPS"	  /* where it sends packets to group addresses */
#define RULESET_BRIDGED "PODGATE-BRIDGED" /* PREROUTING: first packets that a bridge may flood */
#define RULESET_UNTRACK "PODGATE-UNTRACK" /* raw: leaves a bridge's group frames untracked */

enum { RULESET_RULE_TEXT = RULESET_RULE_LENGTH, RULESET_RULES_MOST = 64 };

struct ruleset_rules {
	size_t count;
	char text[RULESET_RULES_MOST][RULESET_RULE_TEXT]; /* "-A CHAIN ...", without a newline */
};

/* The tables that chains of ours are in. */
enum { RULESET_TABLES = 2 };
extern const char *const ruleset_tables[RULESET_TABLES];

/* Our chains, the one that others lead into first. No two have the same name, in whatever table. */
enum { RULESET_CHAINS = 5 };
extern const struct ruleset_chain {
	const char *name, *table;
	bool bridged; /* only with ruleset_options.bridged */
} ruleset_chains[RULESET_CHAINS];

/* Whether these options have that chain, or any chain in that table. */
bool ruleset_wants_chain(const struct ruleset_options *options, const struct ruleset_chain *chain);
bool ruleset_wants_table(const struct ruleset_options *options, const char *table);

/* The rules of our chains, chain by chain, in order. */
void ruleset_chain_rules(
	const struct ruleset_options *options, enum ip_family family, struct ruleset_rules *out);
/*
 * The rules that lead into ours: of each base chain they come first, in this order. The table of
 * each is that of the chain that it leads into.
 */
void ruleset_jump_rules(const struct ruleset_options *options, struct ruleset_rules *out);
/* The table that a rule of ours, or a jump into a chain of ours, is in; NULL: it is neither. */
const char *ruleset_table_of(const struct rule_text *rule);

/* Recognising them in a listing. */
/* NULL: none of ours; so is NULL */
const struct ruleset_chain *ruleset_find_chain(const char *name);
bool ruleset_is_ours(const char *chain); /* NULL is nobody's */
/* a rule elsewhere that leads into a chain of ours */
bool ruleset_is_jump(const struct rule_text *rule);
bool ruleset_declares(const struct rule_text *line, const char *chain); /* ":PODGATE - [0:0]" */
/* Whether a listing has it. */
bool ruleset_has_chain(const char *saved, const char *chain);
/*
 * Where the listing of one table begins in that of several, each as iptables-save writes it:
 * "*mangle", its rules, "COMMIT". The length in *length; NULL: it is not there.
 */
const char *ruleset_listing_of(const char *saved, const char *table, size_t *length);

#endif

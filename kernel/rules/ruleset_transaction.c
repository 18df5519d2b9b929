/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/ruleset_transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset_rules.h"

/* One table's part of a change. */
struct part {
	FILE *to;
	const char *table;
	const struct ruleset_transaction *of;
};

/* The lines of one table in a listing of several. */
struct lines {
	const char *at, *end;
	const char *line;      /* the one that lines_next() has read */
	struct rule_text rule; /* its words */
};

static void lines_of(struct lines *lines, const char *saved, const char *table)
{
	size_t length = 0;

	lines->at = ruleset_listing_of(saved, table, &length);
	lines->end = lines->at != NULL ? lines->at + length : NULL;
}

static bool lines_next(struct lines *lines)
{
	if (lines->at == NULL || lines->at >= lines->end)
		return false;
	lines->line = lines->at;
	lines->at = rule_text_read(&lines->rule, lines->line);
	return true;
}

static int line_length(const char *line)
{
	return (int)strcspn(line, "\n");
}

/* Deletes every rule that leads into our chain, word for word as it was listed. */
static void write_jump_removals(const struct part *part)
{
	struct lines lines;

	for (lines_of(&lines, part->of->now, part->table); lines_next(&lines);)
		if (ruleset_is_jump(&lines.rule))
			fprintf(part->to, "-D%.*s\n", line_length(lines.line) - 2, lines.line + 2);
}

/* "-A CHAIN rest" as "-I CHAIN position rest" */
static void write_insertion(FILE *to, const char *rule, int length, unsigned int position)
{
	const int chain = (int)strcspn(rule + 3, " ");

	fprintf(to, "-I %.*s %u%.*s\n", chain, rule + 3, position, length - 3 - chain,
		rule + 3 + chain);
}

/* Whether the chain is to be there in the end. */
static bool is_kept(const struct ruleset_transaction *of, const struct ruleset_chain *chain)
{
	return of->options != NULL ? ruleset_wants_chain(of->options, chain)
				   : ruleset_has_chain(of->before, chain->name);
}

static bool is_touched(const struct part *part, const struct ruleset_chain *chain)
{
	return strcmp(chain->table, part->table) == 0 &&
		(is_kept(part->of, chain) || ruleset_has_chain(part->of->now, chain->name));
}

/* Creates each chain of ours, or empties the one that is there. */
static void write_chains(const struct part *part)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		if (is_touched(part, &ruleset_chains[i]))
			fprintf(part->to, ":%s - [0:0]\n", ruleset_chains[i].name);
}

/* Removes the chains that are not wanted: they are empty, and nobody leads there. */
static void write_chain_removals(const struct part *part)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		if (is_touched(part, &ruleset_chains[i]) && !is_kept(part->of, &ruleset_chains[i]))
			fprintf(part->to, "-X %s\n", ruleset_chains[i].name);
}

static bool is_of_table(const char *text, const char *table)
{
	struct rule_text rule;

	rule_text_read(&rule, text);
	return strcmp(ruleset_table_of(&rule), table) == 0;
}

/* Our rules, and the jumps first in their chains. */
static void write_rules(const struct part *part)
{
	struct ruleset_rules rules;

	ruleset_chain_rules(part->of->options, part->of->family, &rules);
	for (size_t i = 0; i < rules.count; i++)
		if (is_of_table(rules.text[i], part->table))
			fprintf(part->to, "%s\n", rules.text[i]);
	ruleset_jump_rules(part->of->options, &rules);
	for (size_t i = rules.count; i-- > 0;) /* from the last to the first, each to position 1 */
		if (is_of_table(rules.text[i], part->table))
			write_insertion(part->to, rules.text[i], line_length(rules.text[i]), 1);
}

/* Puts the jumps that `before` held back to where they stood. */
static void write_old_jumps(const struct part *part)
{
	char chain[64] = "";
	unsigned int position = 0;
	struct lines lines;

	for (lines_of(&lines, part->of->before, part->table); lines_next(&lines);) {
		const char *name = rule_text_chain(&lines.rule);

		if (name == NULL)
			continue;
		position = strcmp(name, chain) == 0 ? position + 1 : 1;
		snprintf(chain, sizeof(chain), "%s", name);
		if (ruleset_is_jump(&lines.rule))
			write_insertion(part->to, lines.line, line_length(lines.line), position);
	}
}

static void write_old_chains(const struct part *part)
{
	struct lines lines;

	for (lines_of(&lines, part->of->before, part->table); lines_next(&lines);)
		if (ruleset_is_ours(rule_text_chain(&lines.rule)))
			fprintf(part->to, "%.*s\n", line_length(lines.line), lines.line);
}

static bool has_jump(const char *saved, const char *table)
{
	struct lines lines;

	for (lines_of(&lines, saved, table); lines_next(&lines);)
		if (ruleset_is_jump(&lines.rule))
			return true;
	return false;
}

/* A table that has nothing of ours is not named: naming it would make it. */
static bool is_concerned(const struct part *part)
{
	bool concerned = has_jump(part->of->now, part->table);

	for (size_t i = 0; i < RULESET_CHAINS; i++)
		concerned = concerned || is_touched(part, &ruleset_chains[i]);
	return concerned;
}

static void write_part(const struct part *part)
{
	if (!is_concerned(part))
		return;
	fprintf(part->to, "*%s\n", part->table);
	write_chains(part);
	write_jump_removals(part);
	if (part->of->options != NULL) {
		write_rules(part);
	} else {
		write_old_chains(part);
		write_old_jumps(part);
	}
	write_chain_removals(part);
	fprintf(part->to, "COMMIT\n");
}

char *ruleset_transaction_render(const struct ruleset_transaction *transaction)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return NULL;
	for (size_t i = 0; i < RULESET_TABLES; i++)
		write_part(&(struct part){.to = to, .table = ruleset_tables[i], .of = transaction});
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

char *ruleset_render(const struct ruleset_options *options, enum ip_family family)
{
	const struct ruleset_transaction transaction = {
		.now = "", .options = options, .family = family, .before = ""};

	return ruleset_transaction_render(&transaction);
}

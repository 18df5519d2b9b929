/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/rules/ruleset_transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/rules/rule_text.h"
#include "enforcer/rules/ruleset_rules.h"

static int line_length(const char *line)
{
	return (int)strcspn(line, "\n");
}

/* Deletes every rule that leads into our chain, word for word as it was listed. */
static void write_jump_removals(FILE *to, const char *saved)
{
	struct rule_text rule;

	while (saved != NULL) {
		const char *line = saved;

		saved = rule_text_read(&rule, line);
		if (ruleset_is_jump(&rule))
			fprintf(to, "-D%.*s\n", line_length(line) - 2, line + 2);
	}
}

/* "-A CHAIN rest" as "-I CHAIN position rest" */
static void write_insertion(FILE *to, const char *rule, int length, unsigned int position)
{
	const int chain = (int)strcspn(rule + 3, " ");

	fprintf(to, "-I %.*s %u%.*s\n", chain, rule + 3, position, length - 3 - chain, rule + 3 + chain);
}

/* Creates each chain of ours, or empties the one that is there. */
static void write_chains(FILE *to)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		fprintf(to, ":%s - [0:0]\n", ruleset_chains[i]);
}

/* Removes the chains that `before` did not have: they are empty, and nobody leads there. */
static void write_chain_removals(FILE *to, const char *before)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		if (!ruleset_has_chain(before, ruleset_chains[i]))
			fprintf(to, "-X %s\n", ruleset_chains[i]);
}

/* Our rules, and the jumps first in their chains. */
static void write_rules(FILE *to, const struct ruleset_options *options, enum ip_family family)
{
	struct ruleset_rules rules;

	ruleset_chain_rules(options, family, &rules);
	for (size_t i = 0; i < rules.count; i++)
		fprintf(to, "%s\n", rules.text[i]);
	ruleset_jump_rules(options, &rules);
	for (size_t i = rules.count; i-- > 0;) /* from the last to the first, each to position 1 */
		write_insertion(to, rules.text[i], (int)strlen(rules.text[i]), 1);
}

/* Puts the jumps that `saved` held back to where they stood. */
static void write_old_jumps(FILE *to, const char *saved)
{
	char chain[64] = "";
	unsigned int position = 0;
	struct rule_text rule;

	while (saved != NULL) {
		const char *line = saved, *name;

		saved = rule_text_read(&rule, line);
		name = rule_text_chain(&rule);
		if (name == NULL)
			continue;
		position = strcmp(name, chain) == 0 ? position + 1 : 1;
		snprintf(chain, sizeof(chain), "%s", name);
		if (ruleset_is_jump(&rule))
			write_insertion(to, line, line_length(line), position);
	}
}

static void write_old_chains(FILE *to, const char *saved)
{
	struct rule_text rule;

	while (saved != NULL) {
		const char *line = saved;

		saved = rule_text_read(&rule, line);
		if (ruleset_is_ours(rule_text_chain(&rule)))
			fprintf(to, "%.*s\n", line_length(line), line);
	}
}

char *ruleset_transaction_render(const struct ruleset_transaction *transaction)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		return NULL;
	fprintf(to, "*" RULESET_TABLE "\n");
	write_chains(to);
	write_jump_removals(to, transaction->now);
	if (transaction->options != NULL) {
		write_rules(to, transaction->options, transaction->family);
	} else {
		write_old_chains(to, transaction->before);
		write_old_jumps(to, transaction->before);
		write_chain_removals(to, transaction->before);
	}
	fprintf(to, "COMMIT\n");
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

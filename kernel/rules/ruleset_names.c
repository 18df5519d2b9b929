/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "kernel/rules/ruleset_rules.h"

const char *const ruleset_tables[RULESET_TABLES] = {RULESET_TABLE, RULESET_EARLY_TABLE};

const struct ruleset_chain ruleset_chains[RULESET_CHAINS] = {
	{RULESET_CHAIN, RULESET_TABLE, false},
	{RULESET_LEARNED, RULESET_TABLE, false},
	{RULESET_GROUPS, RULESET_TABLE, false},
	{RULESET_BRIDGED, RULESET_TABLE, true},
	{RULESET_UNTRACK, RULESET_EARLY_TABLE, true},
};

bool ruleset_wants_chain(const struct ruleset_options *options, const struct ruleset_chain *chain)
{
	return options->bridged || !chain->bridged;
}

bool ruleset_wants_table(const struct ruleset_options *options, const char *table)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		if (strcmp(ruleset_chains[i].table, table) == 0 &&
			ruleset_wants_chain(options, &ruleset_chains[i]))
			return true;
	return false;
}

const struct ruleset_chain *ruleset_find_chain(const char *name)
{
	for (size_t i = 0; name != NULL && i < RULESET_CHAINS; i++)
		if (strcmp(name, ruleset_chains[i].name) == 0)
			return &ruleset_chains[i];
	return NULL;
}

bool ruleset_is_ours(const char *chain)
{
	return ruleset_find_chain(chain) != NULL;
}

bool ruleset_is_jump(const struct rule_text *rule)
{
	const char *chain = rule_text_chain(rule);

	return chain != NULL && !ruleset_is_ours(chain) && ruleset_is_ours(rule_text_target(rule));
}

const char *ruleset_table_of(const struct rule_text *rule)
{
	const struct ruleset_chain *chain = ruleset_find_chain(rule_text_chain(rule));

	if (chain == NULL)
		chain = ruleset_find_chain(rule_text_target(rule));
	return chain != NULL ? chain->table : NULL;
}

bool ruleset_declares(const struct rule_text *line, const char *chain)
{
	return line->count > 0 && line->words[0][0] == ':' &&
		strcmp(line->words[0] + 1, chain) == 0;
}

bool ruleset_has_chain(const char *saved, const char *chain)
{
	struct rule_text line;

	while (saved != NULL) {
		saved = rule_text_read(&line, saved);
		if (ruleset_declares(&line, chain))
			return true;
	}
	return false;
}

/* "*mangle" is the whole line. */
static bool begins_table(const char *line, const char *table)
{
	const size_t length = strlen(table);

	return line[0] == '*' && strncmp(line + 1, table, length) == 0 &&
		(line[length + 1] == '\n' || line[length + 1] == '\0');
}

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line != NULL && line[1] != '\0' ? line + 1 : NULL;
}

const char *ruleset_listing_of(const char *saved, const char *table, size_t *length)
{
	const char *first = saved, *end;

	while (first != NULL && !begins_table(first, table))
		first = next_line(first);
	if (first == NULL)
		return NULL;
	for (end = next_line(first); end != NULL && *end != '*';)
		end = next_line(end);
	*length = end != NULL ? (size_t)(end - first) : strlen(first);
	return first;
}

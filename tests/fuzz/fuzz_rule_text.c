/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Listings of iptables-save as others may have written them: comments and names of their rules are
 * foreign bytes. Besides memory errors it looks for a transaction that names a rule which does not
 * lead into our chain.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/mark_overlap.h"
#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset_rules.h"
#include "kernel/rules/ruleset_transaction.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(const char *text)
{
	static struct rule_text rule;
	const char *next = text, *end = text + strlen(text);

	while (next != NULL) {
		const char *line = next;

		next = rule_text_read(&rule, line);
		if (next != NULL && (next <= line || next > end || next[-1] != '\n'))
			abort();
		if (!rule.cut && !rule_text_equal(&rule, &rule))
			abort();
		(void)rule_text_target(&rule);
	}
}

/* What is deleted must be a jump of ours, whatever the listing says. */
static void check_deletions(const char *text)
{
	static struct rule_text rule;

	while (text != NULL) {
		const char *line = text;

		text = rule_text_read(&rule, line);
		if (strncmp(line, "-D", 2) == 0 &&
			(rule_text_target(&rule) == NULL ||
				!ruleset_is_ours(rule_text_target(&rule))))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rendered;
	struct ruleset_transaction transaction = {.family = IP_FAMILY_V4, .before = text};

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	transaction.now = text;
	check_lines(text);
	(void)mark_overlap_find(text, 0x60000000);
	rendered = ruleset_transaction_render(&transaction);
	if (rendered != NULL)
		check_deletions(rendered);
	free(rendered);
	free(text);
	return 0;
}

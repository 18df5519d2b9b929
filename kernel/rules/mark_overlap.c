/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/mark_overlap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/ruleset_rules.h"

static const uint32_t every_bit = 0xffffffff;

/* "VALUE" or "VALUE/MASK". */
static void read_mark(const char *text, uint32_t *value, uint32_t *mask)
{
	char *end;

	*value = (uint32_t)strtoul(text, &end, 0);
	*mask = *end == '/' ? (uint32_t)strtoul(end + 1, NULL, 0) : every_bit;
}

/* What follows `option` between the words `from` and `to`, or NULL. */
static const char *option_value(
	const struct rule_text *rule, size_t from, size_t to, const char *option)
{
	for (size_t i = from; i + 1 < to; i++)
		if (strcmp(rule->words[i], option) == 0)
			return rule->words[i + 1];
	return NULL;
}

static bool has_word(const struct rule_text *rule, size_t from, const char *word)
{
	for (size_t i = from; i < rule->count; i++)
		if (strcmp(rule->words[i], word) == 0)
			return true;
	return false;
}

/*
 * -m connmark [!] --mark VALUE[/MASK]: looks at the bits of its mask. The option belongs to the
 * match it follows.
 */
static uint32_t match_bits(const struct rule_text *rule, size_t at)
{
	size_t end = at;
	const char *mark;
	uint32_t value, mask = 0;

	while (end < rule->count && strcmp(rule->words[end], "-m") != 0 &&
		strcmp(rule->words[end], "-j") != 0)
		end++;
	mark = option_value(rule, at, end, "--mark");
	if (mark != NULL)
		read_mark(mark, &value, &mask);
	return mask;
}

static uint32_t mask_option(const struct rule_text *rule, size_t at, const char *option)
{
	const char *text = option_value(rule, at, rule->count, option);

	return text != NULL ? (uint32_t)strtoul(text, NULL, 0) : every_bit;
}

/*
 * -j CONNMARK. --set-xmark clears the mask's bits and flips the value's. --save-mark clears ctmask
 * and flips in what nfmask lets through; --restore-mark copies what ctmask lets through into the
 * packet mark, where a whole-mark comparison would then see our bits. The other forms (--set-mark,
 * --and-mark...) are saved as --set-xmark; they are read for older versions.
 */
static uint32_t target_bits(const struct rule_text *rule, size_t at)
{
	static const char *const writers[] = {
		"--set-xmark", "--set-mark", "--or-mark", "--xor-mark"};
	uint32_t value, mask;
	const char *text;

	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		text = option_value(rule, at, rule->count, writers[i]);
		if (text == NULL)
			continue;
		read_mark(text, &value, &mask);
		return i >= 2 ? value : value | mask;
	}
	text = option_value(rule, at, rule->count, "--and-mark");
	if (text != NULL)
		return ~(uint32_t)strtoul(text, NULL, 0);
	if (has_word(rule, at, "--save-mark"))
		return mask_option(rule, at, "--ctmask") | mask_option(rule, at, "--nfmask");
	if (has_word(rule, at, "--restore-mark"))
		return mask_option(rule, at, "--ctmask");
	return 0;
}

/* The bits of the connection mark that a rule has to do with. */
static uint32_t rule_bits(const struct rule_text *rule)
{
	uint32_t bits = 0;

	for (size_t i = 2; i + 1 < rule->count; i++) {
		if (strcmp(rule->words[i], "-m") == 0 &&
			strcmp(rule->words[i + 1], "connmark") == 0)
			bits |= match_bits(rule, i + 2);
		else if (strcmp(rule->words[i], "-j") == 0 &&
			strcmp(rule->words[i + 1], "CONNMARK") == 0)
			bits |= target_bits(rule, i + 2);
	}
	return bits;
}

const char *mark_overlap_find(const char *saved, uint32_t mask)
{
	struct rule_text rule;

	while (saved != NULL) {
		const char *line = saved, *chain;

		saved = rule_text_read(&rule, line);
		chain = rule_text_chain(&rule);
		if (chain != NULL && !ruleset_is_ours(chain) && (rule_bits(&rule) & mask) != 0)
			return line;
	}
	return NULL;
}

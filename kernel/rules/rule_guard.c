/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/rule_guard.h"

#include <stdio.h>
#include <string.h>

#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset_rules.h"

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static bool is_our_chain(const char *name)
{
	return ruleset_is_ours(name) || strcmp(name, RULE_GUARD_SCRATCH) == 0;
}

/* Extensions are found by their names: what is no plain name might lead to another folder. */
static bool is_plain_name(const char *word)
{
	return *word != '\0' &&
		word[strspn(word,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
		'\0';
}

/* `option`, or as much of it as getopt takes for it, perhaps with "=value". */
static bool abbreviates(const char *word, const char *option)
{
	const size_t length = strcspn(word, "=");

	return length > 2 && strncmp(word, option, length) == 0;
}

/*
 * By which a program or a file is named; and the long forms of letters, which iptables-save never
 * writes.
 */
static bool is_refused_long(const char *word)
{
	static const char *const refused[] = {
		"--modprobe", "--object-pinned", "--match", "--jump", "--goto"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (abbreviates(word, refused[i]))
			return true;
	return abbreviates(word, "--protocol") && strchr(word, '=') != NULL;
}

/*
 * What follows is the name of an extension, or is taken for one. The match "policy" has a --proto
 * of its own.
 */
static bool names_extension(const char *word)
{
	static const char *const named[] = {"-p", "-m", "-j", "-g", NULL};

	return is_one_of(word, named) || abbreviates(word, "--protocol");
}

/*
 * getopt takes several letters in one word ("-nM/bin/sh"), wherever it expects an option, and
 * iptables undoes quoting before it. So each word that begins with a dash must be one of few
 * letters, or a long option.
 */
static const char *refuse_option(const struct rule_text *rule, size_t i)
{
	static const char *const letters[] = {
		"-p", "-s", "-d", "-i", "-o", "-f", "-m", "-j", "-g", NULL};
	const char *word = rule->words[i];

	if (word[0] != '-')
		return NULL;
	if (word[1] == '-' ? is_refused_long(word) : !is_one_of(word, letters))
		return "it has an option that no rule of ours has";
	if (names_extension(word) && (i + 1 == rule->count || !is_plain_name(rule->words[i + 1])))
		return "the name of an extension is no name";
	return NULL;
}

static const char *refuse_words(const struct rule_text *rule, size_t from)
{
	const char *why = NULL;

	for (size_t i = from; i < rule->count && why == NULL; i++)
		why = refuse_option(rule, i);
	return why;
}

/* -A CHAIN..., into a chain of ours. */
static const char *refuse_addition(const struct rule_text *rule)
{
	if (rule->count < 2 || !is_our_chain(rule->words[1]))
		return "it adds to a chain of others";
	return refuse_words(rule, 2);
}

/* -I CHAIN N... and -D CHAIN..., of a jump to our chain. */
static const char *refuse_jump(const struct rule_text *rule)
{
	const bool insertion = strcmp(rule->words[0], "-I") == 0;
	const size_t from = insertion ? 3 : 2;

	if (rule->count < from || !is_plain_name(rule->words[1]) || rule->words[1][0] == '-' ||
		!ruleset_is_ours(rule_text_target(rule)))
		return "it is about a rule that does not lead to our chain";
	if (insertion && rule->words[2][strspn(rule->words[2], "0123456789")] != '\0')
		return "its place is no number";
	return refuse_words(rule, from);
}

static const char *refuse_chain(const struct rule_text *rule)
{
	return rule->count == 2 && is_our_chain(rule->words[1]) ? NULL
								: "it is about a chain of others";
}

/* ":PODGATE - [0:0]" */
static const char *refuse_declaration(const struct rule_text *rule)
{
	if (!is_our_chain(rule->words[0] + 1))
		return "it is about a chain of others";
	return rule->count == 3 && strcmp(rule->words[1], "-") == 0 &&
			strcmp(rule->words[2], "[0:0]") == 0
		? NULL
		: "it is no chain as podgate makes it";
}

/* NULL when the line is all right. */
static const char *refuse_line(const struct rule_text *rule)
{
	static const char *const whole[] = {
		"*" RULESET_TABLE, "*" RULESET_EARLY_TABLE, "COMMIT", NULL};
	const char *first;

	if (rule->cut)
		return "it is too long";
	if (rule->count == 0)
		return "it is empty";
	first = rule->words[0];
	if (is_one_of(first, whole))
		return rule->count == 1 ? NULL : "something follows";
	if (first[0] == ':')
		return refuse_declaration(rule);
	if (strcmp(first, "-A") == 0)
		return refuse_addition(rule);
	if (strcmp(first, "-I") == 0 || strcmp(first, "-D") == 0)
		return refuse_jump(rule);
	if (strcmp(first, "-F") == 0 || strcmp(first, "-X") == 0)
		return refuse_chain(rule);
	return "it is none of those that podgate writes";
}

/*
 * The end of the quoted word that begins at `at`; NULL when it has none, or goes on without its
 * quotes.
 */
static const char *skip_quoted(const char *at)
{
	for (at++; *at != '"'; at++) {
		at += *at == '\\';
		if (*at == '\0' || *at == '\n')
			return NULL;
	}
	at++;
	return *at == ' ' || *at == '\n' || *at == '\0' ? at : NULL;
}

/*
 * iptables-restore and rule_text_read() must see the same words. Both end them at blanks, and take
 * a quoted word for one; of anything that only one of them knows, quotes amid a word and other
 * blanks, there may be none.
 */
static const char *refuse_bytes(const char *line)
{
	if (*line == '[')
		return "it has counters";
	for (const char *at = line; *at != '\0' && *at != '\n'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return "it has a control character";
	while (line != NULL && *line != '\0' && *line != '\n') {
		if (*line == '"')
			line = skip_quoted(line);
		else if (line[strcspn(line, " \"\n")] == '"' && *line != ' ')
			line = NULL;
		else
			line += *line == ' ' ? 1 : strcspn(line, " \n");
	}
	return line == NULL ? "its quoting is not iptables-save's" : NULL;
}

bool rule_guard_allows(const char *text, char problem[PROBLEM_SIZE])
{
	unsigned int number = 1;
	struct rule_text rule;

	for (; text != NULL; number++) {
		const char *line = text, *why = refuse_bytes(line);
		const int length = (int)strcspn(line, "\n");

		text = rule_text_read(&rule, line);
		if (why == NULL)
			why = refuse_line(&rule);
		if (why == NULL)
			continue;
		snprintf(problem, PROBLEM_SIZE,
			"line %u of the rules is not podgate's to apply: %s: '%.*s'", number, why,
			length < 100 ? length : 100, line);
		return false;
	}
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/rule_text.h"

#include <stdlib.h>
#include <string.h>

/*
 * iptables-save quotes an argument with double quotes when it holds anything but the plainest
 * characters, and escapes quotes, backslashes and apostrophes in it with a backslash. Reads one
 * word; returns where it ended.
 */
static const char *read_word(struct rule_text *out, size_t *used, const char *at)
{
	const bool quoted = *at == '"';
	char *to = out->bytes + *used;
	char *const end = out->bytes + sizeof(out->bytes) - 1;

	if (out->count == RULE_WORDS_MOST || to >= end) {
		out->cut = true;
		return at + strcspn(at, "\n");
	}
	out->words[out->count++] = to;
	at += quoted;
	while (*at != '\0' && *at != '\n' && (quoted ? *at != '"' : *at != ' ')) {
		if (quoted && at[0] == '\\' && at[1] != '\0' && at[1] != '\n')
			at++;
		if (to < end)
			*to++ = *at;
		else
			out->cut = true;
		at++;
	}
	at += quoted && *at == '"';
	*to++ = '\0';
	*used = (size_t)(to - out->bytes);
	return at;
}

/* "[packets:bytes]" in front of a rule; chains have theirs at the end, and those stay words. */
static void take_counters(struct rule_text *out)
{
	char *end;

	out->packets = out->octets = 0;
	if (out->count == 0 || out->words[0][0] != '[')
		return;
	out->packets = strtoull(out->words[0] + 1, &end, 10);
	out->octets = *end == ':' ? strtoull(end + 1, NULL, 10) : 0;
	out->count--;
	memmove(out->words, out->words + 1, out->count * sizeof(out->words[0]));
}

const char *rule_text_read(struct rule_text *out, const char *line)
{
	size_t used = 0;

	out->count = 0;
	out->cut = false;
	for (;;) {
		line += strspn(line, " \t\r");
		if (*line == '\0' || *line == '\n')
			break;
		line = read_word(out, &used, line);
	}
	take_counters(out);
	return *line == '\n' && line[1] != '\0' ? line + 1 : NULL;
}

const char *rule_text_chain(const struct rule_text *rule)
{
	return rule->count >= 2 && strcmp(rule->words[0], "-A") == 0 ? rule->words[1] : NULL;
}

const char *rule_text_target(const struct rule_text *rule)
{
	for (size_t i = 2; i + 1 < rule->count; i++)
		if (strcmp(rule->words[i], "-j") == 0 || strcmp(rule->words[i], "-g") == 0)
			return rule->words[i + 1];
	return NULL;
}

/*
 * Words that some versions write differently, and the form that we write. iptables before 1.8.11
 * takes the names of protocols that it does not know by itself from /etc/protocols, and later ones
 * write their numbers.
 */
static const char *plain_word(const char *word)
{
	static const char *const aliases[][2] = {
		{"icmpv6", "ipv6-icmp"},
		{"icmp6", "ipv6-icmp"},
		{"58", "ipv6-icmp"},
		{"igmp", "2"},
		{"0", "0x0"},
	};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(word, aliases[i][0]) == 0)
			return aliases[i][1];
	return word;
}

bool rule_text_equal(const struct rule_text *a, const struct rule_text *b)
{
	if (a->count != b->count || a->cut || b->cut)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(plain_word(a->words[i]), plain_word(b->words[i])) != 0)
			return false;
	return true;
}

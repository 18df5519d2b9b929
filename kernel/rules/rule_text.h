/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_RULE_TEXT_H
#define KERNEL_RULES_RULE_TEXT_H

/*
 * A line of iptables-save as words, its quoting undone. Pure. Lines that are not rules ("*mangle",
 * ":FORWARD ACCEPT [0:0]", comments) have words as any other; counters in front ("[12:3456] -A
 * ...") are read and left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RULE_TEXT_MOST = 8192, RULE_WORDS_MOST = 512 };

struct rule_text {
	char bytes[RULE_TEXT_MOST];
	const char *words[RULE_WORDS_MOST]; /* into bytes */
	size_t count;
	bool cut;		  /* longer than what fits: words holds its beginning */
	uint64_t packets, octets; /* 0 without counters */
};

/*
 * Reads the line that begins at `line` and ends at a newline or NUL; returns where the next begins,
 * or NULL after the last.
 */
const char *rule_text_read(struct rule_text *out, const char *line);

/* The chain that "-A chain ..." appends to, or NULL when it is no rule. */
const char *rule_text_chain(const struct rule_text *rule);
/* Where the rule sends its packets ("-j" or "-g"), or NULL. */
const char *rule_text_target(const struct rule_text *rule);
/*
 * The same rule, whatever version of iptables wrote it (names or numbers of protocols and types).
 */
bool rule_text_equal(const struct rule_text *a, const struct rule_text *b);

#endif

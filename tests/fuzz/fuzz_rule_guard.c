/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any text as rules for the helper process. What the guard lets through is cut into words once
 * more, in the way of iptables-restore, which takes a quote anywhere in a word: no such word may
 * name a program or a file.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/rule_guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_word(const char *word)
{
	const size_t name = strcspn(word, "=");

	if (word[0] != '-' || word[1] == '\0') /* "-" stands for no policy of a chain */
		return;
	if (word[1] != '-' && strlen(word) != 2)
		abort(); /* letters in a bundle */
	if (strcmp(word, "-M") == 0 || (name > 2 && strncmp(word, "--modprobe", name) == 0))
		abort();
}

/*
 * As add_param_to_argv() of iptables/xshared.c does: blanks end a word outside quotes, quotes and
 * escapes vanish.
 */
static const char *take_word(const char *at, char *word)
{
	int quoted = 0;

	while (*at == ' ' || *at == '\t')
		at++;
	for (; *at != '\0' && *at != '\n' && (quoted || (*at != ' ' && *at != '\t')); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at[1] != '\0' && at[1] != '\n')
			*word++ = *++at;
		else
			*word++ = *at;
	}
	*word = '\0';
	return at;
}

static void check_line(const char *line, char *word)
{
	int first = 1;

	while (*line != '\0' && *line != '\n') {
		line = take_word(line, word);
		if (!first)
			check_word(word);
		first = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char problem[PROBLEM_SIZE];
	char *text = malloc(size + 1), *word = malloc(size + 1);

	if (text == NULL || word == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (rule_guard_allows(text, problem)) {
		for (const char *line = text; line != NULL && *line != '\0';
			line = strchr(line, '\n')) {
			line += *line == '\n';
			check_line(line, word);
		}
	}
	free(word);
	free(text);
	return 0;
}

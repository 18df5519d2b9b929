/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/spelling.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_MOST = 63 };	/* no field or option of anybody's is longer */

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: rows are prefixes of `a`, and three of them are kept for the swaps. */
unsigned int spelling_distance(const char *a, const char *b, unsigned int most)
{
	unsigned int rows[3][WORD_MOST + 1];
	const size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > WORD_MOST || b_length > WORD_MOST || a_length > b_length + most || b_length > a_length + most)
		return most + 1;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *row = rows[i % 3];
		const unsigned int *above = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return least(rows[a_length % 3][b_length], most + 1);
}

const char *spelling_nearest(const char *word, const char *const *words)
{
	/* A third of the letters may be wrong: "Pod" is not "Job", "podSelectors" is "podSelector". */
	unsigned int within = (unsigned int)(strnlen(word, WORD_MOST) / 3);
	const char *nearest = NULL;

	if (within > 3)
		within = 3;
	for (size_t i = 0; words[i] != NULL; i++) {
		const unsigned int distance = spelling_distance(word, words[i], within);

		if (distance > within)
			continue;
		nearest = words[i];
		if (distance == 0)
			break;
		within = distance - 1;
	}
	return nearest;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/suggest.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
	/* the longest name there is; longer words are compared by their parts only */
	LENGTH_MOST = 253,
	/* four slips make a restartPolicy of a resizePolicy, and both are words */
	DISTANCE_MOST = 3,
};

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One slip in three letters, at least one, never more than DISTANCE_MOST. */
static unsigned int distance_allowed(const char *wanted)
{
	const size_t third = strlen(wanted) / 3;

	if (third > DISTANCE_MOST)
		return DISTANCE_MOST;
	return third < 1 ? 1 : (unsigned int)third;
}

/*
 * Optimal string alignment: letters changed, put in, left out, or swapped with their neighbour;
 * case does not count. Three rows of the usual table are kept, because a swap looks two rows back.
 */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int rows[3][LENGTH_MOST + 1];
	const size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > LENGTH_MOST || b_length > LENGTH_MOST ||
		a_length > b_length + DISTANCE_MOST || b_length > a_length + DISTANCE_MOST)
		return DISTANCE_MOST + 1;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		const unsigned int *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3];
		unsigned int *row = rows[i % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			const bool same = lower(a[i - 1]) == lower(b[j - 1]);

			row[j] = least(
				least(above[j], row[j - 1]) + 1, above[j - 1] + (same ? 0 : 1));
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

static size_t part_length(const char *text)
{
	return strcspn(text, "-_./");
}

static bool has_part(const char *text, const char *part, size_t length)
{
	for (;;) {
		const size_t here = part_length(text);

		if (here == length && strncmp(text, part, length) == 0)
			return true;
		if (text[here] == '\0')
			return false;
		text += here + 1;
	}
}

/* Whether every part of `a` ("service", "pod") is also one of `b`. */
static bool parts_within(const char *a, const char *b)
{
	for (;;) {
		const size_t length = part_length(a);

		if (length == 0 || !has_part(b, a, length))
			return false;
		if (a[length] == '\0')
			return true;
		a += length + 1;
	}
}

/*
 * Two names are no nearer for the parts that both begin with: "log_level" is as far from "log_keep"
 * as "level" from "keep".
 */
static unsigned int distance_of_rest(const char *wanted, const char *candidate)
{
	unsigned int distance;

	for (;;) {
		const size_t length = part_length(wanted);

		if (length != part_length(candidate) || strncmp(wanted, candidate, length) != 0 ||
			wanted[length] == '\0' || candidate[length] == '\0')
			break;
		wanted += length + 1;
		candidate += length + 1;
	}
	distance = edit_distance(wanted, candidate);
	return distance <= distance_allowed(wanted) ? distance : DISTANCE_MOST + 1;
}

/*
 * The same parts in another order are one slip; more or fewer of them are the most that is still
 * near.
 */
static unsigned int distance_between(
	const char *wanted, const char *candidate, unsigned int allowed)
{
	const bool within = parts_within(wanted, candidate),
		   around = parts_within(candidate, wanted);
	const unsigned int by_letter = distance_of_rest(wanted, candidate);

	if (within && around)
		return 1;
	return within || around ? least(by_letter, allowed) : by_letter;
}

void suggestion_init(struct suggestion *suggestion, const char *wanted)
{
	*suggestion = (struct suggestion){
		.wanted = wanted, .distance = distance_allowed(wanted) + 1};
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
	unsigned int distance;

	if (*candidate == '\0' || strcmp(suggestion->wanted, candidate) == 0)
		return;
	distance = distance_between(
		suggestion->wanted, candidate, distance_allowed(suggestion->wanted));
	if (distance < suggestion->distance) {
		suggestion->distance = distance;
		suggestion->best = candidate;
	}
}

const char *suggestion_among(const char *const *words, const char *wanted)
{
	struct suggestion near;

	suggestion_init(&near, wanted);
	for (; *words != NULL; words++)
		suggestion_offer(&near, *words);
	return near.best;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SPELLING_H
#define CONFIG_SPELLING_H

/* What was meant by a word that is not in the list: for "did you mean". Pure. */

#include <stddef.h>

/*
 * How many letters must be changed, put in, left out or swapped with their neighbour to make one word of the
 * other, upper and lower case being the same; or `most` + 1 when it is more than `most`.
 */
unsigned int spelling_distance(const char *a, const char *b, unsigned int most);

/* The nearest of `words` (NULL-terminated) when it is near enough to be meant, else NULL. */
const char *spelling_nearest(const char *word, const char *const *words);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_SUGGEST_H
#define POLICY_VALUES_SUGGEST_H

/*
 * "Did you mean": the word among many that a mistaken one was probably meant to be. Near is a slip
 * or two of the keyboard, upper and lower case being the same, or the same words in another order
 * ("pod-service" for "service-pod"). Plain value; one thread at a time.
 */

struct suggestion {
	const char *wanted;
	/* the nearest candidate so far; NULL when none is near enough to be meant */
	const char *best;
	unsigned int distance; /* how far best is */
};

/* `wanted` and every candidate must outlive the suggestion. */
void suggestion_init(struct suggestion *suggestion, const char *wanted);
/* Of candidates equally near the first stays. The wanted word itself is no suggestion. */
void suggestion_offer(struct suggestion *suggestion, const char *candidate);
/* The nearest of `words` (NULL-terminated), or NULL. */
const char *suggestion_among(const char *const *words, const char *wanted);

#endif

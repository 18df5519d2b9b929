/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_LASTING_PROBLEMS_H
#define ENFORCER_PUBLISH_LASTING_PROBLEMS_H

/*
 * What fails now and is tried again: a sentence a kind, "" while all is well. Each is logged when
 * it begins and when it is over, not at every try. One thread at a time.
 */

#include "enforcer/publish/enforcement.h"
#include "process/problem.h"

/* A change that fails comes first: it is why the policies in force are not those in the manifests.
 */
enum lasting_problem {
	PROBLEM_CHANGE,
	PROBLEM_SWEEP,
	PROBLEM_UPKEEP,
	PROBLEM_BRIDGES,
	PROBLEM_REPAIRS,   /* other programs undo them */
	PROBLEM_SHORTFALL, /* addresses that the kernel does not take */
	PROBLEM_COUNT,
};

struct lasting_problems {
	char sentences[PROBLEM_COUNT][PROBLEM_SIZE];
};

void lasting_problems_note(
	struct lasting_problems *problems, enum lasting_problem kind, const char *now);
/* The first kind's sentence; NULL: all is well. */
const char *lasting_problems_first(const struct lasting_problems *problems);

#endif

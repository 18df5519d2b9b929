/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/lasting_problems.h"

#include <stdio.h>
#include <string.h>

#include "process/log.h"

void lasting_problems_note(
	struct lasting_problems *problems, enum lasting_problem kind, const char *now)
{
	char *before = problems->sentences[kind];

	if (*now == '\0' && *before != '\0')
		log_info("mended: %s", before);
	else if (strcmp(before, now) != 0)
		log_error("%s%s", now, kind <= PROBLEM_UPKEEP ? "; trying again" : "");
	snprintf(before, PROBLEM_SIZE, "%s", now);
}

const char *lasting_problems_first(const struct lasting_problems *problems)
{
	for (size_t i = 0; i < PROBLEM_COUNT; i++)
		if (problems->sentences[i][0] != '\0')
			return problems->sentences[i];
	return NULL;
}

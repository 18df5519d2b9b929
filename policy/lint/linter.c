/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/linter.h"

#include <errno.h>

bool linter_pod_counts(const struct pod *pod)
{
	return !pod->host_network && !pod->finished;
}

void linter_offer(struct linter *linter, struct suggestion *suggestion, const char *candidate)
{
	if (linter->patience == 0)
		return;
	linter->patience--;
	suggestion_offer(suggestion, candidate);
}

int linter_warn(struct linter *linter, struct source_pos pos, const char *code, struct phrase *text,
	struct phrase *hint)
{
	const char *said = phrase_end(text), *hinted = phrase_end(hint);

	if (said == NULL || hinted == NULL)
		return -ENOMEM;
	diag_add(linter->findings, DIAG_WARNING, pos, code, *hinted != '\0' ? hinted : NULL, "%s",
		said);
	return 0;
}

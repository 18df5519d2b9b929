/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint.h"

void lint_snapshot(const struct snapshot *snapshot, struct diag_list *findings)
{
	(void)snapshot;
	(void)findings;
}

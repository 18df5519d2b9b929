/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/snapshots.h"

#include <stddef.h>

/* No worker judges by it any more. Another loan of it, if there is one, retires it later. */
static void let_go(struct snapshots *snapshots, struct retired_snapshot *retired)
{
	struct snapshot_loan *loan = snapshots->loans;

	while (loan != NULL && loan->snapshot != retired->snapshot)
		loan = loan->next;
	if (loan != NULL)
		loan->retired = retired;
	else
		verdict_log_retire(snapshots->log, retired);
}

void snapshots_replace(
	struct snapshots *snapshots, struct snapshot *next, struct retired_snapshot *retired)
{
	retired->snapshot = snapshots->in_force;
	snapshots->in_force = next;
	let_go(snapshots, retired);
}

void snapshots_lend(struct snapshots *snapshots, struct snapshot_loan *loan)
{
	*loan = (struct snapshot_loan){.snapshot = snapshots->in_force,
		.next = snapshots->loans,
		.link = &snapshots->loans};
	if (loan->next != NULL)
		loan->next->link = &loan->next;
	snapshots->loans = loan;
}

void snapshots_take_back(struct snapshots *snapshots, struct snapshot_loan *loan)
{
	*loan->link = loan->next;
	if (loan->next != NULL)
		loan->next->link = loan->link;
	if (loan->retired != NULL)
		let_go(snapshots, loan->retired);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/held_packets.h"

#include <string.h>

#include "kernel/queue/nfqueue_proc.h"

void held_packets_begin(struct held_packets *held)
{
	held->rounds = HELD_PACKETS_CHAIN;
	held->begun = false;
}

/* The next round begins with the next look: rows of one table are not read at one time. */
bool held_packets_look(
	struct held_packets *held, const char *table, uint16_t first, unsigned int own)
{
	uint8_t now[HELD_PACKETS_QUEUES / 8] = {0};
	struct nfqueue_row row;
	bool any = false;

	if (held->rounds == 0)
		return false;
	while ((table = nfqueue_proc_next(table, &row)) != NULL)
		if (row.waiting > 0 && (row.queue < first || row.queue >= first + own))
			now[row.queue / 8] |= (uint8_t)(1U << row.queue % 8);
	for (size_t i = 0; i < sizeof(now); i++) {
		held->waiting[i] = held->begun ? held->waiting[i] & now[i] : now[i];
		any = any || held->waiting[i] != 0;
	}
	held->begun = any;
	if (!any)
		held->rounds--;
	return held->rounds > 0;
}

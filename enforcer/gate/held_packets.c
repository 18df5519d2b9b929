/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/held_packets.h"

#include <string.h>

#include "kernel/queue/nfqueue_proc.h"

void held_packets_begin(struct held_packets *held)
{
	held->rounds = HELD_PACKETS_CHAIN;
	held->begun = false;
}

/* A bit for each queue of others in which packets wait. Returns whether there is one. */
static bool read_waiting(uint8_t waiting[HELD_PACKETS_QUEUES / 8], const char *table,
	uint16_t first, unsigned int own)
{
	struct nfqueue_row row;
	bool any = false;

	memset(waiting, 0, HELD_PACKETS_QUEUES / 8);
	while ((table = nfqueue_proc_next(table, &row)) != NULL) {
		if (row.waiting == 0 || (row.queue >= first && row.queue < first + own))
			continue;
		waiting[row.queue / 8] |= (uint8_t)(1U << row.queue % 8);
		any = true;
	}
	return any;
}

/* The next round begins with the next look: rows of one table are not read at one time. */
bool held_packets_look(
	struct held_packets *held, const char *table, uint16_t first, unsigned int own)
{
	uint8_t now[HELD_PACKETS_QUEUES / 8];
	bool any = read_waiting(now, table, first, own);

	if (held->rounds == 0)
		return false;
	if (!held->begun) {
		memcpy(held->waiting, now, sizeof(now));
		held->begun = true;
	} else {
		any = false;
		for (size_t i = 0; i < sizeof(now); i++) {
			held->waiting[i] &= now[i];
			any = any || held->waiting[i] != 0;
		}
	}
	if (!any) {
		held->begun = false;
		held->rounds--;
	}
	return held->rounds > 0;
}

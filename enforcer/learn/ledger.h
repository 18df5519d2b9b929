/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LEARN_LEDGER_H
#define ENFORCER_LEARN_LEDGER_H

/*
 * The learned classes whose packets the verdict log must report: what a line about them says, and
 * when they were last found in use. Bounded, and no source address has more than a share of it, so
 * that a scanner leaves room for others. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "enforcer/gate/record.h"

enum { LEDGER_MOST = 4096, LEDGER_SHARE = LEDGER_MOST / 8 };

struct ledger;

struct ledger_entry {
	struct record record; /* a verdict about a flow of the class */
	uint64_t used_ns;     /* when it was added, or last found in use */
	bool leaving;	      /* the caller's */
	bool live;	      /* the ledger's own, as is what follows */
	uint16_t next;
};

int ledger_create(struct ledger **out);	 /* 0 or -ENOMEM */
void ledger_free(struct ledger *ledger); /* NULL is allowed */

/*
 * Returns 0; -EEXIST when the class is there already, -ENOSPC when there is no room, -EDQUOT when
 * its source has had its share.
 */
int ledger_add(struct ledger *ledger, const struct record *record, uint64_t now_ns);
/* The entry of the flow's class; NULL: none. Good until it is removed. */
struct ledger_entry *ledger_find(struct ledger *ledger, const struct flow *flow);
/*
 * The entries one by one, in no order: begin with *place 0; NULL ends. Removing the one given is
 * allowed.
 */
struct ledger_entry *ledger_next(struct ledger *ledger, size_t *place);
void ledger_remove(struct ledger *ledger, struct ledger_entry *entry);
void ledger_clear(struct ledger *ledger);
size_t ledger_count(const struct ledger *ledger);

#endif

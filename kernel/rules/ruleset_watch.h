/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_RULESET_WATCH_H
#define KERNEL_RULES_RULESET_WATCH_H

/*
 * Looking again and again whether our rules are as they should be, at little cost: they are read
 * back (ruleset_verify()) only when the kernel says that somebody has changed something since they
 * were last seen to be whole, when it can't say, and once in RULESET_WATCH_WHOLE looks whatever it
 * says: a count that begins anew, as nf_tables has when its module was unloaded, may come to be the
 * same again. Blocking; one thread at a time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kernel/rules/nft_view.h"
#include "kernel/rules/ruleset.h"
#include "process/problem.h"

enum { RULESET_WATCH_WHOLE = 64 };

/* All zero before the first look. */
struct ruleset_watch {
	bool seen_whole;	 /* the rules were, at these generations */
	uint64_t generations[2]; /* IPv4, IPv6 */
	unsigned int looks;	 /* since they were last read back */
	bool remembers;		 /* nf_tables only: */
	/* our rules as the kernel told them once they were in place */
	struct nft_view installed[2];
};

/*
 * After ruleset_install(): sees that the rules are in place, and with nf_tables remembers them as
 * the kernel tells them. From then on a look asks the kernel alone, and knows each rule whether or
 * not iptables-nft-save lists the table. 0, or as ruleset_verify(): a repair that does not hold.
 */
int ruleset_watch_remember(struct ruleset_watch *watch, const struct ruleset_options *options,
	char problem[PROBLEM_SIZE]);
void ruleset_watch_deinit(struct ruleset_watch *watch);

/*
 * As ruleset_verify(). `options` must be the same at each look; a watch that is all zero again
 * takes others.
 */
int ruleset_watch_look(struct ruleset_watch *watch, const struct ruleset_options *options,
	char problem[PROBLEM_SIZE]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_RULESET_TRANSACTION_H
#define KERNEL_RULES_RULESET_TRANSACTION_H

/*
 * One change to our chains of one family, as a text that iptables-restore --noflush applies: each
 * table whole or not at all. Pure. A listing may be of several tables, one behind the other; the
 * table of a rule is the one it stands in.
 */

#include "kernel/rules/ruleset.h"

struct ruleset_transaction {
	enum ip_family family;
	const char *now; /* the tables as they are (iptables-save) */
	/* the rules to install; NULL: restore those in `before` */
	const struct ruleset_options *options;
	const char *before; /* an earlier listing; "" (none of ours): remove it all */
};

/* NULL when memory is short; free() it. */
char *ruleset_transaction_render(const struct ruleset_transaction *transaction);

#endif

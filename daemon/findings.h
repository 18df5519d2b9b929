/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_FINDINGS_H
#define DAEMON_FINDINGS_H

/*
 * The errors in the manifests, in the daemon's log: logged when they are new, not again with every
 * change of something else. So are the policies of other kinds, which are not enforced.
 * All of them, and the warnings, are in `podgate status` and the control command "diags".
 */

#include <stdint.h>

#include "config/store/store.h"
#include "policy/compile/snapshot.h"

struct findings {
	uint64_t logged;	/* a hash of the errors logged last; 0: there were none */
	uint64_t logged_claims; /* likewise, of the addresses that several pods claim */
	uint64_t logged_others; /* likewise, of the policies that are not enforced */
};

/*
 * Logs the store's errors and addresses that do not count, the first few by name, and its policies
 * of other kinds, unless they are the same as at the last call.
 */
void findings_log(struct findings *findings, struct store *store);
/*
 * Logs which addresses are claimed by several pods, or by one that does not get it, unless all is
 * as at the last call.
 */
void findings_log_claims(struct findings *findings, const struct snapshot *snapshot);

#endif

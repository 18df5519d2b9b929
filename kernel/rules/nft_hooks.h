/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_NFT_HOOKS_H
#define KERNEL_RULES_NFT_HOOKS_H

/*
 * Whether packets pass our jumps at all: with nf_tables a table can be dormant, and a chain can be
 * one without a hook, and iptables-nft-save lists both as if nothing were the matter. In the
 * network namespace of the calling thread, which needs CAP_NET_ADMIN there. Blocking; any thread.
 */

#include <stdbool.h>

#include "kernel/rules/ruleset.h"
#include "process/problem.h"

/*
 * 0; or -ESTALE, and `problem` says what is off; or -ENOENT where there is no such table or chain,
 * and another -errno when the kernel did not answer.
 */
int nft_hooks_verify(
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE]);

/*
 * Wakes the table, and removes chains without a hook that hold only our jump, so that
 * iptables-nft-restore makes them anew. What is in order, or not there, stays as it is. 0; or
 * -EEXIST when such a chain has rules of others, which are not in force either, but not ours to
 * delete: `problem` has the remedy.
 */
int nft_hooks_mend(
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE]);

#endif

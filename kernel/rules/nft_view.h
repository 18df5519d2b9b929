/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_NFT_VIEW_H
#define KERNEL_RULES_NFT_VIEW_H

/*
 * What nf_tables holds of ours in one family's tables, read from the kernel and not from
 * iptables-nft-save: that program lists nothing of a table in which a single rule is none of
 * iptables' (one line, "incompatible", exit code 0). In the network namespace of the calling
 * thread, which needs CAP_NET_ADMIN there. Blocking; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/rules/nft_rule.h"
#include "kernel/rules/ruleset.h"
#include "kernel/rules/ruleset_rules.h"
#include "process/problem.h"

/* A rule in a chain of ours, or one elsewhere that leads into a chain of ours. */
struct nft_entry {
	const char *table; /* of ruleset_tables */
	char chain[NFT_RULE_NAME];
	uint64_t handle, digest;
	size_t position; /* in its chain, from 1 */
};

struct nft_view {
	struct nft_entry *entries; /* chain by chain, in order */
	size_t count, room;
	bool chains[RULESET_CHAINS]; /* which chains of ours exist */
};

/*
 * Reads the tables. 0, and the view is for nft_view_deinit(); or -errno and nothing to free:
 * -EAGAIN (it changes all the time), -EPERM, -EOPNOTSUPP (no nf_tables in this kernel)... A table
 * that is not there holds nothing.
 */
int nft_view_read(struct nft_view *out, enum ip_family family);
void nft_view_deinit(struct nft_view *view);

bool nft_view_holds_ours(const struct nft_view *view);

/*
 * Whether as many rules as `options` ask for are in our chains, and the jumps first in theirs and
 * nowhere else. What a rule does is not looked at. 0; or -ENOENT, -ESTALE as ruleset_verify().
 */
int nft_view_check(const struct nft_view *view, const struct ruleset_options *options,
	enum ip_family family, char problem[PROBLEM_SIZE]);
/* The same, and each rule does what it did in `installed`. */
int nft_view_compare(const struct nft_view *view, const struct nft_view *installed,
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE]);

/* How many rules of others a chain has. 0 or -errno. */
int nft_view_count_others(enum ip_family family, const char *table, const char *chain, size_t *out);

/* Deletes our chains and all that leads into them, in one transaction. 0 or -errno. */
int nft_view_remove(enum ip_family family);
/* Deletes the jumps that `before` had and that are still there. 0 or -errno. */
int nft_view_remove_old_jumps(const struct nft_view *before, enum ip_family family);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/rules/iptables.h"
#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset_rules.h"

static const enum ip_family families[] = {IP_FAMILY_V4, IP_FAMILY_V6};
enum { FAMILIES = sizeof(families) / sizeof(families[0]) };

bool ruleset_in_use(enum backend_choice backend)
{
	bool found = false;

	for (size_t f = 0; f < FAMILIES && !found; f++) {
		char problem[PROBLEM_SIZE], *saved = NULL;
		const char *at;
		struct rule_text rule;

		if (iptables_save(backend, families[f], NULL, false, &saved, problem) != 0)
			continue;
		found = !iptables_save_is_whole(saved); /* what it leaves out is not ours alone */
		for (at = saved; at != NULL && !found;) {
			at = rule_text_read(&rule, at);
			found = rule_text_chain(&rule) != NULL &&
				!ruleset_is_ours(rule_text_chain(&rule)) && !ruleset_is_jump(&rule);
		}
		free(saved);
	}
	return found;
}

static int pick_backend(enum backend_choice *out, char problem[PROBLEM_SIZE])
{
	const bool nft = iptables_available(BACKEND_NFT, IP_FAMILY_V4, problem) == 0;
	const bool legacy = iptables_available(BACKEND_LEGACY, IP_FAMILY_V4, problem) == 0;
	enum backend_choice usual = nft ? BACKEND_NFT : BACKEND_LEGACY;

	if (!nft && !legacy) {
		snprintf(problem, PROBLEM_SIZE,
			"no iptables in PATH, /usr/sbin or /sbin: install the package iptables "
			"(with iptables-save and iptables-restore)");
		return -ENOENT;
	}
	if (nft && legacy) {
		const bool nft_used = ruleset_in_use(BACKEND_NFT),
			   legacy_used = ruleset_in_use(BACKEND_LEGACY);

		(void)iptables_default_backend(&usual);
		if (nft_used != legacy_used)
			usual = nft_used ? BACKEND_NFT : BACKEND_LEGACY;
	}
	*out = usual;
	return 0;
}

int ruleset_find_backend(
	enum backend_choice wanted, enum backend_choice *out, char problem[PROBLEM_SIZE])
{
	int err;

	if (wanted == BACKEND_AUTO)
		return pick_backend(out, problem);
	err = iptables_available(wanted, IP_FAMILY_V4, problem);
	if (err == 0)
		*out = wanted;
	return err;
}

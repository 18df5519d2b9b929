/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/ruleset_watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/rules/iptables.h"
#include "kernel/rules/nft_hooks.h"
#include "kernel/rules/ruleset_rules.h"

enum { REMEMBER_ATTEMPTS = 3 };

static bool read_generations(const struct ruleset_options *options, uint64_t out[2])
{
	return iptables_generation(options->backend, IP_FAMILY_V4, &out[0]) == 0 &&
		(!options->ipv6 ||
			iptables_generation(options->backend, IP_FAMILY_V6, &out[1]) == 0);
}

static void forget(struct ruleset_watch *watch)
{
	for (size_t f = 0; f < 2; f++)
		nft_view_deinit(&watch->installed[f]);
	watch->remembers = false;
}

void ruleset_watch_deinit(struct ruleset_watch *watch)
{
	forget(watch);
}

static int read_views(
	const struct ruleset_options *options, struct nft_view views[2], char problem[PROBLEM_SIZE])
{
	int err = nft_view_read(&views[0], IP_FAMILY_V4);

	if (err == 0 && options->ipv6) {
		err = nft_view_read(&views[1], IP_FAMILY_V6);
		if (err != 0)
			nft_view_deinit(&views[0]);
	}
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "our rules can't be read from nf_tables: %s",
			strerror(-err));
	return err == -ENOENT ? -EIO : err;
}

/*
 * By the words of a listing; or, where iptables-nft-save words our rules in a way that we do not
 * know, by number and place: what they do is then taken to be what was just installed.
 */
static int verify_installed(const struct ruleset_options *options, const struct nft_view views[2],
	char problem[PROBLEM_SIZE])
{
	const int worded = ruleset_verify(options, problem);
	char ignored[PROBLEM_SIZE];

	if (worded != -ESTALE)
		return worded;
	for (size_t f = 0; f < 2 && (f == 0 || options->ipv6); f++) {
		const enum ip_family family = f == 0 ? IP_FAMILY_V4 : IP_FAMILY_V6;

		if (nft_view_check(&views[f], options, family, ignored) != 0 ||
			nft_hooks_verify(options, family, ignored) != 0)
			return worded;
	}
	return 0;
}

/*
 * That nothing has changed from before the rules were seen to be right until they were read makes
 * these the right ones.
 */
int ruleset_watch_remember(struct ruleset_watch *watch, const struct ruleset_options *options,
	char problem[PROBLEM_SIZE])
{
	uint64_t before[2] = {0}, after[2] = {0};
	int err = 0;

	forget(watch);
	watch->seen_whole = false;
	for (unsigned int i = 0; i < REMEMBER_ATTEMPTS && !watch->remembers; i++) {
		if (options->backend != BACKEND_NFT || !read_generations(options, before))
			return ruleset_verify(options, problem);
		err = read_views(options, watch->installed, problem);
		if (err == 0)
			err = verify_installed(options, watch->installed, problem);
		if (err != 0)
			break;
		watch->remembers = read_generations(options, after) &&
			memcmp(before, after, sizeof(before)) == 0;
		if (!watch->remembers)
			forget(watch);
	}
	if (err != 0)
		forget(watch);
	/*
	 * 0 without remembering: somebody is busy with rules of his own, and looks read ours back
	 * as listed
	 */
	return err;
}

static int compare_views(const struct ruleset_watch *watch, const struct ruleset_options *options,
	char problem[PROBLEM_SIZE])
{
	struct nft_view now[2] = {{.count = 0}};
	int err = read_views(options, now, problem);

	for (size_t f = 0; f < 2 && err == 0 && (f == 0 || options->ipv6); f++) {
		const enum ip_family family = f == 0 ? IP_FAMILY_V4 : IP_FAMILY_V6;

		err = nft_view_compare(&now[f], &watch->installed[f], options, family, problem);
		if (err == 0)
			err = nft_hooks_verify(options, family, problem);
	}
	for (size_t f = 0; f < 2; f++)
		nft_view_deinit(&now[f]);
	return err;
}

/* What differs is told in the words of a listing where there is one: it shows the rule. */
static int verify(const struct ruleset_watch *watch, const struct ruleset_options *options,
	char problem[PROBLEM_SIZE])
{
	char listed[PROBLEM_SIZE];
	int err, by_listing;

	if (!watch->remembers)
		return ruleset_verify(options, problem);
	err = compare_views(watch, options, problem);
	if (err != -ENOENT && err != -ESTALE)
		return err;
	by_listing = ruleset_verify(options, listed);
	if (by_listing == -ENOENT || by_listing == -ESTALE)
		memcpy(problem, listed, sizeof(listed));
	return err;
}

/*
 * The generation is read before the rules are, so that a change in between shows at the next look.
 */
int ruleset_watch_look(struct ruleset_watch *watch, const struct ruleset_options *options,
	char problem[PROBLEM_SIZE])
{
	uint64_t now[2] = {0};
	const bool known = read_generations(options, now);
	int err;

	if (known && watch->seen_whole && memcmp(now, watch->generations, sizeof(now)) == 0 &&
		++watch->looks < RULESET_WATCH_WHOLE)
		return 0;
	err = verify(watch, options, problem);
	watch->seen_whole = known && err == 0;
	memcpy(watch->generations, now, sizeof(now));
	watch->looks = 0;
	return err;
}

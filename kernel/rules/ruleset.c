/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/iptables.h"
#include "kernel/rules/mark_overlap.h"
#include "kernel/rules/nft_hooks.h"
#include "kernel/rules/nft_view.h"
#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset_rules.h"
#include "kernel/rules/ruleset_transaction.h"

enum { FAMILIES = 2, ATTEMPTS = 3 };
static const enum ip_family families[FAMILIES] = {IP_FAMILY_V4, IP_FAMILY_V6};
static const enum backend_choice backends[] = {BACKEND_NFT, BACKEND_LEGACY};
enum { BACKENDS = sizeof(backends) / sizeof(backends[0]) };
_Static_assert((int)RULESET_PLACES_MOST == (int)BACKENDS * (int)FAMILIES, "a place for each");

static size_t family_count(const struct ruleset_options *options)
{
	return options->ipv6 ? 2 : 1;
}

/* A rule of others, as far as it fits into a sentence. */
static int quotable_length(const char *line)
{
	const int length = (int)strcspn(line, "\n");

	return length < 200 ? length : 200;
}

static int out_of_memory(char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE, "out of memory");
	return -ENOMEM;
}

/* Both tables, one behind the other, whatever they hold. *out is the caller's to free(). */
static int save(
	enum backend_choice backend, enum ip_family family, char **out, char problem[PROBLEM_SIZE])
{
	char *parts[RULESET_TABLES] = {NULL};
	int err = 0;

	for (size_t i = 0; err == 0 && i < RULESET_TABLES; i++)
		err = iptables_save(backend, family, ruleset_tables[i], false, &parts[i], problem);
	if (err == 0 && asprintf(out, "%s%s", parts[0], parts[1]) < 0)
		err = out_of_memory(problem);
	for (size_t i = 0; i < RULESET_TABLES; i++)
		free(parts[i]);
	return err;
}
_Static_assert(RULESET_TABLES == 2, "save() writes two");

static int apply_text(enum backend_choice backend, struct ruleset_transaction *transaction,
	char problem[PROBLEM_SIZE])
{
	char *now, *text;
	int err = save(backend, transaction->family, &now, problem);

	if (err != 0)
		return err;
	transaction->now = now;
	text = ruleset_transaction_render(transaction);
	free(now);
	if (text == NULL)
		return out_of_memory(problem);
	err = iptables_restore(backend, transaction->family, text, problem);
	free(text);
	return err;
}

static int cannot_read(enum ip_family family, int err, char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE, "our rules can't be read from nf_tables (%s): %s",
		iptables_family_name(family), strerror(-err));
	return err;
}

/*
 * Old jumps go with the text, in the same transaction, where iptables-nft-save lists them. Where it
 * lists nothing they go afterwards: a packet meets two jumps for a moment, which changes no
 * verdict, and never none.
 */
static int apply_nft(struct ruleset_transaction *transaction, char problem[PROBLEM_SIZE])
{
	struct nft_view before;
	int err = nft_view_read(&before, transaction->family);

	if (err != 0)
		return cannot_read(transaction->family, err, problem);
	err = apply_text(BACKEND_NFT, transaction, problem);
	if (err == 0) {
		err = nft_view_remove_old_jumps(&before, transaction->family);
		if (err != 0)
			snprintf(problem, PROBLEM_SIZE,
				"can't remove old jumps into our chain (%s, nft): %s",
				iptables_family_name(transaction->family), strerror(-err));
	}
	nft_view_deinit(&before);
	return err;
}

static int apply_once(enum backend_choice backend, struct ruleset_transaction *transaction,
	char problem[PROBLEM_SIZE])
{
	return backend == BACKEND_NFT ? apply_nft(transaction, problem)
				      : apply_text(backend, transaction, problem);
}

/*
 * Another program may change the table between our look and our change; ours is then refused whole,
 * and looks again.
 */
static int apply(enum backend_choice backend, struct ruleset_transaction *transaction,
	char problem[PROBLEM_SIZE])
{
	int err = -EBUSY;

	for (int i = 0; i < ATTEMPTS && (err == -EBUSY || err == -EINVAL); i++)
		err = apply_once(backend, transaction, problem);
	return err;
}

static bool holds_jump(const char *saved)
{
	struct rule_text line;

	while (saved != NULL) {
		saved = rule_text_read(&line, saved);
		if (ruleset_is_jump(&line))
			return true;
	}
	return false;
}

static bool holds_ours(const char *saved)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		if (ruleset_has_chain(saved, ruleset_chains[i].name))
			return true;
	return holds_jump(saved);
}

/* Nobody's when it can't be told. */
static bool place_holds_ours(enum backend_choice backend, enum ip_family family)
{
	char ignored[PROBLEM_SIZE], *saved;
	struct nft_view view;
	bool ours;

	if (backend == BACKEND_NFT) {
		if (nft_view_read(&view, family) != 0)
			return false;
		ours = nft_view_holds_ours(&view);
		nft_view_deinit(&view);
		return ours;
	}
	if (save(backend, family, &saved, ignored) != 0)
		return false;
	ours = holds_ours(saved);
	free(saved);
	return ours;
}

/*
 * A back end that is not installed, or not in the kernel, holds nothing of ours; nor does one whose
 * tables we may not even list, because we could not have written them.
 */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -EPROTONOSUPPORT || err == -EACCES;
}

/* Without the iptables programs, which cannot delete what they cannot list. */
static int remove_from_nft(enum ip_family family, char problem[PROBLEM_SIZE])
{
	const int err = nft_view_remove(family);

	/* no nf_tables: none of ours */
	if (err == 0 || err == -EOPNOTSUPP || err == -EINVAL || err == -EPROTONOSUPPORT)
		return 0;
	snprintf(problem, PROBLEM_SIZE, "our rules can't be removed (%s, nft): %s%s",
		iptables_family_name(family), strerror(-err),
		err == -EPERM		? ": it needs CAP_NET_ADMIN: run podgate as root"
			: err == -EBUSY ? ": something leads into our chain that is no plain jump, "
					  "such as a verdict map: remove that first"
					: "");
	return err;
}

static int remove_from_legacy(enum ip_family family, char problem[PROBLEM_SIZE])
{
	struct ruleset_transaction transaction = {.family = family, .before = ""};
	char *saved;
	bool ours;
	int err = save(BACKEND_LEGACY, family, &saved, problem);

	if (err != 0)
		return is_absent(err) ? 0 : err;
	ours = holds_ours(saved);
	free(saved);
	return ours ? apply(BACKEND_LEGACY, &transaction, problem) : 0;
}

static int remove_from(
	enum backend_choice backend, enum ip_family family, char problem[PROBLEM_SIZE])
{
	return backend == BACKEND_NFT ? remove_from_nft(family, problem)
				      : remove_from_legacy(family, problem);
}

/* Removes ours from everywhere but the places that `except` (may be NULL) is installed in. */
static int remove_but(const struct ruleset_options *except, char problem[PROBLEM_SIZE])
{
	int first = 0;

	for (size_t b = 0; b < BACKENDS; b++) {
		for (size_t f = 0; f < FAMILIES; f++) {
			char text[PROBLEM_SIZE];
			int err;

			if (except != NULL && except->backend == backends[b] &&
				f < family_count(except))
				continue;
			err = remove_from(backends[b], families[f], text);
			if (err == 0 || first != 0)
				continue;
			first = err;
			memcpy(problem, text, PROBLEM_SIZE);
		}
	}
	return first;
}

size_t ruleset_find(struct ruleset_place out[RULESET_PLACES_MOST])
{
	size_t count = 0;

	for (size_t b = 0; b < BACKENDS; b++)
		for (size_t f = 0; f < FAMILIES; f++)
			if (place_holds_ours(backends[b], families[f]))
				out[count++] = (struct ruleset_place){
					.backend = backends[b], .family = families[f]};
	return count;
}

int ruleset_remove(char problem[PROBLEM_SIZE])
{
	return remove_but(NULL, problem);
}

/* Refuses when a rule in this back end and family has to do with our bits. */
static int check_marks(enum backend_choice backend, enum ip_family family, uint32_t mask,
	char problem[PROBLEM_SIZE])
{
	char *saved;
	const char *rule;
	int err = iptables_save(backend, family, NULL, false, &saved, problem);

	if (err != 0)
		return is_absent(err) ? 0 : err;
	rule = mark_overlap_find(saved, mask);
	if (rule != NULL) {
		snprintf(problem, PROBLEM_SIZE,
			"a rule of others uses bits of 0x%x in the connection mark (%s, %s): "
			"'%.*s': give podgate two free bits with mark_allow and mark_deny",
			mask, iptables_family_name(family), iptables_backend_name(backend),
			quotable_length(rule), rule);
		err = -EEXIST;
	}
	free(saved);
	return err;
}

int ruleset_check_marks(uint32_t mark_allow, uint32_t mark_deny, char problem[PROBLEM_SIZE])
{
	for (size_t b = 0; b < BACKENDS; b++) {
		for (size_t f = 0; f < FAMILIES; f++) {
			const int err = check_marks(
				backends[b], families[f], mark_allow | mark_deny, problem);

			if (err != 0)
				return err;
		}
	}
	return 0;
}

/* What each family's table held before, for undoing. */
struct installation {
	const struct ruleset_options *options;
	char *before[FAMILIES];
	bool held[FAMILIES]; /* rules of ours */
};

/* And mends what keeps rules from being in force, whatever they are. */
static int look(struct installation *installation, char problem[PROBLEM_SIZE])
{
	const struct ruleset_options *options = installation->options;
	int err = 0;

	for (size_t f = 0; err == 0 && f < family_count(options); f++) {
		err = iptables_available(options->backend, families[f], problem);
		if (err == -ENOENT && families[f] == IP_FAMILY_V6) {
			const size_t length = strlen(problem);

			snprintf(problem + length, PROBLEM_SIZE - length,
				", or set `ipv6: off` if no pod has IPv6");
		}
		if (err == 0)
			err = save(
				options->backend, families[f], &installation->before[f], problem);
		if (err == 0)
			installation->held[f] = place_holds_ours(options->backend, families[f]);
		if (err == 0 && options->backend == BACKEND_NFT)
			err = nft_hooks_mend(options, families[f], problem);
	}
	return err;
}

/*
 * Back to what was there, in the families before `end`. Best effort: the problem to report is the
 * one that led here.
 */
static void undo(const struct installation *installation, size_t end)
{
	for (size_t f = 0; f < end; f++) {
		struct ruleset_transaction transaction = {
			.family = families[f], .before = installation->before[f]};
		char ignored[PROBLEM_SIZE];

		/*
		 * Of rules that could not be listed only one thing is known: ours were there. The
		 * new ones hold the gate.
		 */
		if (!iptables_save_is_whole(installation->before[f]) && installation->held[f])
			continue;
		(void)apply(installation->options->backend, &transaction, ignored);
	}
}

static int install(const struct installation *installation, char problem[PROBLEM_SIZE])
{
	const struct ruleset_options *options = installation->options;
	size_t done = 0;
	int err = 0;

	while (done < family_count(options)) {
		struct ruleset_transaction transaction = {
			.options = options, .family = families[done], .before = ""};

		err = apply(options->backend, &transaction, problem);
		if (err != 0)
			break;
		done++;
	}
	/*
	 * an earlier run may have used the other back end, or IPv6: packets must not be
	 * judged twice
	 */
	if (err == 0)
		err = remove_but(options, problem);
	if (err != 0)
		undo(installation, done);
	return err;
}

int ruleset_install(const struct ruleset_options *options, char problem[PROBLEM_SIZE])
{
	struct installation installation = {.options = options};
	int err = look(&installation, problem);

	if (err == 0)
		err = ruleset_check_marks(options->mark_allow, options->mark_deny, problem);
	if (err == 0)
		err = install(&installation, problem);
	for (size_t f = 0; f < FAMILIES; f++)
		free(installation.before[f]);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/nft_view.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/iptables.h"
#include "kernel/rules/nft_talk.h"

enum { ATTEMPTS = 5, MESSAGE_MOST = 1024 };

/* ---- reading ---- */

struct reading {
	struct nft_view *view;
	const char *table;
	char chain[NFT_RULE_NAME]; /* that the last rule was in */
	size_t position;
};

static int append(struct reading *reading, const struct nft_rule *rule)
{
	struct nft_view *view = reading->view;

	if (view->count == view->room) {
		const size_t room = view->room * 2 + 64;
		struct nft_entry *entries = realloc(view->entries, room * sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		view->entries = entries;
		view->room = room;
	}
	view->entries[view->count] = (struct nft_entry){.table = reading->table,
		.handle = rule->handle,
		.digest = rule->digest,
		.position = reading->position};
	strcpy(view->entries[view->count++].chain, rule->chain);
	return 0;
}

static int take_rule(const struct nlmsghdr *message, void *context)
{
	struct reading *reading = context;
	struct nft_rule rule;
	const int err = nft_rule_read(&rule, message);

	if (err != 0)
		return err;
	if (strcmp(rule.table, reading->table) != 0)
		return 0;
	reading->position = strcmp(rule.chain, reading->chain) == 0 ? reading->position + 1 : 1;
	strcpy(reading->chain, rule.chain);
	if (!ruleset_is_ours(rule.chain) && !ruleset_is_ours(rule.target))
		return 0;
	return append(reading, &rule);
}

static int read_rules(struct nft_view *view, enum ip_family family)
{
	int err = 0;

	view->count = 0;
	for (size_t i = 0; i < RULESET_TABLES && err == 0; i++) {
		struct reading reading = {.view = view, .table = ruleset_tables[i]};
		char buffer[NFT_TALK_BYTES];
		struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_GETRULE, family);

		mnl_attr_put_strz(message, NFTA_RULE_TABLE, ruleset_tables[i]);
		err = nft_talk_dump(message, take_rule, &reading);
	}
	return err;
}

static int ignore_answer(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(void)context;
	return 0;
}

static int read_chains(struct nft_view *view, enum ip_family family)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++) {
		char buffer[NFT_TALK_BYTES];
		struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_GETCHAIN, family);
		int err;

		mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, ruleset_chains[i].table);
		mnl_attr_put_strz(message, NFTA_CHAIN_NAME, ruleset_chains[i].name);
		err = nft_talk_ask(message, ignore_answer, NULL);
		if (err != 0 && err != -ENOENT)
			return err;
		view->chains[i] = err == 0;
	}
	return 0;
}

int nft_view_read(struct nft_view *out, enum ip_family family)
{
	struct nft_view view = {.count = 0};
	int err = -EAGAIN;

	for (int i = 0; i < ATTEMPTS && err == -EAGAIN; i++)
		err = read_rules(&view, family);
	if (err == 0)
		err = read_chains(&view, family);
	if (err != 0)
		nft_view_deinit(&view);
	else
		*out = view;
	return err;
}

void nft_view_deinit(struct nft_view *view)
{
	free(view->entries);
	*view = (struct nft_view){.count = 0};
}

bool nft_view_holds_ours(const struct nft_view *view)
{
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		if (view->chains[i])
			return true;
	return view->count > 0;
}

struct tally {
	const char *table, *chain;
	size_t others;
};

static int tally_rule(const struct nlmsghdr *message, void *context)
{
	struct tally *tally = context;
	struct nft_rule rule;
	const int err = nft_rule_read(&rule, message);

	if (err == 0 && strcmp(rule.table, tally->table) == 0 &&
		strcmp(rule.chain, tally->chain) == 0)
		tally->others += !ruleset_is_ours(rule.target);
	return err;
}

int nft_view_count_others(enum ip_family family, const char *table, const char *chain, size_t *out)
{
	struct tally tally = {.table = table, .chain = chain};
	int err = -EAGAIN;

	for (int i = 0; i < ATTEMPTS && err == -EAGAIN; i++) {
		char buffer[NFT_TALK_BYTES];
		struct nlmsghdr *message = nft_talk_begin(buffer, NFT_MSG_GETRULE, family);

		tally.others = 0;
		mnl_attr_put_strz(message, NFTA_RULE_TABLE, table);
		mnl_attr_put_strz(message, NFTA_RULE_CHAIN, chain);
		err = nft_talk_dump(message, tally_rule, &tally);
	}
	if (err == 0)
		*out = tally.others;
	return err;
}

/* ---- comparing ---- */

struct comparison {
	/* installed: NULL when only numbers and places are known */
	const struct nft_view *view, *installed;
	const char *family;
	char *problem;
};

static int __attribute__((format(printf, 3, 4)))
differ(const struct comparison *in, int err, const char *format, ...)
{
	char what[400];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(in->problem, PROBLEM_SIZE, "%s (%s, nft)", what, in->family);
	return err;
}

static bool is_in(const struct nft_entry *entry, const char *table, const char *chain)
{
	return strcmp(entry->table, table) == 0 && strcmp(entry->chain, chain) == 0;
}

/* The entry at this place, or NULL. */
static const struct nft_entry *entry_at(
	const struct nft_view *view, const char *table, const char *chain, size_t position)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->entries[i].position == position && is_in(&view->entries[i], table, chain))
			return &view->entries[i];
	return NULL;
}

static bool is_as_installed(const struct comparison *in, const struct nft_entry *entry)
{
	const struct nft_entry *was;

	if (in->installed == NULL)
		return true;
	was = entry_at(in->installed, entry->table, entry->chain, entry->position);
	return was != NULL && was->digest == entry->digest;
}

/* How many entries the view has in this chain. */
static size_t count_in(const struct nft_view *view, const char *table, const char *chain)
{
	size_t count = 0;

	for (size_t i = 0; i < view->count; i++)
		count += is_in(&view->entries[i], table, chain);
	return count;
}

/* How many of the rules ("-A CHAIN ...") are for this chain. */
static size_t count_wanted(const struct ruleset_rules *rules, const char *table, const char *chain)
{
	size_t count = 0;

	for (size_t i = 0; i < rules->count; i++) {
		struct rule_text rule;

		rule_text_read(&rule, rules->text[i]);
		count += strcmp(rule_text_chain(&rule), chain) == 0 &&
			strcmp(ruleset_table_of(&rule), table) == 0;
	}
	return count;
}

static int check_chain(const struct comparison *in, const struct ruleset_rules *rules,
	const struct ruleset_chain *chain, bool there)
{
	const size_t wanted = count_wanted(rules, chain->table, chain->name);
	const size_t found = count_in(in->view, chain->table, chain->name);

	if (!there)
		return differ(in, -ENOENT, "our chain %s is gone", chain->name);
	for (size_t position = 1; position <= found && position <= wanted; position++) {
		const struct nft_entry *entry = entry_at(
			in->view, chain->table, chain->name, position);

		if (entry == NULL || !is_as_installed(in, entry))
			return differ(in, -ESTALE,
				"rule %zu of our chain is not what was installed (%s)", position,
				chain->name);
	}
	if (found < wanted)
		return differ(in, -ENOENT, "our chain %s ends after %zu of %zu rules", chain->name,
			found, wanted);
	if (found > wanted)
		return differ(in, -ESTALE, "a rule was added to our chain %s", chain->name);
	return 0;
}

/* Jumps are first in their chain: those wanted for a chain have the places from 1 on. */
static int check_jumps(const struct comparison *in, const struct ruleset_rules *jumps)
{
	size_t right = 0, misplaced = 0;
	const struct nft_entry *odd = NULL;

	for (size_t i = 0; i < in->view->count; i++) {
		const struct nft_entry *entry = &in->view->entries[i];

		if (ruleset_is_ours(entry->chain))
			continue;
		if (entry->position <= count_wanted(jumps, entry->table, entry->chain) &&
			is_as_installed(in, entry)) {
			right++;
		} else {
			misplaced++;
			odd = entry;
		}
	}
	if (right + misplaced < jumps->count)
		return differ(in, -ENOENT, "%s",
			jumps->count > 1 ? "a jump into our chain is gone"
					 : "the jump into our chain is gone");
	if (right < jumps->count)
		return differ(in, -ESTALE, "our jump is not the first rule of %s", odd->chain);
	if (misplaced > 0)
		return differ(
			in, -ESTALE, "a jump into our chain was added (chain %s)", odd->chain);
	return 0;
}

int nft_view_compare(const struct nft_view *view, const struct nft_view *installed,
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE])
{
	const struct comparison in = {.view = view,
		.installed = installed,
		.family = iptables_family_name(family),
		.problem = problem};
	struct ruleset_rules rules;
	int err = 0;

	ruleset_chain_rules(options, family, &rules);
	for (size_t i = 0; i < RULESET_CHAINS && err == 0; i++)
		if (ruleset_wants_chain(options, &ruleset_chains[i]))
			err = check_chain(&in, &rules, &ruleset_chains[i], view->chains[i]);
	if (err != 0)
		return err;
	ruleset_jump_rules(options, &rules);
	return check_jumps(&in, &rules);
}

int nft_view_check(const struct nft_view *view, const struct ruleset_options *options,
	enum ip_family family, char problem[PROBLEM_SIZE])
{
	return nft_view_compare(view, NULL, options, family, problem);
}

/* ---- removing ---- */

/* Messages of one transaction. */
struct batch {
	char *bytes;
	size_t length;
	struct nlmsghdr *last;
};

static struct nlmsghdr *batch_add(struct batch *batch, uint16_t type, enum ip_family family)
{
	batch->last = nft_talk_begin(batch->bytes + batch->length, type, family);
	return batch->last;
}

static void batch_seal(struct batch *batch)
{
	batch->length += NLMSG_ALIGN(batch->last->nlmsg_len);
}

static void delete_rule(struct batch *batch, enum ip_family family, const struct nft_entry *entry)
{
	struct nlmsghdr *message = batch_add(batch, NFT_MSG_DELRULE, family);

	mnl_attr_put_strz(message, NFTA_RULE_TABLE, entry->table);
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, entry->chain);
	mnl_attr_put_u64(message, NFTA_RULE_HANDLE, htobe64(entry->handle));
	batch_seal(batch);
}

static void delete_chain(
	struct batch *batch, enum ip_family family, const struct ruleset_chain *chain)
{
	struct nlmsghdr *message = batch_add(batch, NFT_MSG_DELCHAIN, family);

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, chain->table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain->name);
	batch_seal(batch);
}

static bool has_handle(const struct nft_view *view, const struct nft_entry *entry)
{
	for (size_t i = 0; i < view->count; i++)
		if (view->entries[i].handle == entry->handle &&
			is_in(&view->entries[i], entry->table, entry->chain))
			return true;
	return false;
}

/* All that the view has; or, with `before`, only the jumps that are in both. */
static int remove_seen(
	const struct nft_view *view, const struct nft_view *before, enum ip_family family)
{
	struct batch batch = {.bytes = malloc((view->count + RULESET_CHAINS) * MESSAGE_MOST)};
	int err = 0;

	if (batch.bytes == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < view->count; i++)
		if (before == NULL ||
			(!ruleset_is_ours(view->entries[i].chain) &&
				has_handle(before, &view->entries[i])))
			delete_rule(&batch, family, &view->entries[i]);
	for (size_t i = 0; before == NULL && i < RULESET_CHAINS; i++)
		if (view->chains[i])
			delete_chain(&batch, family, &ruleset_chains[i]);
	if (batch.last != NULL) {
		/* The kernel tells of each message that fails, and of this one in any case. */
		batch.last->nlmsg_flags |= NLM_F_ACK;
		err = nft_talk_change_all(batch.bytes, batch.length);
	}
	free(batch.bytes);
	return err;
}

/*
 * Somebody may delete a rule between our look and our change, which is then refused whole: look
 * again.
 */
static int remove_often(const struct nft_view *before, enum ip_family family)
{
	int err = -ENOENT;

	for (int i = 0; i < ATTEMPTS && (err == -ENOENT || err == -EBUSY); i++) {
		struct nft_view view;

		err = nft_view_read(&view, family);
		if (err != 0)
			return err;
		err = remove_seen(&view, before, family);
		nft_view_deinit(&view);
	}
	return err;
}

int nft_view_remove(enum ip_family family)
{
	return remove_often(NULL, family);
}

int nft_view_remove_old_jumps(const struct nft_view *before, enum ip_family family)
{
	return remove_often(before, family);
}

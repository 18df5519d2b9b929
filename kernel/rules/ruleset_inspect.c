/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/ruleset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/iptables.h"
#include "kernel/rules/nft_hooks.h"
#include "kernel/rules/nft_view.h"
#include "kernel/rules/rule_text.h"
#include "kernel/rules/ruleset_rules.h"

/*
 * One walk over a listing. iptables-save writes the rules of a chain in order and chain by chain,
 * so that a position is a count.
 */
struct inspection {
	const struct ruleset_options *options;
	const char *family, *backend; /* their names */
	char *problem;
	struct ruleset_rules chains, jumps;
	size_t seen[RULESET_CHAINS]; /* rules of each chain of ours that were as expected */
	size_t jumps_seen;	     /* likewise of the jumps */
	size_t position;	     /* of the rule in hand, in its chain, from 1 */
	char current[64];	     /* that chain */
	char table[16];		     /* and its table */
};

static int __attribute__((format(printf, 3, 4)))
differ(const struct inspection *in, int err, const char *format, ...)
{
	char what[384];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(in->problem, PROBLEM_SIZE, "%s (%s, %s)", what, in->family, in->backend);
	return err;
}

static bool is_rule(const struct rule_text *found, const char *expected)
{
	struct rule_text rule;

	rule_text_read(&rule, expected);
	return rule_text_equal(found, &rule);
}

static int line_length(const char *line)
{
	const size_t length = strcspn(line, "\n");

	return length < 160 ? (int)length : 160;
}

static bool is_of_chain(const char *rule, const char *chain)
{
	const size_t length = strlen(chain);

	rule += strlen("-A ");
	return strncmp(rule, chain, length) == 0 && rule[length] == ' ';
}

static bool is_of_table(const char *rule, const char *table)
{
	struct rule_text words;

	rule_text_read(&words, rule);
	return strcmp(ruleset_table_of(&words), table) == 0;
}

/*
 * What of `rules` is expected at this place of this chain, or NULL: those of one chain stand
 * together, in order.
 */
static const char *expected_here(const struct inspection *in, const struct ruleset_rules *rules)
{
	size_t nth = 0;

	for (size_t i = 0; i < rules->count; i++)
		if (is_of_chain(rules->text[i], in->current) &&
			is_of_table(rules->text[i], in->table) && ++nth == in->position)
			return rules->text[i];
	return NULL;
}

static int check_chain_rule(struct inspection *in, const struct rule_text *rule, const char *line)
{
	const char *expected = expected_here(in, &in->chains);

	if (expected == NULL)
		return differ(in, -ESTALE, "a rule was added to our chain: '%.*s'",
			line_length(line), line);
	if (!is_rule(rule, expected))
		return differ(in, -ESTALE, "rule %zu of our chain is '%.*s'", in->position,
			line_length(line), line);
	for (size_t i = 0; i < RULESET_CHAINS; i++)
		in->seen[i] += strcmp(in->current, ruleset_chains[i].name) == 0;
	return 0;
}

static int check_other_rule(struct inspection *in, const struct rule_text *rule, const char *line)
{
	const char *expected = expected_here(in, &in->jumps);

	if (expected != NULL && is_rule(rule, expected)) {
		in->jumps_seen++;
		return 0;
	}
	if (expected != NULL)
		return differ(in, -ESTALE, "our jump is not the first rule of %s, but '%.*s'",
			in->current, line_length(line), line);
	if (ruleset_is_jump(rule))
		return differ(in, -ESTALE, "a jump into our chain was added: '%.*s'",
			line_length(line), line);
	return 0;
}

/* "*raw": a chain of the same name may be in each table. */
static void enter_table(struct inspection *in, const struct rule_text *rule)
{
	snprintf(in->table, sizeof(in->table), "%s", rule->words[0] + 1);
	in->current[0] = '\0';
}

static int check_line(struct inspection *in, const struct rule_text *rule, const char *line)
{
	const char *chain = rule_text_chain(rule);

	if (rule->count > 0 && rule->words[0][0] == '*')
		enter_table(in, rule);
	if (chain == NULL)
		return 0;
	in->position = strcmp(chain, in->current) == 0 ? in->position + 1 : 1;
	snprintf(in->current, sizeof(in->current), "%s", chain);
	return ruleset_is_ours(chain) ? check_chain_rule(in, rule, line)
				      : check_other_rule(in, rule, line);
}

static int check_chain(const struct inspection *in, const char *saved, size_t i)
{
	const struct ruleset_chain *chain = &ruleset_chains[i];
	size_t expected = 0;

	if (!ruleset_wants_chain(in->options, chain))
		return 0;
	if (!ruleset_has_chain(saved, chain->name))
		return differ(in, -ENOENT, "our chain %s is gone", chain->name);
	for (size_t rule = 0; rule < in->chains.count; rule++)
		expected += is_of_chain(in->chains.text[rule], chain->name);
	if (in->seen[i] < expected)
		return differ(in, -ENOENT, "our chain %s ends after %zu of %zu rules", chain->name,
			in->seen[i], expected);
	return 0;
}

static int check_whole(const struct inspection *in, const char *saved)
{
	int err = 0;

	for (size_t i = 0; i < RULESET_CHAINS && err == 0; i++)
		err = check_chain(in, saved, i);
	if (err != 0)
		return err;
	if (in->jumps_seen < in->jumps.count)
		return differ(in, -ENOENT, "%s",
			in->jumps.count > 1 ? "a jump into our chain is gone"
					    : "the jump into our chain is gone");
	return 0;
}

/* Names the first difference between a listing of the table and what we would install. Pure. */
static int compare(const struct ruleset_options *options, enum ip_family family, const char *saved,
	char problem[PROBLEM_SIZE])
{
	struct inspection in = {
		.options = options,
		.family = iptables_family_name(family),
		.backend = iptables_backend_name(options->backend),
		.problem = problem,
	};
	int err = 0;

	ruleset_chain_rules(options, family, &in.chains);
	ruleset_jump_rules(options, &in.jumps);
	for (const char *at = saved, *line = saved; at != NULL && err == 0; line = at) {
		struct rule_text rule;

		at = rule_text_read(&rule, line);
		err = check_line(&in, &rule, line);
	}
	return err != 0 ? err : check_whole(&in, saved);
}

/* The tables that these options are about, one behind the other. *out is the caller's to free(). */
static int save_wanted(const struct ruleset_options *options, enum ip_family family, bool counters,
	char **out, char problem[PROBLEM_SIZE])
{
	size_t size;
	FILE *to = open_memstream(out, &size);
	int err = to == NULL ? -ENOMEM : 0;

	for (size_t i = 0; err == 0 && i < RULESET_TABLES; i++) {
		char *part = NULL;

		if (!ruleset_wants_table(options, ruleset_tables[i]))
			continue;
		err = iptables_save(
			options->backend, family, ruleset_tables[i], counters, &part, problem);
		if (err == 0)
			fputs(part, to);
		free(part);
	}
	if (to == NULL || fclose(to) != 0) {
		snprintf(problem, PROBLEM_SIZE, "out of memory");
		return -ENOMEM;
	}
	if (err != 0)
		free(*out);
	return err;
}

static int cannot_look(enum ip_family family, int err, char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE, "our rules can't be read from nf_tables (%s): %s",
		iptables_family_name(family), strerror(-err));
	return err == -ENOENT || err == -ESTALE ? -EIO : err;
}

/* Where iptables-nft-save leaves a table of ours out, places and numbers must do: nft_view.h. */
static int verify_view(
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE])
{
	struct nft_view view;
	int err = nft_view_read(&view, family);

	if (err != 0)
		return cannot_look(family, err, problem);
	err = nft_view_check(&view, options, family, problem);
	nft_view_deinit(&view);
	return err;
}

static int verify_family(
	const struct ruleset_options *options, enum ip_family family, char problem[PROBLEM_SIZE])
{
	char *saved;
	int err = save_wanted(options, family, false, &saved, problem);

	if (err != 0)
		return err == -ENOENT || err == -ESTALE ? -EIO : err;
	err = iptables_save_is_whole(saved) ? compare(options, family, saved, problem)
					    : verify_view(options, family, problem);
	free(saved);
	if (err == 0 && options->backend == BACKEND_NFT)
		err = nft_hooks_verify(options, family, problem);
	return err;
}

int ruleset_verify(const struct ruleset_options *options, char problem[PROBLEM_SIZE])
{
	const int err = verify_family(options, IP_FAMILY_V4, problem);

	return err != 0 || !options->ipv6 ? err : verify_family(options, IP_FAMILY_V6, problem);
}

/* "[12:345] -A PODGATE ..." without the counters. */
static void counter_fill(struct rule_counter *out, const struct rule_text *rule, const char *line)
{
	const char *text = strstr(line, "-A ");

	*out = (struct rule_counter){.packets = rule->packets, .bytes = rule->octets};
	snprintf(out->rule, sizeof(out->rule), "%.*s", (int)strcspn(text, "\n"), text);
}

int ruleset_counters(const struct ruleset_options *options, enum ip_family family,
	struct rule_counter *out, size_t most, char problem[PROBLEM_SIZE])
{
	char *saved;
	const char *at;
	size_t count = 0;
	const int err = save_wanted(options, family, true, &saved, problem);

	if (err != 0)
		return err;
	for (at = saved; at != NULL && count < most;) {
		const char *line = at;
		struct rule_text rule;

		at = rule_text_read(&rule, line);
		if (ruleset_is_ours(rule_text_chain(&rule)))
			counter_fill(&out[count++], &rule, line);
	}
	free(saved);
	return (int)count;
}

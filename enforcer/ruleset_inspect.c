/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/ruleset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/iptables.h"
#include "enforcer/rule_text.h"
#include "enforcer/ruleset_rules.h"

/*
 * One walk over a listing. iptables-save writes the rules of a chain in order and chain by chain, so that a
 * position is a count.
 */
struct inspection {
	const char *family, *backend; /* their names */
	char *problem;
	struct ruleset_rules chain, jumps;
	bool declared;
	size_t chain_seen; /* rules of our chain that were as expected */
	size_t jumps_seen; /* likewise of the jumps */
	size_t position; /* of the rule in hand, in its chain, from 1 */
	char current[64]; /* that chain */
};

static int __attribute__((format(printf, 3, 4)))
differ(const struct inspection *in, int err, const char *format, ...)
{
	char what[384];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(in->problem, RULESET_PROBLEM, "%s (%s, %s)", what, in->family, in->backend);
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

static int check_chain_rule(struct inspection *in, const struct rule_text *rule, const char *line)
{
	const size_t index = in->position - 1;

	if (index >= in->chain.count)
		return differ(in, -ESTALE, "a rule was added to our chain: '%.*s'", line_length(line), line);
	if (!is_rule(rule, in->chain.text[index]))
		return differ(in, -ESTALE, "rule %zu of our chain is '%.*s'", in->position, line_length(line),
			line);
	in->chain_seen++;
	return 0;
}

/* The jump expected at this place of this base chain, or NULL: jumps of one chain are listed together, in order. */
static const char *expected_jump(const struct inspection *in)
{
	size_t nth = 0;

	for (size_t i = 0; i < in->jumps.count; i++) {
		const char *chain = in->jumps.text[i] + strlen("-A ");
		const size_t length = strlen(in->current);

		if (strncmp(chain, in->current, length) == 0 && chain[length] == ' ' && ++nth == in->position)
			return in->jumps.text[i];
	}
	return NULL;
}

static int check_other_rule(struct inspection *in, const struct rule_text *rule, const char *line)
{
	const char *expected = expected_jump(in);

	if (expected != NULL && is_rule(rule, expected)) {
		in->jumps_seen++;
		return 0;
	}
	if (expected != NULL)
		return differ(in, -ESTALE, "our jump is not the first rule of %s, but '%.*s'", in->current,
			line_length(line), line);
	if (ruleset_is_jump(rule))
		return differ(
			in, -ESTALE, "a jump into our chain was added: '%.*s'", line_length(line), line);
	return 0;
}

static int check_line(struct inspection *in, const struct rule_text *rule, const char *line)
{
	const char *chain = rule_text_chain(rule);

	in->declared = in->declared || ruleset_declares_chain(rule);
	if (chain == NULL)
		return 0;
	in->position = strcmp(chain, in->current) == 0 ? in->position + 1 : 1;
	snprintf(in->current, sizeof(in->current), "%s", chain);
	return ruleset_is_ours(chain) ? check_chain_rule(in, rule, line) : check_other_rule(in, rule, line);
}

static int check_whole(const struct inspection *in)
{
	if (!in->declared)
		return differ(in, -ENOENT, "our chain " RULESET_CHAIN " is gone");
	if (in->chain_seen < in->chain.count)
		return differ(in, -ENOENT, "our chain ends after %zu of %zu rules", in->chain_seen,
			in->chain.count);
	if (in->jumps_seen < in->jumps.count)
		return differ(in, -ENOENT, "%s",
			in->jumps.count > 1 ? "a jump into our chain is gone"
					    : "the jump into our chain is gone");
	return 0;
}

/* Names the first difference between a listing of the table and what we would install. Pure. */
static int compare(const struct ruleset_options *options, enum ip_family family, const char *saved,
	char problem[RULESET_PROBLEM])
{
	struct inspection in = {
		.family = iptables_family_name(family),
		.backend = iptables_backend_name(options->backend),
		.problem = problem,
	};
	int err = 0;

	ruleset_chain_rules(options, family, &in.chain);
	ruleset_jump_rules(options, &in.jumps);
	while (saved != NULL && err == 0) {
		const char *line = saved;
		struct rule_text rule;

		saved = rule_text_read(&rule, line);
		err = check_line(&in, &rule, line);
	}
	return err != 0 ? err : check_whole(&in);
}

static int verify_family(
	const struct ruleset_options *options, enum ip_family family, char problem[RULESET_PROBLEM])
{
	char *saved;
	int err = iptables_save(options->backend, family, RULESET_TABLE, false, &saved, problem);

	if (err != 0)
		return err;
	err = compare(options, family, saved, problem);
	free(saved);
	return err;
}

int ruleset_verify(const struct ruleset_options *options, char problem[RULESET_PROBLEM])
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

int ruleset_counters(const struct ruleset_options *options, enum ip_family family, struct rule_counter *out,
	size_t most, char problem[RULESET_PROBLEM])
{
	char *saved;
	const char *at;
	size_t count = 0;
	const int err = iptables_save(options->backend, family, RULESET_TABLE, true, &saved, problem);

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

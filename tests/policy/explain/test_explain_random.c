/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On random clusters and flows, reasons must lead to the verdict, name what is really at fault, and
 * mend it: every fix is done as told, and the flow judged again. PODGATE_SEED sets the seed,
 * PODGATE_ROUNDS the number of clusters.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/explain/explain.h"
#include "tests/support/fix_apply.h"
#include "tests/support/generator.h"
#include "tests/support/manifest_print.h"

enum { ROUNDS = 600, FLOWS = 60, MISSES = MISS_AUDITED + 1 };

struct trial {
	uint64_t seed;
	struct generator generator;
	struct cluster *cluster;
	struct snapshot *snapshot;
	struct snapshot_options options;
};

static size_t misses_seen[MISSES], fixes_seen, admissions_seen;

static void trial_fail(const struct trial *trial, const struct explain_side *side, const char *what)
{
	manifest_print_cluster(stderr, trial->cluster);
	fprintf(stderr,
		"# seed %" PRIu64 ": %s\n# miss %s, field %s, wanted %s, had %s\n# fix: %s\n",
		trial->seed, what, miss_name(side->miss), side->field, side->wanted, side->had,
		side->fix);
	fail();
}

static bool is_denied(enum side_verdict side)
{
	return side == SIDE_DENIED || side == SIDE_AUDIT_DENIED;
}

/*
 * Where an address may be several pods', each fix is for a pair of them: one after the other they
 * admit it.
 */
enum { PAIRS_MOST = 16 };

static void check_fix(const struct trial *trial, const struct cluster *cluster,
	const struct flow *flow, enum direction direction, const struct explain_side *side,
	int earlier)
{
	const bool contested = snapshot_claimant(trial->snapshot, &flow->src, 1) != NULL ||
		snapshot_claimant(trial->snapshot, &flow->dst, 1) != NULL;
	struct arena *arena = arena_create();
	struct explanation explanation;
	struct snapshot *snapshot;
	struct fixed fixed;

	fix_apply(&fixed, cluster, side->fix, arena);
	assert_int_equal(snapshot_compile(&snapshot, fixed.cluster, &trial->options), 0);
	assert_int_equal(explain_flow(snapshot, flow, arena, &explanation), 0);
	if (is_denied(explanation.judgement.sides[direction])) {
		const struct explain_side *next = &explanation.sides[direction];

		if (!contested || earlier == PAIRS_MOST) {
			manifest_print_flow(stderr, flow);
			trial_fail(trial, side,
				direction == DIRECTION_INGRESS
					? ": the fix does not admit it (ingress)"
					: ": the fix does not admit it (egress)");
		}
		if (*next->fix != '\0')
			check_fix(trial, fixed.cluster, flow, direction, next, earlier + 1);
	}
	fixes_seen++;
	snapshot_free(snapshot);
	fix_deinit(&fixed);
	arena_unref(arena);
}

/* No policy can name an IPv4-mapped address: only what leaves the peers alone is a fix then. */
static bool has_no_fix(const struct trial *trial, const struct flow *flow, enum direction direction,
	const struct explain_side *side)
{
	const struct ip_addr *other = direction == DIRECTION_INGRESS ? &flow->src : &flow->dst;
	char text[IP_ADDR_TEXT];

	if (snapshot_pod_at(trial->snapshot, other) != NULL || side->miss == MISS_AUDITED ||
		strncmp(ip_addr_format(other, text), "::ffff:", 7) != 0)
		return false;
	return !flow_protocol_has_ports(flow->protocol) ||
		(side->miss != MISS_PORT && side->miss != MISS_PROTOCOL);
}

static void check_side(const struct trial *trial, const struct flow *flow, enum direction direction,
	const struct explain_side *side)
{
	if (side->disagrees)
		trial_fail(trial, side, "reasons and verdict disagree");
	misses_seen[side->miss]++;
	if (side->side == SIDE_ALLOWED) {
		if (side->policy == NULL || side->rule == NULL || side->miss != MISS_NONE)
			trial_fail(trial, side, "allowed, but by nothing");
		admissions_seen++;
	}
	if (!is_denied(side->side))
		return;
	if (side->policy == NULL || side->miss == MISS_NONE || *side->field == '\0' ||
		*side->wanted == '\0' ||
		(*side->fix == '\0') != has_no_fix(trial, flow, direction, side))
		trial_fail(trial, side, "denied, and why, or what to do, is not said");
	if ((side->rule == NULL) != (side->miss == MISS_NO_RULES))
		trial_fail(trial, side, "a rule where there is none, or none where there is");
	if (*side->fix != '\0')
		check_fix(trial, trial->cluster, flow, direction, side, 0);
}

static void run_trial(uint64_t seed)
{
	const struct generator_limits limits = {.namespaces = 4, .pods = 12, .policies = 4};
	struct trial trial = {.seed = seed, .generator = {seed}};

	trial.cluster = generator_cluster(&trial.generator, &limits);
	trial.options = (struct snapshot_options){
		.revision = seed,
		.audit = generator_chance(&trial.generator, 5),
		.node_name = generator_node(&trial.generator),
	};
	assert_int_equal(snapshot_compile(&trial.snapshot, trial.cluster, &trial.options), 0);
	for (int i = 0; i < FLOWS; i++) {
		const struct flow flow = generator_flow(&trial.generator, trial.cluster);
		struct arena *arena = arena_create();
		struct explanation explanation;

		assert_int_equal(explain_flow(trial.snapshot, &flow, arena, &explanation), 0);
		for (int d = 0; d < DIRECTION_COUNT; d++)
			check_side(&trial, &flow, (enum direction)d, &explanation.sides[d]);
		arena_unref(arena);
	}
	snapshot_free(trial.snapshot);
	cluster_unref(trial.cluster);
}

static uint64_t rounds(void)
{
	const char *text = getenv("PODGATE_ROUNDS");

	return text != NULL ? strtoull(text, NULL, 10) : ROUNDS;
}

static void test_reasons_and_fixes(void **state)
{
	const uint64_t first = generator_seed(20241123);

	(void)state;
	for (uint64_t i = 0; i < rounds(); i++)
		run_trial(first + i);
}

/* Runs last: every kind of miss must have come up. */
static void test_every_miss_was_met(void **state)
{
	(void)state;
	if (rounds() < ROUNDS)
		return; /* asked for: one seed looked at closely meets what it meets */
	for (int i = 0; i < MISSES; i++)
		if (misses_seen[i] < 10)
			fail_msg("miss \"%s\" came up %zu times only", miss_name((enum miss)i),
				misses_seen[i]);
	assert_true(fixes_seen > rounds());
	assert_true(admissions_seen > rounds());
	printf("%zu fixes applied, %zu admissions\n", fixes_seen, admissions_seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons_and_fixes),
		cmocka_unit_test(test_every_miss_was_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * However many policies there are and however they come and go: few series, and no counter shrinks.
 */

#include "service/metrics/policy_series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/between.h"
#include "tests/support/manifest_world.h"

enum { MANY = POLICY_SERIES_MOST + 60 };

struct fixture {
	struct manifest_world world;
	struct policy_hits *hits;
	struct policy_series *series;
};

/*
 * A pod and a policy for each number that `has`; pod i is 10.1.x.y, and its policy isolates it in
 * both directions.
 */
static char *write_world(const bool has[MANY])
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	fprintf(to,
		"apiVersion: v1\nkind: List\nitems:\n"
		"- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n");
	for (int i = 0; i < MANY; i++)
		if (has[i])
			fprintf(to,
				"- {apiVersion: v1, kind: Pod, metadata: {name: p%d, namespace: "
				"ns%d, labels: {app: p%d}}, status: {podIP: 10.1.%d.%d}}\n"
				"- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, "
				"metadata: {name: p%d, namespace: ns%d}, spec: {podSelector: {}, "
				"policyTypes: [Ingress, Egress]}}\n",
				i, i, i, i / 256, i % 256, i, i);
	fclose(to);
	return text;
}

static void build(struct fixture *fixture, const bool has[MANY])
{
	char *text = write_world(has);

	manifest_world_init(&fixture->world, text);
	free(text);
}

static void rebuild(struct fixture *fixture, const bool has[MANY])
{
	policy_hits_settle(fixture->hits);
	manifest_world_deinit(&fixture->world);
	build(fixture, has);
}

static int setup(void **state)
{
	static struct fixture fixture;
	bool has[MANY];

	memset(has, true, sizeof(has));
	build(&fixture, has);
	assert_int_equal(policy_hits_create(&fixture.hits), 0);
	assert_int_equal(policy_series_create(&fixture.series), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	policy_series_free(fixture->series);
	policy_hits_free(fixture->hits);
	manifest_world_deinit(&fixture->world);
	return 0;
}

/* Policy i denies: in ingress, or with `egress` in egress. */
static void hit(const struct fixture *fixture, int i, bool egress, bool cut)
{
	struct record record = {.snapshot = fixture->world.snapshot,
		.kind = cut ? RECORD_REVOKED : RECORD_VERDICT,
		.flow = {.dst_port = 80, .protocol = IPPROTO_TCP}};
	char pod[32];

	snprintf(pod, sizeof(pod), "10.1.%d.%d", i / 256, i % 256);
	ip_addr_parse(&record.flow.src, egress ? pod : "192.0.2.1");
	ip_addr_parse(&record.flow.dst, egress ? "192.0.2.1" : pod);
	record.judgement = snapshot_judge(record.snapshot, &record.flow);
	assert_int_equal(record.judgement.verdict, VERDICT_DENY);
	policy_hits_add(fixture->hits, &record);
}

/* What one update shows, to be held against the next. */
struct view {
	bool shown[MANY];
	struct policy_hit_counts sides[MANY + 1][DIRECTION_COUNT]; /* [MANY]: other */
	int count;
	char last[64];
};

static void note(
	const char *policy, const struct policy_hit_counts sides[DIRECTION_COUNT], void *context)
{
	struct view *view = context;
	int number = MANY, check = MANY;

	if (strcmp(policy, "other") != 0) {
		assert_int_equal(sscanf(policy, "ns%d/p%d", &number, &check), 2);
		assert_int_equal(number, check);
		assert_true(view->count == 0 || strcmp(view->last, policy) < 0);
		assert_false(view->shown[number]);
		view->shown[number] = true;
		view->count++;
		snprintf(view->last, sizeof(view->last), "%s", policy);
	}
	memcpy(view->sides[number], sides, sizeof(view->sides[number]));
}

static void look(const struct fixture *fixture, struct view *out)
{
	memset(out, 0, sizeof(*out));
	policy_series_update(fixture->series, fixture->hits, fixture->world.cluster);
	policy_series_visit(fixture->series, note, out);
	assert_between(out->count, 0, POLICY_SERIES_MOST);
}

static void every_policy_has_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct view view;

	look(fixture, &view);
	assert_int_equal(view.count, 0);
	assert_int_equal(view.sides[MANY][DIRECTION_INGRESS].denied, 0);
	hit(fixture, 3, false, false);
	hit(fixture, 3, false, false);
	hit(fixture, 3, true, false);
	hit(fixture, 200, false, true);
	look(fixture, &view);
	assert_int_equal(view.count, 2);
	assert_int_equal(view.sides[3][DIRECTION_INGRESS].denied, 2);
	assert_int_equal(view.sides[3][DIRECTION_EGRESS].denied, 1);
	assert_int_equal(view.sides[200][DIRECTION_INGRESS].denied, 0);
	assert_int_equal(view.sides[200][DIRECTION_INGRESS].cut, 1);
	assert_int_equal(view.sides[MANY][DIRECTION_INGRESS].denied, 0);
}

static void the_rest_is_other(void **state)
{
	struct fixture *fixture = *state;
	struct view view;

	for (int i = 0; i < MANY; i++)
		hit(fixture, i, false, false);
	look(fixture, &view);
	assert_int_equal(view.count, POLICY_SERIES_MOST);
	assert_int_equal(view.sides[MANY][DIRECTION_INGRESS].denied, MANY - POLICY_SERIES_MOST);
}

/*
 * A deleted policy's series go, and one that was among the others takes their place: it begins at
 * nothing.
 */
static void the_deleted_make_room(void **state)
{
	struct fixture *fixture = *state;
	struct view before, after;
	bool has[MANY];
	int gone = 0, come = 0;

	for (int i = 0; i < MANY; i++)
		hit(fixture, i, false, false);
	look(fixture, &before);
	memset(has, true, sizeof(has));
	while (!before.shown[gone])
		gone++;
	has[gone] = false;
	rebuild(fixture, has);
	look(fixture, &after);
	assert_false(after.shown[gone]);
	look(fixture, &after);
	assert_int_equal(after.count, POLICY_SERIES_MOST);
	while (!after.shown[come] || before.shown[come])
		come++;
	assert_int_equal(after.sides[come][DIRECTION_INGRESS].denied, 0);
	assert_int_equal(after.sides[MANY][DIRECTION_INGRESS].denied,
		before.sides[MANY][DIRECTION_INGRESS].denied);
	hit(fixture, come, false, false);
	look(fixture, &after);
	assert_int_equal(after.sides[come][DIRECTION_INGRESS].denied, 1);
	assert_int_equal(after.sides[MANY][DIRECTION_INGRESS].denied,
		before.sides[MANY][DIRECTION_INGRESS].denied);
}

static uint64_t sum(const struct view *view)
{
	uint64_t sum = 0;

	for (int i = 0; i <= MANY; i++)
		for (int side = 0; side < DIRECTION_COUNT; side++)
			sum += view->sides[i][side].denied + view->sides[i][side].cut;
	return sum;
}

static void expect_no_less(const struct policy_hit_counts before[DIRECTION_COUNT],
	const struct policy_hit_counts after[DIRECTION_COUNT])
{
	for (int side = 0; side < DIRECTION_COUNT; side++) {
		assert_true(after[side].denied >= before[side].denied);
		assert_true(after[side].cut >= before[side].cut);
		assert_int_equal(after[side].audited, 0);
	}
}

/*
 * Policies come and go and are hit, all by chance: each hit is counted once, whatever series it is
 * counted in.
 */
static void nothing_shrinks_and_nothing_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct view views[2];
	uint64_t sent = 0, vanished = 0;
	bool has[MANY];

	memset(has, true, sizeof(has));
	srandom(20261124);
	look(fixture, &views[0]);
	for (int round = 1; round < 120; round++) {
		struct view *before = &views[(round + 1) % 2], *after = &views[round % 2];
		const int hits = (int)(random() % 200);

		if (random() % 3 == 0) {
			for (int i = 0; i < MANY; i++)
				has[i] = random() % 8 != 0;
			rebuild(fixture, has);
		}
		for (int i = 0; i < hits; i++) {
			const int policy = (int)(random() % MANY);

			if (!has[policy])
				continue;
			hit(fixture, policy, random() % 2 == 0, random() % 2 == 0);
			sent++;
		}
		look(fixture, after);
		expect_no_less(before->sides[MANY], after->sides[MANY]);
		for (int i = 0; i < MANY; i++) {
			assert_false(after->shown[i] && !has[i]);
			if (before->shown[i] && after->shown[i])
				expect_no_less(before->sides[i], after->sides[i]);
			if (before->shown[i] && !after->shown[i])
				for (int side = 0; side < DIRECTION_COUNT; side++)
					vanished += before->sides[i][side].denied +
						before->sides[i][side].cut;
		}
		assert_int_equal(sum(after) + vanished, sent);
	}
	assert_true(vanished > 0 && views[1].sides[MANY][DIRECTION_INGRESS].denied > 0);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(every_policy_has_its_own),
		WITH_FIXTURE(the_rest_is_other),
		WITH_FIXTURE(the_deleted_make_room),
		WITH_FIXTURE(nothing_shrinks_and_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

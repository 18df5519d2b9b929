/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which live flows are judged when: the plan alone, with times and addresses of the test's own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "enforcer/publish/sweep_plan.h"
#include "process/clock.h"

enum { SHARE = 25 };

struct plan_world {
	struct presence *presence;
	struct sweep_plan plan;
	struct sweep_end ends[SWEEP_ENDS_MOST];
	struct waiting_change done[WAITING_MOST];
	uint64_t now_ns, revision;
};

static struct ip_addr addr(unsigned int number)
{
	const uint8_t bytes[4] = {10, 0, (uint8_t)(number >> 8), (uint8_t)number};

	return ip_addr_v4(bytes);
}

/* A flow from `src` to `dst` has a mark. */
static void mark(struct plan_world *world, unsigned int src, unsigned int dst)
{
	const struct flow flow = {.src = addr(src), .dst = addr(dst)};

	presence_note(world->presence, &flow);
}

/* The whole table takes 250 ms, and was swept long ago. */
static int setup(void **state)
{
	static struct plan_world world;

	world = (struct plan_world){.now_ns = 1000 * NS_PER_S};
	assert_int_equal(presence_create(&world.presence, 600), 0);
	world.plan = (struct sweep_plan){.presence = world.presence, .cpu_share = SHARE};
	sweep_plan_swept(&world.plan, 250 * NS_PER_MS, 900 * NS_PER_S);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct plan_world *world = *state;

	sweep_plan_deinit(&world->plan);
	presence_free(world->presence);
	return 0;
}

static bool change(struct plan_world *world, unsigned int first, unsigned int count, bool more)
{
	const struct waiting_change waiting = {.revision = ++world->revision};
	struct touched touched = {.everything = false};
	bool done;

	for (unsigned int i = first; i < first + count; i++) {
		struct ip_addr one = addr(i);

		touched_add(&touched, &(struct touched){.addrs = &one, .count = 1});
	}
	done = sweep_plan_change(&world->plan, &touched, more, &waiting);
	touched_clear(&touched);
	return done;
}

static bool is_due(const struct plan_world *world)
{
	return sweep_plan_wait_ns(&world->plan, world->now_ns) == 0;
}

static size_t begin(struct plan_world *world)
{
	assert_true(is_due(world));
	return sweep_plan_begin(&world->plan, world->ends);
}

/* Returns how many changes are done with it. */
static size_t end(struct plan_world *world, bool failed, uint64_t took_ns)
{
	world->now_ns += took_ns;
	return sweep_plan_end(&world->plan, failed, took_ns, world->now_ns, world->done);
}

static void an_address_without_marked_flows_costs_nothing(void **state)
{
	struct plan_world *world = *state;

	mark(world, 1, 2);
	assert_true(change(world, 3, 1, false));
	assert_false(is_due(world));
}

static void the_ends_of_marked_flows_are_swept(void **state)
{
	struct plan_world *world = *state;
	const struct ip_addr one = addr(1), two = addr(2);

	mark(world, 1, 2);
	assert_false(change(world, 1, 4, false));
	assert_int_equal(begin(world), 2);
	assert_true(ip_addr_equal(&world->ends[0].addr, &one));
	assert_int_equal(world->ends[0].end, FLOW_SOURCE);
	assert_true(ip_addr_equal(&world->ends[1].addr, &two));
	assert_int_equal(world->ends[1].end, FLOW_DESTINATION);
	assert_false(is_due(world));
	assert_int_equal(end(world, false, 60 * NS_PER_MS), 1);
	assert_int_equal(world->done[0].revision, 1);
	assert_false(is_due(world));
}

static void many_ends_are_a_sweep_of_all(void **state)
{
	struct plan_world *world = *state;

	for (unsigned int i = 1; i <= SWEEP_ENDS_MOST + 1; i++)
		mark(world, i, 100);
	assert_false(change(world, 1, SWEEP_ENDS_MOST, false));
	assert_int_equal(begin(world), SWEEP_ENDS_MOST);
	assert_int_equal(end(world, false, 0), 1);
	assert_false(change(world, 1, SWEEP_ENDS_MOST + 1, false));
	assert_int_equal(begin(world), 0);
	assert_int_equal(end(world, false, 0), 1);
}

/* The sweep judges by the policies of before, and marks flows that nobody had marked. */
static void a_change_beside_a_sweep_waits_for_its_marks(void **state)
{
	struct plan_world *world = *state;
	const struct ip_addr five = addr(5);

	mark(world, 1, 2);
	assert_false(change(world, 1, 1, false));
	assert_int_equal(begin(world), 1);
	assert_false(change(world, 5, 1, false));
	assert_false(change(world, 7, 1, false));
	mark(world, 5, 6); /* by the sweep */
	assert_int_equal(end(world, false, 0), 1);
	assert_int_equal(world->done[0].revision, 1);
	assert_int_equal(begin(world), 1);
	assert_true(ip_addr_equal(&world->ends[0].addr, &five));
	assert_int_equal(end(world, false, 0), 2);
}

static void a_change_beside_a_sweep_without_marks_is_done_with_it(void **state)
{
	struct plan_world *world = *state;

	mark(world, 1, 2);
	assert_false(change(world, 1, 1, false));
	begin(world);
	assert_false(change(world, 5, 1, false));
	assert_int_equal(end(world, false, 0), 2);
	assert_false(is_due(world));
}

static void sweeping_keeps_to_its_share(void **state)
{
	struct plan_world *world = *state;

	mark(world, 1, 2);
	change(world, 1, 1, false);
	begin(world);
	end(world, false, 100 * NS_PER_MS);
	change(world, 1, 1, false);
	world->now_ns += 299 * NS_PER_MS;
	assert_false(is_due(world));
	world->now_ns += NS_PER_MS;
	assert_true(is_due(world));
}

/* A failed sweep leaves nothing out: all flows are judged, and nothing is done before. */
static void a_failed_sweep_is_repeated_whole(void **state)
{
	struct plan_world *world = *state;

	mark(world, 1, 2);
	change(world, 1, 1, false);
	assert_int_equal(begin(world), 1);
	assert_int_equal(end(world, true, 0), 0);
	assert_int_equal(begin(world), 0);
	assert_int_equal(end(world, false, 0), 1);
}

/* Packets of flows without a mark are judged each by itself: that is not urgent on a long table. */
static void newly_isolated_addresses_are_swept_for_seldom(void **state)
{
	struct plan_world *world = *state;

	world->now_ns = 901 * NS_PER_S;
	assert_true(change(world, 1, 1, true));
	assert_false(is_due(world));
	world->now_ns += 4 * NS_PER_S;
	assert_int_equal(begin(world), 0);
	assert_int_equal(end(world, false, 250 * NS_PER_MS), 0);
	assert_false(is_due(world));
	sweep_plan_swept(&world->plan, NS_PER_MS, world->now_ns);
	assert_false(change(world, 1, 1, true)); /* on a short one they are, with the change */
	world->now_ns += 10 * NS_PER_MS;
	assert_int_equal(begin(world), 0);
	assert_int_equal(end(world, false, 0), 1);
}

static void everything_is_a_sweep_of_all(void **state)
{
	struct plan_world *world = *state;
	const struct touched everything = {.everything = true};
	const struct waiting_change waiting = {.revision = 1};

	assert_false(sweep_plan_change(&world->plan, &everything, true, &waiting));
	assert_int_equal(begin(world), 0);
	assert_false(sweep_plan_change(&world->plan, &everything, true, &waiting));
	assert_int_equal(end(world, false, 0), 1);
	assert_int_equal(begin(world), 0);
	assert_int_equal(end(world, false, 0), 1);
}

static void more_changes_than_are_counted_are_not_lost(void **state)
{
	struct plan_world *world = *state;

	mark(world, 1, 2);
	for (int i = 0; i < 3 * WAITING_MOST; i++)
		assert_false(change(world, 1, 1, false));
	assert_int_equal(begin(world), 1);
	assert_int_equal(end(world, false, 0), WAITING_MOST);
	assert_int_equal(world->done[WAITING_MOST - 1].revision, 3 * WAITING_MOST);
}

/* A bit is there as long as a learned class may bring flows that no worker sees, and then goes. */
static void presence_forgets_late(void **state)
{
	struct plan_world *world = *state;
	struct presence *presence = world->presence;
	const struct ip_addr one = addr(1), two = addr(2);

	presence_begin_turn(presence, NS_PER_S);
	presence_end_turn(presence);
	mark(world, 1, 2);
	for (int turns = 0; turns < 2; turns++) {
		assert_true(presence_has(presence, &one, FLOW_SOURCE));
		assert_true(presence_has(presence, &two, FLOW_DESTINATION));
		assert_false(presence_has(presence, &one, FLOW_DESTINATION));
		presence_begin_turn(presence, NS_PER_S);
		assert_true(presence_has(presence, &one, FLOW_SOURCE));
		if (turns == 0)
			presence_end_turn(presence);
	}
	presence_end_turn(presence);
	assert_false(presence_has(presence, &one, FLOW_SOURCE));
	assert_false(presence_turn_is_due(presence, NS_PER_S + 604 * NS_PER_S));
	assert_true(presence_turn_is_due(presence, NS_PER_S + 605 * NS_PER_S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_address_without_marked_flows_costs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_ends_of_marked_flows_are_swept, setup, teardown),
		cmocka_unit_test_setup_teardown(many_ends_are_a_sweep_of_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_change_beside_a_sweep_waits_for_its_marks, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_change_beside_a_sweep_without_marks_is_done_with_it, setup, teardown),
		cmocka_unit_test_setup_teardown(sweeping_keeps_to_its_share, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failed_sweep_is_repeated_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(
			newly_isolated_addresses_are_swept_for_seldom, setup, teardown),
		cmocka_unit_test_setup_teardown(everything_is_a_sweep_of_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
			more_changes_than_are_counted_are_not_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(presence_forgets_late, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/label_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct label web[] = {{"app", "web"}, {"env", "prod"}}, db[] = {{"app", "db"}}, test[] = {{"env", "test"}};
static const struct label_set sets[] = {{web, 2}, {web, 2}, {db, 1}, {NULL, 0}, {web, 1}, {test, 1}};
static const struct label_set *const objects[] = {&sets[0], &sets[1], &sets[2], &sets[3], &sets[4], &sets[5]};

enum { OBJECTS = 6 };

struct fixture {
	struct arena *arena;
	struct label_index index;
};

static void begin(struct fixture *fixture)
{
	fixture->arena = arena_create();
	assert_int_equal(label_index_init(&fixture->index, objects, OBJECTS, fixture->arena), 0);
}

static void end(struct fixture *fixture)
{
	label_index_deinit(&fixture->index);
	arena_unref(fixture->arena);
}

static uint32_t number_of(struct fixture *fixture, const struct requirement *requirements, size_t count)
{
	const struct selector selector = {.requirements = requirements, .count = count};
	uint32_t number;

	assert_int_equal(label_index_select(&fixture->index, &selector, &number), 0);
	return number;
}

static const char *const v_web[] = {"web"}, *const v_both[] = {"db", "web"}, *const v_none[] = {"nobody"},
	*const v_web_none[] = {"nobody", "web"};

#define IN(k, list) {.op = REQUIREMENT_IN, .key = k, .values = list, .value_count = sizeof(list) / sizeof(list[0])}
#define NOT_IN(k, list)                                                                                      \
	{                                                                                                    \
		.op = REQUIREMENT_NOT_IN, .key = k, .values = list,                                          \
		.value_count = sizeof(list) / sizeof(list[0])                                                \
	}
#define EXISTS(k) {.op = REQUIREMENT_EXISTS, .key = k}
#define LACKS(k) {.op = REQUIREMENT_DOES_NOT_EXIST, .key = k}

static void test_selectors(void **state)
{
	static const struct {
		struct requirement requirements[3];
		size_t count;
		const char *matched;	/* by object */
	} cases[] = {
		{{{0}}, 0, "111111"},
		{{IN("app", v_web)}, 1, "110010"},
		{{IN("app", v_both)}, 1, "111010"},
		{{IN("app", v_none)}, 1, "000000"},
		{{IN("app", v_web_none)}, 1, "110010"},
		{{IN("none", v_web)}, 1, "000000"},
		{{IN("web", v_web)}, 1, "000000"},	/* a value is no key, though one table numbers both */
		{{NOT_IN("app", v_web)}, 1, "001101"},
		{{NOT_IN("none", v_web)}, 1, "111111"},
		{{EXISTS("env")}, 1, "110001"},
		{{EXISTS("web")}, 1, "000000"},
		{{LACKS("env")}, 1, "001110"},
		{{LACKS("none")}, 1, "111111"},
		{{EXISTS("app"), LACKS("env")}, 2, "001010"},
		{{IN("app", v_both), EXISTS("env"), NOT_IN("app", v_none)}, 3, "110000"},
		{{EXISTS("app"), LACKS("app")}, 2, "000000"},
	};
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint32_t number = number_of(&fixture, cases[i].requirements, cases[i].count);
		const struct range_list list = label_index_answer(&fixture.index, number);

		for (uint32_t j = 0; j < OBJECTS; j++)
			assert_int_equal(range_list_contains(list, j), cases[i].matched[j] == '1');
	}
	end(&fixture);
}

static void test_equal_selectors_share_a_number(void **state)
{
	const struct requirement a[] = {IN("app", v_web)}, b[] = {IN("app", v_web_none)}, c[] = {IN("app", v_both)},
				 unknown[] = {IN("x", v_web)}, other_unknown[] = {IN("y", v_none)};
	struct fixture fixture;

	(void)state;
	begin(&fixture);
	assert_int_equal(number_of(&fixture, a, 1), number_of(&fixture, a, 1));
	assert_int_equal(number_of(&fixture, a, 1), number_of(&fixture, b, 1));
	assert_int_not_equal(number_of(&fixture, a, 1), number_of(&fixture, c, 1));
	assert_int_equal(number_of(&fixture, unknown, 1), number_of(&fixture, other_unknown, 1));
	assert_int_equal(number_of(&fixture, NULL, 0), number_of(&fixture, NULL, 0));
	end(&fixture);
}

static void test_no_objects(void **state)
{
	struct label_index index;
	struct arena *arena = arena_create();
	const struct selector everything = {0};
	uint32_t number;

	(void)state;
	assert_int_equal(label_index_init(&index, NULL, 0, arena), 0);
	assert_int_equal(label_index_select(&index, &everything, &number), 0);
	assert_int_equal(label_index_answer(&index, number).count, 0);
	label_index_deinit(&index);
	arena_unref(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_equal_selectors_share_a_number),
		cmocka_unit_test(test_no_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

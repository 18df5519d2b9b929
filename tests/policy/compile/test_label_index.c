/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/label_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/between.h"

static const struct label web[] = {{"app", "web"}, {"env", "prod"}}, db[] = {{"app", "db"}},
			  test[] = {{"env", "test"}};
static const struct label_set sets[] = {
	{web, 2}, {web, 2}, {db, 1}, {NULL, 0}, {web, 1}, {test, 1}};

enum { OBJECTS = 6, CODES = 4 };

struct fixture {
	struct arena *arena, *scratch;
	struct label_index index;
	uint32_t codes[OBJECTS][CODES]; /* as long as there is the index */
	struct label_codes objects[OBJECTS];
};

static void begin(struct fixture *fixture, bool learns)
{
	*fixture = (struct fixture){.arena = arena_create(), .scratch = arena_create()};
	assert_int_equal(label_index_init(&fixture->index, learns, fixture->arena), 0);
}

static void end(struct fixture *fixture)
{
	label_index_deinit(&fixture->index);
	arena_unref(fixture->arena);
	arena_unref(fixture->scratch);
}

/* Describes the objects from `first` on; the even ones are in namespace "even". */
static void describe(struct fixture *fixture, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct vector codes = {0};

		label_index_describe_namespace(
			&fixture->index, i % 2 == 0 ? "even" : "odd", &codes);
		assert_int_equal(
			label_index_describe(&fixture->index, LABELS_OF_POD, &sets[i], &codes), 0);
		assert_between(codes.count, 1, CODES);
		for (size_t j = 0; j < codes.count; j++)
			fixture->codes[i][j] = ((const uint32_t *)codes.items)[j];
		fixture->objects[i] = (struct label_codes){
			fixture->codes[i], (uint32_t)codes.count};
		vector_deinit(&codes);
	}
}

static void add(struct fixture *fixture, uint32_t first, uint32_t count)
{
	describe(fixture, first, count);
	assert_int_equal(label_index_extend(&fixture->index, fixture->objects + first, count,
				 fixture->scratch),
		0);
}

static uint32_t number_of(
	struct fixture *fixture, const struct requirement *requirements, size_t count)
{
	const struct selector selector = {.requirements = requirements, .count = count};
	uint32_t number;

	assert_int_equal(label_index_select(&fixture->index,
				 &(struct label_query){.pods = &selector}, &number),
		0);
	return number;
}

static const char *const v_web[] = {"web"}, *const v_both[] = {"db", "web"},
			 *const v_none[] = {"nobody"}, *const v_web_none[] = {"nobody", "web"};

#define IN(k, list) \
	{ \
		.op = REQUIREMENT_IN, .key = k, .values = list, \
		.value_count = sizeof(list) / sizeof(list[0]) \
	}
#define NOT_IN(k, list) \
	{ \
		.op = REQUIREMENT_NOT_IN, .key = k, .values = list, \
		.value_count = sizeof(list) / sizeof(list[0]) \
	}
#define EXISTS(k) \
	{ \
		.op = REQUIREMENT_EXISTS, .key = k \
	}
#define LACKS(k) \
	{ \
		.op = REQUIREMENT_DOES_NOT_EXIST, .key = k \
	}

static const struct {
	struct requirement requirements[3];
	size_t count;
	const char *matched; /* by object */
} cases[] = {
	{{{0}}, 0, "111111"},
	{{IN("app", v_web)}, 1, "110010"},
	{{IN("app", v_both)}, 1, "111010"},
	{{IN("app", v_none)}, 1, "000000"},
	{{IN("app", v_web_none)}, 1, "110010"},
	{{IN("none", v_web)}, 1, "000000"},
	{{IN("web", v_web)}, 1, "000000"}, /* a value is no key */
	{{NOT_IN("app", v_web)}, 1, "001101"},
	{{NOT_IN("none", v_web)}, 1, "111111"},
	{{EXISTS("env")}, 1, "110001"},
	{{EXISTS("web")}, 1, "000000"},
	{{LACKS("env")}, 1, "001110"},
	{{LACKS("none")}, 1, "111111"},
	{{EXISTS("app"), LACKS("env")}, 2, "001010"},
	{{IN("app", v_both), EXISTS("env"), NOT_IN("app", v_none)}, 3, "110000"},
	{{EXISTS("app"), LACKS("app")}, 2, "000000"},
	{{NOT_IN("app", v_web), NOT_IN("app", v_both)}, 2, "000101"},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void check_cases(struct fixture *fixture, const uint32_t numbers[CASES], uint32_t objects)
{
	for (size_t i = 0; i < CASES; i++) {
		const struct range_list list = label_index_answer(&fixture->index, numbers[i]);

		for (uint32_t j = 0; j < objects; j++)
			assert_int_equal(range_list_contains(list, j), cases[i].matched[j] == '1');
		for (size_t j = 1; j < list.count; j++)
			assert_true(list.items[j].first > list.items[j - 1].last + 1);
	}
}

/* The selectors first, then the objects in two batches, cut anywhere. */
static void test_objects_come_in_batches(void **state)
{
	(void)state;
	for (uint32_t cut = 1; cut < OBJECTS; cut++) {
		uint32_t numbers[CASES];
		struct fixture fixture;

		begin(&fixture, false);
		for (size_t i = 0; i < CASES; i++)
			numbers[i] = number_of(&fixture, cases[i].requirements, cases[i].count);
		add(&fixture, 0, cut);
		check_cases(&fixture, numbers, cut);
		add(&fixture, cut, OBJECTS - cut);
		check_cases(&fixture, numbers, OBJECTS);
		for (size_t i = 0; i < CASES; i++) {
			const struct range_list tail = label_index_tail(&fixture.index, numbers[i]);

			for (uint32_t j = 0; j < OBJECTS; j++)
				assert_int_equal(range_list_contains(tail, j),
					j >= cut && cases[i].matched[j] == '1');
		}
		end(&fixture);
	}
}

/* The objects first: what no selector had asked about yet was learned all the same. */
static void test_selectors_come_later(void **state)
{
	uint32_t numbers[CASES];
	struct fixture fixture;

	(void)state;
	begin(&fixture, true);
	add(&fixture, 0, OBJECTS);
	for (size_t i = 0; i < CASES; i++)
		numbers[i] = number_of(&fixture, cases[i].requirements, cases[i].count);
	check_cases(&fixture, numbers, OBJECTS);
	end(&fixture);
}

/* Objects that no selector can tell apart have equal codes; others have not. */
static void test_codes_say_what_is_asked(void **state)
{
	const struct requirement app[] = {IN("app", v_web)};
	struct fixture fixture;

	(void)state;
	begin(&fixture, false);
	number_of(&fixture, app, 1);
	describe(&fixture, 0, OBJECTS);
	assert_int_equal(fixture.objects[0].count, 2); /* nobody asks about env */
	assert_int_equal(fixture.objects[5].count, 1);
	assert_int_equal(fixture.codes[0][1], fixture.codes[1][1]);
	assert_int_equal(fixture.codes[0][0], fixture.codes[1][0]); /* or about namespaces */
	/* db has the key, with another value */
	assert_int_not_equal(fixture.codes[0][1], fixture.codes[2][1]);
	end(&fixture);
}

static void test_namespaces(void **state)
{
	const struct requirement web_only[] = {IN("app", v_web)}, stage[] = {EXISTS("stage")};
	const struct selector pods = {.requirements = web_only, .count = 1},
			      namespaces = {.requirements = stage, .count = 1};
	const struct label_query queries[] = {
		{.namespace_name = "even"},
		{.namespace_name = "even", .pods = &pods},
		{.namespace_name = "nowhere"},
		{.namespaces = &namespaces},
		{.namespaces = &namespaces, .pods = &pods},
		{0},
	};
	/* Only object 1 is in a namespace with the label. */
	static const char *const matched[] = {
		"101010", "100010", "000000", "010000", "010000", "111111"};
	const struct label staged = {"stage", "test"};
	const struct label_set of_namespace = {&staged, 1};
	struct vector codes = {0};
	struct fixture fixture;
	uint32_t numbers[6];

	(void)state;
	begin(&fixture, false);
	for (int i = 0; i < 6; i++)
		assert_int_equal(label_index_select(&fixture.index, &queries[i], &numbers[i]), 0);
	describe(&fixture, 0, OBJECTS);
	assert_int_equal(
		label_index_describe(&fixture.index, LABELS_OF_NAMESPACE, &of_namespace, &codes),
		0);
	assert_int_equal(codes.count, 1);
	fixture.codes[1][fixture.objects[1].count++] = *(const uint32_t *)codes.items;
	vector_deinit(&codes);
	assert_int_equal(
		label_index_extend(&fixture.index, fixture.objects, OBJECTS, fixture.scratch), 0);
	for (int i = 0; i < 6; i++)
		for (uint32_t j = 0; j < OBJECTS; j++)
			assert_int_equal(range_list_contains(
						 label_index_answer(&fixture.index, numbers[i]), j),
				matched[i][j] == '1');
	end(&fixture);
}

static void test_equal_selectors_share_a_number(void **state)
{
	const struct requirement a[] = {IN("app", v_web)}, b[] = {IN("app", v_both)},
				 c[] = {IN("app", v_web)};
	struct fixture fixture;

	(void)state;
	begin(&fixture, false);
	assert_int_equal(number_of(&fixture, a, 1), number_of(&fixture, c, 1));
	assert_int_not_equal(number_of(&fixture, a, 1), number_of(&fixture, b, 1));
	assert_int_equal(number_of(&fixture, NULL, 0), number_of(&fixture, NULL, 0));
	end(&fixture);
}

static void test_no_objects(void **state)
{
	struct fixture fixture;

	(void)state;
	begin(&fixture, false);
	assert_int_equal(label_index_answer(&fixture.index, number_of(&fixture, NULL, 0)).count, 0);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_come_in_batches),
		cmocka_unit_test(test_selectors_come_later),
		cmocka_unit_test(test_codes_say_what_is_asked),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_equal_selectors_share_a_number),
		cmocka_unit_test(test_no_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

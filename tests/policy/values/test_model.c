/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct label items[] = {{"app", "web"}, {"env", ""}, {"tier", "front"}, {"zone", "b"}};
static const struct label_set labels = {items, 4}, no_labels = {NULL, 0};

static void test_labels_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_ptr_equal(label_set_get(&labels, items[i].key), items[i].value);
	assert_null(label_set_get(&labels, "ap"));
	assert_null(label_set_get(&labels, "apps"));
	assert_null(label_set_get(&labels, "a"));
	assert_null(label_set_get(&labels, "zz"));
	assert_null(label_set_get(&no_labels, "app"));
}

static void test_operators(void **state)
{
	static const char *const front[] = {"back", "front", "side"}, *const back[] = {"back"},
				 *const empty[] = {""};
	static const struct {
		struct requirement requirement;
		/* whether the label set above meets it, and the empty one */
		bool labelled, unlabelled;
	} cases[] = {
		{{.key = "tier", .op = REQUIREMENT_IN, .values = front, .value_count = 3}, true,
			false},
		{{.key = "tier", .op = REQUIREMENT_IN, .values = back, .value_count = 1}, false,
			false},
		{{.key = "none", .op = REQUIREMENT_IN, .values = front, .value_count = 3}, false,
			false},
		{{.key = "env", .op = REQUIREMENT_IN, .values = empty, .value_count = 1}, true,
			false},
		{{.key = "tier", .op = REQUIREMENT_NOT_IN, .values = front, .value_count = 3},
			false, true},
		{{.key = "tier", .op = REQUIREMENT_NOT_IN, .values = back, .value_count = 1}, true,
			true},
		{{.key = "none", .op = REQUIREMENT_NOT_IN, .values = back, .value_count = 1}, true,
			true},
		{{.key = "env", .op = REQUIREMENT_EXISTS}, true, false},
		{{.key = "none", .op = REQUIREMENT_EXISTS}, false, false},
		{{.key = "env", .op = REQUIREMENT_DOES_NOT_EXIST}, false, true},
		{{.key = "none", .op = REQUIREMENT_DOES_NOT_EXIST}, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			requirement_matches(&cases[i].requirement, &labels), cases[i].labelled);
		assert_int_equal(requirement_matches(&cases[i].requirement, &no_labels),
			cases[i].unlabelled);
	}
}

static void test_every_requirement_must_hold(void **state)
{
	const struct requirement both[] = {{.key = "app", .op = REQUIREMENT_EXISTS},
		{.key = "none", .op = REQUIREMENT_EXISTS}};
	const struct selector everything = {0}, first = {.requirements = both, .count = 1},
			      all = {.requirements = both, .count = 2};

	(void)state;
	assert_true(selector_matches(&everything, &labels));
	assert_true(selector_matches(&everything, &no_labels));
	assert_true(selector_matches(&first, &labels));
	assert_false(selector_matches(&all, &labels));
}

static void test_ip_blocks(void **state)
{
	static const struct {
		const char *addr;
		bool contained;
	} cases[] = {
		{"10.0.0.0", true},
		{"10.1.0.0", false},
		{"10.1.255.255", false},
		{"10.2.0.0", true},
		{"10.2.0.9", false},
		{"10.2.0.10", true},
		{"11.0.0.0", false},
		{"fd00::1", false},
	};
	struct cidr excepts[2];
	struct ip_block block = {.excepts = excepts, .except_count = 2};
	struct ip_addr addr;

	(void)state;
	assert_int_equal(cidr_parse(&block.cidr, "10.0.0.0/8"), 0);
	assert_int_equal(cidr_parse(&excepts[0], "10.1.0.0/16"), 0);
	assert_int_equal(cidr_parse(&excepts[1], "10.2.0.9/32"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(ip_addr_parse(&addr, cases[i].addr), 0);
		assert_int_equal(ip_block_contains(&block, &addr), cases[i].contained);
	}
}

static void test_direction_names(void **state)
{
	(void)state;
	assert_string_equal(direction_name(DIRECTION_INGRESS), "ingress");
	assert_string_equal(direction_name(DIRECTION_EGRESS), "egress");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels_are_found),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_every_requirement_must_hold),
		cmocka_unit_test(test_ip_blocks),
		cmocka_unit_test(test_direction_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

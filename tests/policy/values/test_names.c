/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define TWO_HUNDRED_FORTY SIXTY SIXTY SIXTY SIXTY

struct example {
	const char *text, *problem; /* a piece of the sentence; NULL when there is no problem */
};

static void check(
	const char *(*problem_of)(const char *), const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *problem = problem_of(examples[i].text);

		if ((problem == NULL) != (examples[i].problem == NULL) ||
			(problem != NULL && strstr(problem, examples[i].problem) == NULL))
			fail_msg("\"%s\": %s", examples[i].text,
				problem != NULL ? problem : "no problem");
	}
}

#define CHECK(function, examples) \
	check(function, examples, sizeof(examples) / sizeof((examples)[0]))

static void test_label_keys(void **state)
{
	static const struct example examples[] = {
		{"app", NULL},
		{"a", NULL},
		{"A.b_c-9", NULL},
		{"9", NULL},
		{"kubernetes.io/metadata.name", NULL},
		{"a.b-c.d/X", NULL},
		{SIXTY "abc", NULL},
		{"e/" SIXTY "abc", NULL},
		{TWO_HUNDRED_FORTY "abcdefghijklm/x", NULL},
		{"", "must not be empty"},
		{"/app", "prefix before '/' must not be empty"},
		{"example.com/", "after '/'"},
		{"a/b/c", "at most one '/'"},
		{SIXTY "abcd", "63 characters"},
		{"e/" SIXTY "abcd", "63 characters"},
		{TWO_HUNDRED_FORTY "abcdefghijklmn/x", "253"},
		{"-app", "begin and end"},
		{"app-", "begin and end"},
		{".app", "begin and end"},
		{"app_", "begin and end"},
		{"a b", "consist of"},
		{"\xc3\xa4", "consist of"},
		{"Example.com/app", "DNS name"},
		{"-e/app", "DNS name"},
		{"e-/app", "DNS name"},
		{"e..f/app", "DNS name"},
		{".e/app", "DNS name"},
		{"e./app", "DNS name"},
		{"e_f/app", "DNS name"},
	};

	(void)state;
	CHECK(label_key_problem, examples);
}

static void test_label_values(void **state)
{
	static const struct example examples[] = {
		{"", NULL},
		{"a", NULL},
		{"1.2_3-X", NULL},
		{SIXTY "abc", NULL},
		{SIXTY "abcd", "63"},
		{"-", "begin and end"},
		{"a.", "begin and end"},
		{"_a", "begin and end"},
		{"a/b", "consist of"},
		{"a b", "consist of"},
	};

	(void)state;
	CHECK(label_value_problem, examples);
}

static void test_object_names(void **state)
{
	static const struct example examples[] = {
		{"web", NULL},
		{"web-1.example", NULL},
		{"0", NULL},
		{TWO_HUNDRED_FORTY "abcdefghijklm", NULL},
		{"", "empty"},
		{TWO_HUNDRED_FORTY "abcdefghijklmn", "253"},
		{"Web", "lower case"},
		{"web_1", "lower case"},
		{"-web", "beginning"},
		{"web-", "ending"},
		{"web..1", "each part"},
		{"web.", "each part"},
		{".", "each part"},
		{"a.-b", "each part"},
	};

	(void)state;
	CHECK(object_name_problem, examples);
}

static void test_namespace_names(void **state)
{
	static const struct example examples[] = {
		{"shop", NULL},
		{"kube-system", NULL},
		{"0-0", NULL},
		{SIXTY "abc", NULL},
		{"", "empty"},
		{SIXTY "abcd", "63"},
		{"a.b", "lower case"},
		{"Shop", "lower case"},
		{"-a", "begin and end"},
		{"a-", "begin and end"},
	};

	(void)state;
	CHECK(namespace_name_problem, examples);
}

static void test_port_names(void **state)
{
	static const struct example examples[] = {
		{"http", NULL},
		{"h", NULL},
		{"8080-a", NULL},
		{"abcdefghijklmno", NULL},
		{"", "empty"},
		{"abcdefghijklmnop", "15"},
		{"8080", "at least one letter"},
		{"1-2", "at least one letter"},
		{"a--b", "two '-'"},
		{"-a", "begin or end"},
		{"a-", "begin or end"},
		{"Http", "lower case"},
		{"a_b", "lower case"},
		{"a.b", "lower case"},
	};

	(void)state;
	CHECK(port_name_problem, examples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_label_keys),
		cmocka_unit_test(test_label_values),
		cmocka_unit_test(test_object_names),
		cmocka_unit_test(test_namespace_names),
		cmocka_unit_test(test_port_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/spelling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void counts_edits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned int most, distance;
	} cases[] = {
		{ "ports", "ports", 3, 0 },
		{ "Ports", "ports", 3, 0 },		/* case is no distance */
		{ "port", "ports", 3, 1 },
		{ "prots", "ports", 3, 1 },		/* a swap */
		{ "podSelctor", "podSelector", 3, 1 },
		{ "podSelectors", "podSelector", 3, 1 },
		{ "ingres", "egress", 3, 3 },
		{ "kitten", "sitting", 5, 3 },
		{ "kitten", "sitting", 2, 3 },		/* more than was asked for */
		{ "", "abc", 5, 3 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(spelling_distance(cases[i].a, cases[i].b, cases[i].most), cases[i].distance);
		assert_int_equal(spelling_distance(cases[i].b, cases[i].a, cases[i].most), cases[i].distance);
	}
}

static void suggests_only_what_is_near(void **state)
{
	static const char *const words[] = { "Pod", "Namespace", "NetworkPolicy", "matchLabels", "matchExpressions", NULL };
	char endless[200];

	(void)state;
	assert_string_equal(spelling_nearest("networkpolicy", words), "NetworkPolicy");
	assert_string_equal(spelling_nearest("NetwrokPolcy", words), "NetworkPolicy");
	assert_string_equal(spelling_nearest("matchlabel", words), "matchLabels");
	assert_string_equal(spelling_nearest("pods", words), "Pod");
	assert_null(spelling_nearest("Job", words));		/* another kind, two letters off */
	assert_null(spelling_nearest("Deployment", words));
	assert_null(spelling_nearest("", words));
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	assert_null(spelling_nearest(endless, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_edits),
		cmocka_unit_test(suggests_only_what_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

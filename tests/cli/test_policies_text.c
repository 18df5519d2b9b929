/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies as people read them, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/policies_text.h"
#include "tests/cli/shown.h"

static void expect(const char *const *lines, const char *wanted)
{
	char shown[SHOWN_MOST];
	struct policies_text text;

	policies_text_init(&text);
	shown_begin();
	for (; *lines != NULL; lines++) {
		cJSON *line = cJSON_Parse(*lines);

		assert_non_null(line);
		assert_int_equal(policies_text_show(line, &text), 0);
		cJSON_Delete(line);
	}
	shown_end(shown);
	policies_text_deinit(&text);
	assert_string_equal(shown, wanted);
}

#define LAST "\"last\": \"2026-11-24T12:01:07.123456Z\""

static void every_kind_of_policy(void **state)
{
	const char *const lines[] = {
		"{\"ok\": true, \"revision\": 7, \"in_force\": 9}",
		"{\"namespace\": \"shop\", \"name\": \"db\", \"file\": \"db.yaml\", \"line\": 12, "
		"\"mode\": \"enforced\", \"isolates\": [\"ingress\"], \"rules\": {\"ingress\": 2, "
		"\"egress\": 0}, \"pods\": {\"selected\": 3, \"local\": 2, \"names\": [\"db\", "
		"\"far\", \"new\"]}, \"hits\": {\"denied\": 4812, \"audited\": 0, \"cut\": 2, " LAST
		"}}",
		"{\"namespace\": \"shop\", \"name\": \"all\", \"mode\": \"enforced\", "
		"\"isolates\": [\"ingress\", \"egress\"], \"rules\": {\"ingress\": 0, \"egress\": "
		"1}, \"pods\": {\"selected\": 40, \"local\": 40, \"names\": [\"a\", \"b\", \"c\", "
		"\"d\"]}, \"hits\": {\"denied\": 0, \"audited\": 0, \"cut\": 0}}",
		"{\"namespace\": \"shop\", \"name\": \"stray\", \"file\": \"s.yaml\", \"line\": 1, "
		"\"mode\": \"enforced\", \"isolates\": [], \"pods\": {\"selected\": 0, \"local\": "
		"0, \"names\": []}, \"hits\": {\"denied\": 0}}",
		"{\"namespace\": \"lab\", \"name\": \"trial\", \"file\": \"l.yaml\", \"line\": 1, "
		"\"mode\": \"audit\", \"isolates\": [\"egress\"], \"rules\": {\"egress\": 1}, "
		"\"pods\": {\"selected\": 1, \"local\": 1, \"names\": [\"x\"]}, \"hits\": "
		"{\"denied\": 0, \"audited\": 7, \"cut\": 0, " LAST "}}",
		"{\"end\": true, \"listed\": 4}",
		NULL,
	};

	(void)state;
	expect(lines,
		"policy             isolates                              pods                     "
		" denied        last                  where\n"
		"shop/db            ingress by 2 rules                    3: db, far, new (2 here) "
		" 4812, cut 2   2026-11-24T12:01:07Z  db.yaml:12\n"
		"shop/all           ingress by no rule, egress by 1 rule  40: a, b, c...           "
		" 0\n"
		"shop/stray         nothing                               NONE                     "
		" 0                                   s.yaml:1\n"
		"lab/trial [audit]  egress by 1 rule                      1: x                     "
		" would have 7  2026-11-24T12:01:07Z  l.yaml:1\n"
		"4 policies of 9; 1 selects no pod (podgate check says more)\n");
}

static void none_at_all(void **state)
{
	const char *const lines[] = {"{\"ok\": true, \"revision\": 1, \"in_force\": 0}",
		"{\"end\": true, \"listed\": 0}", NULL};

	(void)state;
	expect(lines, "0 policies\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_at_all),
		cmocka_unit_test(every_kind_of_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

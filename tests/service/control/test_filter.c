/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lines of the log a watcher gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/control/filter.h"

#define ENDS \
	"\"source\": {\"namespace\": \"lab\", \"pod\": \"web\", \"address\": \"10.0.0.1\"}, " \
	"\"destination\": {\"namespace\": \"shop\", \"pod\": \"db\", \"address\": \"10.0.0.2\"}, " \
	"\"egress\": {\"isolated_by\": [{\"namespace\": \"lab\", \"name\": \"out\"}]}, " \
	"\"ingress\": {\"isolated_by\": [], \"policy\": {\"namespace\": \"shop\", \"name\": " \
	"\"in\"}}"

static bool matches(const struct filter *filter, const char *json)
{
	cJSON *record = cJSON_Parse(json);
	bool answer;

	assert_non_null(record);
	answer = filter_matches(filter, record);
	cJSON_Delete(record);
	return answer;
}

/* Every combination of the four that may be asked for, held against every verdict. */
static void by_verdict(void **state)
{
	enum { ALLOW = 1U << 0, DENY = 1U << 1, AUDIT = 1U << 2, REVOKED = 1U << 3 };
	static const struct {
		const char *line;
		unsigned int wanted_by; /* any of these */
	} cases[] = {
		{"{\"verdict\": \"allow\"}", ALLOW},
		{"{\"verdict\": \"deny\"}", DENY},
		{"{\"verdict\": \"audit-deny\"}", DENY | AUDIT},
		{"{\"verdict\": \"revoke\"}", DENY | REVOKED},
		{"{\"verdict\": \"unreadable\"}", DENY},
		{"{\"verdict\": \"overload\"}", DENY},
		{"{\"verdict\": 7}", DENY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int asked = 0; asked < 1U << 4; asked++) {
			const struct filter filter = {.allowed = (asked & ALLOW) != 0,
				.denied = (asked & DENY) != 0,
				.audited = (asked & AUDIT) != 0,
				.revoked = (asked & REVOKED) != 0};

			assert_int_equal(matches(&filter, cases[i].line),
				asked == 0 || (asked & cases[i].wanted_by) != 0);
		}
	}
}

static void by_name(void **state)
{
	static const struct {
		struct filter filter;
		bool wanted;
	} cases[] = {
		{{.namespace_name = "lab"}, true},
		{{.namespace_name = "shop"}, true},
		{{.namespace_name = "sho"}, false},
		{{.pod = "lab/web"}, true},
		{{.pod = "shop/db"}, true},
		{{.pod = "shop/web"}, false},
		{{.pod = "lab/we"}, false},
		{{.pod = "lab/web", .namespace_name = "lab"}, true},
		/* of one end both must hold */
		{{.pod = "lab/web", .namespace_name = "shop"}, false},
		{{.policy = "lab/out"}, true},
		{{.policy = "shop/in"}, true},
		{{.policy = "shop/out"}, false},
		{{.policy = "shop/in", .allowed = true}, false},
		{{.policy = "shop/in", .denied = true, .pod = "shop/db"}, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (matches(&cases[i].filter, "{\"verdict\": \"deny\", " ENDS "}") !=
			cases[i].wanted)
			fail_msg("case %zu", i);
}

/* What has no ends is nobody's; what tells of lost lines is everybody's. */
static void lines_without_a_flow(void **state)
{
	const struct filter pod = {.pod = "shop/db"}, policy = {.policy = "shop/in"},
			    none = {.limit = 0};

	(void)state;
	assert_false(matches(&pod, "{\"verdict\": \"overload\", \"repeat\": 3}"));
	assert_false(matches(&policy, "{\"verdict\": \"overload\", \"repeat\": 3}"));
	assert_true(matches(&none, "{\"verdict\": \"overload\", \"repeat\": 3}"));
	assert_true(matches(&pod, "{\"event\": \"lost\", \"count\": 3}"));
	assert_true(matches(&policy, "{\"event\": \"lost\", \"count\": 3}"));
	assert_false(matches(&pod, "{\"source\": 3, \"destination\": [\"shop/db\"]}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_verdict),
		cmocka_unit_test(by_name),
		cmocka_unit_test(lines_without_a_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which lines of the log a watcher gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/control/watch_filter.h"

#define ENDS \
	"\"source\": {\"namespace\": \"lab\", \"pod\": \"web\", \"address\": \"10.0.0.1\"}, " \
	"\"destination\": {\"namespace\": \"shop\", \"pod\": \"db\", \"address\": \"10.0.0.2\"}, " \
	"\"egress\": {\"isolated_by\": [{\"namespace\": \"lab\", \"name\": \"out\"}]}, " \
	"\"ingress\": {\"isolated_by\": [], \"policy\": {\"namespace\": \"shop\", \"name\": " \
	"\"in\"}}"

static bool matches(const struct watch_filter *filter, const char *json)
{
	cJSON *record = cJSON_Parse(json);
	bool answer;

	assert_non_null(record);
	answer = watch_filter_matches(filter, record);
	cJSON_Delete(record);
	return answer;
}

static void by_verdict(void **state)
{
	static const char *const lines[] = {"{\"verdict\": \"allow\"}", "{\"verdict\": \"deny\"}",
		"{\"verdict\": \"audit-deny\"}", "{\"verdict\": \"revoke\"}",
		"{\"verdict\": \"unreadable\"}", "{\"verdict\": \"overload\"}", "{\"verdict\": 7}"};
	static const unsigned int bits[] = {WATCH_ALLOWED, WATCH_DENIED, WATCH_AUDITED,
		WATCH_REVOKED, WATCH_UNJUDGED, WATCH_UNJUDGED, WATCH_UNJUDGED};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (unsigned int wanted = 0; wanted < 1U << 5; wanted++) {
			const struct watch_filter filter = {.verdicts = wanted};

			assert_int_equal(
				matches(&filter, lines[i]), wanted == 0 || (wanted & bits[i]) != 0);
		}
	}
}

static void by_name(void **state)
{
	static const struct {
		struct watch_filter filter;
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
		{{.policy = "shop/in", .verdicts = WATCH_ALLOWED}, false},
		{{.policy = "shop/in", .verdicts = WATCH_DENIED, .pod = "shop/db"}, true},
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
	const struct watch_filter pod = {.pod = "shop/db"}, policy = {.policy = "shop/in"},
				  none = {.verdicts = 0};

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

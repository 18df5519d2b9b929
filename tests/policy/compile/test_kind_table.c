/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/kind_table.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "policy/compile/profile.h"
#include "policy/compile/rule_table.h"

/*
 * Selectors ask for app=web, for the label env, for being in namespace shop; policies speak of the
 * port "http".
 */
struct fixture {
	struct arena *arena;
	struct label_index labels;
	struct intern_table names;
	struct piece_table pieces;
	struct kind_table kinds;
};

static const struct namespace_object shop = {.name = "shop"}, other = {.name = "other"},
				     third = {.name = "third"};

static void begin(struct fixture *f)
{
	static const char *const values[] = {"web"};
	static const struct requirement asked[] = {
		{.key = "app", .op = REQUIREMENT_IN, .values = values, .value_count = 1},
		{.key = "env", .op = REQUIREMENT_EXISTS},
	};
	const struct selector selector = {.requirements = asked, .count = 2};
	char key[RULE_NAME_KEY];
	uint32_t number;

	*f = (struct fixture){.arena = arena_create()};
	assert_int_equal(label_index_init(&f->labels, false, f->arena), 0);
	assert_int_equal(label_index_select(&f->labels,
				 &(struct label_query){.namespace_name = "shop", .pods = &selector},
				 &number),
		0);
	intern_table_init(&f->names, f->arena);
	assert_int_equal(
		intern_table_add(&f->names, key,
			rule_table_name_key(key, profile_protocol(IPPROTO_TCP), "http"), &number),
		0);
	piece_table_init(&f->pieces, f->arena);
	kind_table_init(&f->kinds, &f->labels, &f->names, &f->pieces, f->arena);
}

static void end(struct fixture *f)
{
	kind_table_deinit(&f->kinds);
	piece_table_deinit(&f->pieces);
	intern_table_deinit(&f->names);
	label_index_deinit(&f->labels);
	arena_unref(f->arena);
}

static uint32_t kind_of(struct fixture *f, const struct namespace_object *ns, const struct pod *pod,
	bool judged, bool audits)
{
	uint32_t number;

	assert_int_equal(kind_table_choose_namespace(&f->kinds, ns), 0);
	assert_int_equal(kind_table_add(&f->kinds, pod, judged, audits, &number), 0);
	return number;
}

static const struct label web_prod[] = {{"app", "web"}, {"env", "prod"}, {"hash", "1"}},
			  web_test[] = {{"app", "web"}, {"env", "test"}, {"hash", "2"}},
			  web[] = {{"app", "web"}}, db[] = {{"app", "db"}},
			  api[] = {{"app", "api"}};

static void test_what_nobody_asks_makes_no_difference(void **state)
{
	const struct pod a = {.name = "a", .labels = {web_prod, 3}},
			 b = {.name = "b", .labels = {web_test, 3}},
			 c = {.name = "c", .labels = {web, 1}},
			 d = {.name = "d", .labels = {db, 1}},
			 e = {.name = "e", .labels = {api, 1}}, none = {.name = "f"};
	struct fixture f;
	uint32_t first;

	(void)state;
	begin(&f);
	first = kind_of(&f, &shop, &a, true, false);
	assert_int_equal(kind_of(&f, &shop, &b, true, false), first);
	assert_int_not_equal(kind_of(&f, &shop, &c, true, false), first);
	assert_int_equal(kind_of(&f, &shop, &d, true, false), kind_of(&f, &shop, &e, true, false));
	assert_int_not_equal(
		kind_of(&f, &shop, &d, true, false), kind_of(&f, &shop, &none, true, false));
	assert_int_not_equal(kind_of(&f, &other, &a, true, false), first);
	assert_int_equal(
		kind_of(&f, &other, &a, true, false), kind_of(&f, &third, &b, true, false));
	assert_int_not_equal(kind_of(&f, &shop, &a, false, false), first);
	assert_int_not_equal(kind_of(&f, &shop, &a, true, true), first);
	assert_int_equal(kind_of(&f, &shop, &a, true, false), first);
	assert_true(kind_table_get(&f.kinds, first)->judged);
	assert_false(kind_table_get(&f.kinds, first)->audits);
	assert_int_equal(kind_table_codes(&f.kinds, first).count, 3);
	end(&f);
}

static void test_ports_that_policies_name(void **state)
{
	const struct container_port http[] = {{"http", 80, IPPROTO_TCP},
		{"metrics", 9090, IPPROTO_TCP}},
				    only_http[] = {{"", 1, IPPROTO_TCP}, {"http", 80, IPPROTO_TCP}},
				    udp[] = {{"http", 80, IPPROTO_UDP}},
				    moved[] = {{"http", 81, IPPROTO_TCP}};
	const struct pod plain = {.name = "a"}, a = {.name = "b", .ports = http, .port_count = 2},
			 b = {.name = "c", .ports = only_http, .port_count = 2},
			 c = {.name = "d", .ports = udp, .port_count = 1},
			 d = {.name = "e", .ports = moved, .port_count = 1};
	struct fixture f;
	uint32_t first;

	(void)state;
	begin(&f);
	first = kind_of(&f, &shop, &plain, true, false);
	assert_int_equal(kind_table_get(&f.kinds, first)->declared, PIECE_NONE);
	assert_int_equal(kind_of(&f, &shop, &c, true, false), first);
	assert_int_not_equal(kind_of(&f, &shop, &a, true, false), first);
	assert_int_equal(kind_of(&f, &shop, &a, true, false), kind_of(&f, &shop, &b, true, false));
	assert_int_not_equal(
		kind_of(&f, &shop, &a, true, false), kind_of(&f, &shop, &d, true, false));
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_nobody_asks_makes_no_difference),
		cmocka_unit_test(test_ports_that_policies_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

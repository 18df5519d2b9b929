/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/compile/peer_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/kinds_world.h"

enum { KINDS = 5000 };

static const char *const names[] = {"few", "every-other", "all", "sparse", "wide", "high", NULL};

static bool called(const char *name, uint32_t kind)
{
	if (strcmp(name, "few") == 0)
		return (kind >= 3 && kind <= 5) || kind == 9 || kind == 66;
	if (strcmp(name, "every-other") == 0)
		return kind >= 7 && kind <= 1005 && kind % 2 == 1;
	if (strcmp(name, "sparse") == 0)
		return kind == 3 || kind == 4000 || kind == 4001;
	if (strcmp(name, "wide") == 0)
		return kind >= 100 && kind < 4000;
	if (strcmp(name, "high") == 0)
		return kind >= 4900;
	return strcmp(name, "all") == 0;
}

struct fixture {
	struct kinds_world world;
	struct vector atoms;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){0};
	kinds_world_begin(&f->world);
}

static void end(struct fixture *f)
{
	vector_deinit(&f->atoms);
	kinds_world_end(&f->world);
}

static void add_kinds(struct fixture *f, const char *name)
{
	assert_int_equal(peer_pool_add_selector(
				 &f->world.pool, kinds_world_selector(&f->world, name), &f->atoms),
		0);
}

static void add_block(struct fixture *f, const char *text)
{
	struct ip_block block = {0};

	assert_int_equal(cidr_parse(&block.cidr, text), 0);
	assert_int_equal(peer_pool_add_block(&f->world.pool, &block, &f->atoms), 0);
}

/* The union of what was added since the last. */
static uint32_t unite(struct fixture *f)
{
	uint32_t number;

	assert_int_equal(peer_pool_unite_atoms(&f->world.pool, &f->atoms, &number), 0);
	vector_clear(&f->atoms);
	return number;
}

static uint32_t set_of(struct fixture *f, uint32_t union_number)
{
	uint32_t set;

	assert_int_equal(peer_pool_set(&f->world.pool, union_number, &set), 0);
	return set;
}

/* As of the last kinds_world_finish(). */
static bool contains(const struct fixture *f, uint32_t set, uint32_t kind, const char *text)
{
	struct ip_addr addr;

	assert_int_equal(ip_addr_parse(&addr, text), 0);
	return peer_set_contains(&f->world.sets, set, &(struct peer){&addr, kind});
}

static void test_nobody_and_everybody(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(unite(&f), PEER_NOBODY);
	kinds_world_extend(&f.world, 100, names, called);
	kinds_world_finish(&f.world);
	assert_int_equal(set_of(&f, PEER_NOBODY), PEER_NOBODY);
	assert_int_equal(set_of(&f, PEER_EVERYBODY), PEER_EVERYBODY);
	assert_false(contains(&f, PEER_NOBODY, 0, "10.0.0.1"));
	assert_false(contains(&f, PEER_NOBODY, PEER_NO_KIND, "0.0.0.0"));
	assert_false(contains(&f, PEER_NOBODY, 1, "::"));
	assert_true(contains(&f, PEER_EVERYBODY, PEER_NO_KIND, "fd00::1"));
	end(&f);
}

/*
 * Sets of all forms, made before there are kinds, between two batches, or when all are there: they
 * are the same.
 */
static void test_kinds_in_every_form(void **state)
{
	static const struct {
		const char *name;
		enum peer_form form;
	} cases[] = {
		{"few", PEER_FORM_BITS},
		{"every-other", PEER_FORM_WORDS},
		{"all", PEER_FORM_RANGES},
		{"sparse", PEER_FORM_RANGES},
		{"wide", PEER_FORM_RANGES},
	};

	(void)state;
	for (int late = 0; late < 3; late++) {
		struct fixture f;
		uint32_t unions[5], sets[5] = {0};

		begin(&f);
		for (int i = 0; i < 5; i++) {
			add_kinds(&f, cases[i].name);
			unions[i] = unite(&f);
		}
		for (int batch = 0; batch < 3; batch++) {
			for (int i = 0; i < 5 && batch == late; i++)
				sets[i] = set_of(&f, unions[i]);
			if (batch < 2)
				kinds_world_extend(
					&f.world, batch == 0 ? 61 : KINDS - 61, names, called);
		}
		kinds_world_finish(&f.world);
		for (int i = 0; i < 5; i++) {
			assert_int_equal(f.world.sets.items[sets[i]].form, cases[i].form);
			for (uint32_t kind = 0; kind < KINDS + 10; kind++)
				assert_int_equal(contains(&f, sets[i], kind, "10.0.0.1"),
					kind < KINDS && called(cases[i].name, kind));
			assert_false(contains(&f, sets[i], PEER_NO_KIND, "10.0.0.1"));
		}
		end(&f);
	}
}

/*
 * One batch after the other, a kind each: a union keeps the ranges of both its selectors in order.
 */
static void test_sets_grow(void **state)
{
	struct fixture f;
	uint32_t set;

	(void)state;
	begin(&f);
	add_kinds(&f, "few");
	add_kinds(&f, "sparse");
	set = set_of(&f, unite(&f));
	for (uint32_t i = 0; i < 80; i++)
		kinds_world_extend(&f.world, 1, names, called);
	kinds_world_finish(&f.world);
	for (uint32_t kind = 0; kind < 100; kind++)
		assert_int_equal(contains(&f, set, kind, "::"), kind < 80 && called("few", kind));
	kinds_world_extend(&f.world, KINDS - 80, names, called);
	kinds_world_finish(&f.world);
	for (uint32_t kind = 0; kind < KINDS; kind++)
		assert_int_equal(contains(&f, set, kind, "::"),
			called("few", kind) || called("sparse", kind));
	end(&f);
}

static void test_blocks_of_both_families(void **state)
{
	struct fixture f;
	uint32_t set;

	(void)state;
	begin(&f);
	add_block(&f, "10.1.0.0/16");
	add_block(&f, "10.3.0.0/16");
	add_block(&f, "fd00::/64");
	add_block(&f, "fd00:0:0:2::/64");
	set = set_of(&f, unite(&f));
	kinds_world_finish(&f.world);
	assert_true(contains(&f, set, PEER_NO_KIND, "10.1.0.0"));
	assert_true(contains(&f, set, 5, "10.1.255.255"));
	assert_false(contains(&f, set, 5, "10.2.0.0"));
	assert_true(contains(&f, set, 5, "10.3.0.0"));
	assert_false(contains(&f, set, 5, "10.4.0.0"));
	assert_false(contains(&f, set, 5, "10.0.255.255"));
	assert_true(contains(&f, set, 5, "fd00::ffff:ffff:ffff:ffff"));
	assert_false(contains(&f, set, 5, "fd00:0:0:1::"));
	assert_true(contains(&f, set, 5, "fd00:0:0:2::"));
	assert_false(contains(&f, set, 5, "fd00:0:0:3::"));
	assert_false(contains(&f, set, 5, "fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
	end(&f);
}

/* One IPv4 block is known by its bounds alone; IPv6 blocks without an IPv4 one leave IPv4 out. */
static void test_single_blocks(void **state)
{
	struct fixture f;
	uint32_t ip4, ip6, whole;

	(void)state;
	begin(&f);
	add_block(&f, "10.1.0.0/16");
	ip4 = set_of(&f, unite(&f));
	add_block(&f, "fd00::/64");
	ip6 = set_of(&f, unite(&f));
	add_block(&f, "0.0.0.0/0");
	whole = set_of(&f, unite(&f));
	kinds_world_finish(&f.world);
	assert_int_equal(f.world.sets.items[ip4].blocks, PIECE_NONE);
	assert_true(contains(&f, ip4, PEER_NO_KIND, "10.1.2.3"));
	assert_false(contains(&f, ip4, PEER_NO_KIND, "10.2.0.0"));
	assert_false(contains(&f, ip4, PEER_NO_KIND, "a01::"));
	assert_true(contains(&f, ip6, PEER_NO_KIND, "fd00::1"));
	assert_false(contains(&f, ip6, PEER_NO_KIND, "0.0.0.0"));
	assert_true(contains(&f, whole, PEER_NO_KIND, "255.255.255.255"));
	assert_true(contains(&f, whole, PEER_NO_KIND, "0.0.0.0"));
	assert_false(contains(&f, whole, PEER_NO_KIND, "::"));
	end(&f);
}

static void test_what_is_equal_is_stored_once(void **state)
{
	struct fixture f;
	uint32_t a, b, c, joined, set;
	struct vector unions = {0};

	(void)state;
	begin(&f);
	add_kinds(&f, "few");
	add_block(&f, "10.0.0.0/8");
	a = unite(&f);
	add_block(&f, "10.0.0.0/8");
	add_kinds(&f, "few");
	add_kinds(&f, "few");
	b = unite(&f);
	add_kinds(&f, "high");
	c = unite(&f);
	assert_int_equal(a, b);
	assert_int_not_equal(a, c);
	assert_int_equal(peer_pool_weight(&f.world.pool, a), 2);
	for (int i = 0; i < 3; i++)
		*(uint32_t *)vector_push(&unions, sizeof(uint32_t)) = i == 0 ? c : a;
	assert_int_equal(peer_pool_unite(&f.world.pool, &unions, &joined), 0);
	set = set_of(&f, joined);
	kinds_world_extend(&f.world, KINDS, names, called);
	kinds_world_finish(&f.world);
	assert_true(contains(&f, set, 4950, "11.0.0.0"));
	assert_true(contains(&f, set, 3, "11.0.0.0"));
	assert_true(contains(&f, set, PEER_NO_KIND, "10.0.0.0"));
	assert_false(contains(&f, set, 100, "11.0.0.0"));
	vector_clear(&unions);
	*(uint32_t *)vector_push(&unions, sizeof(uint32_t)) = a;
	*(uint32_t *)vector_push(&unions, sizeof(uint32_t)) = PEER_EVERYBODY;
	assert_int_equal(peer_pool_unite(&f.world.pool, &unions, &joined), 0);
	assert_int_equal(joined, PEER_EVERYBODY);
	vector_deinit(&unions);
	end(&f);
}

static void test_copies_lie_on_lines_and_stay(void **state)
{
	struct fixture f;
	struct peer_sets before;
	uint32_t set;

	(void)state;
	begin(&f);
	add_kinds(&f, "few");
	set = set_of(&f, unite(&f));
	kinds_world_extend(&f.world, 5, names, called);
	kinds_world_finish(&f.world);
	before = f.world.sets;
	assert_int_equal((uintptr_t)before.items % sizeof(struct peer_set), 0);
	assert_int_equal((uintptr_t)before.pieces % PIECE_LINE, 0);
	kinds_world_extend(&f.world, 5, names, called);
	assert_false(
		peer_set_contains(&before, set, &(struct peer){&(struct ip_addr){.family = 4}, 5}));
	kinds_world_finish(&f.world);
	assert_false(
		peer_set_contains(&before, set, &(struct peer){&(struct ip_addr){.family = 4}, 5}));
	assert_true(contains(&f, set, 5, "10.0.0.1"));
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_and_everybody),
		cmocka_unit_test(test_kinds_in_every_form),
		cmocka_unit_test(test_sets_grow),
		cmocka_unit_test(test_blocks_of_both_families),
		cmocka_unit_test(test_single_blocks),
		cmocka_unit_test(test_what_is_equal_is_stored_once),
		cmocka_unit_test(test_copies_lie_on_lines_and_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

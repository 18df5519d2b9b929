/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/address_range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/generator.h"

enum { EXCEPTS_MOST = 5, TEXT = 512 };

static struct cidr parse(const char *text)
{
	struct cidr block;

	assert_int_equal(cidr_parse(&block, text), 0);
	return block;
}

/* The ranges as "a-b c-d". */
static const char *describe(const struct vector *ranges, char text[TEXT])
{
	const struct address_range *items = ranges->items;
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < ranges->count; i++) {
		char first[IP_ADDR_TEXT], last[IP_ADDR_TEXT];

		length += (size_t)snprintf(text + length, TEXT - length, "%s%s-%s",
			i > 0 ? " " : "", ip_addr_format(&items[i].first, first),
			ip_addr_format(&items[i].last, last));
	}
	return text;
}

static void test_excepts_are_cut_out(void **state)
{
	static const struct {
		const char *block, *excepts[EXCEPTS_MOST], *left;
	} cases[] = {
		{"10.0.0.0/8", {NULL}, "10.0.0.0-10.255.255.255"},
		{"10.0.0.0/8", {"10.0.0.0/8"}, ""},
		{"10.0.0.0/8", {"10.0.0.0/9", "10.128.0.0/9"}, ""},
		{"10.0.0.0/8", {"0.0.0.0/0"}, ""},
		{"10.0.0.0/8", {"11.0.0.0/8", "9.0.0.0/8"}, "10.0.0.0-10.255.255.255"},
		{"10.0.0.0/8", {"fd00::/8"}, "10.0.0.0-10.255.255.255"},
		{"10.0.0.0/8", {"10.0.0.0/16"}, "10.1.0.0-10.255.255.255"},
		{"10.0.0.0/8", {"10.255.0.0/16"}, "10.0.0.0-10.254.255.255"},
		{"10.0.0.0/8", {"10.1.0.0/16", "10.1.2.0/24", "10.1.0.0/16"},
			"10.0.0.0-10.0.255.255 10.2.0.0-10.255.255.255"},
		{"10.0.0.0/8", {"10.9.0.0/16", "10.3.0.0/32"},
			"10.0.0.0-10.2.255.255 10.3.0.1-10.8.255.255 10.10.0.0-10.255.255.255"},
		{"0.0.0.0/0", {"255.255.255.255/32", "0.0.0.0/32"}, "0.0.0.1-255.255.255.254"},
		{"10.0.0.7/32", {NULL}, "10.0.0.7-10.0.0.7"},
		{"::/0", {"8000::/1"}, "::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"::/0", {"ffff::/16", "::/128"}, "::1-fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"fd00::/64", {"fd00:0:0:0:0:1::/96"},
			"fd00::-fd00::ffff:ffff fd00::2:0:0-fd00::ffff:ffff:ffff:ffff"},
	};
	char text[TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cidr excepts[EXCEPTS_MOST];
		struct ip_block block = {.cidr = parse(cases[i].block), .excepts = excepts};
		struct vector ranges = {0};

		for (; cases[i].excepts[block.except_count] != NULL; block.except_count++)
			excepts[block.except_count] = parse(cases[i].excepts[block.except_count]);
		assert_int_equal(address_range_add_block(&ranges, &block), 0);
		assert_string_equal(describe(&ranges, text), cases[i].left);
		vector_deinit(&ranges);
	}
}

static void test_settle_joins_what_touches(void **state)
{
	static const char *const blocks[] = {"fd00::/16", "10.0.1.0/24", "10.0.0.0/24",
		"10.0.0.128/25", "255.255.255.255/32", "10.0.3.0/24", "::/128", "10.0.0.0/24",
		"fd01::/16"};
	struct vector ranges = {0};
	char text[TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		const struct ip_block block = {.cidr = parse(blocks[i])};

		assert_int_equal(address_range_add_block(&ranges, &block), 0);
	}
	address_range_settle(&ranges);
	assert_string_equal(describe(&ranges, text),
		"10.0.0.0-10.0.1.255 10.0.3.0-10.0.3.255 255.255.255.255-255.255.255.255 ::-:: "
		"fd00::-fd01:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	vector_deinit(&ranges);
}

static bool among(const struct vector *ranges, const struct ip_addr *addr)
{
	const struct address_range *items = ranges->items;

	for (size_t i = 0; i < ranges->count; i++)
		if (ip_addr_cmp(&items[i].first, addr) <= 0 &&
			ip_addr_cmp(addr, &items[i].last) <= 0)
			return true;
	return false;
}

/*
 * Random blocks within a /24: every address of it, and its neighbours, told by ip_block_contains()
 * as well.
 */
static void test_against_the_block(void **state)
{
	struct generator generator = {generator_seed(2)};

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct cidr excepts[EXCEPTS_MOST];
		struct ip_block block = {.excepts = excepts,
			.except_count = generator_below(&generator, EXCEPTS_MOST + 1)};
		struct vector ranges = {0};
		uint8_t bytes[4] = {10, 0, 0, (uint8_t)generator_below(&generator, 256)};

		block.cidr = (struct cidr){
			ip_addr_v4(bytes), (uint8_t)(24 + generator_below(&generator, 9))};
		block.cidr = cidr_masked(&block.cidr);
		for (size_t i = 0; i < block.except_count; i++) {
			bytes[3] = (uint8_t)generator_below(&generator, 256);
			excepts[i] = (struct cidr){
				ip_addr_v4(bytes), (uint8_t)(24 + generator_below(&generator, 9))};
			excepts[i] = cidr_masked(&excepts[i]);
		}
		assert_int_equal(address_range_add_block(&ranges, &block), 0);
		assert_true(ranges.count <= block.except_count + 1);
		for (unsigned int i = 0; i < 256; i++) {
			struct ip_addr addr;

			bytes[3] = (uint8_t)i;
			addr = ip_addr_v4(bytes);
			assert_int_equal(among(&ranges, &addr), ip_block_contains(&block, &addr));
		}
		vector_deinit(&ranges);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_excepts_are_cut_out),
		cmocka_unit_test(test_settle_joins_what_touches),
		cmocka_unit_test(test_against_the_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

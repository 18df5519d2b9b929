/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void finds_what_is_not_text(void **state)
{
	static const struct {
		const char *bytes;
		size_t length, offset;
		const char *problem; /* NULL: well-formed */
	} cases[] = {
		{"plain", 5, 0, NULL},
		{"gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80", 15, 0, NULL},
		{"tab\there\r\n", 10, 0, NULL},
		{"a\xFF", 2, 1, "not UTF-8"},
		{"a\x80", 2, 1, "not UTF-8"},
		{"\xC0\xAF", 2, 0, "not UTF-8"},	 /* overlong / */
		{"\xE0\x80\xAF", 3, 0, "not UTF-8"},	 /* overlong */
		{"\xED\xA0\x80", 3, 0, "not UTF-8"},	 /* half a surrogate pair */
		{"\xF4\x90\x80\x80", 4, 0, "not UTF-8"}, /* beyond U+10FFFF */
		{"ab\xE2\x82", 4, 2, "not UTF-8"},	 /* cut off */
		{"ab\xE2\x28\xA1", 5, 2, "not UTF-8"},
		{"a\0b", 3, 1, "a NUL byte"},
		{"a\x1B", 2, 1, "a control character"},
		{"\x7F", 1, 0, "a control character"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct utf8_fault fault = {99, "untouched"};

		assert_int_equal(utf8_check(cases[i].bytes, cases[i].length, true, &fault),
			cases[i].problem == NULL ? 0 : -EILSEQ);
		assert_string_equal(
			fault.problem, cases[i].problem == NULL ? "untouched" : cases[i].problem);
		assert_int_equal(fault.offset, cases[i].problem == NULL ? 99 : cases[i].offset);
	}
}

static void lets_controls_pass_where_they_may(void **state)
{
	struct utf8_fault fault;

	(void)state;
	assert_int_equal(utf8_check("\x7F\x1B", 2, false, &fault), 0);
}

static void encodes_what_it_decodes(void **state)
{
	static const uint32_t codes[] = {
		1, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFD, 0x10000, 0x1F600, 0x10FFFF};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct utf8_fault fault;
		char bytes[4];
		const size_t length = utf8_encode(codes[i], bytes);

		assert_int_equal(utf8_check(bytes, length, false, &fault), 0);
		assert_int_equal(utf8_length((unsigned char)bytes[0]), length);
	}
}

static void counts_columns_in_characters(void **state)
{
	static const char text[] = "ab\n\xC3\xBC\xE2\x82\xACx";
	uint32_t line, column;

	(void)state;
	utf8_position(text, 0, &line, &column);
	assert_int_equal(line, 1);
	assert_int_equal(column, 1);
	utf8_position(text, strlen(text) - 1, &line, &column);
	assert_int_equal(line, 2);
	assert_int_equal(column, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_not_text),
		cmocka_unit_test(lets_controls_pass_where_they_may),
		cmocka_unit_test(encodes_what_it_decodes),
		cmocka_unit_test(counts_columns_in_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

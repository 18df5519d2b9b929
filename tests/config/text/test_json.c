/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * JSON: what libyaml could not read, where errors are seen, and that YAML in braces still is YAML.
 */

#include "config/text/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/findings.h"

static const struct finding_case cases[] = {
	{"a colon missing", "{\"a\": 1,\n \"b\" 2}", "2:6 json-syntax\n"},
	{"a comma missing", "{\"a\": [\"b\" \"c\"]}", "1:12 json-syntax\n"},
	{"a comma missing between members", "{\"a\": 1\n \"b\": 2}", "2:2 json-syntax\n"},
	{"an open brace", "{\"a\": {\"b\": 1}", "1:15 json-syntax\n"},
	{"a bare word in a text's place", "{\"a\": \"b\", \"c\": \"d\" x}", "1:21 json-syntax\n"},
	{"an open text", "{\"a\": \"b", "1:9 json-syntax\n"},
	{"a line break in a text", "{\"a\": \"b\nc\", \"d\" 1}", "1:9 json-syntax\n"},
	{"an escape that is none", "{\"a\": \"\\x\"}", "1:9 json-syntax\n"},
	{"half an escape", "{\"a\": \"\\u12\"}", "1:10 json-syntax\n"},
	{"bytes after a multi-byte character are counted as characters",
		"{\"\xE2\x82\xAC\": {} {}}", "1:10 json-syntax\n"},
	{"a duplicate", "{\"a\": 1, \"a\": 2}", "1:10 warning duplicate-key\n"},
	{"a NUL in a text", "{\"a\": \"\\u0000\"}", "1:7 warning nul-character\n"},
	{"not UTF-8", "{\"a\": \"\xC0\"}", "1:8 warning not-utf8\n"},
	{"YAML in braces", "{a: 1, b: [x, 'y'],\n c: {d: e}}", ""},
	{"YAML in braces with a mistake that is YAML's, too", "{a: *b}", "1:5 bad-alias\n"},
	{"all of JSON",
		" [ ] { } [true, false, null, 0, -1.5e+3, "
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\\ud83d\\ude00\"] ",
		""},
};

static void sees_each_where_it_is(void **state)
{
	(void)state;
	findings_check(cases, sizeof(cases) / sizeof(cases[0]), findings_of_document);
}

struct reading {
	struct arena *arena;
	struct diag_list diags;
	struct document_list list;
};

static void read_text(struct reading *reading, const char *text, size_t length)
{
	const struct byte_source source = byte_source_of_text(text, length);

	reading->arena = arena_create();
	diag_list_init(&reading->diags, reading->arena);
	assert_int_equal(
		document_read(&reading->list, "f", &source, NULL, reading->arena, &reading->diags),
		0);
	assert_int_equal(reading->diags.count, 0);
}

static void undoes_escapes(void **state)
{
	static const char text[] = "{\"a\": \"\\ud83d\\ude00 \\u20ac \\\"\\n\\ud800x\"}";
	struct reading reading;

	(void)state;
	read_text(&reading, text, strlen(text));
	assert_string_equal(node_get(reading.list.roots[0], "a")->text,
		"\xF0\x9F\x98\x80 \xE2\x82\xAC \"\n\xEF\xBF\xBDx");
	assert_true(node_get(reading.list.roots[0], "a")->quoted);
	arena_unref(reading.arena);
}

static void keeps_types_and_places(void **state)
{
	static const char text[] = "{\n\t\"port\": 80,\n\t\"name\": \"80\",\n\t\"none\": "
				   "null\n}\n{\"second\": true}\n";
	struct reading reading;
	const struct node *root;

	(void)state;
	read_text(&reading, text, strlen(text));
	assert_int_equal(reading.list.count, 2);
	root = reading.list.roots[0];
	assert_false(node_get(root, "port")->quoted);
	assert_true(node_get(root, "name")->quoted);
	assert_int_equal(node_get(root, "none")->kind, NODE_NULL);
	assert_int_equal(node_get(root, "port")->pos.line, 2);
	assert_int_equal(node_get(root, "port")->pos.column, 10);
	assert_int_equal(node_get(reading.list.roots[1], "second")->pos.line, 6);
	arena_unref(reading.arena);
}

static void reads_long_keys_and_lines(void **state)
{
	enum { KEY = 5000, COUNT = 200 };
	char *text = malloc(COUNT * (KEY + 16) + 2), *at = text;
	struct reading reading;

	(void)state;
	*at++ = '{';
	for (int i = 0; i < COUNT; i++)
		at += sprintf(at, "%s\"%0*d\":[%d]", i == 0 ? "" : ",", KEY, i, i);
	*at++ = '}';
	read_text(&reading, text, (size_t)(at - text));
	assert_int_equal(reading.list.roots[0]->count, COUNT);
	assert_int_equal(reading.list.roots[0]->entries[1].key->pos.column, 2 + KEY + 2 + 5);
	arena_unref(reading.arena);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_each_where_it_is),
		cmocka_unit_test(undoes_escapes),
		cmocka_unit_test(keeps_types_and_places),
		cmocka_unit_test(reads_long_keys_and_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

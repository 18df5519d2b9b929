/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/base64.h"
#include "config/text/document.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/findings.h"

struct fixture {
	struct arena *arena;
	struct diag_list diags;
	struct document_list list;
	struct document_limits limits;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->arena = arena_create();
	diag_list_init(&fixture->diags, fixture->arena);
	*state = fixture;
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	arena_unref(fixture->arena);
	free(fixture);
	return 0;
}

static void read_text(struct fixture *fixture, const char *text)
{
	const struct byte_source source = byte_source_of_text(text, strlen(text));

	assert_int_equal(document_read(&fixture->list, "f", &source, &fixture->limits,
				 fixture->arena, &fixture->diags),
		0);
}

static void expect_code(const struct fixture *fixture, const char *code)
{
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].code, code);
}

static void gives_values_with_places(void **state)
{
	struct fixture *fixture = *state;
	const struct node *root, *list;

	read_text(fixture, "# first\nname: web\nlist:\n- 1\n- \"2\"\n- ~\nmap: {a: b}\n");
	assert_int_equal(fixture->list.count, 1);
	root = fixture->list.roots[0];
	assert_int_equal(root->kind, NODE_MAPPING);
	assert_string_equal(root->pos.file, "f");
	assert_int_equal(root->pos.line, 2);
	assert_string_equal(node_get(root, "name")->text, "web");
	assert_int_equal(node_get(root, "name")->pos.column, 7);
	list = node_get(root, "list");
	assert_int_equal(list->kind, NODE_SEQUENCE);
	assert_int_equal(list->count, 3);
	assert_false(list->entries[0].value->quoted);
	assert_true(list->entries[1].value->quoted);
	assert_int_equal(list->entries[2].value->kind, NODE_NULL);
	assert_int_equal(node_get(node_get(root, "map"), "a")->pos.column, 10);
	assert_null(node_get(root, "nothing"));
	assert_null(node_get(list, "name"));
	assert_null(node_get(NULL, "name"));
}

static void leaves_empty_documents_out(void **state)
{
	struct fixture *fixture = *state;

	read_text(
		fixture, "# only a comment\n---\n---\na: 1\n---\n# and another\n...\n---\nb: 2\n");
	assert_int_equal(fixture->list.count, 2);
	assert_int_equal(fixture->diags.count, 0);
	read_text(fixture, "");
	assert_int_equal(fixture->list.count, 0);
}

static void shares_what_is_aliased(void **state)
{
	struct fixture *fixture = *state;
	const struct node *root;

	read_text(fixture, "a: &x {k: v}\nb: *x\nc: &t text\nd: *t\n*t : key\n");
	root = fixture->list.roots[0];
	assert_ptr_equal(node_get(root, "a"), node_get(root, "b"));
	assert_string_equal(node_get(root, "d")->text, "text");
	assert_string_equal(node_get(root, "text")->text, "key");
}

/* What kubectl 1.20 to 1.36 make of it: '<<' replaces what stands above it, and only that. */
static void merges_mappings(void **state)
{
	struct fixture *fixture = *state;
	const struct node *merged;

	read_text(fixture,
		"base: &b {x: 1, z: 2}\nmore: &m {z: 3, w: 4}\nall: {<<: [*b, *m], x: 0}\n\"<<\": "
		"plain\n"
		"above: {x: 0, <<: *b, z: 5}\ntwice: {<<: *b, <<: *m}\n");
	assert_int_equal(fixture->diags.count, 1);
	assert_string_equal(fixture->diags.items[0].code, "merge-replaces");
	merged = node_get(fixture->list.roots[0], "all");
	assert_int_equal(merged->count, 3);
	assert_string_equal(node_get(merged, "x")->text, "0");
	assert_string_equal(node_get(merged, "z")->text, "2");
	assert_string_equal(node_get(merged, "w")->text, "4");
	assert_string_equal(node_get(fixture->list.roots[0], "<<")->text, "plain");
	merged = node_get(fixture->list.roots[0], "above");
	assert_int_equal(merged->count, 2);
	assert_string_equal(node_get(merged, "x")->text, "1");
	assert_string_equal(node_get(merged, "z")->text, "5");
	merged = node_get(fixture->list.roots[0], "twice");
	assert_int_equal(merged->count, 3);
	assert_string_equal(node_get(merged, "z")->text, "3");
}

static void merges_large_mappings(void **state)
{
	struct fixture *fixture = *state;
	char *text = malloc(1 << 20);
	size_t used = (size_t)sprintf(text, "a: &a\n");

	for (int i = 0; i < 20000; i++)
		used += (size_t)sprintf(text + used, "  k%d: v\n", i);
	sprintf(text + used, "b:\n  <<: *a\n  k7: w\n");
	read_text(fixture, text);
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(node_get(fixture->list.roots[0], "b")->count, 20000);
	assert_string_equal(node_get(node_get(fixture->list.roots[0], "b"), "k7")->text, "w");
	free(text);
}

static void reads_tags_of_the_standard(void **state)
{
	struct fixture *fixture = *state;
	const struct node *root;

	read_text(fixture,
		"a: !!str 80\nb: !!int \"80\"\nc: ! 80\nd: !!float 80\ne: !!binary YWJj\nf: !!set "
		"{g, h}\n"
		"i: &i {j: 1}\nk: {!!merge <<: *i}\n");
	root = fixture->list.roots[0];
	assert_int_equal(fixture->diags.count, 0);
	assert_true(node_get(root, "a")->quoted);
	assert_false(node_get(root, "b")->quoted);
	assert_true(node_get(root, "c")->quoted);
	assert_string_equal(node_get(root, "e")->text, "abc");
	assert_int_equal(node_get(root, "f")->count, 2);
	assert_int_equal(node_get(node_get(root, "f"), "g")->kind, NODE_NULL);
	assert_string_equal(node_get(node_get(root, "k"), "j")->text, "1");
}

static void decodes_base64(void **state)
{
	static const struct {
		const char *text, *bytes;
	} cases[] = {{"", ""}, {"YQ==", "a"}, {"YWI=", "ab"}, {"YWJj", "abc"},
		{"YWJj\nZGU=\n", "abcde"}};
	static const char *const wrong[] = {"YQ", "YQ=", "Y===", "YQ==YQ==", "Y_Q=", "=", "Y Q="};
	char out[32];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			base64_decode(cases[i].text, strlen(cases[i].text), out, &length), 0);
		assert_int_equal(length, strlen(cases[i].bytes));
		assert_memory_equal(out, cases[i].bytes, length);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(base64_decode(wrong[i], strlen(wrong[i]), out, &length), -EINVAL);
}

/*
 * Of a key that is there twice the later value counts, in YAML and JSON; a limit of the reader
 * makes it an error.
 */
static void takes_the_later_of_two(void **state)
{
	struct fixture *fixture = *state;

	read_text(fixture, "{\"a\": 1, \"b\": 2, \"a\": 3}");
	assert_int_equal(fixture->diags.errors, 0);
	assert_int_equal(fixture->list.roots[0]->count, 2);
	assert_int_equal(fixture->list.roots[0]->health, NODE_SOUND);
	assert_string_equal(node_get(fixture->list.roots[0], "a")->text, "3");
	read_text(fixture, "10: c\n0xa: d\n");
	assert_int_equal(fixture->list.roots[0]->count, 1);
	assert_string_equal(node_get(fixture->list.roots[0], "10")->text, "d");
	fixture->limits.unique_keys = true;
	read_text(fixture, "a: 1\na: 2\n");
	assert_int_equal(fixture->diags.errors, 1);
	assert_int_equal(fixture->list.roots[0]->health, NODE_BROKEN);
}

static void goes_on_behind_a_broken_document(void **state)
{
	struct fixture *fixture = *state;

	read_text(
		fixture, "a: 1\n---\nb: [\n---\nc: 3\n---\n\"open\n---\nspec\n  x: y\n---\ne: 5\n");
	assert_int_equal(fixture->list.count, 3);
	assert_int_equal(fixture->list.broken, 3);
	assert_false(fixture->list.truncated);
	assert_int_equal(node_get(fixture->list.roots[1], "c")->pos.line, 5);
	assert_int_equal(node_get(fixture->list.roots[2], "e")->pos.line, 12);
	assert_int_equal(fixture->diags.count, 3);
}

static void marks_what_is_broken(void **state)
{
	struct fixture *fixture = *state;
	const struct node *items;

	read_text(fixture, "items:\n- {a: 1}\n- {b: 1, ? [b] : 2}\n- {c: {d: *nothing}}\n");
	items = node_get(fixture->list.roots[0], "items");
	assert_int_equal(items->entries[0].value->health, NODE_SOUND);
	assert_int_equal(items->entries[1].value->health, NODE_BROKEN);
	assert_int_equal(items->entries[2].value->health, NODE_BROKEN_BELOW);
	assert_int_equal(items->health, NODE_BROKEN_BELOW);
	assert_int_equal(fixture->list.roots[0]->health, NODE_BROKEN_BELOW);
}

static void stops_at_too_many_bytes(void **state)
{
	struct fixture *fixture = *state;

	fixture->limits.file_bytes = 10;
	read_text(fixture, "a: 1\n---\nb: 2\n");
	expect_code(fixture, "too-large");
	assert_true(fixture->list.truncated);
	assert_int_equal(fixture->list.count, 0);
}

static void stops_at_too_many_nodes(void **state)
{
	struct fixture *fixture = *state;

	fixture->limits.nodes = 10;
	read_text(fixture, "a: 1\n---\n[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n---\nb: 2\n");
	expect_code(fixture, "too-many-nodes");
	assert_true(fixture->list.truncated);
	assert_int_equal(fixture->list.count, 1);
}

static void counts_aliases_by_what_they_stand_for(void **state)
{
	struct fixture *fixture = *state;
	char text[2048];
	size_t used = (size_t)snprintf(
		text, sizeof(text), "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");

	for (int i = 1; i < 12; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n",
			i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	read_text(fixture, text);
	expect_code(fixture, "too-many-nodes");
	assert_true(arena_size(fixture->arena) < 100 * 1024);
}

static void merges_cost_what_they_copy(void **state)
{
	struct fixture *fixture = *state;

	fixture->limits.nodes = 30;
	read_text(fixture,
		"a: &a {b: 1, c: 2, d: 3}\ne: {<<: [*a, *a, *a, *a, *a, *a, *a, *a, *a]}\n");
	expect_code(fixture, "too-many-nodes");
}

static void stops_at_too_deep(void **state)
{
	struct fixture *fixture = *state;
	char text[400];

	memset(text, '[', 200);
	strcpy(text + 200, "\n---\na: 1\n");
	read_text(fixture, text);
	expect_code(fixture, "too-deep");
	/* An alias is as deep as what it stands for. */
	fixture->limits.depth = 4;
	fixture->diags.count = 0;
	read_text(fixture, "a: &a [[1]]\nb: [[*a]]\n---\nc: 1\n");
	expect_code(fixture, "too-deep");
	assert_int_equal(fixture->diags.items[0].pos.line, 2);
	assert_int_equal(fixture->list.count, 1);
	assert_int_equal(fixture->list.broken, 1);
}

static void survives_ten_thousand_levels(void **state)
{
	struct fixture *fixture = *state;
	char *text = malloc(60 << 20), *at = text;
	struct byte_source source;

	for (int i = 0; i < 10000; i++)
		at += sprintf(at, "%*sa:\n", i, "");
	source = byte_source_of_text(text, (size_t)(at - text));
	assert_int_equal(
		document_read(&fixture->list, "f", &source, NULL, fixture->arena, &fixture->diags),
		0);
	expect_code(fixture, "too-deep");
	memset(text, '[', 10 << 20);
	fixture->diags.count = 0;
	source = byte_source_of_text(text, 10 << 20);
	assert_int_equal(
		document_read(&fixture->list, "f", &source, NULL, fixture->arena, &fixture->diags),
		0);
	expect_code(fixture, "too-deep");
	free(text);
}

/* Of one text: libyaml, and JSON's reader, would hold it whole. */
static void refuses_an_object_of_a_hundred_megabytes(void **state)
{
	struct fixture *fixture = *state;
	const size_t length = 100 << 20;
	char *text = memset(malloc(length), 'a', length);
	const struct byte_source source = byte_source_of_text(text, length);

	for (int i = 0; i < 2; i++) {
		memcpy(text, i == 0 ? "a: 'bb" : "{\"a\":\"", 6);
		fixture->diags.count = 0;
		assert_int_equal(document_read(&fixture->list, "f", &source, NULL, fixture->arena,
					 &fixture->diags),
			0);
		expect_code(fixture, "too-large");
		assert_int_equal(fixture->list.broken, 1);
		assert_int_equal(fixture->list.count, 0);
	}
	free(text);
}

static void reads_documents_before_an_impossible_byte(void **state)
{
	struct fixture *fixture = *state;

	read_text(fixture,
		"\xEF\xBB\xBF"
		"a: 1\n---\nb: \x01\n---\nc: 3\n");
	expect_code(fixture, "not-utf8");
	assert_int_equal(fixture->diags.items[0].severity, DIAG_ERROR);
	assert_int_equal(fixture->diags.items[0].pos.line, 3);
	assert_int_equal(fixture->diags.items[0].pos.column, 4);
	assert_int_equal(fixture->list.count, 1);
	assert_true(fixture->list.truncated);
	assert_int_equal(fixture->list.broken, 1);
	/* A mistake before it is told apart from it. */
	fixture->diags.count = 0;
	read_text(fixture, "a: [\n---\nb: c\n---\n\x01\n");
	assert_int_equal(fixture->diags.count, 2);
	assert_string_equal(fixture->diags.items[0].code, "yaml-syntax");
	assert_string_equal(fixture->diags.items[1].code, "not-utf8");
	assert_int_equal(fixture->list.count, 1);
	fixture->diags.count = 0;
	read_text(fixture, "\x01");
	expect_code(fixture, "not-utf8");
	assert_true(fixture->list.truncated);
}

static void expect_text(struct fixture *fixture, const char *bytes, size_t length, const char *a)
{
	const struct byte_source source = byte_source_of_text(bytes, length);

	fixture->diags.count = 0;
	assert_int_equal(
		document_read(&fixture->list, "f", &source, NULL, fixture->arena, &fixture->diags),
		0);
	assert_int_equal(fixture->list.broken, 0);
	assert_int_equal(fixture->list.count, 1);
	assert_string_equal(node_get(fixture->list.roots[0], "a")->text, a);
}

/* As kubectl reads them: bytes that are not UTF-8 become U+FFFD, UTF-16 is known by its mark. */
static void reads_other_encodings(void **state)
{
	struct fixture *fixture = *state;

	expect_text(fixture, "a: x\xFFy\n", 7, "x\xEF\xBF\xBDy");
	expect_code(fixture, "not-utf8");
	assert_int_equal(fixture->diags.items[0].severity, DIAG_WARNING);
	expect_text(fixture, "{\"a\": \"\xC3\"}", 10, "\xEF\xBF\xBD");
	expect_text(fixture,
		"\xFF\xFE"
		"a\0:\0 \0\xFC\0\n\0",
		12, "\xC3\xBC");
	assert_int_equal(fixture->diags.count, 0);
	expect_text(fixture,
		"\xFE\xFF"
		"\0a\0:\0 \xD8\x3D\xDE\0\0\n",
		14, "\xF0\x9F\x98\x80");
	expect_text(fixture,
		"\xFF\xFE"
		"a\0:\0 \0\0\xD8\n\0",
		12, "\xEF\xBF\xBD");
}

static void reads_marks_and_separators_as_kubectl(void **state)
{
	struct fixture *fixture = *state;

	read_text(fixture,
		"a: 1\n---\n\xEF\xBB\xBF"
		"b: 2\n---# c\nc: 3\n--- # d\nd: 4\n");
	assert_int_equal(fixture->diags.count, 0);
	assert_int_equal(fixture->list.count, 4);
	assert_int_equal(node_get(fixture->list.roots[1], "b")->pos.column, 4);
	assert_int_equal(node_get(fixture->list.roots[3], "d")->pos.line, 7);
}

/* The stream is cut into pieces: what stands at their ends must not matter. */
static void reads_across_the_ends_of_pieces(void **state)
{
	struct fixture *fixture = *state;
	char *text = malloc(200000);

	for (size_t length = 32700; length < 32800; length++) {
		static const char end[] = "\xC3\xBC\n---#\n\xEF\xBB\xBF"
					  "b: \xF0\x9F\x98\x80\n---\nc: 1\n";
		struct byte_source source;

		memset(text, 'x', length);
		memcpy(text, "a: ", 3);
		strcpy(text + length, end);
		source = byte_source_of_text(text, length + strlen(end));
		fixture->diags.count = 0;
		assert_int_equal(document_read(&fixture->list, "f", &source, NULL, fixture->arena,
					 &fixture->diags),
			0);
		assert_int_equal(fixture->diags.count, 0);
		assert_int_equal(fixture->list.count, 3);
		assert_int_equal(
			strlen(node_get(fixture->list.roots[0], "a")->text), length - 3 + 2);
		assert_string_equal(
			node_get(fixture->list.roots[1], "b")->text, "\xF0\x9F\x98\x80");
		assert_int_equal(node_get(fixture->list.roots[2], "c")->pos.line, 5);

		sprintf(text, "[\"%*s\\u00fc\", {\"b\": 12345, \"c\": \"\xC3\xBC\", \"d\": null}]",
			(int)length - 40, "");
		source = byte_source_of_text(text, strlen(text));
		assert_int_equal(document_read(&fixture->list, "f", &source, NULL, fixture->arena,
					 &fixture->diags),
			0);
		assert_int_equal(fixture->diags.count, 0);
		assert_int_equal(fixture->list.roots[0]->count, 2);
		assert_string_equal(
			node_get(fixture->list.roots[0]->entries[1].value, "b")->text, "12345");
		assert_string_equal(
			node_get(fixture->list.roots[0]->entries[1].value, "c")->text, "\xC3\xBC");
	}
	free(text);
}

struct visits {
	size_t count, stop_at, document_start, left;
	char names[512];
};

static int note_document(const struct node *root, void *context)
{
	struct visits *visits = context;
	const struct node *name = node_get(root, "a");

	strcat(visits->names, name != NULL ? name->text : "/");
	visits->left = node_get(root, "items") != NULL ? node_get(root, "items")->count : 0;
	return ++visits->count == visits->stop_at ? -ECANCELED : 0;
}

static int note_item(const struct node *item, const struct document_list_head *head, void *context)
{
	struct visits *visits = context;
	const struct node *name = node_get(item, "a");

	if (name == NULL)
		return 0;
	strcat(visits->names, name->text);
	strcat(visits->names, head->kind != NULL ? head->kind : "?");
	return 1;
}

static void note_begin(void *context)
{
	struct visits *visits = context;

	visits->document_start = strlen(visits->names);
}

static void note_drop(void *context)
{
	struct visits *visits = context;

	visits->names[visits->document_start] = '\0';
}

static void note_drop_all(void *context)
{
	struct visits *visits = context;

	visits->names[0] = '\0';
}

static int visit(struct fixture *fixture, struct document_list *list, const char *text,
	struct visits *visits)
{
	const struct document_visitor visitor = {
		note_document, note_item, note_begin, note_drop, note_drop_all, visits};
	const struct byte_source source = byte_source_of_text(text, strlen(text));

	return document_visit(list, "f", &source, &fixture->limits, &fixture->diags, &visitor);
}

static void visits_documents_one_by_one(void **state)
{
	static const char text[] = "a: x\n---\n# none\n---\nb: [\n---\na: y\n---\na: z\n";
	struct fixture *fixture = *state;
	struct visits visits = {0}, two = {.stop_at = 2};
	struct document_list list = {0};

	assert_int_equal(visit(fixture, &list, text, &visits), 0);
	assert_string_equal(visits.names, "xyz");
	assert_int_equal(list.broken, 1);
	assert_int_equal(list.count, 0);
	assert_int_equal(visit(fixture, &list, text, &two), -ECANCELED);
	assert_string_equal(two.names, "xy");
}

/*
 * Each by itself, with what is known of the list then; and none of a document that turns out
 * broken.
 */
static void visits_items_one_by_one(void **state)
{
	static const struct {
		const char *text, *names;
		size_t left; /* items in the tree */
	} cases[] = {
		{"items:\n- a: x\n- a: y\nkind: L\n", "x?y?/", 0},
		{"kind: L\nitems: [{a: x}, {a: y}]\n---\nitems: [{a: z}]\n", "xLyL/z?/", 0},
		{"{\"kind\": \"L\", \"items\": [{\"a\": \"x\"}, {\"a\": \"y\"}], \"a\": \"z\"}",
			"xLyLz", 0},
		/* one stays, and so do those behind it */
		{"items:\n- a: x\n- b: y\n- a: z\n", "x?/", 2},
		{"items:\n- a: x\n- a: y\nkind: [\n", "", 0},
		{"{\"items\": [{\"a\": \"x\"}, {\"a\": \"y\"", "", 0},
		/* of two the later counts */
		{"items: [{a: x}]\nb: 1\nitems: [{a: y}, {a: z}]\n", "/", 2},
		{"b: &b {a: x}\nitems: [*b]\n", "/", 1},
		{"items:\n- a: &b x\n- a: *b\n", "x?x?/", 0},
		{"b: {items: [{a: x}]}\n", "/", 0},
		/* a mistake before a document begins takes nothing back */
		{"items: [{a: x}]\n...\n]\n", "x?/", 0},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct visits visits = {0};
		struct document_list list;

		assert_int_equal(visit(fixture, &list, cases[i].text, &visits), 0);
		assert_string_equal(visits.names, cases[i].names);
		assert_int_equal(visits.left, cases[i].left);
	}
}

/*
 * The limits are those of one object, however many there are; an anchor keeps all of its document.
 */
static void limits_each_object(void **state)
{
	struct fixture *fixture = *state;
	char text[4096];
	size_t used = 0;

	fixture->limits.nodes = 20;
	for (int form = 0; form < 3; form++) {
		struct visits visits = {0};
		struct document_list list;

		used = form == 1
			? 0
			: (size_t)sprintf(text, form == 0 ? "items:\n" : "items:\n- a: &b x\n");
		for (int i = 0; i < 50; i++)
			used += (size_t)sprintf(
				text + used, form == 1 ? "---\na: [1, 2, 3, 4]\n" : "- a: x\n");
		fixture->diags.count = 0;
		assert_int_equal(visit(fixture, &list, text, &visits), 0);
		assert_int_equal(list.truncated, form == 2);
		assert_int_equal(fixture->diags.count, form == 2 ? 1 : 0);
	}
}

/* JSON up to its third value, and YAML altogether: nothing of the first attempt may be visited. */
static void visits_what_was_not_json_after_all_once(void **state)
{
	static const char text[] = "{\"a\": \"x\"}\n---\n{a: y}\n";
	struct fixture *fixture = *state;
	struct visits visits = {0};
	struct document_list list;

	assert_int_equal(visit(fixture, &list, text, &visits), 0);
	assert_string_equal(visits.names, "xy");
	assert_int_equal(fixture->diags.count, 0);
}

static void gives_up_on_a_file_of_mistakes(void **state)
{
	struct fixture *fixture = *state;
	char text[2048];
	size_t used = 0;

	for (int i = 0; i < 200; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "---\n]\n");
	read_text(fixture, text);
	assert_true(fixture->list.truncated);
	assert_int_equal(fixture->diags.count, 100 + 1); /* the last says that it gave up */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gives_values_with_places, begin, end),
		cmocka_unit_test_setup_teardown(leaves_empty_documents_out, begin, end),
		cmocka_unit_test_setup_teardown(shares_what_is_aliased, begin, end),
		cmocka_unit_test_setup_teardown(merges_mappings, begin, end),
		cmocka_unit_test_setup_teardown(merges_large_mappings, begin, end),
		cmocka_unit_test(decodes_base64),
		cmocka_unit_test_setup_teardown(takes_the_later_of_two, begin, end),
		cmocka_unit_test_setup_teardown(reads_tags_of_the_standard, begin, end),
		cmocka_unit_test_setup_teardown(goes_on_behind_a_broken_document, begin, end),
		cmocka_unit_test_setup_teardown(marks_what_is_broken, begin, end),
		cmocka_unit_test_setup_teardown(stops_at_too_many_bytes, begin, end),
		cmocka_unit_test_setup_teardown(stops_at_too_many_nodes, begin, end),
		cmocka_unit_test_setup_teardown(counts_aliases_by_what_they_stand_for, begin, end),
		cmocka_unit_test_setup_teardown(merges_cost_what_they_copy, begin, end),
		cmocka_unit_test_setup_teardown(stops_at_too_deep, begin, end),
		cmocka_unit_test_setup_teardown(survives_ten_thousand_levels, begin, end),
		cmocka_unit_test_setup_teardown(
			refuses_an_object_of_a_hundred_megabytes, begin, end),
		cmocka_unit_test_setup_teardown(
			reads_documents_before_an_impossible_byte, begin, end),
		cmocka_unit_test_setup_teardown(reads_other_encodings, begin, end),
		cmocka_unit_test_setup_teardown(reads_marks_and_separators_as_kubectl, begin, end),
		cmocka_unit_test_setup_teardown(reads_across_the_ends_of_pieces, begin, end),
		cmocka_unit_test_setup_teardown(visits_documents_one_by_one, begin, end),
		cmocka_unit_test_setup_teardown(visits_items_one_by_one, begin, end),
		cmocka_unit_test_setup_teardown(limits_each_object, begin, end),
		cmocka_unit_test_setup_teardown(
			visits_what_was_not_json_after_all_once, begin, end),
		cmocka_unit_test_setup_teardown(gives_up_on_a_file_of_mistakes, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Where each syntax error is seen, and by which code: that of the mistake, not that of where
 * libyaml gave up.
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

#define SIX(object) object object object object object object

static const struct finding_case cases[] = {
	{"a list item without its colon, followed by a list",
		"spec:\n  egress:\n  - to\n    - ipBlock: \n        cidr: 192.0.2.0/24\n",
		"3:5 missing-colon\n"},
	{"the same with more below",
		"spec:\n  ingress:\n  - from\n    - podSelector:\n        matchLabels:\n          "
		"role: x\n    ports:\n    - port: 80\n",
		"3:5 missing-colon\n"},
	{"the same with a comment and an empty line in between",
		"spec:\n  egress:\n  - to # here\n\n    # there\n    - ipBlock:\n        cidr: "
		"192.0.2.0/24\n",
		"3:5 missing-colon\n"},
	{"the same where lists are indented", "egress:\n  - to # here\n    - ipBlock:\n",
		"2:5 missing-colon\n"},
	{"the same with ports", "egress:\n- to # here\n  ports:\n  - port: 80\n",
		"2:3 missing-colon\n"},
	{"a key without its colon before a comment", "spec:\n  podSelector # all\n  egress: []\n",
		"2:3 missing-colon\n"},
	{"the first key without its colon before a comment", "metadata # all\n  name: x\n",
		"1:1 missing-colon\n"},
	{"an item indented too far", "a:\n  - b # c\n    - c\n", "3:5 bad-indentation\n"},
	{"two of them, one below the other",
		"spec:\n  egress:\n  - to\n    - ipBlock\n        cidr: 192.0.2.0/24\n",
		"3:5 missing-colon\n4:7 missing-colon\n"},
	{"two of them, far from each other",
		"spec:\n  ingress:\n  - from\n    - podSelector: {}\n    ports:\n    - port: 80\n  "
		"egress:\n  - to\n    - podSelector\n"
		"        matchLabels: {}\n---\nspec:\n  egress:\n  - to\n    - podSelector: {}\n",
		"3:5 missing-colon\n8:5 missing-colon\n9:7 missing-colon\n14:5 missing-colon\n"},
	{"another one below, and words that are no fields",
		"metadata\n  name: x\nspec:\n  args: |\n    do\n      it\n  podSelector\n    "
		"matchLabels: {}\n  to: [to]\n",
		"1:1 missing-colon\n7:3 missing-colon\n"},
	{"ports where the peers should be", "egress:\n- to\n  ports:\n  - port: 80\n",
		"2:3 missing-colon\n"},
	{"a key without its colon before a sibling", "spec:\n  podSelector\n  egress: []\n",
		"2:3 missing-colon\n"},
	{"a key without its colon at the beginning", "spec\n  podSelector: {}\n",
		"1:1 missing-colon\n"},
	{"a key without its colon before its mapping", "metadata:\n  labels\n    role: a\n",
		"2:3 missing-colon\n"},
	{"a key without its colon before its list",
		"spec:\n  policyTypes\n  - Ingress\n  ingress: []\n", "2:3 missing-colon\n"},
	{"a key without its colon behind another", "kind: Pod\nmetadata\n  name: x\n",
		"2:1 missing-colon\n"},
	{"a key and a value without their colon", "labels:\n  role a\n  tier: b\n",
		"2:3 missing-colon\n"},
	{"a key without its colon at the end", "metadata:\n  name: x\n  labels\nspec: {}\n",
		"3:3 missing-colon\n"},
	{"no space behind the colon", "kind:Pod\nmetadata: {}\n", "1:5 missing-space\n"},
	{"two colons in a line", "a: b: c\n", "1:5 second-colon\n"},
	{"a line that fits nowhere", "a:\n  b: c\n d: e\n", "3:2 bad-indentation\n"},
	{"a line below a value", "a: b\n  c: d\n", "2:3 bad-indentation\n"},
	{"a key in the column of list items", "a:\n- b\n- c\nd:\n  - e\n  f: g\n",
		"6:3 bad-indentation\n"},
	{"a line between a list and its key", "a:\n- b\n c: d\n", "3:2 bad-indentation\n"},
	{"a list in the line of its key", "a: - b\n", "1:4 bad-indentation\n"},
	{"a tab", "a:\n\tb: c\n", "2:1 tab\n"},
	{"a reserved character", "a: @b\n", "1:4 bad-character\n"},
	{"a quote that is not closed", "a: \"b\nc: d\n", "1:4 open-quote\n"},
	{"a quote that is not closed before ---", "a: 'b\n---\nc: d\n", "1:4 open-quote\n"},
	{"a bracket that is not closed", "a: [1, 2\nb: c\n", "2:2 open-bracket\n"},
	{"a brace that is not closed", "a: {b: c\nd: e\n", "2:2 open-bracket\n"},
	{"a template", "{{- if .Values.on }}\nkind: Pod\n{{- end }}\n", "1:1 template\n"},
	{"a template in a value", "a: {{ .Values.a }}\n", "1:5 bad-key\n"},
	{"something else", "a: \"\\q\"\n", "1:5 yaml-syntax\n"},
	{"a duplicate", "a: 1\nb: 2\na: 3\n", "3:1 warning duplicate-key\n"},
	{"a duplicate among many",
		"a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\nh: 1\ni: 1\nj: 1\nk: 1\nl: 1\nm: 1\nz: "
		"1\n"
		"o: 1\np: 1\nq: 1\na: 2\n",
		"18:1 warning duplicate-key\n"},
	{"two objects without --- between them",
		"apiVersion: v1\nkind: Pod\napiVersion: v1\nkind: Pod\n",
		"3:1 missing-separator\n"},
	{"five of them, told once each", SIX("apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {}\n"),
		"5:1 missing-separator\n9:1 missing-separator\n13:1 missing-separator\n17:1 "
		"missing-separator\n"
		"21:1 missing-separator\n"},
	{"objects without apiVersion, but for the last",
		"kind: Pod\nmetadata: {}\nspec: {}\nkind: Pod\nmetadata: {}\napiVersion: v1\nkind: "
		"Pod\nmetadata: {}\n",
		"4:1 missing-separator\n6:1 missing-separator\n"},
	{"a second object with a key twice",
		"kind: Pod\nmetadata: {}\nkind: Pod\nmetadata: {}\nspec: {}\nspec: {}\n",
		"3:1 missing-separator\n6:1 warning duplicate-key\n"},
	{"a kind twice in one object", "kind: Pod\nkind: Pod\nmetadata: {}\n",
		"2:1 warning duplicate-key\n"},
	{"an alias of nothing", "a: *b\n", "1:4 bad-alias\n"},
	{"an alias of another document's anchor", "a: &b 1\n---\na: *b\n", "3:4 bad-alias\n"},
	{"an anchor within itself", "a: &b [*b]\n", "1:8 bad-alias\n"},
	{"a mapping for a key", "? {a: b}\n: c\n", "1:3 bad-key\n"},
	{"a list for a key", "? [a]\n: c\n", "1:3 bad-key\n"},
	{"no key", "a: b\n: c\n", "2:1 bad-key\n"},
	{"YAML in braces that are not closed", "{a: b,\n c: [d}\n", "2:7 open-bracket\n"},
	{"a tag of one's own", "a: !mine 1\n", "1:4 unsupported-tag\n"},
	{"a merge of no mapping", "a: &a 1\n<<: *a\n", "2:1 bad-merge\n"},
	{"a merge of a list with no mapping", "a: &a {}\n<<: [*a, 1]\n", "2:1 bad-merge\n"},
	{"a NUL in a text", "a: \"b\\0c\"\n", "1:4 warning nul-character\n"},
	{"no base64", "a: !!binary \"?\"\n", "1:4 bad-binary\n"},
	{"base64 of no text", "a: !!binary /w==\n", "1:4 bad-binary\n"},
	{"tags that do not fit", "a: !!null x\nb: !!int abc\nc: !!float d\ne: !!bool f\n",
		"1:4 warning tag-mismatch\n2:4 warning tag-mismatch\n3:4 warning tag-mismatch\n4:4 "
		"warning tag-mismatch\n"},
	{"a control character", "a: \x01\n", "1:4 not-utf8\n"},
	{"a byte that is no UTF-8", "a: b\xFF\n", "1:5 warning not-utf8\n"},
	{"a separator with something behind it", "a: 1\n--- {b: 2}\n",
		"2:1 warning separator-with-text\n"},
	{"a directive", "%YAML 1.1\n---\na: 1\n", "1:1 warning yaml-directive\n"},
	{"a second object behind the end of the document", "a: 1\n...\nb: 2\n",
		"3:1 missing-separator\n"},
	{"a comma too many in JSON that YAML allows", "{\"a\": 1,}\n", ""},
};

static void sees_each_where_it_is(void **state)
{
	(void)state;
	findings_check(cases, sizeof(cases) / sizeof(cases[0]), findings_of_document);
}

static void says_what_to_write(void **state)
{
	char out[FINDINGS_TEXT];

	(void)state;
	findings_words("spec:\n  egress:\n  - to\n    - ipBlock: {}\n", out);
	assert_string_equal(out, "'to' has no colon after it (write 'to:')");
	findings_words("kind:Pod\nmetadata: {}\n", out);
	assert_string_equal(
		out, "'kind:' has no space after its colon (write 'kind: ' and then the value)");
	findings_words("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\napiVersion: v1\nkind: "
		       "Pod\nmetadata: {name: b}\n",
		out);
	assert_string_equal(out,
		"a new object begins here, inside the one of line 1 (put a line with --- above "
		"this one)");
}

/* The reader's patience ends, and that is said: what comes behind is not taken for sound. */
static void gives_up_in_the_end(void **state)
{
	char text[16 * 101 + 1] = "", out[FINDINGS_TEXT];

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "a: b: c\n---\n");
	findings_of_document(text, strlen(text) - strlen("---\n"), out);
	assert_null(strstr(out, "too-many-mistakes"));
	strcat(text, "a: b: c\n---\na: b\n");
	findings_of_document(text, strlen(text), out);
	assert_non_null(strstr(out, "199:5 second-colon\n200:1 too-many-mistakes\n"));
	assert_null(strstr(out, "201:5"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_each_where_it_is),
		cmocka_unit_test(says_what_to_write),
		cmocka_unit_test(gives_up_in_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

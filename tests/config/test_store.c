/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/config/findings.h"
#include "tests/config/temporary.h"

static int begin(void **state)
{
	return store_create((struct store **)state);
}

static int end(void **state)
{
	store_free(*state);
	return 0;
}

static void put(struct store *store, const char *name, const char *text)
{
	assert_int_equal(store_put(store, name, text, strlen(text), NULL), 0);
}

/* "default/a default/b": the policies in force. */
static void expect_policies(struct store *store, const char *expected)
{
	struct cluster *cluster;
	char text[512] = "";

	assert_int_equal(store_cluster(store, &cluster), 0);
	for (size_t i = 0; i < cluster->policy_count; i++) {
		strcat(text, i == 0 ? "" : " ");
		strcat(text, cluster->policies[i]->name);
	}
	assert_string_equal(text, expected);
	cluster_unref(cluster);
}

static void expect_findings(const struct store *store, const char *expected)
{
	struct arena *arena = arena_create();
	struct diag_list diags;
	char out[FINDINGS_TEXT];

	assert_int_equal(store_diags(store, arena, &diags), 0);
	findings_format(&diags, out);
	assert_string_equal(out, expected);
	arena_unref(arena);
}

static void holds_files(void **state)
{
	struct store *store = *state;
	char both[1024];

	expect_policies(store, "");
	snprintf(both, sizeof(both), "%s%s", temporary_policy("c"), temporary_policy("a"));
	put(store, "z.yaml", both);
	put(store, "a.yaml", temporary_policy("b"));
	expect_policies(store, "a b c");
	put(store, "z.yaml", temporary_policy("d"));
	expect_policies(store, "b d");
	store_remove(store, "a.yaml");
	store_remove(store, "never.yaml");
	expect_policies(store, "d");
	assert_true(store_has_file(store, "z.yaml"));
	assert_false(store_has_file(store, "a.yaml"));
	assert_int_equal(store_stats(store).files, 1);
}

static void keeps_what_a_broken_version_lost(void **state)
{
	struct store *store = *state;
	char text[2048];

	snprintf(text, sizeof(text), "%s%s%s", temporary_policy("a"), temporary_policy("b"), temporary_policy("c"));
	put(store, "f.yaml", text);
	/* b breaks, c is gone, d is new. Nobody knows whether c was meant to go: it stays. */
	snprintf(text, sizeof(text), "%sspec\n  x: y\n---\n%s", temporary_policy("a"), temporary_policy("d"));
	put(store, "f.yaml", text);
	expect_policies(store, "a b c d");
	assert_int_equal(store_stats(store).broken_files, 1);
	assert_int_equal(store_stats(store).kept_objects, 2);
	expect_findings(store, "6:1 missing-colon\n");
	/* Broken once more: what was kept is kept. */
	put(store, "f.yaml", "half a fi");
	expect_policies(store, "a b c d");
	assert_int_equal(store_stats(store).kept_objects, 4);
	/* Mended: what it says counts. */
	put(store, "f.yaml", temporary_policy("b"));
	expect_policies(store, "b");
	assert_int_equal(store_stats(store).broken_files, 0);
	assert_int_equal(store_stats(store).kept_objects, 0);
	expect_findings(store, "");
	put(store, "f.yaml", "");
	expect_policies(store, "");
}

static void keeps_the_old_object_while_the_new_is_broken(void **state)
{
	struct store *store = *state;
	struct cluster *cluster;

	put(store, "f.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n"
		"spec: {podSelector: {}, policyTypes: [Egress]}\n");
	put(store, "f.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n"
		"spec: {podSelector: {}, policyTypes: [Ingres]}\n");
	assert_int_equal(store_cluster(store, &cluster), 0);
	assert_int_equal(cluster->policy_count, 1);
	assert_true(cluster->policies[0]->isolates[DIRECTION_EGRESS]);
	cluster_unref(cluster);
}

static void keeps_what_can_not_be_read(void **state)
{
	struct store *store = *state;

	put(store, "f.yaml", temporary_policy("a"));
	assert_int_equal(store_put_unreadable(store, "f.yaml", "Permission denied"), 0);
	expect_policies(store, "a");
	expect_findings(store, "0:0 unreadable\n");
	assert_int_equal(store_stats(store).kept_objects, 1);
	assert_int_equal(store_stats(store).broken_files, 1);
	put(store, "f.yaml", temporary_policy("a"));
	expect_findings(store, "");
	assert_int_equal(store_put_unreadable(store, "never.yaml", "No such file or directory"), 0);
	expect_findings(store, "0:0 unreadable\n");
}

/* A file that breaks has had its objects in force; one that comes broken never had. */
static void tells_what_was_never_in_force(void **state)
{
	struct store *store = *state;
	char text[1024];

	snprintf(text, sizeof(text), "%sspec\n", temporary_policy("a"));
	put(store, "f.yaml", text);
	put(store, "g.yaml", temporary_policy("b"));
	assert_int_equal(store_put_unreadable(store, "h.yaml", "Permission denied"), 0);
	assert_int_equal(store_stats(store).broken_files, 2);
	assert_int_equal(store_stats(store).never_whole, 2);
	put(store, "f.yaml", "still\n");
	put(store, "g.yaml", "half a fi");
	assert_int_equal(store_stats(store).broken_files, 3);
	assert_int_equal(store_stats(store).never_whole, 2);
	put(store, "f.yaml", temporary_policy("a"));
	put(store, "h.yaml", "");
	assert_int_equal(store_stats(store).never_whole, 0);
	put(store, "f.yaml", text);
	assert_int_equal(store_put_unreadable(store, "h.yaml", "Permission denied"), 0);
	assert_int_equal(store_stats(store).broken_files, 3);
	assert_int_equal(store_stats(store).never_whole, 0);
}

static void takes_the_later_of_two(void **state)
{
	struct store *store = *state;
	struct cluster *cluster;
	char text[1024];

	put(store, "b.yaml", temporary_policy("same"));
	put(store, "a.yaml", "# a line more\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: same}\nspec: {podSelector: {}}\n");
	assert_int_equal(store_cluster(store, &cluster), 0);
	assert_int_equal(cluster->policy_count, 1);
	assert_string_equal(cluster->policies[0]->pos.file, "b.yaml");
	cluster_unref(cluster);
	expect_findings(store, "3:18 duplicate-object\n");
	store_remove(store, "b.yaml");
	expect_findings(store, "");
	snprintf(text, sizeof(text), "%s%s", temporary_policy("x"), temporary_policy("x"));
	put(store, "c.yaml", text);
	expect_findings(store, "8:18 duplicate-object\n");
}

/* A policy that moves to another file while its old one is broken. */
static void prefers_what_is_there_to_what_is_kept(void **state)
{
	struct store *store = *state;
	struct cluster *cluster;

	put(store, "z.yaml", temporary_policy("moved"));
	put(store, "z.yaml", "broken: [\n");
	put(store, "a.yaml", temporary_policy("moved"));
	assert_int_equal(store_cluster(store, &cluster), 0);
	assert_int_equal(cluster->policy_count, 1);
	assert_string_equal(cluster->policies[0]->pos.file, "a.yaml");
	cluster_unref(cluster);
	expect_findings(store, "2:1 yaml-syntax\n");
}

static void outlives_nothing(void **state)
{
	struct store *store = *state;
	struct cluster *cluster;

	put(store, "f.yaml", temporary_policy("a"));
	assert_int_equal(store_cluster(store, &cluster), 0);
	store_remove(store, "f.yaml");
	assert_string_equal(cluster->policies[0]->name, "a");
	assert_string_equal(cluster->policies[0]->pos.file, "f.yaml");
	cluster_unref(cluster);
}

static void tells_changes_from_none(void **state)
{
	struct store *store = *state;
	uint64_t revision = store_revision(store);

	put(store, "f.yaml", temporary_policy("a"));
	assert_true(store_revision(store) > revision);
	revision = store_revision(store);
	put(store, "f.yaml", temporary_policy("a"));
	store_remove(store, "never.yaml");
	assert_int_equal(store_revision(store), revision);
	store_put_unreadable(store, "f.yaml", "gone");
	assert_true(store_revision(store) > revision);
	revision = store_revision(store);
	store_put_unreadable(store, "f.yaml", "gone");
	assert_int_equal(store_revision(store), revision);
	put(store, "f.yaml", temporary_policy("a"));
	assert_true(store_revision(store) > revision);
	revision = store_revision(store);
	store_remove(store, "f.yaml");
	assert_true(store_revision(store) > revision);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holds_files, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_a_broken_version_lost, begin, end),
		cmocka_unit_test_setup_teardown(keeps_the_old_object_while_the_new_is_broken, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_can_not_be_read, begin, end),
		cmocka_unit_test_setup_teardown(tells_what_was_never_in_force, begin, end),
		cmocka_unit_test_setup_teardown(takes_the_later_of_two, begin, end),
		cmocka_unit_test_setup_teardown(prefers_what_is_there_to_what_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(outlives_nothing, begin, end),
		cmocka_unit_test_setup_teardown(tells_changes_from_none, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

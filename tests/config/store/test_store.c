/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/findings.h"
#include "tests/support/one_file.h"
#include "tests/support/temporary.h"

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
	assert_int_equal(one_file_put(store, name, text, strlen(text)), 0);
}

static struct store_source *source_of(struct store *store)
{
	return store_source(store, "manifests");
}

static int put_unreadable(struct store *store, const char *name, const char *reason)
{
	const int err = store_put_unreadable(source_of(store), name, reason);

	return err != 0 ? err : store_commit(source_of(store));
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

static void expect_findings(struct store *store, const char *expected)
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
	one_file_remove(store, "a.yaml");
	one_file_remove(store, "never.yaml");
	expect_policies(store, "d");
	assert_true(store_has_file(source_of(store), "z.yaml"));
	assert_false(store_has_file(source_of(store), "a.yaml"));
	assert_int_equal(store_stats(store).files, 1);
}

static void keeps_what_a_broken_version_lost(void **state)
{
	struct store *store = *state;
	char text[2048];

	snprintf(text, sizeof(text), "%s%s%s", temporary_policy("a"), temporary_policy("b"),
		temporary_policy("c"));
	put(store, "f.yaml", text);
	/* b breaks, c is gone, d is new. Nobody knows whether c was meant to go: it stays. */
	snprintf(text, sizeof(text), "%sspec\n  x: y\n---\n%s", temporary_policy("a"),
		temporary_policy("d"));
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
	put(store, "f.yaml", "# podgate: empty\n");
	expect_policies(store, "");
}

/* What kubectl prints when its token has expired, and what > and a full disk leave. */
static void keeps_what_an_emptied_file_held(void **state)
{
	static const char *const nothings[] = {"", "\n", "# nothing\n", "---\n---\n", "null\n",
		"apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: \"\"\n",
		"{\"apiVersion\": \"v1\", \"items\": [], \"kind\": \"List\"}",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicyList\nitems: []\n",
		("{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"status\": \"Failure\", "
		 "\"code\": 401}"),
		"  # podgate: empty\n", "# podgate: empty?\n"};
	static const char *const meant[] = {"# podgate: empty", "# why\r\n# podgate: empty\r\n"};
	struct store *store = *state;

	for (size_t i = 0; i < sizeof(nothings) / sizeof(nothings[0]); i++) {
		put(store, "f.yaml", temporary_policy("a"));
		expect_findings(store, "");
		put(store, "f.yaml", nothings[i]);
		expect_policies(store, "a");
		expect_findings(store, "0:0 emptied-file\n");
		assert_int_equal(store_stats(store).emptied_files, 1);
		assert_int_equal(store_stats(store).kept_objects, 1);
		put(store, "f.yaml", "# still nothing\n");
		expect_policies(store, "a");
		put(store, "f.yaml", "half a fi"); /* and broken after that */
		expect_policies(store, "a");
	}
	for (size_t i = 0; i < 2; i++) {
		put(store, "f.yaml", temporary_policy("a"));
		put(store, "f.yaml", meant[i]);
		expect_policies(store, "");
		assert_int_equal(store_stats(store).emptied_files, 0);
	}
	put(store, "f.yaml", temporary_policy("a"));
	one_file_remove(store, "f.yaml");
	put(store, "f.yaml", ""); /* it held nothing */
	expect_policies(store, "");
	expect_findings(store, "");
}

/* An object of another kind is a content: the policy was taken out of the file. */
static void believes_what_still_has_a_content(void **state)
{
	struct store *store = *state;

	put(store, "f.yaml", temporary_policy("a"));
	put(store, "f.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n");
	expect_policies(store, "");
	expect_findings(store, "");
}

static void believes_an_emptied_file_in_time(void **state)
{
	struct store *store = *state;

	put(store, "f.yaml", temporary_policy("a"));
	put(store, "f.yaml", "");
	store_believe_empty(source_of(store), 3600);
	assert_int_equal(store_commit(source_of(store)), 0);
	expect_policies(store, "a");
	store_believe_empty(source_of(store), 0);
	assert_int_equal(store_commit(source_of(store)), 0);
	expect_policies(store, "");
	expect_findings(store, "");
	put(store, "f.yaml", "");
	expect_policies(store, "");
}

static void keeps_what_is_being_written(void **state)
{
	struct store *store = *state;

	put(store, "f.yaml", temporary_policy("a"));
	assert_int_equal(store_put_being_written(source_of(store), "f.yaml"), 0);
	assert_int_equal(store_commit(source_of(store)), 0);
	expect_policies(store, "a");
	expect_findings(store, "0:0 warning being-written\n");
	assert_int_equal(store_stats(store).being_written, 1);
	put(store, "f.yaml", temporary_policy("a"));
	expect_findings(store, "");
	assert_int_equal(store_stats(store).being_written, 0);
}

static void keeps_the_old_object_while_the_new_is_broken(void **state)
{
	struct store *store = *state;
	struct cluster *cluster;

	put(store, "f.yaml",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n"
		"spec: {podSelector: {}, policyTypes: [Egress]}\n");
	put(store, "f.yaml",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n"
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
	assert_int_equal(put_unreadable(store, "f.yaml", "Permission denied"), 0);
	expect_policies(store, "a");
	expect_findings(store, "0:0 unreadable\n");
	assert_int_equal(store_stats(store).kept_objects, 1);
	assert_int_equal(store_stats(store).broken_files, 1);
	put(store, "f.yaml", temporary_policy("a"));
	expect_findings(store, "");
	assert_int_equal(put_unreadable(store, "never.yaml", "No such file or directory"), 0);
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
	assert_int_equal(put_unreadable(store, "h.yaml", "Permission denied"), 0);
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
	assert_int_equal(put_unreadable(store, "h.yaml", "Permission denied"), 0);
	assert_int_equal(store_stats(store).broken_files, 3);
	assert_int_equal(store_stats(store).never_whole, 0);
}

static void takes_the_later_of_two(void **state)
{
	struct store *store = *state;
	struct cluster *cluster;
	char text[1024];

	put(store, "b.yaml", temporary_policy("same"));
	put(store, "a.yaml",
		"# a line more\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		"metadata: {name: same}\nspec: {podSelector: {}}\n");
	assert_int_equal(store_cluster(store, &cluster), 0);
	assert_int_equal(cluster->policy_count, 1);
	assert_string_equal(cluster->policies[0]->pos.file, "b.yaml");
	cluster_unref(cluster);
	expect_findings(store, "3:18 duplicate-object\n");
	one_file_remove(store, "b.yaml");
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
	one_file_remove(store, "f.yaml");
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
	one_file_remove(store, "never.yaml");
	assert_int_equal(store_revision(store), revision);
	put_unreadable(store, "f.yaml", "gone");
	assert_true(store_revision(store) > revision);
	revision = store_revision(store);
	put_unreadable(store, "f.yaml", "gone");
	assert_int_equal(store_revision(store), revision);
	put(store, "f.yaml", temporary_policy("a"));
	assert_true(store_revision(store) > revision);
	revision = store_revision(store);
	one_file_remove(store, "f.yaml");
	assert_true(store_revision(store) > revision);
}

/* ---- sources ---- */

static void put_by(struct store_source *source, const char *name, const char *text)
{
	assert_int_equal(store_put(source, name, text, strlen(text), NULL), 0);
	assert_int_equal(store_commit(source), 0);
}

/* "name file" of each pod in force. */
static void expect_pods(struct store *store, const char *expected)
{
	struct cluster *cluster;
	char text[512] = "";

	assert_int_equal(store_cluster(store, &cluster), 0);
	for (size_t i = 0; i < cluster->pod_count; i++) {
		const struct pod *pod = cluster->pods[i];

		sprintf(text + strlen(text), "%s%s %s", i == 0 ? "" : ", ", pod->name,
			pod->pos.file);
	}
	assert_string_equal(text, expected);
	cluster_unref(cluster);
}

static const char pod_a[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\n";
static const char pod_b[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: shop}\n";

static void prefers_the_first_source(void **state)
{
	struct store *store = *state;
	struct store_source *first = store_source(store, "first");
	struct store_source *second = store_source(store, "second");
	struct arena *arena = arena_create();
	struct diag_list diags;

	assert_ptr_equal(store_source(store, "second"), second);
	put_by(second, "a2.yaml", pod_a);
	put_by(second, "b2.yaml", pod_b);
	expect_pods(store, "a a2.yaml, b b2.yaml");
	/* The name of its file sorts before and after the other's: neither counts. */
	put_by(first, "a1.yaml", pod_a);
	put_by(first, "z1.yaml", pod_b);
	expect_pods(store, "a a1.yaml, b z1.yaml");
	expect_findings(store, "3:18 source-conflict\n3:18 source-conflict\n");
	assert_int_equal(store_diags(store, arena, &diags), 0);
	assert_string_equal(diags.items[0].pos.file, "a2.yaml");
	assert_string_equal(diags.items[0].text,
		"Pod shop/a of source second is not used: source first, which comes first, has it "
		"at "
		"a1.yaml:3:18");
	arena_unref(arena);
	/* What the first source keeps of a broken file is its own still. */
	put_by(first, "a1.yaml", "half a fi");
	expect_pods(store, "a a1.yaml, b z1.yaml");
	store_remove(first, "a1.yaml");
	store_remove(first, "b2.yaml");
	assert_int_equal(store_commit(first), 0);
	expect_pods(store, "a a2.yaml, b z1.yaml");
	assert_int_equal(store_source_stats(first).files, 1);
	assert_int_equal(store_source_stats(second).files, 2);
	assert_int_equal(store_source_stats(second).objects, 2);
	assert_int_equal(store_stats(store).files, 3);
}

static void has_files_of_one_name_by_source(void **state)
{
	struct store *store = *state;
	struct store_source *first = store_source(store, "first");
	struct store_source *second = store_source(store, "second");

	put_by(second, "f.yaml", pod_b);
	put_by(first, "f.yaml", pod_a);
	assert_int_equal(store_stats(store).files, 2);
	expect_pods(store, "a f.yaml, b f.yaml");
	store_remove(first, "f.yaml");
	assert_int_equal(store_commit(first), 0);
	expect_pods(store, "b f.yaml");
}

static void shows_no_draft(void **state)
{
	struct store *store = *state;
	struct store_source *source = source_of(store);
	const uint64_t revision = store_revision(store);

	put(store, "a.yaml", pod_a);
	assert_int_equal(store_put(source, "b.yaml", pod_b, strlen(pod_b), NULL), 0);
	assert_int_equal(store_put(source, "a.yaml", pod_b, strlen(pod_b), NULL), 0);
	store_remove(source, "a.yaml");
	expect_pods(store, "a a.yaml");
	assert_int_equal(store_revision(store), revision + 1);
	assert_true(store_has_file(source, "b.yaml"));
	assert_false(store_has_file(source, "a.yaml"));
	assert_int_equal(store_commit(source), 0);
	expect_pods(store, "b b.yaml");
	assert_int_equal(store_revision(store), revision + 2);
}

static void takes_objects_that_were_read_elsewhere(void **state)
{
	struct store *store = *state;
	struct store_source *source;
	struct arena *arena = arena_create();
	struct pod pods[2] = {
		{.namespace_name = "shop", .name = "a", .pos = {"engine", 1, 1}},
		{.namespace_name = "shop", .name = "b", .pos = {"engine", 2, 1}},
	};
	const struct kube_object objects[2] = {
		{.kind = KUBE_POD, .pod = arena_memdup(arena, &pods[0], sizeof(pods[0]))},
		{.kind = KUBE_POD, .pod = arena_memdup(arena, &pods[1], sizeof(pods[1]))},
	};

	put(store, "a.yaml", pod_a);
	source = store_source(store, "elsewhere");
	assert_int_equal(store_put_objects(source, "engine", objects, 2, arena), 0);
	arena_unref(arena);
	expect_pods(store, "a a.yaml");
	assert_int_equal(store_commit(source), 0);
	/* "manifests" came first. */
	expect_pods(store, "a a.yaml, b engine");
	expect_findings(store, "1:1 source-conflict\n");
	one_file_remove(store, "a.yaml");
	expect_pods(store, "a engine, b engine");
	/* Objects that were read elsewhere are sound: none of those before are kept. */
	arena = arena_create();
	assert_int_equal(store_put_objects(source, "engine", NULL, 0, arena), 0);
	arena_unref(arena);
	assert_int_equal(store_commit(source), 0);
	expect_pods(store, "");
}

/* ---- many changes ---- */

enum { FILES = 8, CHANGES = 3000, TEXT = 4096 };

static uint32_t draw(uint64_t *random, uint32_t bound)
{
	*random = *random * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)((*random >> 33) % bound);
}

/*
 * Up to six objects whose names are few, so that files come to have the same; broken somewhere now
 * and then.
 */
static void write_file(uint64_t *random, char text[TEXT])
{
	static const char *const kinds[] = {
		"apiVersion: v1\nkind: Pod\nmetadata: {name: n%u, namespace: s%u}\n---\n",
		("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n%u, "
		 "namespace: s%u}\n"
		 "spec: {podSelector: {}}\n---\n"),
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: n%u}\n---\n",
		"kind Pod: n%u\n---\n",
	};
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = draw(random, 7); i > 0; i--) {
		const uint32_t kind = draw(random, 20), name = draw(random, 6),
			       ns = draw(random, 3);

		length += (size_t)snprintf(text + length, TEXT - length,
			kinds[kind == 0		    ? 3
					: kind < 9  ? 0
					: kind < 16 ? 1
						    : 2],
			name, ns);
	}
}

static void change_file(uint64_t *random, struct store *stores[2])
{
	char name[16], text[TEXT];
	const uint32_t what = draw(random, 10);

	snprintf(name, sizeof(name), "f%u.yaml", draw(random, FILES));
	write_file(random, text);
	for (int i = 0; i < 2; i++) {
		if (what == 0)
			one_file_remove(stores[i], name);
		else if (what == 1)
			assert_int_equal(put_unreadable(stores[i], name, "gone"), 0);
		else
			put(stores[i], name, text);
	}
}

static void print_pos(struct source_pos pos, char *out)
{
	sprintf(out + strlen(out), " %s:%u", pos.file, pos.line);
}

/* Every object in force, by its place. */
static void print_cluster(struct store *store, char out[TEXT])
{
	struct cluster *cluster;

	out[0] = '\0';
	assert_int_equal(store_cluster(store, &cluster), 0);
	for (size_t i = 0; i < cluster->namespace_count; i++)
		print_pos(cluster->namespaces[i]->pos, out);
	for (size_t i = 0; i < cluster->pod_count; i++) {
		print_pos(cluster->pods[i]->pos, out);
		assert_ptr_equal(cluster_pod(cluster, cluster->pods[i]->namespace_name,
					 cluster->pods[i]->name),
			cluster->pods[i]);
	}
	for (size_t i = 0; i < cluster->policy_count; i++)
		print_pos(cluster->policies[i]->pos, out);
	cluster_unref(cluster);
}

/* One store is asked after each change, another that has the same changes after every seventh. */
static void says_the_same_however_often_it_is_asked(void **state)
{
	struct store *stores[2];
	uint64_t random = 5;

	(void)state;
	for (int round = 0; round < CHANGES / 60; round++) {
		store_create(&stores[0]);
		store_create(&stores[1]);
		for (int i = 0; i < 60; i++) {
			char a[TEXT], b[TEXT];

			change_file(&random, stores);
			print_cluster(stores[0], a);
			if (i % 7 != 6)
				continue;
			print_cluster(stores[1], b);
			assert_string_equal(a, b);
		}
		for (int i = 0; i < 2; i++) {
			static char findings[2][FINDINGS_TEXT];
			struct arena *arena = arena_create();
			struct diag_list diags;

			assert_int_equal(store_diags(stores[i], arena, &diags), 0);
			findings_format(&diags, findings[i]);
			if (i == 1)
				assert_string_equal(findings[0], findings[1]);
			arena_unref(arena);
		}
		store_free(stores[0]);
		store_free(stores[1]);
	}
}

/* Over all files, and no longer when a file has none any more. */
static void counts_policies_of_other_kinds(void **state)
{
	static const char cilium[] = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n";
	static const char calico[] =
		"apiVersion: crd.projectcalico.org/v1\nkind: GlobalNetworkPolicy\n---\n"
		"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n";
	struct other_policies others;
	char text[OTHER_POLICIES_TEXT];
	struct store *store;

	(void)state;
	assert_int_equal(store_create(&store), 0);
	assert_int_equal(one_file_put(store, "a.yaml", cilium, strlen(cilium)), 0);
	assert_int_equal(one_file_put(store, "b.yaml", calico, strlen(calico)), 0);
	store_other_policies(store, &others);
	other_policies_format(&others, text);
	assert_string_equal(text,
		"2 CiliumNetworkPolicy (cilium.io), 1 GlobalNetworkPolicy (crd.projectcalico.org)");
	assert_int_equal(other_policies_total(&others), 3);
	one_file_remove(store, "b.yaml");
	store_other_policies(store, &others);
	assert_int_equal(other_policies_total(&others), 1);
	store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holds_files, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_a_broken_version_lost, begin, end),
		cmocka_unit_test_setup_teardown(
			keeps_the_old_object_while_the_new_is_broken, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_can_not_be_read, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_an_emptied_file_held, begin, end),
		cmocka_unit_test_setup_teardown(believes_what_still_has_a_content, begin, end),
		cmocka_unit_test_setup_teardown(believes_an_emptied_file_in_time, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_is_being_written, begin, end),
		cmocka_unit_test_setup_teardown(tells_what_was_never_in_force, begin, end),
		cmocka_unit_test_setup_teardown(takes_the_later_of_two, begin, end),
		cmocka_unit_test_setup_teardown(prefers_what_is_there_to_what_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(outlives_nothing, begin, end),
		cmocka_unit_test_setup_teardown(tells_changes_from_none, begin, end),
		cmocka_unit_test_setup_teardown(prefers_the_first_source, begin, end),
		cmocka_unit_test_setup_teardown(has_files_of_one_name_by_source, begin, end),
		cmocka_unit_test_setup_teardown(shows_no_draft, begin, end),
		cmocka_unit_test_setup_teardown(takes_objects_that_were_read_elsewhere, begin, end),
		cmocka_unit_test(says_the_same_however_often_it_is_asked),
		cmocka_unit_test(counts_policies_of_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

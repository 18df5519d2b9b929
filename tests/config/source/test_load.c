/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/source/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/findings.h"
#include "tests/support/temporary.h"

struct fixture {
	struct temporary folder;
	struct store *store;
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	temporary_create(&fixture->folder);
	*state = fixture;
	return store_create(&fixture->store);
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	store_free(fixture->store);
	temporary_remove(&fixture->folder);
	free(fixture);
	return 0;
}

static void load(struct fixture *fixture)
{
	const char *paths[] = {fixture->folder.path};

	assert_int_equal(load_paths(fixture->store, paths, 1, NULL), 0);
}

static void expect_policies(struct fixture *fixture, const char *expected)
{
	struct cluster *cluster;
	char text[512] = "";

	assert_int_equal(store_cluster(fixture->store, &cluster), 0);
	for (size_t i = 0; i < cluster->policy_count; i++) {
		strcat(text, i == 0 ? "" : " ");
		strcat(text, cluster->policies[i]->name);
	}
	cluster_unref(cluster);
	assert_string_equal(text, expected);
}

/* "name: text\n" of each finding, the name without the test's folder. */
static void expect_findings(const struct fixture *fixture, const char *expected)
{
	struct arena *arena = arena_create();
	struct diag_list diags;
	char text[1024] = "";

	assert_int_equal(store_diags(fixture->store, arena, &diags), 0);
	for (size_t i = 0; i < diags.count; i++) {
		const char *name = diags.items[i].pos.file;
		const size_t prefix = strlen(fixture->folder.path);

		strcat(text, strlen(name) > prefix ? name + prefix + 1 : ".");
		strcat(text, ": ");
		strcat(text, diags.items[i].text);
		strcat(text, "\n");
	}
	arena_unref(arena);
	assert_string_equal(text, expected);
}

static void reads_manifests_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;

	temporary_write(&fixture->folder, "a.yaml", temporary_policy("a"));
	temporary_write(&fixture->folder, "b.yml", temporary_policy("b"));
	temporary_write(&fixture->folder, "c.json",
		"{\"apiVersion\":\"networking.k8s.io/"
		"v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"c\"},\"spec\":{"
		"\"podSelector\":{}}}");
	mkdir(temporary_path(&fixture->folder, "sub"), 0755);
	mkdir(temporary_path(&fixture->folder, "sub/deeper"), 0755);
	temporary_write(&fixture->folder, "sub/deeper/d.yaml", temporary_policy("d"));
	temporary_write(&fixture->folder, ".hidden.yaml", temporary_policy("hidden"));
	mkdir(temporary_path(&fixture->folder, ".git"), 0755);
	temporary_write(&fixture->folder, ".git/x.yaml", temporary_policy("git"));
	temporary_write(&fixture->folder, "notes.txt", temporary_policy("notes"));
	temporary_write(&fixture->folder, "e.yaml~", temporary_policy("backup"));
	load(fixture);
	expect_policies(fixture, "a b c d");
	expect_findings(fixture, "");
}

static void follows_what_changes(void **state)
{
	struct fixture *fixture = *state;

	temporary_write(&fixture->folder, "a.yaml", temporary_policy("a"));
	temporary_write(&fixture->folder, "b.yaml", temporary_policy("b"));
	load(fixture);
	temporary_write(&fixture->folder, "a.yaml", temporary_policy("c"));
	unlink(temporary_path(&fixture->folder, "b.yaml"));
	load(fixture);
	expect_policies(fixture, "c");
	temporary_write(&fixture->folder, "a.yaml", "kind: [");
	load(fixture);
	expect_policies(fixture, "c");
}

/* The same size, and within one tick of the clock as often as not. */
static void sees_every_one_of_fast_changes(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 50; i++) {
		temporary_write(
			&fixture->folder, "a.yaml", temporary_policy(i % 2 == 0 ? "even" : "odds"));
		load(fixture);
		expect_policies(fixture, i % 2 == 0 ? "even" : "odds");
	}
}

static void does_not_read_what_did_not_change(void **state)
{
	struct fixture *fixture = *state;
	const char *path = temporary_path(&fixture->folder, "a.yaml");
	struct stat info;
	struct file_stamp stamp;

	temporary_write(&fixture->folder, "a.yaml", temporary_policy("a"));
	load(fixture);
	assert_int_equal(stat(path, &info), 0);
	stamp = (struct file_stamp){.device = info.st_dev,
		.inode = info.st_ino,
		.size = info.st_size,
		.modified = info.st_mtim,
		.changed = info.st_ctim};
	/* Too young to be believed. */
	assert_false(store_has_stamp(store_source(fixture->store, LOAD_SOURCE), path, &stamp));
	sleep(2);
	load(fixture);
	assert_true(store_has_stamp(store_source(fixture->store, LOAD_SOURCE), path, &stamp));
}

static void takes_only_regular_files(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mkfifo(temporary_path(&fixture->folder, "pipe.yaml"), 0644), 0);
	assert_int_equal(symlink("/dev/zero", temporary_path(&fixture->folder, "zero.yaml")), 0);
	assert_int_equal(symlink("nowhere", temporary_path(&fixture->folder, "gone.yaml")), 0);
	assert_int_equal(symlink("self.yaml", temporary_path(&fixture->folder, "self.yaml")), 0);
	temporary_write(&fixture->folder, "a.yaml", temporary_policy("a"));
	load(fixture);
	expect_policies(fixture, "a");
	expect_findings(fixture,
		"gone.yaml: the link leads nowhere\npipe.yaml: not a regular file\n"
		"self.yaml: Too many levels of symbolic links\nzero.yaml: not a regular file\n");
}

static void survives_loops_of_links(void **state)
{
	struct fixture *fixture = *state;

	mkdir(temporary_path(&fixture->folder, "sub"), 0755);
	temporary_write(&fixture->folder, "sub/a.yaml", temporary_policy("a"));
	assert_int_equal(symlink("..", temporary_path(&fixture->folder, "sub/up")), 0);
	assert_int_equal(symlink(".", temporary_path(&fixture->folder, "here")), 0);
	load(fixture);
	expect_policies(fixture, "a");
	expect_findings(fixture, "");
}

/* Root may read everything: where we are root, this is tried as nobody. */
static void keeps_what_may_not_be_read(void **state)
{
	struct fixture *fixture = *state;
	const uid_t nobody = 65534, us = geteuid();

	mkdir(temporary_path(&fixture->folder, "sub"), 0755);
	temporary_write(&fixture->folder, "a.yaml", temporary_policy("a"));
	temporary_write(&fixture->folder, "sub/b.yaml", temporary_policy("b"));
	load(fixture);
	temporary_write(&fixture->folder, "a.yaml", temporary_policy("changed"));
	assert_int_equal(chmod(temporary_path(&fixture->folder, "a.yaml"), 0), 0);
	assert_int_equal(chmod(temporary_path(&fixture->folder, "sub"), 0), 0);
	assert_int_equal(chmod(fixture->folder.path, 0755), 0);
	if (us == 0)
		assert_int_equal(seteuid(nobody), 0);
	load(fixture);
	assert_int_equal(seteuid(us), 0);
	expect_policies(fixture, "a b");
	expect_findings(fixture, "a.yaml: Permission denied\nsub: Permission denied\n");
	assert_int_equal(store_stats(fixture->store).kept_objects, 1);
	assert_int_equal(chmod(temporary_path(&fixture->folder, "sub"), 0755), 0);
	assert_int_equal(chmod(temporary_path(&fixture->folder, "a.yaml"), 0644), 0);
	load(fixture);
	expect_policies(fixture, "b changed");
	expect_findings(fixture, "");
}

/* A path on the command line that is gone is a mistake; a file removed from a folder is a wish. */
static void keeps_what_is_below_a_lost_folder(void **state)
{
	struct fixture *fixture = *state;
	const char *outer[] = {temporary_path(&fixture->folder, "outer")};

	mkdir(outer[0], 0755);
	temporary_write(&fixture->folder, "outer/a.yaml", temporary_policy("a"));
	assert_int_equal(load_paths(fixture->store, outer, 1, NULL), 0);
	assert_int_equal(rename(outer[0], temporary_path(&fixture->folder, "away")), 0);
	assert_int_equal(load_paths(fixture->store, outer, 1, NULL), 0);
	expect_policies(fixture, "a");
	expect_findings(fixture, "outer: No such file or directory\n");
	mkdir(outer[0], 0755);
	assert_int_equal(load_paths(fixture->store, outer, 1, NULL), 0);
	expect_policies(fixture, "");
	expect_findings(fixture, "");
}

static void reads_single_files(void **state)
{
	struct fixture *fixture = *state;
	const char *paths[] = {temporary_path(&fixture->folder, "any.name"),
		temporary_path(&fixture->folder, "none.yaml")};

	temporary_write(&fixture->folder, "any.name", temporary_policy("a"));
	assert_int_equal(load_paths(fixture->store, paths, 2, NULL), 0);
	expect_policies(fixture, "a");
	expect_findings(fixture, "none.yaml: No such file or directory\n");
}

static void stops_at_large_files(void **state)
{
	struct fixture *fixture = *state;
	const struct document_limits limits = {.file_bytes = 1000};
	const char *paths[] = {fixture->folder.path};
	char large[2000];

	memset(large, '#', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	temporary_write(&fixture->folder, "a.yaml", temporary_policy("a"));
	temporary_write(&fixture->folder, "large.yaml", large);
	assert_int_equal(load_paths(fixture->store, paths, 1, &limits), 0);
	expect_policies(fixture, "a");
	expect_findings(fixture, "large.yaml: 1999 bytes are more than the 1000 that are read\n");
}

enum { LARGE_PODS = 20000 };

/*
 * A List of many pods, as kubectl prints it, of some 12 MB: read while it is parsed. `end` closes
 * it.
 */
static char *make_list(bool json, const char *end)
{
	char *text = malloc(32 << 20), *at = text;

	at += sprintf(
		at, json ? "{\"apiVersion\": \"v1\", \"items\": [\n" : "apiVersion: v1\nitems:\n");
	for (int i = 0; i < LARGE_PODS; i++) {
		if (json)
			at += sprintf(at,
				"%s{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": "
				"{\"name\": \"p%d\", \"annotations\": {\"a\": \"%0500d\"}}, "
				"\"status\": {\"podIP\": \"10.0.%d.%d\"}}",
				i > 0 ? ",\n" : "", i, i, i >> 8, i & 255);
		else
			at += sprintf(at,
				"- apiVersion: v1\n  kind: Pod\n  metadata:\n    annotations:\n    "
				"  a: \"%0500d\"\n"
				"    name: p%d\n  status:\n    podIP: 10.0.%d.%d\n",
				i, i, i >> 8, i & 255);
	}
	strcpy(at, end);
	return text;
}

static size_t count_pods(const struct fixture *fixture)
{
	struct cluster *cluster;
	size_t count;

	assert_int_equal(store_cluster(fixture->store, &cluster), 0);
	count = cluster->pod_count;
	cluster_unref(cluster);
	return count;
}

static void count_progress(void *context)
{
	(*(size_t *)context)++;
}

static void put_list(struct fixture *fixture, bool json, const char *end)
{
	const char *paths[] = {fixture->folder.path};
	char *text = make_list(json, end);

	temporary_write(&fixture->folder, json ? "list.json" : "list.yaml", text);
	free(text);
	assert_int_equal(load_paths(fixture->store, paths, 1, NULL), 0);
}

/* In pieces; and a mistake at its end, which is told with its place, takes nothing out of force. */
static void reads_large_files_as_they_are_parsed(void **state)
{
	static const char *const good[] = {"kind: List\n", "],\"kind\": \"List\"}"};
	static const char *const bad[] = {"kind: List\nspec\n", "],\"kind\": \"List\""};
	static const char *const found[] = {"list.yaml: 'spec' has no colon after it\n",
		"list.json: a comma or '}' is missing\n"};
	struct fixture *fixture = *state;
	size_t progress = 0;

	store_set_progress(fixture->store, count_progress, &progress);
	for (int json = 0; json < 2; json++) {
		put_list(fixture, json != 0, good[json]);
		expect_findings(fixture, "");
		assert_int_equal(count_pods(fixture), LARGE_PODS);
		put_list(fixture, json != 0, bad[json]);
		expect_findings(fixture, found[json]);
		assert_int_equal(store_stats(fixture->store).kept_objects, LARGE_PODS);
		assert_int_equal(count_pods(fixture), LARGE_PODS);
		unlink(temporary_path(&fixture->folder, json ? "list.json" : "list.yaml"));
	}
	assert_true(progress > 4 * (10 << 20) / 65536);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_manifests_and_nothing_else, begin, end),
		cmocka_unit_test_setup_teardown(follows_what_changes, begin, end),
		cmocka_unit_test_setup_teardown(sees_every_one_of_fast_changes, begin, end),
		cmocka_unit_test_setup_teardown(does_not_read_what_did_not_change, begin, end),
		cmocka_unit_test_setup_teardown(takes_only_regular_files, begin, end),
		cmocka_unit_test_setup_teardown(survives_loops_of_links, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_may_not_be_read, begin, end),
		cmocka_unit_test_setup_teardown(keeps_what_is_below_a_lost_folder, begin, end),
		cmocka_unit_test_setup_teardown(reads_single_files, begin, end),
		cmocka_unit_test_setup_teardown(stops_at_large_files, begin, end),
		cmocka_unit_test_setup_teardown(reads_large_files_as_they_are_parsed, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

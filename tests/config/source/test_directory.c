/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * On a real folder and a real loop. Waits for what must happen, and as long as it takes for what
 * must not.
 */

#include "config/source/directory.h"

#include <errno.h>
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

#include "tests/support/temporary.h"

/* less than the rescan's 10 s: only events can do it */
enum { DEBOUNCE_MS = 50, QUIET_MS = 300, PATIENCE_MS = 5000 };

struct fixture {
	struct temporary folder;
	uv_loop_t loop;
	uv_timer_t timer;
	struct store *store;
	struct source *directory;
	unsigned int readings, changes;
	uint64_t since_ns; /* what the last change was reported with */
	bool stop_at_change, timed_out;
};

static void on_read(void *context, bool changed, uint64_t since_ns)
{
	struct fixture *fixture = context;

	fixture->readings++;
	if (!changed)
		return;
	fixture->changes++;
	fixture->since_ns = since_ns;
	if (fixture->stop_at_change)
		uv_stop(&fixture->loop);
}

static void on_time(uv_timer_t *timer)
{
	struct fixture *fixture = timer->data;

	fixture->timed_out = true;
	uv_stop(&fixture->loop);
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	temporary_create(&fixture->folder);
	mkdir(temporary_path(&fixture->folder, "manifests"), 0755);
	uv_loop_init(&fixture->loop);
	uv_timer_init(&fixture->loop, &fixture->timer);
	fixture->timer.data = fixture;
	*state = fixture;
	return store_create(&fixture->store);
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	source_stop(fixture->directory);
	uv_close((uv_handle_t *)&fixture->timer, NULL);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&fixture->loop), 0);
	store_free(fixture->store);
	temporary_remove(&fixture->folder);
	free(fixture);
	return 0;
}

static void start(struct fixture *fixture, const char *name)
{
	const char *paths[] = {temporary_path(&fixture->folder, name)};
	size_t failed;

	assert_int_equal(directory_create(&fixture->directory, fixture->store, paths, 1,
				 &(struct directory_options){.debounce_ms = DEBOUNCE_MS}, &failed),
		0);
	assert_int_equal(source_start(fixture->directory, &fixture->loop, on_read, fixture), 0);
	assert_int_equal(fixture->changes, 0);
}

static void run(struct fixture *fixture, unsigned int milliseconds, bool stop_at_change)
{
	fixture->stop_at_change = stop_at_change;
	fixture->timed_out = false;
	uv_timer_start(&fixture->timer, on_time, milliseconds, 0);
	uv_run(&fixture->loop, UV_RUN_DEFAULT);
	uv_timer_stop(&fixture->timer);
	fixture->stop_at_change = false; /* a rescan that the test makes itself stops no loop */
}

/* Reads everything now, and waits for it. */
static void rescan(struct fixture *fixture)
{
	source_rescan(fixture->directory);
	assert_true(source_is_awaited(fixture->directory));
	while (source_is_awaited(fixture->directory))
		uv_run(&fixture->loop, UV_RUN_ONCE);
}

static void get_policies(struct fixture *fixture, char out[256])
{
	struct cluster *cluster;

	out[0] = '\0';
	assert_int_equal(store_cluster(fixture->store, &cluster), 0);
	for (size_t i = 0; i < cluster->policy_count; i++) {
		strcat(out, i == 0 ? "" : " ");
		strcat(out, cluster->policies[i]->name);
	}
	cluster_unref(cluster);
}

/* Runs until just these policies are in force. */
static void await_policies(struct fixture *fixture, const char *expected)
{
	char out[256];

	do {
		run(fixture, PATIENCE_MS, true);
		get_policies(fixture, out);
	} while (!fixture->timed_out && strcmp(out, expected) != 0);
	assert_string_equal(out, expected);
	assert_false(fixture->timed_out);
}

static void sees_files_come_change_and_go(void **state)
{
	struct fixture *fixture = *state;
	char out[256];

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	start(fixture, "manifests");
	get_policies(fixture, out);
	assert_string_equal(out, "a");
	temporary_write(&fixture->folder, "manifests/b.yaml", temporary_policy("b"));
	await_policies(fixture, "a b");
	temporary_replace(&fixture->folder, "manifests/a.yaml", temporary_policy("c"));
	await_policies(fixture, "b c");
	unlink(temporary_path(&fixture->folder, "manifests/b.yaml"));
	await_policies(fixture, "c");
}

/* A change dates from its first event, not from when it was read. */
static void dates_a_change(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before;

	start(fixture, "manifests");
	before = uv_hrtime();
	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	await_policies(fixture, "a");
	assert_true(fixture->since_ns >= before);
	assert_true(fixture->since_ns + DEBOUNCE_MS / 2 * 1000000ULL < uv_hrtime());
	before = uv_hrtime();
	fixture->stop_at_change = false;
	rescan(fixture); /* finds nothing */
	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("b"));
	rescan(fixture); /* before the event */
	assert_true(fixture->since_ns >= before);
	assert_true(fixture->since_ns <= uv_hrtime());
}

static void sees_subfolders(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, "manifests");
	mkdir(temporary_path(&fixture->folder, "manifests/sub"), 0755);
	run(fixture, QUIET_MS, false);
	temporary_write(&fixture->folder, "manifests/sub/a.yaml", temporary_policy("a"));
	await_policies(fixture, "a");
	temporary_write(&fixture->folder, "manifests/sub/a.yaml", temporary_policy("b"));
	await_policies(fixture, "b");
	rename(temporary_path(&fixture->folder, "manifests/sub"),
		temporary_path(&fixture->folder, "elsewhere"));
	await_policies(fixture, "");
}

static void reports_a_burst_once(void **state)
{
	struct fixture *fixture = *state;
	char name[64];

	start(fixture, "manifests");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "manifests/%c.yaml", 'a' + i);
		temporary_write(
			&fixture->folder, name, temporary_policy(name + strlen("manifests/")));
	}
	run(fixture, QUIET_MS, false);
	assert_int_equal(fixture->changes, 1);
}

/* Somebody who never stops writing must not be waited for for ever. */
static uv_timer_t writer;

static void write_again(uv_timer_t *timer)
{
	struct fixture *fixture = timer->data;
	static int count;
	char name[16];

	snprintf(name, sizeof(name), "p%d", count++);
	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy(name));
}

static void reports_an_endless_burst_all_the_same(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, "manifests");
	uv_timer_init(&fixture->loop, &writer);
	writer.data = fixture;
	uv_timer_start(&writer, write_again, 0, DEBOUNCE_MS / 5);
	run(fixture, DEBOUNCE_MS * 40, true);
	assert_false(fixture->timed_out);
	uv_close((uv_handle_t *)&writer, NULL);
}

static void says_nothing_when_nothing_changed(void **state)
{
	struct fixture *fixture = *state;

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	start(fixture, "manifests");
	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	temporary_write(&fixture->folder, "manifests/notes.txt", "nothing");
	temporary_write(&fixture->folder, "unrelated.yaml", temporary_policy("b"));
	run(fixture, QUIET_MS, false);
	assert_int_equal(fixture->changes, 0);
	rescan(fixture);
	assert_int_equal(fixture->changes, 0);
}

static void keeps_a_broken_file_in_force_until_mended(void **state)
{
	struct fixture *fixture = *state;
	char out[256];

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	start(fixture, "manifests");
	temporary_write(
		&fixture->folder, "manifests/a.yaml", "apiVersion: networking.k8s.io/v1\nkind");
	run(fixture, PATIENCE_MS, true);
	assert_false(fixture->timed_out);
	get_policies(fixture, out);
	assert_string_equal(out, "a");
	assert_int_equal(store_stats(fixture->store).broken_files, 1);
	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("b"));
	await_policies(fixture, "b");
	assert_int_equal(store_stats(fixture->store).broken_files, 0);
}

/*
 * A ConfigMap volume: files are links to ..data/file, and ..data is a link to a folder that is
 * exchanged by rename.
 */
static void sees_a_configmap_swap(void **state)
{
	struct fixture *fixture = *state;

	mkdir(temporary_path(&fixture->folder, "manifests/..v1"), 0755);
	temporary_write(&fixture->folder, "manifests/..v1/a.yaml", temporary_policy("old"));
	assert_int_equal(symlink("..v1", temporary_path(&fixture->folder, "manifests/..data")), 0);
	assert_int_equal(
		symlink("..data/a.yaml", temporary_path(&fixture->folder, "manifests/a.yaml")), 0);
	start(fixture, "manifests");
	mkdir(temporary_path(&fixture->folder, "manifests/..v2"), 0755);
	temporary_write(&fixture->folder, "manifests/..v2/a.yaml", temporary_policy("new"));
	assert_int_equal(symlink("..v2", temporary_path(&fixture->folder, "manifests/..tmp")), 0);
	assert_int_equal(rename(temporary_path(&fixture->folder, "manifests/..tmp"),
				 temporary_path(&fixture->folder, "manifests/..data")),
		0);
	await_policies(fixture, "new");
}

/*
 * A manifest that is a link to a link elsewhere: what becomes of any of them is seen as it happens,
 * and told of the manifest.
 */
static void sees_what_becomes_of_a_links_target(void **state)
{
	struct fixture *fixture = *state;

	mkdir(temporary_path(&fixture->folder, "far"), 0755);
	temporary_write(&fixture->folder, "far/one", temporary_policy("one"));
	temporary_write(&fixture->folder, "far/two", temporary_policy("two"));
	assert_int_equal(symlink("one", temporary_path(&fixture->folder, "far/now")), 0);
	assert_int_equal(
		symlink("../far/now", temporary_path(&fixture->folder, "manifests/a.yaml")), 0);
	/* to itself */
	assert_int_equal(
		symlink("b.yaml", temporary_path(&fixture->folder, "manifests/b.yaml")), 0);
	start(fixture, "manifests");
	temporary_write(&fixture->folder, "far/one", temporary_policy("changed"));
	await_policies(fixture, "changed");
	temporary_replace(&fixture->folder, "far/one", temporary_policy("replaced"));
	await_policies(fixture, "replaced");
	assert_int_equal(symlink("two", temporary_path(&fixture->folder, "far/next")), 0);
	assert_int_equal(rename(temporary_path(&fixture->folder, "far/next"),
				 temporary_path(&fixture->folder, "far/now")),
		0);
	await_policies(fixture, "two");
	temporary_write(&fixture->folder, "far/two", temporary_policy("three"));
	await_policies(fixture, "three");
}

static void survives_its_folder(void **state)
{
	struct fixture *fixture = *state;
	char out[256];

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	start(fixture, "manifests");
	/* Three times: a new folder may get the inode number of the old. */
	for (int i = 0; i < 3; i++) {
		unlink(temporary_path(&fixture->folder, "manifests/a.yaml"));
		rmdir(temporary_path(&fixture->folder, "manifests"));
		run(fixture, QUIET_MS, false);
		get_policies(fixture, out);
		assert_string_equal(out, i == 0 ? "a" : "b");
		mkdir(temporary_path(&fixture->folder, "manifests"), 0755);
		run(fixture, QUIET_MS, false);
		temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("b"));
		await_policies(fixture, "b");
	}
}

static void sees_the_folder_replaced(void **state)
{
	struct fixture *fixture = *state;

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	start(fixture, "manifests");
	mkdir(temporary_path(&fixture->folder, "next"), 0755);
	temporary_write(&fixture->folder, "next/a.yaml", temporary_policy("b"));
	rename(temporary_path(&fixture->folder, "manifests"),
		temporary_path(&fixture->folder, "last"));
	rename(temporary_path(&fixture->folder, "next"),
		temporary_path(&fixture->folder, "manifests"));
	await_policies(fixture, "b");
	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("c"));
	await_policies(fixture, "c");
}

static void watches_a_single_file(void **state)
{
	struct fixture *fixture = *state;

	temporary_write(&fixture->folder, "one.yaml", temporary_policy("a"));
	start(fixture, "one.yaml");
	temporary_replace(&fixture->folder, "one.yaml", temporary_policy("b"));
	await_policies(fixture, "b");
	temporary_write(&fixture->folder, "one.yaml", temporary_policy("c"));
	await_policies(fixture, "c");
}

static void refuses_what_it_can_not_watch(void **state)
{
	struct fixture *fixture = *state;
	const char *paths[] = {fixture->folder.path, temporary_path(&fixture->folder, "none")};
	const char *device[] = {"/dev/null"};
	const struct directory_options options = {.debounce_ms = DEBOUNCE_MS};
	struct source *directory = NULL;
	size_t failed = 99;

	assert_int_equal(
		directory_create(&directory, fixture->store, paths, 2, &options, &failed), -ENOENT);
	assert_int_equal(failed, 1);
	assert_int_equal(directory_create(&directory, fixture->store, device, 1, &options, &failed),
		-EINVAL);
	assert_int_equal(failed, 0);
	assert_null(directory);
}

/*
 * A writer that is slow: what it has written so far is well-formed at every moment, and never what
 * it means.
 */
static void waits_for_a_writer_to_close(void **state)
{
	struct fixture *fixture = *state;
	const char *path = temporary_path(&fixture->folder, "manifests/a.yaml");
	char both[2048], out[256];
	FILE *file;

	snprintf(both, sizeof(both), "%s%s", temporary_policy("a"), temporary_policy("b"));
	temporary_write(&fixture->folder, "manifests/a.yaml", both);
	start(fixture, "manifests");
	file = fopen(path, "w"); /* as the shell's > does: the file is empty now */
	assert_non_null(file);
	run(fixture, QUIET_MS, false);
	get_policies(fixture, out);
	assert_string_equal(out, "a b");
	assert_int_equal(store_stats(fixture->store).being_written, 1);
	fputs(temporary_policy("c"), file);
	fflush(file);
	run(fixture, QUIET_MS, false);
	rescan(fixture);
	get_policies(fixture, out);
	assert_string_equal(out, "a b");
	fputs(temporary_policy("d"), file);
	fclose(file);
	await_policies(fixture, "c d");
	assert_int_equal(store_stats(fixture->store).being_written, 0);
}

/* The writer began before podgate watched. The file's owner is told of him. */
static void finds_a_writer_of_before(void **state)
{
	struct fixture *fixture = *state;
	char out[256];
	FILE *file;

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	start(fixture, "manifests");
	source_stop(fixture->directory);
	file = fopen(temporary_path(&fixture->folder, "manifests/a.yaml"), "w");
	assert_non_null(file);
	fputs(temporary_policy("b"), file);
	fflush(file);
	start(fixture, "manifests");
	get_policies(fixture, out);
	assert_string_equal(out, "a");
	fclose(file);
	await_policies(fixture, "b");
}

static void does_not_wait_for_what_is_put_in_place(void **state)
{
	struct fixture *fixture = *state;
	const char *beside = temporary_path(&fixture->folder, "beside");
	const char *path = temporary_path(&fixture->folder, "manifests/a.yaml");

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	start(fixture, "manifests");
	temporary_write(&fixture->folder, "beside", temporary_policy("b"));
	assert_int_equal(rename(beside, path), 0);
	await_policies(fixture, "b");
	/* Its folder is another now, and nobody tells of the file itself. */
	mkdir(temporary_path(&fixture->folder, "next"), 0755);
	temporary_write(&fixture->folder, "next/a.yaml", temporary_policy("c"));
	assert_int_equal(rename(temporary_path(&fixture->folder, "manifests"),
				 temporary_path(&fixture->folder, "last")),
		0);
	assert_int_equal(rename(temporary_path(&fixture->folder, "next"),
				 temporary_path(&fixture->folder, "manifests")),
		0);
	await_policies(fixture, "c");
}

/*
 * An empty file is what a failed export leaves. That it is meant shows when the file goes, or says
 * so.
 */
static void does_not_believe_an_emptied_file(void **state)
{
	struct fixture *fixture = *state;
	char out[256];

	temporary_write(&fixture->folder, "manifests/a.yaml", temporary_policy("a"));
	temporary_write(&fixture->folder, "manifests/b.yaml", temporary_policy("b"));
	start(fixture, "manifests");
	temporary_write(&fixture->folder, "manifests/a.yaml", "");
	run(fixture, QUIET_MS, false);
	get_policies(fixture, out);
	assert_string_equal(out, "a b");
	assert_int_equal(store_stats(fixture->store).emptied_files, 1);
	unlink(temporary_path(&fixture->folder, "manifests/a.yaml"));
	await_policies(fixture, "b");
	temporary_write(&fixture->folder, "manifests/b.yaml", "# podgate: empty\n");
	await_policies(fixture, "");
}

#define FOLDER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST(waits_for_a_writer_to_close),
		FOLDER_TEST(finds_a_writer_of_before),
		FOLDER_TEST(does_not_wait_for_what_is_put_in_place),
		FOLDER_TEST(does_not_believe_an_emptied_file),
		FOLDER_TEST(sees_files_come_change_and_go),
		FOLDER_TEST(dates_a_change),
		FOLDER_TEST(sees_subfolders),
		FOLDER_TEST(reports_a_burst_once),
		FOLDER_TEST(reports_an_endless_burst_all_the_same),
		FOLDER_TEST(says_nothing_when_nothing_changed),
		FOLDER_TEST(keeps_a_broken_file_in_force_until_mended),
		FOLDER_TEST(sees_a_configmap_swap),
		FOLDER_TEST(sees_what_becomes_of_a_links_target),
		FOLDER_TEST(survives_its_folder),
		FOLDER_TEST(sees_the_folder_replaced),
		FOLDER_TEST(watches_a_single_file),
		FOLDER_TEST(refuses_what_it_can_not_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

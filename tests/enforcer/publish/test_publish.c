/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The publisher on a loop of its own, in a gateway with a bridge: what changes comes into force,
 * what others change is put back, and the status tells of it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "service/views/listings.h"
#include "service/views/status.h"
#include "service/views/figures_query.h"
#include "tests/between.h"
#include "tests/support/bridge_netns.h"
#include "tests/support/json_read_back.h"
#include "tests/support/netns.h"
#include "tests/support/one_file.h"
#include "tests/support/publish_fixture.h"
#include "tests/support/stream_reader.h"

static const char policy[] = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: "
			     "{name: closed, namespace: shop}\n"
			     "spec: {podSelector: {}, policyTypes: [Ingress]}\n";

static struct status_sources sources_of(const struct publish_fixture *stage)
{
	static const struct source_list no_sources;
	static const struct settings settings;
	static const struct confinement confinement = {.settings = &settings};

	return (struct status_sources){
		.source_list = &no_sources,
		.settings = &stage->settings,
		.confinement = &confinement,
		.store = stage->store,
		.publisher = stage->publisher,
		.enforcement = stage->enforcement,
		.log = stage->log,
	};
}

static cJSON *status_of(const struct publish_fixture *stage)
{
	const struct status_sources sources = sources_of(stage);
	struct json_writer writer = {.text = NULL};
	cJSON *status;

	status_json(&writer, &sources);
	status = json_read_back(&writer);
	assert_non_null(status);
	return status;
}

/* By a path such as "rules.repairs". */
static const cJSON *at(const cJSON *json, const char *path)
{
	char copy[64], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *name = strtok_r(copy, ".", &save); name != NULL;
		name = strtok_r(NULL, ".", &save))
		json = cJSON_GetObjectItemCaseSensitive(json, name);
	return json;
}

static double number(const struct publish_fixture *stage, const char *path)
{
	cJSON *status = status_of(stage);
	const cJSON *value = at(status, path);
	const double found = cJSON_IsNumber(value) ? value->valuedouble
		: cJSON_IsTrue(value)		   ? 1
						   : 0;

	cJSON_Delete(status);
	return found;
}

static bool says(const struct publish_fixture *stage, const char *path, const char *wanted)
{
	cJSON *status = status_of(stage);
	const cJSON *value = at(status, path);
	const bool same = cJSON_IsString(value) && strstr(value->valuestring, wanted) != NULL;

	cJSON_Delete(status);
	return same;
}

/* Runs the loop until the number at `path` is `wanted`: at most for five seconds. */
static void wait_for(struct publish_fixture *stage, const char *path, double wanted)
{
	for (int i = 0; i < 500 && number(stage, path) != wanted; i++) {
		uv_run(&stage->loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	assert_true(number(stage, path) == wanted);
}

/*
 * Each change is timed once, by every step; what comes later took longer. Sweeps: those of the
 * start, too.
 */
static void expect_timed(const struct publish_fixture *stage, uint64_t changes)
{
	struct publish_stats stats;

	publisher_stats(stage->publisher, &stats);
	assert_int_equal(histogram_count(&stats.until_published), changes);
	assert_int_equal(histogram_count(&stats.until_swept), changes);
	assert_int_equal(histogram_count(&stats.compiles), changes);
	assert_int_equal(histogram_count(&stats.publishes), changes);
	assert_int_equal(histogram_count(&stats.swept), stats.sweeps);
	assert_true(stats.sweeps >= ENFORCEMENT_START_SWEEPS);
	assert_true(stats.compiles.sum_ns > 0 && stats.publishes.sum_ns > 0);
	assert_true(stats.until_published.sum_ns >= stats.compiles.sum_ns + stats.publishes.sum_ns);
	assert_true(stats.until_swept.sum_ns >= stats.until_published.sum_ns);
}

/* By one status: the next may find more. */
static void expect_memory_told(const struct publish_fixture *stage)
{
	cJSON *status = status_of(stage);
	const double peak = at(status, "memory.peak_kib")->valuedouble;

	assert_true(peak >= at(status, "rss_kib")->valuedouble);
	assert_true(at(status, "memory.snapshot_kib")->valuedouble > 0);
	cJSON_Delete(status);
}

static void a_change_comes_into_force(void **state)
{
	struct publish_fixture *stage = *state;

	assert_true(number(stage, "isolated") == 0);
	assert_int_equal(one_file_put(stage->store, "policy.yaml", policy, strlen(policy)), 0);
	publisher_changed(stage->publisher, 101250000);
	assert_true(number(stage, "pending") == 1);
	wait_for(stage, "publish.changes", 1);
	wait_for(stage, "pending", 0);
	assert_true(number(stage, "publish.read_ms") == 101.25);
	assert_true(number(stage, "publish.judged_ms") > 0);
	assert_true(number(stage, "publish.judged_ms") <= number(stage, "publish.total_ms"));
	assert_true(number(stage, "publish.worst.total_ms") == number(stage, "publish.total_ms"));
	expect_memory_told(stage);
	assert_true(number(stage, "pending") == 0);
	assert_true(number(stage, "revision") == 2);
	expect_timed(stage, 1);
	assert_true(number(stage, "policies") == 1);
	assert_true(number(stage, "isolated") == 2);
	assert_true(number(stage, "manifests.files") == 2);
	assert_true(says(stage, "mode", "enforcing"));
	assert_int_equal(netns_run("ipset -q test podgate-pods4 10.9.0.1 && ipset -q test "
				   "podgate-pods6 fd09::1"),
		0);
	wait_for(stage, "rules.sets.ipv4", 1);
	const double worst = number(stage, "publish.worst.judged_ms");

	one_file_remove(stage->store, "policy.yaml");
	publisher_changed(stage->publisher, 0);
	wait_for(stage, "publish.changes", 2);
	wait_for(stage, "pending", 0);
	assert_true(number(stage, "publish.read_ms") == 0);
	assert_true(number(stage, "publish.worst.judged_ms") >= worst);
	expect_timed(stage, 2);
	assert_int_equal(netns_run("ipset -q test podgate-pods4 10.9.0.1"), 1);
}

/* Changes that come while one is under way are one change after it. */
static void many_changes_are_few(void **state)
{
	struct publish_fixture *stage = *state;
	char text[512];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text),
			"apiVersion: v1\nkind: Pod\nmetadata: {name: p%d, namespace: "
			"shop}\nstatus: {podIP: 10.9.1.%d}\n",
			i, i + 1);
		assert_int_equal(one_file_put(stage->store, text, text, strlen(text)), 0);
		publisher_changed(stage->publisher, 0);
		uv_run(&stage->loop, UV_RUN_NOWAIT);
	}
	wait_for(stage, "pods", 101);
	wait_for(stage, "pending", 0);
	assert_true(number(stage, "pending") == 0);
	assert_between((int)number(stage, "publish.changes"), 1, 99);
}

static void what_others_change_is_put_back(void **state)
{
	struct publish_fixture *stage = *state;
	double sweeps;

	wait_for(stage, "rules.intact", 1);
	sweeps = number(stage, "sweep.sweeps");
	assert_int_equal(netns_run("iptables-nft -t mangle -F PODGATE"), 0);
	wait_for(stage, "rules.repairs", 1);
	assert_int_equal(netns_run("iptables-nft -t mangle -S PODGATE | grep -q NFQUEUE"), 0);
	wait_for(stage, "sweep.sweeps", sweeps + 1); /* what passed meanwhile is judged */
	assert_int_equal(netns_run("ipset add podgate-pods4 10.9.0.200"), 0);
	wait_for(stage, "rules.repairs", 2);
}

#define BRIDGED "net.bridge.bridge-nf-call-iptables"

static void bridges_are_looked_after(void **state)
{
	struct publish_fixture *stage = *state;

	for (int i = 0; i < 500 && !says(stage, "bridges.state", "shown"); i++) {
		uv_run(&stage->loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	assert_true(says(stage, "bridges.setting", "set"));
	const double mended = number(stage, "bridges.mended");

	assert_int_equal(netns_run("sysctl -qw " BRIDGED "=0"), 0);
	wait_for(stage, "bridges.mended", mended + 1);
	assert_int_equal(netns_run("test $(sysctl -n " BRIDGED ") = 1"), 0);
	assert_true(says(stage, "bridges.state", "shown"));

	stage->settings.bridge = BRIDGE_REQUIRE;
	assert_int_equal(netns_run("sysctl -qw " BRIDGED "=0"), 0);
	for (int i = 0; i < 500 && !says(stage, "problem", "br0"); i++) {
		uv_run(&stage->loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	assert_true(says(stage, "problem", BRIDGED));
	assert_true(says(stage, "bridges.state", "hidden"));
	assert_true(number(stage, "rules.intact") == 1);
}

static void change_policies(struct publish_fixture *stage, bool there)
{
	const double changes = number(stage, "publish.changes");

	if (there)
		assert_int_equal(
			one_file_put(stage->store, "policy.yaml", policy, strlen(policy)), 0);
	else
		one_file_remove(stage->store, "policy.yaml");
	publisher_changed(stage->publisher, 0);
	wait_for(stage, "publish.changes", changes + 1);
}

/* What is lent stays, however many changes come; ASan sees that it goes in the end. */
static void what_is_lent_outlives_its_successors(void **state)
{
	struct publish_fixture *stage = *state;
	struct snapshot_loan loans[6];

	for (int i = 0; i < 6; i++) {
		publisher_lend(stage->publisher, &loans[i]);
		if (i % 2 == 1)
			change_policies(stage, i % 4 == 1);
	}
	for (int i = 0; i < 6; i++)
		assert_int_equal(snapshot_revision(loans[i].snapshot), 1 + i / 2);
	publisher_take_back(stage->publisher, &loans[3]);
	publisher_take_back(stage->publisher, &loans[0]);
	change_policies(stage, false);
	assert_int_equal(snapshot_revision(loans[1].snapshot), 1);
	assert_int_equal(snapshot_cluster(loans[2].snapshot)->policy_count, 1);
	publisher_take_back(stage->publisher, &loans[2]);
	publisher_take_back(stage->publisher, &loans[1]);
	publisher_take_back(stage->publisher, &loans[5]);
	publisher_take_back(stage->publisher, &loans[4]);
}

static void listings_tell_of_what_was_in_force(void **state)
{
	struct publish_fixture *stage = *state;
	struct listings listings = {
		.settings = &stage->settings, .publisher = stage->publisher, .log = stage->log};
	const struct control_request trusted = {.trusted = true}, others = {.trusted = false},
				     watch = {.filter = {.since_ns = 1}};
	struct replay *past;
	struct stream *streams[LISTINGS_MOST], *more;
	static struct stream_reader reader;
	char problem[PROBLEM_SIZE];

	change_policies(stage, true);
	for (int i = 0; i < LISTINGS_MOST; i++) {
		/* One place is root's alone. */
		if (i == LISTINGS_MOST - LISTINGS_KEPT)
			assert_int_equal(
				listings_open_flows(&listings, &others, &more, problem), -EBUSY);
		assert_int_equal((i % 2 == 0 ? listings_open_policies : listings_open_flows)(
					 &listings, &trusted, &streams[i], problem),
			0);
	}
	assert_int_equal(listings_open_flows(&listings, &trusted, &more, problem), -EBUSY);
	assert_non_null(strstr(problem, "4 listings are under way"));
	/* to /dev/null */
	assert_int_equal(listings_open_past(&listings, &watch, &past, problem), -ENOTSUP);
	change_policies(stage, false);
	stream_reader_read_all(&reader, streams[0]);
	assert_int_equal(reader.count, 3);
	stream_reader_expect_number(reader.lines[0], "revision", 2);
	stream_reader_expect_text(reader.lines[1], "name", "closed");
	stream_reader_deinit(&reader);
	stream_reader_read_all(&reader, streams[1]);
	stream_reader_expect_number(reader.lines[0], "revision", 2);
	stream_reader_deinit(&reader);
	streams[2]->free(streams[2]);
	streams[3]->free(streams[3]);
	assert_int_equal(listings.open, 0);
	assert_int_equal(listings_open_policies(&listings, &trusted, &more, problem), 0);
	stream_reader_read_all(&reader, more);
	assert_int_equal(reader.count, 2);
	stream_reader_deinit(&reader);
}

/* Who takes a listing too slowly is told that it is over: the snapshot is not kept for ever. */
static void a_listing_has_its_time(void **state)
{
	struct publish_fixture *stage = *state;
	struct listings listings = {.settings = &stage->settings,
		.publisher = stage->publisher,
		.log = stage->log,
		.most_ms = 50};
	const struct control_request policies = {.trusted = false};
	static struct stream_reader reader;
	char problem[PROBLEM_SIZE];
	struct stream *stream;

	assert_int_equal(listings_open_policies(&listings, &policies, &stream, problem), 0);
	usleep(60000);
	stream_reader_read_all(&reader, stream);
	assert_int_equal(reader.count, 1);
	assert_true(cJSON_IsTrue(stream_reader_at(reader.lines[0], "end")));
	assert_non_null(
		strstr(stream_reader_at(reader.lines[0], "error")->valuestring, "takes too long"));
	stream_reader_deinit(&reader);
}

/* ---- another thread asks for figures, and the loop hands them over ---- */

struct asking {
	struct figures_query *query;
	atomic_int asked; /* how many questions were put, and answered */
	bool got[4];
	uint64_t revisions[4];
	int64_t took_ms[4];
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *ask(void *context)
{
	struct asking *asking = context;

	for (int i = 0; i < 4; i++) {
		const int64_t began = now_ms();
		const struct status_figures *figures = figures_query_get(asking->query);

		asking->got[i] = figures != NULL;
		asking->revisions[i] = figures != NULL ? figures->revision : 0;
		asking->took_ms[i] = now_ms() - began;
		atomic_store(&asking->asked, i + 1);
		if (i != 1)
			usleep(200000); /* what it has is not fresh any more */
	}
	return NULL;
}

static void run_until_asked(
	struct publish_fixture *stage, struct asking *asking, int count, bool run_loop)
{
	for (int i = 0; i < 1000 && atomic_load(&asking->asked) < count; i++) {
		if (run_loop)
			uv_run(&stage->loop, UV_RUN_NOWAIT);
		usleep(5000);
	}
	assert_true(atomic_load(&asking->asked) >= count);
}

static void figures_are_handed_over(void **state)
{
	struct publish_fixture *stage = *state;
	const struct status_sources sources = sources_of(stage);
	struct asking asking = {0};
	pthread_t thread;

	assert_int_equal(figures_query_open(&asking.query, &stage->loop), 0);
	figures_query_set_sources(asking.query, &sources);
	assert_int_equal(pthread_create(&thread, NULL, ask, &asking), 0);
	run_until_asked(stage, &asking, 1, true);
	run_until_asked(stage, &asking, 3, false); /* the loop is stuck */
	run_until_asked(stage, &asking, 4, true);
	figures_query_stop(asking.query);
	pthread_join(thread, NULL);
	figures_query_close(asking.query);

	assert_true(asking.got[0] && asking.revisions[0] == 1);
	assert_false(asking.got[1]);
	assert_between(asking.took_ms[1], 400, 3000);
	assert_false(asking.got[2]);
	assert_between(asking.took_ms[2], 0, 400); /* it has been waited for already */
	assert_true(asking.got[3]);
}

static void the_loop_has_a_pulse(void **state)
{
	struct publish_fixture *stage = *state;
	struct figures_query *query;
	struct pulse first, second;

	assert_int_equal(figures_query_open(&query, &stage->loop), 0);
	first = figures_query_pulse(query);
	assert_true(first.due);
	assert_int_equal(figures_query_pulse(query).done, first.done);
	assert_int_equal(figures_query_pulse(query).done, first.done);
	for (int i = 0; i < 100; i++)
		uv_run(&stage->loop, UV_RUN_NOWAIT);
	second = figures_query_pulse(query);
	assert_true(second.done > first.done && second.due);
	figures_query_close(query);
}

static const char another_pod[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: "
				  "shop}\nstatus: {podIP: 10.9.0.2}\n";

/*
 * The set in use has room for one address, and none can be filled aside: what fits is isolated, and
 * changes are enforced.
 */
static void what_the_kernel_does_not_take_stops_nobody(void **state)
{
	struct publish_fixture *stage = *state;

	assert_int_equal(netns_run("ipset create podgate-fill4 hash:ip && ipset create holder "
				   "list:set && ipset add holder podgate-fill4 && ipset create "
				   "tiny hash:ip maxelem 1 && ipset swap tiny podgate-pods4"),
		0);
	assert_int_equal(one_file_put(stage->store, "policy.yaml", policy, strlen(policy)), 0);
	assert_int_equal(one_file_put(stage->store, "b.yaml", another_pod, strlen(another_pod)), 0);
	publisher_changed(stage->publisher, 0);
	wait_for(stage, "publish.changes", 1);
	assert_true(number(stage, "isolated") == 3);
	assert_true(number(stage, "publish.failures") == 0);
	assert_true(says(stage, "problem",
		"the kernel does not take 1 isolated address, the first of them 10.9.0.2"));
	assert_int_equal(netns_run("ipset -q test podgate-pods4 10.9.0.1 && ipset -q test "
				   "podgate-pods6 fd09::1"),
		0);
	wait_for(stage, "rules.sets.ipv4", 1);
	assert_true(number(stage, "rules.intact") == 1);
	assert_true(number(stage, "rules.repairs") == 0); /* nobody has tampered with it */
	assert_int_equal(netns_run("ipset destroy holder"), 0);
	one_file_remove(stage->store, "b.yaml");
	publisher_changed(stage->publisher, 0);
	wait_for(stage, "publish.changes", 2);
	assert_false(says(stage, "problem", ""));
	one_file_remove(stage->store, "policy.yaml");
	publisher_changed(stage->publisher, 0);
	wait_for(stage, "publish.changes", 3);
	assert_int_equal(netns_run("ipset destroy tiny"), 0);
}

/*
 * What a change fails for, a set that somebody took away, the look at the sets puts back: it gets
 * its turn between tries.
 */
static void a_change_that_fails_waits_for_the_repair(void **state)
{
	struct publish_fixture *stage = *state;

	assert_int_equal(netns_run("iptables-nft -t mangle -F && iptables-nft -t raw -F && ipset "
				   "destroy podgate-pods4"),
		0);
	assert_int_equal(one_file_put(stage->store, "policy.yaml", policy, strlen(policy)), 0);
	publisher_changed(stage->publisher, 0);
	wait_for(stage, "publish.changes", 1);
	assert_int_equal(netns_run("ipset -q test podgate-pods4 10.9.0.1"), 0);
	one_file_remove(stage->store, "policy.yaml");
	publisher_changed(stage->publisher, 0);
	wait_for(stage, "publish.changes", 2);
}

#define STAGED(test) \
	cmocka_unit_test_setup_teardown(test, publish_fixture_setup, publish_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(a_change_comes_into_force),
		STAGED(many_changes_are_few),
		STAGED(what_the_kernel_does_not_take_stops_nobody),
		STAGED(a_change_that_fails_waits_for_the_repair),
		STAGED(what_others_change_is_put_back),
		STAGED(bridges_are_looked_after),
		STAGED(what_is_lent_outlives_its_successors),
		STAGED(listings_tell_of_what_was_in_force),
		STAGED(a_listing_has_its_time),
		STAGED(figures_are_handed_over),
		STAGED(the_loop_has_a_pulse),
	};

	/*
	 * One room for all: the threads of libuv's pool stay in the network namespace that they are
	 * born in.
	 */
	return cmocka_run_group_tests(tests, bridge_netns_enter, NULL);
}

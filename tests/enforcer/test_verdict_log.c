/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log thread between real rings and a real file. Times are short: a window of 300 ms instead of 10 s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "config/store.h"
#include "enforcer/ring.h"
#include "enforcer/verdict_log.h"
#include "policy/snapshot.h"

enum { RING_CAPACITY = 256, WINDOW_MS = 300 };

static const char manifests[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
	"status: {podIP: 10.0.0.1}\n---\n"
	"apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
	"status: {podIP: 10.0.0.2}\n---\n"
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db, namespace: shop}\n"
	"spec:\n  podSelector: {matchLabels: {app: db}}\n  ingress:\n"
	"  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 5432}]\n";

struct desk {
	char folder[64], path[128];
	struct ring *rings[2];
	struct verdict_log *log;
	struct snapshot *snapshot;
	atomic_uint lines_ready;
	cJSON *lines[4096];
	size_t line_count;
};

static struct snapshot *compile(uint64_t revision)
{
	const struct snapshot_options options = {.revision = revision, .node_name = ""};
	struct snapshot *snapshot;
	struct cluster *cluster;
	struct store *store;

	assert_int_equal(store_create(&store), 0);
	assert_int_equal(store_put(store, "shop.yaml", manifests, strlen(manifests), NULL), 0);
	assert_int_equal(store_stats(store).broken_files, 0);
	assert_int_equal(store_cluster(store, &cluster), 0);
	assert_int_equal(snapshot_compile(&snapshot, cluster, &options), 0);
	cluster_unref(cluster);
	store_free(store);
	return snapshot;
}

static void note_ready(void *context)
{
	struct desk *desk = context;

	atomic_fetch_add(&desk->lines_ready, 1);
}

static int setup(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	strcpy(desk->folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	snprintf(desk->path, sizeof(desk->path), "%s/verdicts.jsonl", desk->folder);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(ring_create(&desk->rings[i], RING_CAPACITY), 0);
	desk->snapshot = compile(7);
	*state = desk;
	return 0;
}

static void start(struct desk *desk, uint64_t window_ms, unsigned int lines_per_s)
{
	const struct verdict_log_options options = {
		.path = desk->path,
		.ring_capacity = RING_CAPACITY,
		.fold_ns = window_ms * 1000000,
		.lines_per_s = lines_per_s,
		.lines_ready = note_ready,
		.context = desk,
	};

	assert_int_equal(verdict_log_open(&desk->log, &options), 0);
	assert_int_equal(verdict_log_start(desk->log, desk->rings, 2), 0);
}

static void read_lines(struct desk *desk, const char *path)
{
	FILE *file = fopen(path, "r");
	size_t capacity = 0;
	char *line = NULL;

	assert_non_null(file);
	while (getline(&line, &capacity, file) > 0) {
		assert_true(desk->line_count < 4096);
		assert_int_equal(line[strlen(line) - 1], '\n');
		desk->lines[desk->line_count] = cJSON_Parse(line);
		assert_non_null(desk->lines[desk->line_count]);
		desk->line_count++;
	}
	free(line);
	fclose(file);
}

static void stop(struct desk *desk)
{
	verdict_log_stop(desk->log);
	verdict_log_free(desk->log);
	desk->log = NULL;
	read_lines(desk, desk->path);
}

static int teardown(void **state)
{
	struct desk *desk = *state;

	for (size_t i = 0; i < desk->line_count; i++)
		cJSON_Delete(desk->lines[i]);
	for (size_t i = 0; i < 2; i++)
		ring_free(desk->rings[i]);
	snapshot_free(desk->snapshot);
	unlink(desk->path);
	assert_int_equal(rmdir(desk->folder), 0);
	free(desk);
	return 0;
}

static struct record denial(const struct snapshot *snapshot, uint16_t port)
{
	struct record record = {
		.time_ns = 1700000000123456789ULL,
		.snapshot = snapshot,
		.kind = RECORD_VERDICT,
		.flow = {.src_port = 40000, .dst_port = port, .protocol = IPPROTO_TCP},
		.user_ns = 12345,
	};

	ip_addr_parse(&record.flow.src, "10.0.0.1");
	ip_addr_parse(&record.flow.dst, "10.0.0.2");
	record.judgement = snapshot_judge(snapshot, &record.flow);
	return record;
}

static void push(struct desk *desk, size_t ring, const struct record *record)
{
	assert_true(ring_push(desk->rings[ring], record));
	verdict_log_wake(desk->log);
}

/* By a path such as "ingress.policy.name". */
static const cJSON *at(const cJSON *json, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *name = strtok_r(copy, ".", &save); name != NULL; name = strtok_r(NULL, ".", &save))
		json = cJSON_GetObjectItemCaseSensitive(json, name);
	return json;
}

static void expect_text(const cJSON *line, const char *path, const char *expected)
{
	const cJSON *value = at(line, path);

	if (!cJSON_IsString(value))
		fail_msg("no text at %s", path);
	assert_string_equal(value->valuestring, expected);
}

static void expect_number(const cJSON *line, const char *path, double expected)
{
	const cJSON *value = at(line, path);

	if (!cJSON_IsNumber(value))
		fail_msg("no number at %s", path);
	assert_true(value->valuedouble == expected);
}

static double sum(const struct desk *desk, const char *path)
{
	double total = 0;

	for (size_t i = 0; i < desk->line_count; i++) {
		const cJSON *value = at(desk->lines[i], path);

		total += cJSON_IsNumber(value) ? value->valuedouble : 0;
	}
	return total;
}

static void sleep_ms(long ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

static struct verdict_log_stats stats_of(const struct desk *desk)
{
	struct verdict_log_stats stats;

	verdict_log_stats(desk->log, &stats);
	return stats;
}

static void wait_lines(const struct desk *desk, uint64_t lines)
{
	for (int i = 0; i < 1000 && stats_of(desk).lines < lines; i++)
		sleep_ms(5);
	assert_true(stats_of(desk).lines >= lines);
}

static void test_a_denial_says_it_all(void **state)
{
	struct desk *desk = *state;
	const struct record record = denial(desk->snapshot, 80);

	start(desk, WINDOW_MS, 0);
	push(desk, 0, &record);
	wait_lines(desk, 1);
	stop(desk);
	assert_int_equal(desk->line_count, 1);
	expect_text(desk->lines[0], "time", "2023-11-14T22:13:20.123456Z");
	expect_number(desk->lines[0], "seq", 1);
	expect_number(desk->lines[0], "revision", 7);
	expect_text(desk->lines[0], "verdict", "deny");
	assert_string_equal(cJSON_GetArrayItem(at(desk->lines[0], "denied"), 0)->valuestring, "ingress");
	assert_int_equal(cJSON_GetArraySize(at(desk->lines[0], "denied")), 1);
	expect_text(desk->lines[0], "protocol", "TCP");
	expect_text(desk->lines[0], "source.pod", "web");
	expect_text(desk->lines[0], "source.address", "10.0.0.1");
	expect_number(desk->lines[0], "source.port", 40000);
	expect_text(desk->lines[0], "destination.namespace", "shop");
	expect_text(desk->lines[0], "destination.pod", "db");
	expect_number(desk->lines[0], "destination.port", 80);
	expect_text(desk->lines[0], "ingress.policy.name", "db");
	expect_text(desk->lines[0], "ingress.miss", "port");
	expect_text(desk->lines[0], "ingress.wanted", "5432");
	expect_number(desk->lines[0], "repeat", 1);
	expect_number(desk->lines[0], "user_us", 12);
}

static void test_other_kinds(void **state)
{
	struct desk *desk = *state;
	struct record record = denial(desk->snapshot, 5432);

	start(desk, WINDOW_MS, 0);
	push(desk, 0, &record);
	wait_lines(desk, 1);
	record = denial(desk->snapshot, 80);
	record.kind = RECORD_REVOKED;
	record.user_ns = 0;
	push(desk, 1, &record);
	wait_lines(desk, 2);
	record = (struct record){.snapshot = desk->snapshot, .kind = RECORD_UNREADABLE, .error = PACKET_FRAGMENT};
	record.in_ifindex = 1;
	push(desk, 0, &record);
	wait_lines(desk, 3);
	verdict_log_overload(desk->log, 40);
	verdict_log_overload(desk->log, 2);
	stop(desk);
	assert_true(desk->line_count >= 4);
	expect_text(desk->lines[0], "verdict", "allow");
	expect_text(desk->lines[0], "ingress.rule", "ingress[0]");
	expect_text(desk->lines[1], "verdict", "revoke");
	assert_null(at(desk->lines[1], "user_us"));
	expect_text(desk->lines[2], "verdict", "unreadable");
	expect_text(desk->lines[2], "cause", "fragment");
	expect_text(desk->lines[2], "interfaces.in", "lo");
	assert_null(at(desk->lines[2], "source"));
	expect_text(desk->lines[3], "verdict", "overload");
	for (size_t i = 0; i < 3; i++)
		cJSON_DeleteItemFromObject(desk->lines[i], "repeat");
	assert_true(sum(desk, "repeat") == 42);
}

static void test_repeats_are_one_line(void **state)
{
	struct desk *desk = *state;
	struct record record = denial(desk->snapshot, 80);

	start(desk, WINDOW_MS, 0);
	for (uint16_t i = 0; i < 100; i++) {
		record.flow.src_port = i;
		push(desk, i % 2, &record);
	}
	wait_lines(desk, 2);
	assert_int_equal(stats_of(desk).records, 100);
	sleep_ms(2 * WINDOW_MS);
	record.time_ns += 1000000000;
	push(desk, 0, &record);	/* news again, after a silence */
	stop(desk);
	assert_int_equal(desk->line_count, 3);
	expect_number(desk->lines[0], "repeat", 1);
	assert_null(at(desk->lines[0], "since"));
	expect_number(desk->lines[1], "repeat", 99);
	expect_text(desk->lines[1], "since", "2023-11-14T22:13:20.123456Z");
	expect_number(desk->lines[2], "repeat", 1);
}

static void test_stopping_tells_the_rest(void **state)
{
	struct desk *desk = *state;
	const struct record record = denial(desk->snapshot, 80);

	start(desk, 3600 * 1000, 0);
	for (int i = 0; i < 100; i++)
		push(desk, 0, &record);
	stop(desk);
	assert_int_equal(desk->line_count, 2);
	assert_true(sum(desk, "repeat") == 100);
}

/* What is retired is freed when its last record is told: ASan sees both a free too early and one that never comes. */
static void test_a_snapshot_outlives_its_records(void **state)
{
	struct desk *desk = *state;

	start(desk, 3600 * 1000, 0);
	for (uint64_t revision = 8; revision < 40; revision++) {
		struct retired_snapshot *retired = malloc(sizeof(*retired));
		struct record record;

		retired->snapshot = compile(revision);
		record = denial(retired->snapshot, 80);
		for (int i = 0; i < 5; i++)
			push(desk, (size_t)(revision % 2), &record);
		verdict_log_retire(desk->log, retired);
	}
	stop(desk);
	assert_true(sum(desk, "repeat") == 32 * 5);
}

static void test_a_flood_is_bounded_and_said(void **state)
{
	enum { RECORDS = 200 };
	struct desk *desk = *state;

	start(desk, WINDOW_MS, 10);
	for (uint16_t port = 1000; port < 1000 + RECORDS; port++) {
		const struct record record = denial(desk->snapshot, port);

		push(desk, 0, &record);
	}
	stop(desk);
	assert_in_range(desk->line_count, 10, 40);
	assert_true(sum(desk, "count") >= RECORDS - 40);
	assert_true(sum(desk, "repeat") + sum(desk, "count") == RECORDS);
}

static void test_a_full_ring_is_said(void **state)
{
	struct desk *desk = *state;
	unsigned int lost = 0;

	for (uint16_t port = 1000; port < 1000 + 2 * RING_CAPACITY; port++) {
		const struct record record = denial(desk->snapshot, port);

		lost += !ring_push(desk->rings[0], &record);
	}
	assert_int_equal(lost, RING_CAPACITY);
	start(desk, WINDOW_MS, 0);
	verdict_log_wake(desk->log);
	wait_lines(desk, RING_CAPACITY);
	stop(desk);
	assert_true(sum(desk, "count") == RING_CAPACITY);
	assert_true(sum(desk, "repeat") == RING_CAPACITY);
}

static void test_a_full_disk_is_said_later(void **state)
{
	struct desk *desk = *state;
	char kept[128];
	struct verdict_log_stats stats = {0};

	snprintf(kept, sizeof(kept), "%s", desk->path);
	assert_int_equal(symlink("/dev/full", desk->path), 0);
	start(desk, 0, 0);
	for (uint16_t port = 0; port < 20; port++) {
		const struct record record = denial(desk->snapshot, port);

		push(desk, 0, &record);
	}
	for (int i = 0; i < 1000 && stats.lost < 20; i++) {
		sleep_ms(5);
		stats = stats_of(desk);
	}
	assert_true(stats.lost >= 20);
	assert_int_equal(stats.error, ENOSPC);
	assert_int_equal(stats.lines, 0);
	assert_int_equal(unlink(desk->path), 0);
	verdict_log_reopen(desk->log);
	wait_lines(desk, 1);
	assert_int_equal(stats_of(desk).error, 0);
	stop(desk);
	expect_text(desk->lines[0], "event", "lost");
	assert_true(sum(desk, "count") == (double)stats.lost);
}

static void test_watchers_get_lines_while_they_watch(void **state)
{
	struct desk *desk = *state;
	struct verdict_line *line, *next;
	struct record record = denial(desk->snapshot, 80);
	uint64_t lost, count = 0;

	start(desk, 0, 0);
	push(desk, 0, &record);
	wait_lines(desk, 1);
	assert_int_equal(atomic_load(&desk->lines_ready), 0);
	verdict_log_watch(desk->log, true);
	for (uint64_t i = 0; i < 2000; i++) {
		push(desk, 0, &record);
		wait_lines(desk, i % 100 == 99 ? i + 2 : 0);
	}
	assert_int_equal(atomic_load(&desk->lines_ready), 2000);
	for (line = verdict_log_lines(desk->log, &lost); line != NULL; line = next) {
		next = line->next;
		assert_int_equal(line->text[line->length - 1], '\n');
		expect_number(line->json, "seq", (double)count + 2);
		verdict_line_free(line);
		count++;
	}
	assert_true(count > 1000);
	assert_int_equal(count + lost, 2000);
	push(desk, 0, &record);	/* left behind at the end: freed with the log */
	stop(desk);
}

/* Producers as fast as they can, publishes meanwhile: for TSan to look at, and every record is told of or counted. */
struct producer {
	struct desk *desk;
	size_t ring;
	struct snapshot *_Atomic *current;
	atomic_uint *epoch;		/* odd while this producer may hold a snapshot */
	atomic_bool *stop;
	uint64_t pushed;
};

static void *produce(void *context)
{
	struct producer *producer = context;

	for (uint16_t port = 0; !atomic_load(producer->stop); port = (uint16_t)((port + 1) % 64)) {
		struct record record;

		atomic_fetch_add(producer->epoch, 1);
		record = denial(atomic_load(producer->current), port);
		producer->pushed += ring_push(producer->desk->rings[producer->ring], &record);
		verdict_log_wake(producer->desk->log);
		atomic_fetch_add(producer->epoch, 1);
	}
	return NULL;
}

/* As gate_publish() promises: nobody holds `old` any more when this returns. */
static void publish(struct snapshot *_Atomic *current, atomic_uint epochs[2], struct snapshot *new, struct snapshot **old)
{
	*old = atomic_exchange(current, new);
	for (size_t i = 0; i < 2; i++) {
		const unsigned int epoch = atomic_load(&epochs[i]);

		while (epoch % 2 == 1 && atomic_load(&epochs[i]) == epoch)
			;
	}
}

static void test_producers_and_publishes(void **state)
{
	struct desk *desk = *state;
	struct snapshot *_Atomic current = compile(1);
	struct producer producers[2];
	atomic_uint epochs[2] = {0};
	atomic_bool done = false;
	pthread_t threads[2];

	start(desk, 50, 2000);
	for (size_t i = 0; i < 2; i++) {
		producers[i] = (struct producer){desk, i, &current, &epochs[i], &done, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	for (uint64_t revision = 2; revision < 20; revision++) {
		struct retired_snapshot *retired = malloc(sizeof(*retired));

		sleep_ms(20);
		publish(&current, epochs, compile(revision), &retired->snapshot);
		verdict_log_retire(desk->log, retired);
	}
	atomic_store(&done, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	stop(desk);
	assert_true(sum(desk, "repeat") + sum(desk, "count") == (double)(producers[0].pushed + producers[1].pushed) +
		(double)(ring_lost(desk->rings[0]) + ring_lost(desk->rings[1])));
	snapshot_free(atomic_load(&current));
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DESK(test_a_denial_says_it_all),
		WITH_DESK(test_other_kinds),
		WITH_DESK(test_repeats_are_one_line),
		WITH_DESK(test_stopping_tells_the_rest),
		WITH_DESK(test_a_snapshot_outlives_its_records),
		WITH_DESK(test_a_flood_is_bounded_and_said),
		WITH_DESK(test_a_full_ring_is_said),
		WITH_DESK(test_a_full_disk_is_said_later),
		WITH_DESK(test_watchers_get_lines_while_they_watch),
		WITH_DESK(test_producers_and_publishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

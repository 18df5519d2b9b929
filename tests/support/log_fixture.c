/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/log_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/manifest_world.h"

static const char manifests[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
	"status: {podIP: 10.0.0.1}\n---\n"
	"apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
	"status: {podIP: 10.0.0.2}\n---\n"
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db, namespace: "
	"shop}\n"
	"spec:\n  podSelector: {matchLabels: {app: db}}\n  ingress:\n"
	"  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 5432}]\n";

struct snapshot *log_fixture_compile(uint64_t revision)
{
	const struct snapshot_options options = {.revision = revision};

	return manifest_world_compile(manifests, &options);
}

static void note_ready(void *context)
{
	struct log_fixture *desk = context;

	atomic_fetch_add(&desk->lines_ready, 1);
}

int log_fixture_setup(void **state)
{
	struct log_fixture *desk = calloc(1, sizeof(*desk));

	strcpy(desk->folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(desk->folder));
	snprintf(desk->path, sizeof(desk->path), "%s/verdicts.jsonl", desk->folder);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(ring_create(&desk->rings[i], LOG_FIXTURE_RING), 0);
	desk->snapshot = log_fixture_compile(7);
	*state = desk;
	return 0;
}

void log_fixture_start(struct log_fixture *desk, uint64_t window_ms, unsigned int lines_per_s)
{
	const struct verdict_log_options options = {
		.path = desk->path,
		.ring_capacity = LOG_FIXTURE_RING,
		.fold_ns = window_ms * 1000000,
		.lines_per_s = lines_per_s,
		.lines_ready = note_ready,
		.context = desk,
	};

	assert_int_equal(verdict_log_open(&desk->log, &options), 0);
	assert_int_equal(verdict_log_start(desk->log, desk->rings, 2), 0);
}

static void read_lines(struct log_fixture *desk, const char *path)
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

void log_fixture_stop(struct log_fixture *desk)
{
	verdict_log_stop(desk->log);
	verdict_log_free(desk->log);
	desk->log = NULL;
	read_lines(desk, desk->path);
}

int log_fixture_teardown(void **state)
{
	struct log_fixture *desk = *state;

	/*
	 * A test that failed in its middle leaves the log's thread running: it may not outlive what
	 * it works on.
	 */
	if (desk->log != NULL) {
		verdict_log_stop(desk->log);
		verdict_log_free(desk->log);
	}
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

struct record log_fixture_denial(const struct snapshot *snapshot, uint16_t port)
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

void log_fixture_push(struct log_fixture *desk, size_t ring, const struct record *record)
{
	assert_true(ring_push(desk->rings[ring], record));
	verdict_log_wake(desk->log);
}

/* By a path such as "ingress.policy.name". */
const cJSON *log_fixture_at(const cJSON *json, const char *path)
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *name = strtok_r(copy, ".", &save); name != NULL;
		name = strtok_r(NULL, ".", &save))
		json = cJSON_GetObjectItemCaseSensitive(json, name);
	return json;
}

void log_fixture_expect_text(const cJSON *line, const char *path, const char *expected)
{
	const cJSON *value = log_fixture_at(line, path);

	if (!cJSON_IsString(value))
		fail_msg("no text at %s", path);
	assert_string_equal(value->valuestring, expected);
}

void log_fixture_expect_number(const cJSON *line, const char *path, double expected)
{
	const cJSON *value = log_fixture_at(line, path);

	if (!cJSON_IsNumber(value))
		fail_msg("no number at %s", path);
	assert_true(value->valuedouble == expected);
}

double log_fixture_sum(const struct log_fixture *desk, const char *path)
{
	double total = 0;

	for (size_t i = 0; i < desk->line_count; i++) {
		const cJSON *value = log_fixture_at(desk->lines[i], path);

		total += cJSON_IsNumber(value) ? value->valuedouble : 0;
	}
	return total;
}

void log_fixture_sleep(long ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

struct verdict_log_stats log_fixture_stats(const struct log_fixture *desk)
{
	struct verdict_log_stats stats;

	verdict_log_stats(desk->log, &stats);
	return stats;
}

void log_fixture_wait_lines(const struct log_fixture *desk, uint64_t lines)
{
	/* A minute: for machines that are slow, emulated, or busy with all the other tests. */
	for (int i = 0; i < 12000 && log_fixture_stats(desk).lines < lines; i++)
		log_fixture_sleep(5);
	assert_true(log_fixture_stats(desk).lines >= lines);
}

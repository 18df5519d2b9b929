/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The daemon's figures as metrics; and that the manual page tells of each of them, and of no
 * others.
 */

#include "service/metrics/metrics_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/manifest_world.h"

static const char yaml[] =
	"apiVersion: v1\nkind: List\nitems:\n"
	"- {apiVersion: v1, kind: Namespace, metadata: {name: shop, annotations: "
	"{podgate.io/audit: 'true'}}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: open, labels: {app: web}}, "
	"status: {podIP: 10.0.0.1}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: open, labels: {app: db}}, "
	"status: {podIP: 10.0.0.2}}\n"
	"- {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db-in, "
	"namespace: open}, spec: {podSelector: {matchLabels: {app: db}}}}\n";

struct fixture {
	struct manifest_world world;
	struct settings settings;
	struct policy_hits *hits;
	struct policy_series *series;
	struct status_figures *figures;
	char *text;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	manifest_world_init(&fixture->world, yaml);
	assert_int_equal(settings_defaults(&fixture->settings, fixture->world.arena), 0);
	assert_int_equal(policy_hits_create(&fixture->hits), 0);
	assert_int_equal(policy_series_create(&fixture->series), 0);
	fixture->figures = calloc(1, sizeof(*fixture->figures));
	fixture->figures->settings = &fixture->settings;
	fixture->figures->cluster = fixture->world.cluster;
	fixture->figures->queue_count = 2;
	fixture->figures->queues[0].number = 8610;
	fixture->figures->queues[1].number = 8611;
	fixture->figures->queues[1].role = GATE_REPLY;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	free(fixture->text);
	free(fixture->figures);
	policy_series_free(fixture->series);
	policy_hits_free(fixture->hits);
	manifest_world_deinit(&fixture->world);
	free(fixture);
	return 0;
}

static const char *write_text(struct fixture *fixture)
{
	size_t length;
	FILE *to;

	free(fixture->text);
	to = open_memstream(&fixture->text, &length);
	policy_series_update(fixture->series, fixture->hits, fixture->world.cluster);
	metrics_text_write(to, fixture->figures, fixture->series);
	assert_int_equal(fclose(to), 0);
	return fixture->text;
}

/* A whole line, that is. */
static void expect_line(const char *text, const char *line)
{
	const char *at = text;

	while ((at = strstr(at, line)) != NULL) {
		if ((at == text || at[-1] == '\n') && at[strlen(line)] == '\n')
			return;
		at++;
	}
	fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void writes_what_is_so(void **state)
{
	struct fixture *fixture = *state;
	struct status_figures *figures = fixture->figures;
	const char *text;

	fixture->settings.queue_full = FAIL_OPEN;
	figures->publish.overflows = 3;
	figures->publish.intact = true;
	figures->publish.bridges = BRIDGES_HIDDEN;
	figures->queues[0].stats = (struct worker_stats){.allowed = 5,
		.denied = 3,
		.audited = 2,
		.packets = 10,
		.waiting = 4,
		.kernel_dropped = 7,
		.user_dropped = 8,
		.verdict_errors = 6};
	figures->queues[0].stats.unreadable[PACKET_FRAGMENT] = 1;
	figures->queues[1].stats.unreadable[PACKET_FRAGMENT] = 1;
	figures->classes.learned[LEARNER_DENIED][LEARNER_IPV6] = 11;
	figures->log = (struct verdict_log_stats){
		.records = 20, .lines = 19, .lost = 1, .error = 28};
	figures->process.cpu_ns = 1500000000;
	figures->started_wall_ns = 1795555555250000000;
	text = write_text(fixture);
	expect_line(text, "podgate_build_info{version=\"" PODGATE_VERSION "\"} 1");
	expect_line(text, "podgate_mode{mode=\"enforcing\"} 1");
	expect_line(text, "podgate_mode{mode=\"audit\"} 0");
	expect_line(text, "podgate_audited_objects{kind=\"Namespace\"} 1");
	expect_line(text, "podgate_audited_objects{kind=\"Pod\"} 0");
	expect_line(text, "podgate_fail_mode{event=\"daemon_away\",mode=\"closed\"} 1");
	expect_line(text, "podgate_overflows_total 3");
	expect_line(text, "podgate_fail_mode{event=\"queue_full\",mode=\"closed\"} 0");
	expect_line(text, "podgate_fail_mode{event=\"queue_full\",mode=\"open\"} 1");
	expect_line(text, "podgate_ready 1");
	expect_line(text, "podgate_pods 2");
	expect_line(text, "podgate_policies 1");
	expect_line(text, "podgate_bridges{state=\"hidden\"} 1");
	expect_line(text, "podgate_bridges{state=\"none\"} 0");
	expect_line(text, "podgate_queue_info{queue=\"8610\",role=\"new\"} 1");
	expect_line(text, "podgate_queue_info{queue=\"8611\",role=\"reply\"} 1");
	expect_line(text, "podgate_packets_total{queue=\"8610\",verdict=\"allow\"} 5");
	expect_line(text, "podgate_packets_total{queue=\"8610\",verdict=\"deny\"} 3");
	expect_line(text, "podgate_packets_total{queue=\"8610\",verdict=\"audit-deny\"} 2");
	expect_line(text, "podgate_packets_total{queue=\"8611\",verdict=\"allow\"} 0");
	expect_line(text, "podgate_unreadable_packets_total{cause=\"fragment\"} 2");
	expect_line(text, "podgate_queue_waiting_packets{queue=\"8610\"} 4");
	expect_line(text, "podgate_queue_kernel_dropped_packets_total{queue=\"8610\"} 7");
	expect_line(text, "podgate_queue_user_dropped_packets_total{queue=\"8610\"} 8");
	expect_line(text, "podgate_queue_errors_total{queue=\"8610\",kind=\"verdict\"} 6");
	expect_line(text, "podgate_classes_learned_total{verdict=\"deny\",family=\"ipv6\"} 11");
	expect_line(text, "podgate_log_lost_total 1");
	expect_line(text, "podgate_log_failing 1");
	expect_line(text, "process_cpu_seconds_total 1.500000000");
	expect_line(text, "process_start_time_seconds 1795555555.250000000");
	strcpy(figures->problem, "something fails");
	expect_line(write_text(fixture), "podgate_ready 0");
}

static void counts_hits_by_policy(void **state)
{
	struct fixture *fixture = *state;
	struct record record = {.snapshot = fixture->world.snapshot,
		.kind = RECORD_VERDICT,
		.flow = {.dst_port = 80, .protocol = IPPROTO_TCP}};
	const char *text;

	assert_null(strstr(write_text(fixture), "podgate_policy_hits_total{"));
	ip_addr_parse(&record.flow.src, "10.0.0.1");
	ip_addr_parse(&record.flow.dst, "10.0.0.2");
	record.judgement = snapshot_judge(record.snapshot, &record.flow);
	policy_hits_add(fixture->hits, &record);
	record.answered = 4811;
	policy_hits_add(fixture->hits, &record);
	record.answered = 0;
	record.kind = RECORD_REVOKED;
	policy_hits_add(fixture->hits, &record);
	text = write_text(fixture);
	expect_line(text,
		"podgate_policy_hits_total{policy=\"open/"
		"db-in\",direction=\"ingress\",verdict=\"deny\"} 4812");
	expect_line(text,
		"podgate_policy_hits_total{policy=\"open/"
		"db-in\",direction=\"ingress\",verdict=\"revoke\"} 1");
	assert_null(strstr(text, "egress"));
	assert_null(strstr(text, "policy=\"other\""));
}

/* ---- the manual page ---- */

static char *read_page(void)
{
	FILE *file = fopen(PODGATE_PAGE, "re");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	return text;
}

/*
 * "# TYPE podgate_pods gauge" wants ".It Va podgate_pods Pq gauge" in the page. Returns how many
 * there are.
 */
static int every_family_is_in(const char *page, const char *text)
{
	int count = 0;

	for (const char *at = text; (at = strstr(at, "# TYPE ")) != NULL; at++, count++) {
		char name[96], kind[16], wanted[128];

		assert_int_equal(sscanf(at, "# TYPE %95s %15s", name, kind), 2);
		snprintf(wanted, sizeof(wanted), "\n.It Va %s Pq %s", name, kind);
		if (strstr(page, wanted) == NULL)
			fail_msg("podgate-metrics(7) does not tell of %s, a %s", name, kind);
	}
	return count;
}

static int every_entry_is_in(const char *text, const char *page)
{
	int count = 0;

	for (const char *at = page; (at = strstr(at, "\n.It Va ")) != NULL; at++, count++) {
		char name[96], wanted[128];

		assert_int_equal(sscanf(at, "\n.It Va %95s", name), 1);
		snprintf(wanted, sizeof(wanted), "# TYPE %s ", name);
		if (strstr(text, wanted) == NULL)
			fail_msg("podgate-metrics(7) tells of %s, which there is not", name);
	}
	return count;
}

static void the_manual_tells_of_all(void **state)
{
	const char *text = write_text(*state);
	char *page = read_page();
	const int families = every_family_is_in(page, text);

	assert_true(families > 40);
	assert_int_equal(every_entry_is_in(text, page), families);
	free(page);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(writes_what_is_so),
		WITH_FIXTURE(counts_hits_by_policy),
		WITH_FIXTURE(the_manual_tells_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The matrix: which cells there are, and that they are the judge's own verdicts. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "policy/explain/reach.h"
#include "tests/support/generator.h"
#include "tests/support/manifest_world.h"

static const char yaml[] =
	"apiVersion: v1\nkind: List\nitems:\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, "
	"status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n"
	"- apiVersion: v1\n"
	"  kind: Pod\n"
	"  metadata: {name: db, namespace: shop, labels: {app: db}}\n"
	"  spec: {containers: [{name: c, ports: [{containerPort: 5432}, {containerPort: 5433}, "
	"{name: again, containerPort: 5432}, {containerPort: 53, protocol: UDP}]}]}\n"
	"  status: {podIP: 10.0.0.2}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: logger, namespace: lab}, status: {podIP: "
	"10.0.0.3}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: new, namespace: lab}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: old, namespace: lab}, status: {podIP: "
	"10.0.0.9, phase: Failed}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: lab}, spec: "
	"{hostNetwork: true}, status: {podIP: 192.0.2.1}}\n"
	"- apiVersion: networking.k8s.io/v1\n"
	"  kind: NetworkPolicy\n"
	"  metadata: {name: db, namespace: shop}\n"
	"  spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}], "
	"ports: [{port: 5432}]}]}\n"
	"- apiVersion: networking.k8s.io/v1\n"
	"  kind: NetworkPolicy\n"
	"  metadata: {name: try, namespace: lab, annotations: {podgate.io/audit: 'true'}}\n"
	"  spec: {podSelector: {}}\n";

enum { LOGGER, DB, WEB, POD_COUNT }; /* by namespace and name */

static struct reach_cell cell(const struct reach_matrix *matrix, size_t from, size_t to)
{
	return matrix->cells[from * matrix->count + to];
}

static void check_cell(
	struct reach_cell seen, int reach, unsigned int allowed, unsigned int asked, bool audited)
{
	assert_int_equal(seen.reach, reach);
	assert_int_equal(seen.allowed, allowed);
	assert_int_equal(seen.asked, asked);
	assert_int_equal(seen.audited, audited);
}

static void test_declared_ports(void **state)
{
	const struct reach_question question = {.family = IP_FAMILY_V4, .protocol = IPPROTO_TCP};
	struct manifest_world world;
	struct reach_matrix matrix;

	(void)state;
	manifest_world_init(&world, yaml);
	assert_int_equal(reach_compute(world.snapshot, &question, world.arena, &matrix), 0);
	assert_int_equal(matrix.count, POD_COUNT);
	assert_string_equal(matrix.pods[LOGGER]->name, "logger");
	assert_string_equal(matrix.pods[WEB]->name, "web");
	check_cell(cell(&matrix, WEB, DB), REACH_SOME, 1, 2, false); /* 5432 and 5433, each once */
	check_cell(cell(&matrix, LOGGER, DB), REACH_NONE, 0, 2, false);
	check_cell(cell(&matrix, DB, DB), REACH_ALL, 2, 2, false);  /* itself */
	check_cell(cell(&matrix, DB, WEB), REACH_ALL, 1, 1, false); /* 80 */
	check_cell(cell(&matrix, WEB, LOGGER), REACH_ALL, 1, 1, true);
	manifest_world_deinit(&world);
}

static void test_one_port(void **state)
{
	struct reach_question question = {
		.family = IP_FAMILY_V4, .protocol = IPPROTO_TCP, .port = 5432};
	struct manifest_world world;
	struct reach_matrix matrix;

	(void)state;
	manifest_world_init(&world, yaml);
	assert_int_equal(reach_compute(world.snapshot, &question, world.arena, &matrix), 0);
	check_cell(cell(&matrix, WEB, DB), REACH_ALL, 1, 1, false);
	question = (struct reach_question){.family = IP_FAMILY_V4, .protocol = IPPROTO_UDP};
	assert_int_equal(reach_compute(world.snapshot, &question, world.arena, &matrix), 0);
	check_cell(cell(&matrix, WEB, DB), REACH_NONE, 0, 1, false);
	question = (struct reach_question){
		.family = IP_FAMILY_V4, .protocol = IPPROTO_ICMP, .port = 5432};
	assert_int_equal(reach_compute(world.snapshot, &question, world.arena, &matrix), 0);
	check_cell(cell(&matrix, WEB, DB), REACH_NONE, 0, 1, false);
	check_cell(cell(&matrix, DB, WEB), REACH_ALL, 1, 1, false);
	manifest_world_deinit(&world);
}

static void test_family_and_namespace(void **state)
{
	struct reach_question question = {.family = IP_FAMILY_V6, .protocol = IPPROTO_TCP};
	struct manifest_world world;
	struct reach_matrix matrix;

	(void)state;
	manifest_world_init(&world, yaml);
	assert_int_equal(reach_compute(world.snapshot, &question, world.arena, &matrix), 0);
	check_cell(cell(&matrix, WEB, DB), REACH_UNKNOWN, 0, 0, false);
	check_cell(cell(&matrix, WEB, WEB), REACH_ALL, 1, 1, false);
	question.namespace_name = "lab";
	assert_int_equal(reach_compute(world.snapshot, &question, world.arena, &matrix), 0);
	assert_int_equal(matrix.count, 1);
	question.namespace_name = "nowhere";
	assert_int_equal(reach_compute(world.snapshot, &question, world.arena, &matrix), 0);
	assert_int_equal(matrix.count, 0);
	manifest_world_deinit(&world);
}

/* On random clusters at one port: a cell is what the judge says, no more and no less. */
static void test_cells_are_verdicts(void **state)
{
	const struct generator_limits limits = {.namespaces = 4, .pods = 12, .policies = 4};
	const struct reach_question question = {
		.family = IP_FAMILY_V4, .protocol = IPPROTO_TCP, .port = 80};
	size_t compared = 0;

	(void)state;
	for (uint64_t seed = generator_seed(5); seed < generator_seed(5) + 50; seed++) {
		struct generator generator = {seed};
		struct cluster *cluster = generator_cluster(&generator, &limits);
		const struct snapshot_options options = {.revision = 1};
		struct arena *arena = arena_create();
		struct snapshot *snapshot;
		struct reach_matrix matrix;

		assert_int_equal(snapshot_compile(&snapshot, cluster, &options), 0);
		assert_int_equal(reach_compute(snapshot, &question, arena, &matrix), 0);
		for (size_t i = 0; i < matrix.count * matrix.count; i++) {
			const struct pod *src = matrix.pods[i / matrix.count],
					 *dst = matrix.pods[i % matrix.count];
			struct flow flow = {.src = src->ips[0],
				.dst = dst->ips[0],
				.dst_port = 80,
				.protocol = IPPROTO_TCP};

			if (src->ips[0].family != IP_FAMILY_V4 ||
				dst->ips[0].family != IP_FAMILY_V4)
				continue;
			assert_int_equal(matrix.cells[i].reach,
				snapshot_judge(snapshot, &flow).verdict == VERDICT_DENY
					? REACH_NONE
					: REACH_ALL);
			compared++;
		}
		snapshot_free(snapshot);
		arena_unref(arena);
		cluster_unref(cluster);
	}
	assert_true(compared > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_declared_ports),
		cmocka_unit_test(test_one_port),
		cmocka_unit_test(test_family_and_namespace),
		cmocka_unit_test(test_cells_are_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

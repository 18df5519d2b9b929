/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live flows by pod names and rules, held against a flow table made for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "service/views/flow_listing.h"
#include "tests/support/flow_table.h"
#include "tests/support/manifest_world.h"
#include "tests/support/stream_reader.h"

enum { ALLOW = 0x20000000, DENY = 0x40000000 };

#define POD(name, namespace, ips) \
	"- {apiVersion: v1, kind: Pod, metadata: {name: " name \
	", namespace: " namespace ", labels: {app: " name "}}, status: {podIPs: [" ips "]}}\n"

static const char yaml[] = "apiVersion: v1\nkind: List\nitems:\n" POD("web", "shop",
	"{ip: 10.0.0.1}, {ip: 'fd00::1'}") POD("db", "shop", "{ip: 10.0.0.2}, {ip: 'fd00::2'}")
	POD("intruder", "lab", "{ip: 10.0.1.1}") POD("bare", "lab",
		"") "- {apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: lab}, spec: "
		    "{hostNetwork: true}, status: {podIP: 192.0.2.1}}\n"
		    "- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata: {name: "
		    "db, namespace: shop}\n"
		    "  spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: "
		    "[{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}]}\n";

struct stage {
	struct manifest_world world;
	struct stream_reader reader;
};

static const struct flow_spec service = {.protocol = IPPROTO_TCP,
	.src = "10.0.0.1",
	.dst = "10.96.0.1",
	.sport = 40000,
	.dport = 80,
	.backend = "10.0.0.2",
	.backend_port = 5432,
	.mark = ALLOW};
static const struct flow_spec intrusion = {.protocol = IPPROTO_TCP,
	.src = "10.0.1.1",
	.dst = "10.0.0.2",
	.sport = 40001,
	.dport = 5432,
	.mark = DENY};
static const struct flow_spec six = {
	.protocol = IPPROTO_UDP, .src = "fd00::1", .dst = "fd00::2", .sport = 40002, .dport = 53};
static const struct flow_spec open_one = {.protocol = IPPROTO_TCP,
	.src = "10.0.0.1",
	.dst = "192.0.2.7",
	.sport = 40003,
	.dport = 443};
static const struct flow_spec strangers = {
	.protocol = IPPROTO_ICMP, .src = "192.0.2.7", .dst = "192.0.2.8", .icmp_id = 9};
static const struct flow_spec probe = {.protocol = IPPROTO_TCP,
	.src = "127.0.0.1",
	.dst = "10.0.0.2",
	.sport = 40004,
	.dport = 5432};

static int setup(void **state)
{
	static struct stage stage;

	flow_table_enter();
	manifest_world_init(&stage.world, yaml);
	flow_table_add(&service);
	flow_table_add(&intrusion);
	flow_table_add(&six);
	flow_table_add(&open_one);
	flow_table_add(&strangers);
	flow_table_add(&probe); /* 127.0.0.1 is an address of this gateway */
	*state = &stage;
	return 0;
}

static int teardown(void **state)
{
	struct stage *stage = *state;

	stream_reader_deinit(&stage->reader);
	manifest_world_deinit(&stage->world);
	return 0;
}

static void list(struct stage *stage, const struct filter *filter)
{
	const struct flow_listing_options options = {.snapshot = stage->world.snapshot,
		.marks = {.allow = ALLOW, .deny = DENY},
		.filter = *filter};
	char problem[PROBLEM_SIZE] = "";
	struct stream *stream;

	stream_reader_deinit(&stage->reader);
	if (flow_listing_open(&stream, &options, problem) != 0)
		fail_msg("%s", problem);
	stream_reader_read_all(&stage->reader, stream);
	assert_true(stage->reader.count >= 2);
	assert_true(cJSON_IsTrue(stream_reader_at(stage->reader.lines[0], "ok")));
	assert_true(cJSON_IsTrue(
		stream_reader_at(stage->reader.lines[stage->reader.count - 1], "end")));
}

/* The listed flow from this source port, or NULL. */
static const cJSON *find(const struct stage *stage, double source_port)
{
	for (size_t i = 1; i + 1 < stage->reader.count; i++) {
		const cJSON *port = stream_reader_at(stage->reader.lines[i], "source.port");

		if (cJSON_IsNumber(port) && port->valuedouble == source_port)
			return stage->reader.lines[i];
	}
	return NULL;
}

static void expect_listed(const struct stage *stage, size_t listed, size_t left_out)
{
	const cJSON *end = stage->reader.lines[stage->reader.count - 1];

	stream_reader_expect_number(end, "seen", 6);
	stream_reader_expect_number(end, "listed", (double)listed);
	stream_reader_expect_number(end, "left_out", (double)left_out);
	stream_reader_expect_number(end, "skipped", 0);
	assert_int_equal(stage->reader.count, listed + 2);
}

static void flows_have_names_and_reasons(void **state)
{
	struct stage *stage = *state;
	const cJSON *flow;

	list(stage, &(struct filter){.limit = 0});
	stream_reader_expect_number(stage->reader.lines[0], "revision",
		(double)snapshot_revision(stage->world.snapshot));
	expect_listed(stage, 3, 0);
	flow = find(stage, 40000);
	assert_non_null(flow);
	stream_reader_expect_text(flow, "verdict", "allow");
	stream_reader_expect_text(flow, "mark", "allowed");
	stream_reader_expect_text(flow, "protocol", "TCP");
	stream_reader_expect_text(flow, "state", "established");
	stream_reader_expect_text(flow, "source.namespace", "shop");
	stream_reader_expect_text(flow, "source.pod", "web");
	stream_reader_expect_text(flow, "source.address", "10.0.0.1");
	stream_reader_expect_text(flow, "destination.pod", "db");
	stream_reader_expect_number(flow, "destination.port", 5432);
	stream_reader_expect_text(flow, "via.address", "10.96.0.1");
	stream_reader_expect_number(flow, "via.port", 80);
	stream_reader_expect_text(flow, "egress.verdict", "open");
	stream_reader_expect_text(flow, "ingress.verdict", "allowed");
	stream_reader_expect_text(flow, "ingress.policy.name", "db");
	stream_reader_expect_text(flow, "ingress.rule", "ingress[0]");
	stream_reader_expect_text(flow, "ingress.peer", "ingress[0].from[0]");
	assert_null(stream_reader_at(flow, "packets"));
	assert_null(stream_reader_at(flow, "offloaded"));
	flow = find(stage, 40001);
	stream_reader_expect_text(flow, "verdict", "deny");
	stream_reader_expect_text(flow, "mark", "revoked");
	stream_reader_expect_text(flow, "source.namespace", "lab");
	stream_reader_expect_text(flow, "ingress.verdict", "denied");
	stream_reader_expect_text(flow, "ingress.miss", "peer");
	assert_null(stream_reader_at(flow, "via"));
	flow = find(stage, 40002);
	stream_reader_expect_text(flow, "mark", "none");
	stream_reader_expect_text(flow, "verdict", "deny");
	stream_reader_expect_text(flow, "source.address", "fd00::1");
	stream_reader_expect_text(flow, "protocol", "UDP");
	assert_null(stream_reader_at(flow, "state"));
	assert_true(cJSON_IsFalse(stream_reader_at(flow, "replied")));
}

static void all_is_all(void **state)
{
	struct stage *stage = *state;
	const cJSON *flow;

	list(stage, &(struct filter){.all = true});
	expect_listed(stage, 6, 0);
	flow = find(stage, 40003);
	stream_reader_expect_text(flow, "verdict", "allow");
	stream_reader_expect_text(flow, "mark", "none");
	stream_reader_expect_text(flow, "egress.verdict", "open");
	stream_reader_expect_text(flow, "ingress.verdict", "open");
	assert_null(stream_reader_at(flow, "destination.pod"));
	flow = find(stage, 40004);
	assert_true(cJSON_IsFalse(stream_reader_at(flow, "judged")));
	assert_null(stream_reader_at(flow, "verdict"));
	assert_null(stream_reader_at(flow, "ingress"));
	stream_reader_expect_text(flow, "destination.pod", "db");
}

static void filters_filter(void **state)
{
	struct stage *stage = *state;

	list(stage, &(struct filter){.denied = true});
	expect_listed(stage, 2, 0);
	list(stage, &(struct filter){.allowed = true});
	expect_listed(stage, 1, 0);
	assert_non_null(find(stage, 40000));
	list(stage, &(struct filter){.allowed = true, .denied = true});
	expect_listed(stage, 3, 0);
	list(stage, &(struct filter){.has_protocol = true, .protocol = IPPROTO_UDP});
	expect_listed(stage, 1, 0);
	list(stage, &(struct filter){.namespace_name = "lab"});
	expect_listed(stage, 1, 0);
	assert_non_null(find(stage, 40001));
	/* whole: also where nobody isolates */
	list(stage, &(struct filter){.pod = "shop/web"});
	expect_listed(stage, 3, 0);
	assert_non_null(find(stage, 40003));
	/* and what the gateway itself begins */
	list(stage, &(struct filter){.pod = "shop/db"});
	expect_listed(stage, 4, 0);
	assert_non_null(find(stage, 40004));
	list(stage, &(struct filter){.pod = "shop/web", .namespace_name = "lab"});
	expect_listed(stage, 0, 0);
	list(stage, &(struct filter){.pod = "shop/db", .limit = 1});
	expect_listed(stage, 1, 3);
	list(stage, &(struct filter){.all = true, .limit = 6});
	expect_listed(stage, 6, 0);
}

static void expect_refused(const struct stage *stage, const struct filter *filter, const char *why)
{
	const struct flow_listing_options options = {
		.snapshot = stage->world.snapshot, .filter = *filter};
	char problem[PROBLEM_SIZE] = "";
	struct stream *stream;

	assert_int_equal(flow_listing_open(&stream, &options, problem), -EINVAL);
	assert_string_equal(problem, why);
}

static void names_that_are_none_are_refused(void **state)
{
	expect_refused(*state, &(struct filter){.pod = "shop/wbe"},
		"there is no pod shop/wbe; did you mean shop/web?");
	expect_refused(*state, &(struct filter){.namespace_name = "shp"},
		"there is no namespace shp; did you mean shop?");
	expect_refused(*state, &(struct filter){.pod = "lab/bare"},
		"pod lab/bare has no address of its own, so nobody can tell which flows are its");
	expect_refused(*state, &(struct filter){.pod = "lab/agent"},
		"pod lab/agent has no address of its own (hostNetwork), so nobody can tell which "
		"flows are its");
}

/* Pieces stay small, however long the list; and a limit leaves out, but counts. */
static void a_long_list_comes_in_pieces(void **state)
{
	enum { FLOWS = 20000, STRIDE = 10 };
	struct stage *stage = *state;
	const cJSON *end;

	/* among them one from web, and one from db to itself */
	flow_table_fill(FLOWS, "10.0.0.2", 5432, STRIDE);
	list(stage, &(struct filter){.limit = 0});
	assert_int_equal(stage->reader.count, FLOWS + 3 + 2);
	assert_true(stage->reader.pieces > 50);
	assert_true(stage->reader.longest < 8 * PIECE_ENOUGH);
	list(stage, &(struct filter){.limit = 1000, .denied = true});
	assert_int_equal(stage->reader.count, 1000 + 2);
	end = stage->reader.lines[stage->reader.count - 1];
	stream_reader_expect_number(end, "seen", FLOWS + 6);
	stream_reader_expect_number(end, "listed", 1000);
	stream_reader_expect_number(end, "left_out", FLOWS - 2 + 2 - 1000);
}

static void it_may_be_left_in_the_middle(void **state)
{
	struct stage *stage = *state;
	const struct flow_listing_options options = {.snapshot = stage->world.snapshot};
	char problem[PROBLEM_SIZE];
	struct stream *stream;

	flow_table_fill(5000, "10.0.0.2", 5432, 0);
	for (int pieces = 0; pieces < 3; pieces++) {
		assert_int_equal(flow_listing_open(&stream, &options, problem), 0);
		for (int i = 0; i < pieces; i++)
			assert_int_equal(stream_reader_read(&stage->reader, stream), STREAM_MORE);
		stream->free(stream);
	}
}

/* Without CAP_NET_ADMIN the kernel refuses: the last test, for the privilege does not come back. */
static void a_refusal_of_the_kernel_is_told(void **state)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct stage *stage = *state;
	const struct flow_listing_options options = {.snapshot = stage->world.snapshot};
	char problem[PROBLEM_SIZE];
	struct stream *stream;

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1U << CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
	assert_int_equal(flow_listing_open(&stream, &options, problem), 0);
	stream_reader_read_all(&stage->reader, stream);
	assert_int_equal(stage->reader.count, 1);
	assert_true(cJSON_IsFalse(stream_reader_at(stage->reader.lines[0], "ok")));
	assert_non_null(strstr(stream_reader_at(stage->reader.lines[0], "error")->valuestring,
		"flow table can't be read"));
}

#define WITH_STAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STAGE(flows_have_names_and_reasons),
		WITH_STAGE(all_is_all),
		WITH_STAGE(filters_filter),
		WITH_STAGE(names_that_are_none_are_refused),
		WITH_STAGE(a_long_list_comes_in_pieces),
		WITH_STAGE(it_may_be_left_in_the_middle),
		WITH_STAGE(a_refusal_of_the_kernel_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema that logs, control clients and scripts rely on: keys, types, and what is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include "enforcer/log/explain_json.h"
#include "tests/support/failing_alloc.h"
#include "tests/support/json_read_back.h"
#include "tests/support/manifest_world.h"

static const char yaml[] =
	"apiVersion: v1\nkind: List\nitems:\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, "
	"status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n"
	"- {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, "
	"status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}}\n"
	"- apiVersion: networking.k8s.io/v1\n"
	"  kind: NetworkPolicy\n"
	"  metadata: {name: db, namespace: shop}\n"
	"  spec:\n"
	"    podSelector: {matchLabels: {app: db}}\n"
	"    ingress:\n"
	"    - from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 'fd00::/64'}}]\n"
	"      ports: [{port: 5432}]\n";

static struct manifest_world world;

static int setup(void **state)
{
	(void)state;
	manifest_world_init(&world, yaml);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	manifest_world_deinit(&world);
	return 0;
}

/* Both texts, as JSON, must be equal; the one given is written with ' for ". */
static void check_json(cJSON *seen, const char *wanted_text)
{
	char *text = strdup(wanted_text);
	cJSON *wanted;

	for (char *at = text; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	wanted = cJSON_Parse(text);
	assert_non_null(wanted);
	assert_non_null(seen);
	if (!cJSON_Compare(seen, wanted, true))
		fail_msg("is %s", cJSON_PrintUnformatted(seen));
	cJSON_Delete(wanted);
	cJSON_Delete(seen);
	free(text);
}

static cJSON *ask(const char *source, const char *destination)
{
	cJSON *request = cJSON_CreateObject();
	struct json_writer reply = {.text = NULL};

	cJSON_AddStringToObject(request, "command", "explain");
	cJSON_AddStringToObject(request, "source", source);
	cJSON_AddStringToObject(request, "destination", destination);
	explain_json_answer(&reply, world.snapshot, request);
	cJSON_Delete(request);
	return json_read_back(&reply);
}

#define ISOLATED_BY \
	"'isolated_by':[{'namespace':'shop','name':'db','file':'world.yaml','line':8,'column':20}" \
	"]"
#define POLICY "'policy':{'namespace':'shop','name':'db'},'rule':'ingress[0]'"

static void test_allowed(void **state)
{
	(void)state;
	check_json(ask("shop/web", "10.0.0.2:5432"),
		"{'ok':true,'revision':7,'flows':[{'verdict':'allow','protocol':'TCP','source':{'"
		"address':'10.0.0.1','namespace':'shop','pod':'web'},'destination':{'address':'10."
		"0.0.2','port':5432,'namespace':'shop','pod':'db'},'egress':{'verdict':'open','"
		"enforced':true,'isolated_by':[]},'ingress':{'verdict':'allowed','enforced':"
		"true," ISOLATED_BY "," POLICY
		",'peer':'ingress[0].from[0]','port':'ingress[0].ports[0]','file':'world.yaml','"
		"line':12,'column':14}}]}");
}

static void test_denied(void **state)
{
	(void)state;
	check_json(ask("198.51.100.1", "10.0.0.2:5432"),
		"{'ok':true,'revision':7,'flows':[{'verdict':'deny','protocol':'TCP','source':{'"
		"address':'198.51.100.1'},'destination':{'address':'10.0.0.2','port':5432,'"
		"namespace':'shop','pod':'db'},'egress':{'verdict':'open','enforced':true,'"
		"isolated_by':[]},'ingress':{'verdict':'denied','enforced':true," ISOLATED_BY
		"," POLICY
		",'peer':'ingress[0].from[0]','port':'ingress[0].ports[0]','file':'world.yaml','"
		"line':12,'column':28,'miss':'peer','field':'ingress[0].from[0].podSelector','"
		"wanted':'a pod with app=web','had':'198.51.100.1, which no pod has','fix':'add "
		"{ipBlock: {cidr: 198.51.100.1/32}} to ingress[0].from of policy shop/db'}}]}");
}

/* One flow for each family; ICMP has no port. */
static void test_families(void **state)
{
	cJSON *reply = ask("shop/web", "shop/db/icmp"),
	      *flows = cJSON_GetObjectItem(reply, "flows"), *second;

	(void)state;
	assert_int_equal(cJSON_GetArraySize(flows), 2);
	second = cJSON_GetArrayItem(flows, 1);
	assert_string_equal(cJSON_GetObjectItem(second, "protocol")->valuestring, "ICMPv6");
	assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(second, "destination"), "port"));
	assert_string_equal(
		cJSON_GetObjectItem(cJSON_GetObjectItem(second, "ingress"), "miss")->valuestring,
		"protocol");
	cJSON_Delete(reply);
}

static void test_source_port_of_a_real_flow(void **state)
{
	struct json_writer writer = {.text = NULL};
	struct explanation explanation;
	struct flow flow = {.src_port = 40000, .dst_port = 5432, .protocol = 6};

	(void)state;
	assert_int_equal(ip_addr_parse(&flow.src, "10.0.0.1"), 0);
	assert_int_equal(ip_addr_parse(&flow.dst, "203.0.113.1"), 0);
	assert_int_equal(explain_flow(world.snapshot, &flow, world.arena, &explanation), 0);
	explain_json_end(&writer, NULL, &explanation, DIRECTION_EGRESS);
	check_json(json_read_back(&writer),
		"{'address':'10.0.0.1','port':40000,'namespace':'shop','pod':'web'}");
	explain_json_end(&writer, NULL, &explanation, DIRECTION_INGRESS);
	check_json(json_read_back(&writer), "{'address':'203.0.113.1','port':5432}");
	explain_json_side(&writer, NULL, &explanation, DIRECTION_INGRESS);
	check_json(json_read_back(&writer), "{'verdict':'open','enforced':true,'isolated_by':[]}");
}

static void test_refusals(void **state)
{
	cJSON *request = cJSON_Parse("{\"source\":\"shop/web\"}");
	struct json_writer reply = {.text = NULL};

	(void)state;
	check_json(ask("shop/wbe", "shop/db:1"),
		"{'ok':false,'error':'there is no pod shop/wbe; did you mean shop/web?'}");
	explain_json_answer(&reply, world.snapshot, request);
	check_json(json_read_back(&reply),
		"{'ok':false,'error':'explain needs the texts \\u0022source\\u0022 and "
		"\\u0022destination\\u0022'}");
	explain_json_judge(&reply, world.snapshot, request);
	check_json(json_read_back(&reply),
		"{'ok':false,'error':'judge needs \\u0022rows\\u0022, a list of [source, "
		"destination, protocol, port]'}");
	cJSON_Delete(request);
}

static void test_judge(void **state)
{
	cJSON *request = cJSON_Parse(
		"{\"command\":\"judge\",\"rows\":[[\"shop/web\",\"shop/"
		"db\",\"TCP\",\"5432\"],[\"shop/web\",\"shop/"
		"db\",\"TCP\",\"5433\"],[\"fd00::9\",\"shop/db\",\"TCP\",\"5432\"],[\"shop/"
		"web\",\"shop/db\",\"ICMP\",\"-\"],[\"shop/web\",\"shop/"
		"dbs\",\"TCP\",\"1\"],[\"a\",\"b\",\"c\"],[1,2,3,4],7,null]}");
	struct json_writer reply = {.text = NULL};

	(void)state;
	explain_json_judge(&reply, world.snapshot, request);
	check_json(json_read_back(&reply),
		"{'ok':true,'revision':7,'rows':[{'verdict':'allow'},{'verdict':'deny'},{'verdict':"
		"'allow'},{'verdict':'deny'},{'error':'there is no pod shop/dbs; did you mean "
		"shop/db?'},{'error':'a row is four texts: source, destination, protocol, "
		"port'},{'error':'a row is four texts: source, destination, protocol, "
		"port'},{'error':'a row is four texts: source, destination, protocol, "
		"port'},{'error':'a row is four texts: source, destination, protocol, port'}]}");
	cJSON_Delete(request);
}

/* A pod that hundreds of policies isolate must not make a log line of hundreds of names. */
static void test_many_policies(void **state)
{
	enum { POLICIES = 40 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct json_writer writer = {.text = NULL};
	struct manifest_world crowd;
	cJSON *request = cJSON_Parse("{\"source\":\"10.0.0.1\",\"destination\":\"x/y:1\"}"), *reply,
	      *side;

	(void)state;
	fputs("{apiVersion: v1, kind: Pod, metadata: {name: y, namespace: x}, status: {podIP: "
	      "10.0.0.2}}\n",
		out);
	for (int i = 0; i < POLICIES; i++)
		fprintf(out,
			"---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: "
			"{name: p%02d, namespace: x}, spec: {podSelector: {}}}\n",
			i);
	fclose(out);
	manifest_world_init(&crowd, text);
	explain_json_answer(&writer, crowd.snapshot, request);
	reply = json_read_back(&writer);
	side = cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(reply, "flows"), 0), "ingress");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(side, "isolated_by")), 16);
	assert_int_equal(cJSON_GetObjectItem(side, "isolated_by_more")->valueint, POLICIES - 16);
	assert_string_equal(cJSON_GetObjectItem(side, "miss")->valuestring, "no-rules");
	assert_null(cJSON_GetObjectItem(side, "rule"));
	cJSON_Delete(reply);
	cJSON_Delete(request);
	manifest_world_deinit(&crowd);
	free(text);
}

/* Every allocation of an answer fails once: then the writer has failed. */
static void check_out_of_memory(
	void (*answer)(struct json_writer *, const struct snapshot *, const cJSON *),
	const cJSON *request, long least)
{
	bool failed = true;
	long n = 0;

	for (; failed; n++) {
		struct json_writer reply = {.text = NULL};

		failing_alloc_arm(n);
		answer(&reply, world.snapshot, request);
		failed = failing_alloc_disarm();
		assert_int_equal(reply.err, failed ? -ENOMEM : 0);
		json_writer_deinit(&reply);
	}
	assert_true(n > least);
}

static void test_out_of_memory(void **state)
{
	cJSON *explain = cJSON_Parse("{\"source\":\"fd00::9\",\"destination\":\"shop/db:1\"}");
	cJSON *judge = cJSON_Parse("{\"rows\":[[\"shop/web\",\"shop/db\",\"TCP\",\"5432\"],[\"shop/"
				   "web\",\"x\",\"TCP\",\"1\"]]}");

	(void)state;
	check_out_of_memory(explain_json_answer, explain, 3);
	check_out_of_memory(explain_json_judge, judge, 1);
	cJSON_Delete(explain);
	cJSON_Delete(judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_denied),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_source_port_of_a_real_flow),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_many_policies),
		cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

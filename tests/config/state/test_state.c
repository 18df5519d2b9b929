/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What outlives a store: written by one, asked for by the next. On a real folder. */

#include "config/state/state_folder.h"

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

#include "config/source/load.h"
#include "config/state/object_text.h"
#include "config/state/state_record.h"
#include "tests/support/findings.h"
#include "tests/support/temporary.h"

struct fixture {
	struct temporary folder;
	struct store *store;
	struct state_folder *state;
	unsigned int aside;
	char problem[256];
};

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	temporary_create(&fixture->folder);
	mkdir(temporary_path(&fixture->folder, "manifests"), 0755);
	*state = fixture;
	return 0;
}

static void close_store(struct fixture *fixture)
{
	store_free(fixture->store);
	state_folder_close(fixture->state);
	fixture->store = NULL;
	fixture->state = NULL;
}

static int end(void **state)
{
	struct fixture *fixture = *state;

	close_store(fixture);
	temporary_remove(&fixture->folder);
	free(fixture);
	return 0;
}

static void note_aside(void *context, const char *file, const char *problem)
{
	struct fixture *fixture = context;

	assert_int_equal(access(file, F_OK), 0);
	snprintf(fixture->problem, sizeof(fixture->problem), "%s", problem);
	fixture->aside++;
}

/* What a daemon does with its manifests. */
static void load(struct fixture *fixture)
{
	const char *paths[] = {temporary_path(&fixture->folder, "manifests")};

	assert_int_equal(load_paths(fixture->store, paths, 1, NULL), 0);
}

static void start(struct fixture *fixture)
{
	struct store_past past;

	assert_int_equal(
		state_folder_open(&fixture->state, temporary_path(&fixture->folder, "state")), 0);
	assert_int_equal(state_folder_load(fixture->state, note_aside, fixture), 0);
	assert_int_equal(store_create(&fixture->store), 0);
	past = state_folder_past(fixture->state);
	store_set_past(fixture->store, &past);
	load(fixture);
}

/* Whether there was anything to write or remove. */
static bool save(struct fixture *fixture)
{
	struct state_save *save;

	assert_int_equal(state_save_begin(&save, fixture->state, fixture->store), 0);
	if (save == NULL)
		return false;
	state_save_run(save);
	assert_int_equal(state_save_end(save, fixture->store), 0);
	return true;
}

static void restart(struct fixture *fixture)
{
	close_store(fixture);
	start(fixture);
}

static void expect(struct fixture *fixture, const char *policies, size_t recalled)
{
	struct cluster *cluster;
	char text[512] = "";

	assert_int_equal(store_cluster(fixture->store, &cluster), 0);
	for (size_t i = 0; i < cluster->policy_count; i++) {
		strcat(text, i == 0 ? "" : " ");
		strcat(text, cluster->policies[i]->name);
	}
	cluster_unref(cluster);
	assert_string_equal(text, policies);
	assert_int_equal(store_stats(fixture->store).recalled_objects, recalled);
}

static void expect_findings(struct fixture *fixture, const char *expected)
{
	struct arena *arena = arena_create();
	struct diag_list diags;
	char out[FINDINGS_TEXT];

	assert_int_equal(store_diags(fixture->store, arena, &diags), 0);
	findings_format(&diags, out);
	assert_string_equal(out, expected);
	arena_unref(arena);
}

static void write_both(struct fixture *fixture, const char *a, const char *b)
{
	char both[2048];

	snprintf(both, sizeof(both), "%s%s", temporary_policy(a), temporary_policy(b));
	temporary_write(&fixture->folder, "manifests/f.yaml", both);
}

static void keeps_what_breaks_while_nobody_is_there(void **state)
{
	struct fixture *fixture = *state;
	char text[1024];

	write_both(fixture, "a", "b");
	start(fixture);
	assert_true(save(fixture));
	assert_false(save(fixture));
	assert_int_equal(state_folder_records(fixture->state), 1);
	snprintf(text, sizeof(text), "%s---\nspec\n", temporary_policy("a"));
	temporary_write(&fixture->folder, "manifests/f.yaml", text);
	restart(fixture);
	expect(fixture, "a b", 1);
	assert_int_equal(store_stats(fixture->store).never_whole, 0);
	save(fixture);
	/* And once more, with what was kept. */
	temporary_write(&fixture->folder, "manifests/f.yaml", "half a fi");
	restart(fixture);
	expect(fixture, "a b", 2);
	assert_false(save(fixture));
	/* Mended while it runs. */
	temporary_write(&fixture->folder, "manifests/f.yaml", temporary_policy("c"));
	load(fixture);
	expect(fixture, "c", 0);
	assert_true(save(fixture));
	temporary_write(&fixture->folder, "manifests/f.yaml", "");
	restart(fixture);
	expect(fixture, "c", 1);
	expect_findings(fixture, "0:0 warning from-state\n0:0 emptied-file\n");
	assert_int_equal(store_stats(fixture->store).emptied_files, 1);
	temporary_write(&fixture->folder, "manifests/f.yaml", "# podgate: empty\n");
	load(fixture);
	expect(fixture, "", 0);
	assert_true(save(fixture));
	assert_int_equal(state_folder_records(fixture->state), 0);
}

static void forgets_what_is_removed(void **state)
{
	struct fixture *fixture = *state;

	write_both(fixture, "a", "b");
	temporary_write(&fixture->folder, "manifests/g.yaml", temporary_policy("g"));
	start(fixture);
	save(fixture);
	assert_int_equal(state_folder_records(fixture->state), 2);
	unlink(temporary_path(&fixture->folder, "manifests/f.yaml"));
	restart(fixture);
	expect(fixture, "g", 0);
	assert_true(save(fixture));
	assert_int_equal(state_folder_records(fixture->state), 1);
	write_both(fixture, "x", "y"); /* of the same name, and broken: it has no past any more */
	temporary_write(&fixture->folder, "manifests/f.yaml", "half a fi");
	restart(fixture);
	expect(fixture, "g", 0);
}

static void writes_nothing_that_is_there(void **state)
{
	struct fixture *fixture = *state;

	write_both(fixture, "a", "b");
	start(fixture);
	assert_true(save(fixture));
	restart(fixture);
	assert_false(save(fixture));
	expect(fixture, "a b", 0);
}

static void keeps_what_is_below_a_folder_that_can_not_be_read(void **state)
{
	struct fixture *fixture = *state;
	struct store_source *source;

	mkdir(temporary_path(&fixture->folder, "manifests/sub"), 0755);
	temporary_write(&fixture->folder, "manifests/sub/f.yaml", temporary_policy("a"));
	temporary_write(&fixture->folder, "manifests/subordinate.yaml", temporary_policy("b"));
	start(fixture);
	save(fixture);
	unlink(temporary_path(&fixture->folder, "manifests/sub/f.yaml"));
	rmdir(temporary_path(&fixture->folder, "manifests/sub"));
	unlink(temporary_path(&fixture->folder, "manifests/subordinate.yaml"));
	assert_int_equal(
		symlink("nowhere", temporary_path(&fixture->folder, "manifests/f.yaml")), 0);
	restart(fixture);
	expect(fixture, "", 0);
	/*
	 * A folder of which nothing can be said. Root reads what it likes, so the walk is told by
	 * hand.
	 */
	source = store_source(fixture->store, LOAD_SOURCE);
	assert_int_equal(
		store_recall_below(source, temporary_path(&fixture->folder, "manifests/sub")), 0);
	assert_int_equal(store_commit(source), 0);
	expect(fixture, "a", 1);
}

/* Every byte of a record counts. */
static void sets_a_damaged_record_aside(void **state)
{
	struct fixture *fixture = *state;
	char command[512];

	write_both(fixture, "a", "b");
	start(fixture);
	save(fixture);
	close_store(fixture);
	snprintf(command, sizeof(command),
		"f=$(echo %s/manifests.*) && printf X | dd of=$f bs=1 seek=300 conv=notrunc "
		"2>/dev/null",
		temporary_path(&fixture->folder, "state"));
	assert_int_equal(system(command), 0);
	temporary_write(&fixture->folder, "manifests/f.yaml", "half a fi");
	start(fixture);
	assert_int_equal(fixture->aside, 1);
	assert_string_equal(fixture->problem, "its checksum is wrong: it is damaged, or cut off");
	expect(fixture, "", 0);
	/* It is not looked at again, and another takes its place. */
	write_both(fixture, "a", "b");
	load(fixture);
	save(fixture);
	restart(fixture);
	assert_int_equal(fixture->aside, 1);
	assert_int_equal(state_folder_records(fixture->state), 1);
}

static void is_for_nobody_else(void **state)
{
	struct fixture *fixture = *state;
	struct stat info;
	char command[512];

	mkdir(temporary_path(&fixture->folder, "state"), 0755);
	write_both(fixture, "a", "b");
	start(fixture);
	save(fixture);
	assert_int_equal(stat(temporary_path(&fixture->folder, "state"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	snprintf(command, sizeof(command), "test -z \"$(find %s -type f ! -perm 600)\"",
		temporary_path(&fixture->folder, "state"));
	assert_int_equal(system(command), 0);
}

/* ---- records ---- */

struct text {
	char bytes[16384];
	size_t length;
};

static void put(void *context, const char *bytes, size_t length)
{
	struct text *text = context;

	assert_true(text->length + length < sizeof(text->bytes));
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

/* One object of each kind, with everything that a policy can depend on. */
static const char everything[] =
	"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b, \"x/y\": \"\"}, "
	"annotations: {podgate.io/audit: \"true\"}}\n"
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web, "
	"on: \"off\"},\n"
	"  creationTimestamp: \"2024-02-03T04:05:06Z\", deletionTimestamp: "
	"\"2024-02-03T04:05:06Z\",\n"
	"  annotations: {podgate.io/audit: \"true\", podgate.io/ips: \"10.0.0.1,fd00::1\"}}\n"
	"spec: {nodeName: gw-1, hostNetwork: true, containers: [{name: a, ports: [{containerPort: "
	"80, name: http},\n"
	"  {containerPort: 53, protocol: UDP}, {containerPort: 99, protocol: SCTP, name: "
	"http}]}]}\nstatus: {phase: Failed}\n"
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: db}\nstatus: {podIPs: [{ip: 10.0.0.2}, "
	"{ip: \"fd00::2\"}]}\n"
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, "
	"namespace: shop, annotations: {podgate.io/audit: \"true\"}}\n"
	"spec:\n  podSelector: {matchLabels: {app: web, b: \"\"}, matchExpressions: [{key: a, "
	"operator: NotIn, values: [x, y]},\n"
	"    {key: b, operator: Exists}, {key: c, operator: DoesNotExist}, {key: a, operator: In, "
	"values: [z, \"\"]}]}\n"
	"  policyTypes: [Egress, Ingress]\n"
	"  ingress:\n  - {}\n  - from: [{podSelector: {}}, {namespaceSelector: {matchLabels: {a: "
	"b}}}, {podSelector: {matchLabels: {a: b}}, namespaceSelector: {}}]\n"
	"    ports: [{port: 80}, {port: http, protocol: UDP}, {protocol: SCTP}, {port: 100, "
	"endPort: 200}]\n"
	"  egress:\n  - to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}, "
	"{ipBlock: {cidr: \"fd00::/8\"}}]\n"
	"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: q}\nspec: "
	"{podSelector: {}, policyTypes: [Egress]}\n";

static void print_all(const char *manifests, struct text *out, enum address_annotations addresses)
{
	const struct text_sink sink = {put, out};
	const struct byte_source source = byte_source_of_text(manifests, strlen(manifests));
	struct arena *arena = arena_create();
	struct kube_objects objects;
	struct diag_list diags;
	bool truncated;

	diag_list_init(&diags, arena);
	assert_int_equal(kube_read(&objects, &truncated, "f", &source, NULL,
				 (struct annotation_trust){.addresses = addresses}, arena, &diags),
		0);
	assert_int_equal(diags.errors, 0);
	out->length = 0;
	for (size_t i = 0; i < objects.count; i++) {
		put(out, "---\n", 4);
		object_text_write(&objects.items[i], &sink);
	}
	arena_unref(arena);
}

/* What is written says what was read: spelled out once, and again the same when that is read. */
static void writes_objects_that_read_the_same(void **state)
{
	static const char expected[] =
		"---\n{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
		"\"shop\",\"labels\":{\"a\":\"b\",\"kubernetes.io/metadata.name\":\"shop\",\"x/"
		"y\":\"\"},\"annotations\":{\"podgate.io/audit\":\"true\"}}}\n"
		"---\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\","
		"\"namespace\":\"shop\",\"labels\":{\"app\":\"web\",\"true\":\"off\"},"
		"\"annotations\":{\"podgate.io/audit\":\"true\",\"podgate.io/"
		"ips\":\"10.0.0.1,fd00::1\"},\"creationTimestamp\":\"2024-02-03T04:05:06Z\","
		"\"deletionTimestamp\":\"1970-01-01T00:00:00Z\"},\"spec\":{\"hostNetwork\":true,"
		"\"nodeName\":\"gw-1\",\"containers\":[{\"name\":\"c0\",\"ports\":[{"
		"\"containerPort\":80,\"protocol\":\"TCP\",\"name\":\"http\"}]},{\"name\":\"c1\","
		"\"ports\":[{\"containerPort\":53,\"protocol\":\"UDP\"}]},{\"name\":\"c2\","
		"\"ports\":[{\"containerPort\":99,\"protocol\":\"SCTP\",\"name\":\"http\"}]}]},"
		"\"status\":{\"phase\":\"Succeeded\"}}\n"
		"---\n{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"db\","
		"\"namespace\":\"default\",\"labels\":{}},\"spec\":{\"hostNetwork\":false,"
		"\"nodeName\":\"\",\"containers\":[]},\"status\":{\"phase\":\"Running\",\"podIPs\":"
		"[{\"ip\":\"10.0.0.2\"},{\"ip\":\"fd00::2\"}]}}\n"
		"---\n{\"apiVersion\":\"networking.k8s.io/"
		"v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"p\",\"namespace\":"
		"\"shop\",\"annotations\":{\"podgate.io/"
		"audit\":\"true\"}},\"spec\":{\"podSelector\":{\"matchLabels\":{\"app\":\"web\","
		"\"b\":\"\"},\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\","
		"\"values\":[\"x\",\"y\"]},{\"key\":\"b\",\"operator\":\"Exists\"},{\"key\":\"c\","
		"\"operator\":\"DoesNotExist\"},{\"key\":\"a\",\"operator\":\"In\",\"values\":["
		"\"\",\"z\"]}]},\"policyTypes\":[\"Ingress\",\"Egress\"],\"ingress\":[{\"from\":[],"
		"\"ports\":[]},{\"from\":[{\"podSelector\":{\"matchLabels\":{},"
		"\"matchExpressions\":[]}},{\"namespaceSelector\":{\"matchLabels\":{\"a\":\"b\"},"
		"\"matchExpressions\":[]}},{\"podSelector\":{\"matchLabels\":{\"a\":\"b\"},"
		"\"matchExpressions\":[]},\"namespaceSelector\":{\"matchLabels\":{},"
		"\"matchExpressions\":[]}}],\"ports\":[{\"protocol\":\"TCP\",\"port\":80},{"
		"\"protocol\":\"UDP\",\"port\":\"http\"},{\"protocol\":\"SCTP\"},{\"protocol\":"
		"\"TCP\",\"port\":100,\"endPort\":200}]}],\"egress\":[{\"to\":[{\"ipBlock\":{"
		"\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\",\"10.2.0.0/"
		"16\"]}},{\"ipBlock\":{\"cidr\":\"fd00::/8\",\"except\":[]}}],\"ports\":[]}]}}\n"
		"---\n{\"apiVersion\":\"networking.k8s.io/"
		"v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"q\",\"namespace\":"
		"\"default\"},\"spec\":{\"podSelector\":{\"matchLabels\":{},\"matchExpressions\":[]"
		"},\"policyTypes\":[\"Egress\"],\"ingress\":[],\"egress\":[]}}\n";
	struct text first = {.length = 0}, second = {.length = 0};

	(void)state;
	print_all(everything, &first, ADDRESS_ANNOTATIONS_AUTO);
	assert_string_equal(first.bytes, expected);
	print_all(first.bytes, &second, ADDRESS_ANNOTATIONS_ON);
	assert_string_equal(second.bytes, first.bytes);
}

static void reads_the_heads_that_it_writes(void **state)
{
	struct state_record written = {.name = "/a b/%41\n\xc3\xa4.yaml",
				    .mark.hash = 0xfedcba9876543210,
				    .mark.length = 77,
				    .mark.whole = true,
				    .mark.at = 1790000000},
			    read;
	const struct network_policy policy = {.namespace_name = "shop", .name = "web"};
	const struct kube_object object = {.kind = KUBE_POLICY, .policy = &policy};
	struct text text = {.length = 0};
	const struct text_sink sink = {put, &text};
	struct state_writer writer;
	const char *problem;

	(void)state;
	state_record_begin(&writer, &sink, written.name, &written.mark);
	state_record_add(&writer, &object);
	state_record_end(&writer);
	assert_int_equal(state_record_parse(&read, text.bytes, text.length, &problem), 0);
	assert_string_equal(read.name, written.name);
	assert_true(read.mark.hash == written.mark.hash && read.mark.length == 77 &&
		read.mark.whole && read.mark.at == 1790000000);
	/* No byte may change, none be missing. */
	for (size_t i = 0; i < text.length; i++) {
		text.bytes[i] ^= 1;
		assert_int_not_equal(
			state_record_parse(&read, text.bytes, text.length, &problem), 0);
		text.bytes[i] ^= 1;
		assert_int_not_equal(state_record_parse(&read, text.bytes, i, &problem), 0);
	}
}

#define STATE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(keeps_what_breaks_while_nobody_is_there),
		STATE_TEST(forgets_what_is_removed),
		STATE_TEST(writes_nothing_that_is_there),
		STATE_TEST(keeps_what_is_below_a_folder_that_can_not_be_read),
		STATE_TEST(sets_a_damaged_record_aside),
		STATE_TEST(is_for_nobody_else),
		cmocka_unit_test(writes_objects_that_read_the_same),
		cmocka_unit_test(reads_the_heads_that_it_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of the control protocol: parsed, and what is no watch answered as the daemon answers it,
 * from a small cluster's snapshot; of flows, whose answer is the kernel's, what is said of names.
 * The same bytes as a record are held against the filter of a watch.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/store/store.h"
#include "daemon/answers.h"
#include "enforcer/log/explain_json.h"
#include "policy/compile/snapshot.h"
#include "service/views/flow_listing.h"
#include "service/views/policy_listing.h"
#include "tests/support/json_read_back.h"
#include "tests/support/one_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char manifests[] =
	"apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
	"status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n---\n"
	"apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\n"
	"spec: {containers: [{name: c, ports: [{name: postgres, containerPort: 5432}]}]}\n"
	"status: {podIP: 10.0.0.2}\n---\n"
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db, namespace: "
	"shop}\n"
	"spec:\n  podSelector: {matchLabels: {app: db}}\n  ingress:\n"
	"  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: postgres}]\n";

static struct snapshot *make_snapshot(void)
{
	const struct snapshot_options options = {.revision = 1, .node_name = ""};
	struct snapshot *snapshot;
	struct cluster *cluster;
	struct store *store;

	if (store_create(&store) != 0 ||
		one_file_put(store, "shop.yaml", manifests, strlen(manifests)) != 0 ||
		store_cluster(store, &cluster) != 0 ||
		snapshot_compile(&snapshot, cluster, &options) != 0)
		abort();
	cluster_unref(cluster);
	store_free(store);
	return snapshot;
}

static void try_hand_over(const cJSON *request)
{
	enum handover_step step = HANDOVER_DONE;

	if (handover_parse(&step, request) == 0)
		assert(step == HANDOVER_OFFER || step == HANDOVER_PAUSE || step == HANDOVER_DONE);
}

/* To its end, or without a look. */
static void take_stream(struct stream *stream, bool read)
{
	enum stream_step step = STREAM_MORE;

	while (read && step == STREAM_MORE) {
		struct json_writer piece = {.text = NULL};

		step = stream->next(stream, &piece);
		assert(piece.err == 0 && piece.length > 0 && piece.text[piece.length - 1] == '\n');
		json_writer_deinit(&piece);
	}
	stream->free(stream);
}

static bool is(const struct control_request *request, const char *command)
{
	return strcmp(request->command->name, command) == 0;
}

static void list(const struct snapshot *snapshot, const struct control_request *request)
{
	static struct policy_hits *hits;
	const bool policies = is(request, "policies");
	char problem[PROBLEM_SIZE] = "";
	struct stream *stream;
	int err;

	if (hits == NULL && policy_hits_create(&hits) != 0)
		abort();
	if (policies)
		err = policy_listing_open(&stream,
			&(struct policy_listing_options){
				.snapshot = snapshot, .hits = hits, .filter = request->filter},
			problem);
	else
		err = flow_listing_open(&stream,
			&(struct flow_listing_options){
				.snapshot = snapshot, .filter = request->filter},
			problem);
	if (err == 0)
		take_stream(stream, policies);
	else
		assert(problem[0] != '\0' && memchr(problem, '\0', sizeof(problem)) != NULL);
}

static void answer(const struct snapshot *snapshot, const struct control_request *request)
{
	struct json_writer reply = {.text = NULL};
	cJSON *json;

	if (is(request, "flows") || is(request, "policies"))
		list(snapshot, request);
	if (is(request, "explain"))
		explain_json_answer(&reply, snapshot, request->json);
	else if (is(request, "judge"))
		explain_json_judge(&reply, snapshot, request->json);
	else if (is(request, "hand_over"))
		try_hand_over(request->json);
	if (reply.text == NULL)
		return;
	json_end_line(&reply);
	json = json_read_back(&reply);
	assert(cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(json, "ok")));
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct snapshot *snapshot;
	const struct filter everything = {0};
	char problem[PROBLEM_SIZE] = "";
	struct control_request request;
	int err;

	if (snapshot == NULL)
		snapshot = make_snapshot();
	err = control_request_parse(
		&request, answers_commands, (const char *)bytes, length, problem);
	if (err != 0) {
		/* A refusal says why: the client is shown it. */
		assert(problem[0] != '\0' && memchr(problem, '\0', sizeof(problem)) != NULL);
		return 0;
	}
	answer(snapshot, &request);
	filter_matches(&request.filter, request.json);
	assert(filter_matches(&everything, request.json));
	control_request_deinit(&request);
	return 0;
}

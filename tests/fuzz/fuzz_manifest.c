/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any bytes as a manifest: they are read or refused, within the limits, and what comes out of them
 * keeps the promises of policy/values/model.h, on which the compiler relies without looking.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/kube/kube.h"
#include "policy/values/cluster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int held)
{
	if (!held)
		abort();
}

static void check_pos(const struct source_pos *pos)
{
	must(pos->line >= 1 && pos->column >= 1 && strcmp(pos->file, "f") == 0);
}

static void check_labels(const struct label_set *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		must(label_key_problem(labels->items[i].key) == NULL);
		must(label_value_problem(labels->items[i].value) == NULL);
		must(i == 0 || strcmp(labels->items[i - 1].key, labels->items[i].key) < 0);
	}
}

static void check_selector(const struct selector *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->requirements[i];
		const int valued = requirement->op == REQUIREMENT_IN ||
			requirement->op == REQUIREMENT_NOT_IN;

		must(label_key_problem(requirement->key) == NULL);
		must((requirement->value_count > 0) == valued);
		for (size_t j = 0; j < requirement->value_count; j++) {
			must(label_value_problem(requirement->values[j]) == NULL);
			must(j == 0 ||
				strcmp(requirement->values[j - 1], requirement->values[j]) < 0);
		}
		check_pos(&requirement->pos);
	}
}

static void check_block(const struct ip_block *block)
{
	must(!cidr_has_host_bits(&block->cidr));
	for (size_t i = 0; i < block->except_count; i++) {
		must(!cidr_has_host_bits(&block->excepts[i]));
		must(!cidr_contains_block(&block->excepts[i], &block->cidr));
	}
}

static void check_rule(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		must(peer->has_ip_block !=
			(peer->has_pod_selector || peer->has_namespace_selector));
		check_selector(&peer->pod_selector);
		check_selector(&peer->namespace_selector);
		if (peer->has_ip_block)
			check_block(&peer->ip_block);
	}
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];

		if (port->kind == POLICY_PORT_NUMBER)
			must(port->first >= 1 && port->first <= port->last);
		if (port->kind == POLICY_PORT_NAMED)
			must(port_name_problem(port->name) == NULL);
		check_pos(&port->pos);
	}
}

static void check_policy(const struct network_policy *policy)
{
	must(policy->name[0] != '\0' && policy->namespace_name[0] != '\0');
	check_selector(&policy->pod_selector);
	for (int i = 0; i < DIRECTION_COUNT; i++)
		for (size_t j = 0; j < policy->rule_count[i]; j++)
			check_rule(&policy->rules[i][j]);
}

static void check_pod(const struct pod *pod)
{
	must(pod->name[0] != '\0' && pod->namespace_name[0] != '\0');
	check_labels(&pod->labels);
	for (size_t i = 0; i < pod->port_count; i++)
		must(pod->ports[i].port != 0 && pod->ports[i].name != NULL);
	for (size_t i = 0; i < pod->ip_count; i++)
		must(pod->host_network || ip_addr_pod_problem(&pod->ips[i]) == NULL);
	must(!pod->ips_annotated || pod->ip_count > 0);
}

static void check_object(const struct kube_object *object)
{
	switch (object->kind) {
	case KUBE_NAMESPACE:
		check_labels(&object->namespace_object->labels);
		must(label_set_get(&object->namespace_object->labels,
			     "kubernetes.io/metadata.name") != NULL);
		break;
	case KUBE_POD:
		check_pod(object->pod);
		break;
	case KUBE_POLICY:
		check_policy(object->policy);
		break;
	}
}

static void check_diags(const struct diag_list *diags, const struct kube_objects *objects)
{
	for (size_t i = 0; i < diags->count; i++) {
		must(diags->items[i].text[0] != '\0');
		must(strcmp(diags->items[i].pos.file, "f") == 0);
	}
	/* What is not understood is said, and what is said was not understood. */
	must((objects->broken > 0) <= (diags->errors > 0));
}

static const struct document_limits limits = {.bytes = 1 << 20, .nodes = 20000, .depth = 64};

/*
 * A key that is there twice may be the kind of a list: its items were read by the first, when they
 * came between.
 */
static bool has_duplicates(const struct diag_list *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		if (strcmp(diags->items[i].code, "duplicate-key") == 0)
			return true;
	return diags->dropped > 0;
}

/*
 * An object at a time, the same must come out as from all of them together; but findings in items
 * are told, too, when their list turns out broken.
 */
static void check_read(const uint8_t *data, size_t size, const struct document_list *documents,
	const struct kube_objects *expected, const struct diag_list *expected_diags)
{
	const struct byte_source source = byte_source_of_text((const char *)data, size);
	struct arena *model = arena_create();
	struct kube_objects objects;
	struct diag_list diags;
	bool truncated;

	must(model != NULL);
	diag_list_init(&diags, model);
	must(kube_read(&objects, &truncated, "f", &source, &limits, (struct annotation_trust){0},
		     model, &diags) == 0);
	must(truncated == documents->truncated);
	if (!has_duplicates(&diags)) {
		must(objects.count == expected->count);
		must(objects.broken == expected->broken &&
			objects.passed_over == expected->passed_over);
		must(diags.count >= expected_diags->count &&
			diags.errors >= expected_diags->errors);
	}
	for (size_t i = 0; i < objects.count; i++)
		check_object(&objects.items[i]);
	arena_unref(model);
}

/* Whatever the annotations count for. */
static void check_annotations(const uint8_t *data, size_t size)
{
	for (int trust = ADDRESS_ANNOTATIONS_ON; trust <= ADDRESS_ANNOTATIONS_OFF; trust++) {
		const struct byte_source source = byte_source_of_text((const char *)data, size);
		struct arena *model = arena_create();
		struct kube_objects objects;
		struct diag_list diags;
		bool truncated;

		must(model != NULL);
		diag_list_init(&diags, model);
		must(kube_read(&objects, &truncated, "f", &source, &limits,
			     (struct annotation_trust){
				     (enum address_annotations)trust, AUDIT_ANNOTATIONS_OFF},
			     model, &diags) == 0);
		for (size_t i = 0; i < objects.count; i++) {
			check_object(&objects.items[i]);
			must(trust == ADDRESS_ANNOTATIONS_ON || objects.items[i].kind != KUBE_POD ||
				!objects.items[i].pod->ips_annotated);
		}
		arena_unref(model);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct byte_source source = byte_source_of_text((const char *)data, size);
	struct arena *tree = arena_create(), *model = arena_create();
	struct document_list documents;
	struct kube_objects objects;
	struct diag_list diags;

	must(tree != NULL && model != NULL);
	diag_list_init(&diags, model);
	must(document_read(&documents, "f", &source, &limits, tree, &diags) == 0);
	must(kube_decode(&objects, &documents, model, &diags) == 0);
	documents.roots = NULL;
	arena_unref(tree); /* nothing of the model may live in it */
	for (size_t i = 0; i < objects.count; i++)
		check_object(&objects.items[i]);
	check_diags(&diags, &objects);
	check_read(data, size, &documents, &objects, &diags);
	check_annotations(data, size);
	arena_unref(model);
	return 0;
}

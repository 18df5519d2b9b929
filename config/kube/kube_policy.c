/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct field_set policy_fields = {
	.owner = "a NetworkPolicy",
	.names = (const char *const[]){"apiVersion", "kind", "metadata", "spec", "status", NULL},
	.elsewhere = (const struct field_elsewhere[]){{"podSelector", "it belongs below 'spec:'"},
		{"policyTypes", "it belongs below 'spec:'"},
		{"ingress", "it belongs below 'spec:'"}, {"egress", "it belongs below 'spec:'"},
		{"name", "it belongs below 'metadata:'"},
		{"namespace", "it belongs below 'metadata:'"},
		{"labels", "it belongs below 'metadata:'"}, {NULL, NULL}},
};
static const struct field_set spec_fields = {
	.owner = "a NetworkPolicy's spec",
	.names = (const char *const[]){"podSelector", "policyTypes", "ingress", "egress", NULL},
	.elsewhere =
		(const struct field_elsewhere[]){
			{"from", "it belongs to a rule: '- from:' below 'ingress:'"},
			{"to", "it belongs to a rule: '- to:' below 'egress:'"},
			{"ports", "it belongs to a rule, below 'ingress:' or 'egress:'"},
			{"matchLabels", "it belongs below 'podSelector:'"},
			{"matchExpressions", "it belongs below 'podSelector:'"}, {NULL, NULL}},
};

/* One for each direction: what its rules may have. */
static const struct field_set rule_fields[DIRECTION_COUNT] = {
	[DIRECTION_INGRESS] =
		{
			.owner = "an ingress rule",
			.names = (const char *const[]){"from", "ports", NULL},
			.elsewhere = (const struct field_elsewhere
					[]){{"to", "ingress rules have 'from'; 'to' is for egress"},
				{"podSelector",
					"it belongs in the list below 'from:', indented deeper"},
				{"namespaceSelector",
					"it belongs in the list below 'from:', indented deeper"},
				{"ipBlock",
					"it belongs in the list below 'from:', indented deeper"},
				{"port", "it belongs in the list below 'ports:'"},
				{"protocol", "it belongs in the list below 'ports:'"},
				{"endPort", "it belongs in the list below 'ports:'"}, {NULL, NULL}},
		},
	[DIRECTION_EGRESS] =
		{
			.owner = "an egress rule",
			.names = (const char *const[]){"to", "ports", NULL},
			.elsewhere = (const struct field_elsewhere
					[]){{"from",
						    "egress rules have 'to'; 'from' is for "
						    "ingress"},
				{"podSelector",
					"it belongs in the list below 'to:', indented deeper"},
				{"namespaceSelector",
					"it belongs in the list below 'to:', indented deeper"},
				{"ipBlock", "it belongs in the list below 'to:', indented deeper"},
				{"port", "it belongs in the list below 'ports:'"},
				{"protocol", "it belongs in the list below 'ports:'"},
				{"endPort", "it belongs in the list below 'ports:'"}, {NULL, NULL}},
		},
};
static const char *const type_names[DIRECTION_COUNT] = {"Ingress", "Egress"};
static const char *const peer_keys[DIRECTION_COUNT] = {"from", "to"};

static void *read_items(struct decoder *decoder, const struct node *list, const char *what,
	size_t size, void (*read)(struct decoder *, const struct node *, void *), size_t *out_count)
{
	const size_t count = decode_list(decoder, list, what);
	char *items = decode_alloc(decoder, count, size);

	for (size_t i = 0; items != NULL && i < count; i++)
		read(decoder, list->entries[i].value, items + i * size);
	*out_count = items == NULL ? 0 : count;
	return items;
}

static void read_rule(struct decoder *decoder, const struct node *node, enum direction direction,
	struct policy_rule *out)
{
	size_t port_count;

	out->pos = node->pos;
	if (node->kind == NODE_NULL) {
		decode_warning(decoder, node->pos, "empty-rule", "write '- {}' if that is meant",
			"a rule with nothing in it allows everything");
		return;
	}
	if (!fields_check(decoder, node, &rule_fields[direction], FIELDS_STRICT))
		return;
	out->peers = read_items(decoder, node_get(node, peer_keys[direction]), peer_keys[direction],
		sizeof(*out->peers), kube_read_peer, &out->peer_count);
	out->ports = read_items(decoder, node_get(node, "ports"), "'ports'", sizeof(*out->ports),
		kube_read_policy_port, &port_count);
	out->port_count = (uint32_t)port_count;
}

static void read_rules(struct decoder *decoder, const struct node *spec, enum direction direction,
	struct network_policy *out)
{
	const struct node *node = node_get(spec, direction_name(direction));
	const size_t count = decode_list(decoder, node, direction_name(direction));
	struct policy_rule *rules = decode_alloc(decoder, count, sizeof(*rules));

	for (size_t i = 0; rules != NULL && i < count; i++)
		read_rule(decoder, node->entries[i].value, direction, &rules[i]);
	out->rules[direction] = rules;
	out->rule_count[direction] = rules == NULL ? 0 : count;
}

bool kube_check_policy_spec(struct decoder *decoder, const struct node *spec)
{
	const size_t errors = decoder->diags->errors;

	return fields_check(decoder, spec, &spec_fields, FIELDS_STRICT) &&
		decoder->diags->errors == errors;
}

bool kube_check_rule(struct decoder *decoder, const struct node *rule, enum direction direction)
{
	const size_t errors = decoder->diags->errors;

	return fields_check(decoder, rule, &rule_fields[direction], FIELDS_STRICT) &&
		decoder->diags->errors == errors;
}

const char *kube_peer_key(enum direction direction)
{
	return peer_keys[direction];
}

static void read_type(
	struct decoder *decoder, const struct node *node, bool isolates[DIRECTION_COUNT])
{
	const char *name = decode_string(decoder, node, "a policy type");
	const char *hint = NULL;

	if (name == NULL)
		return;
	for (size_t i = 0; i < DIRECTION_COUNT; i++) {
		if (strcmp(name, type_names[i]) == 0) {
			if (isolates[i])
				decode_warning(decoder, node->pos, "duplicate-type", "remove it",
					"%s is here twice", name);
			isolates[i] = true;
			return;
		}
		if (strcasecmp(name, type_names[i]) == 0)
			hint = i == DIRECTION_INGRESS ? "write Ingress" : "write Egress";
	}
	decode_error(decoder, node->pos, "bad-policy-type", hint,
		"'%s' is neither Ingress nor Egress", name);
}

/*
 * As the API server's SetDefaults_NetworkPolicy: without policyTypes, or with an empty list,
 * Ingress, and Egress when there are egress rules.
 */
void kube_read_policy_types(
	struct decoder *decoder, const struct node *node, struct network_policy *out)
{
	const size_t count = decode_list(decoder, node, "'policyTypes'");

	if (count > DIRECTION_COUNT)
		decode_error(
			decoder, node->pos, "bad-policy-type", NULL, "more than two policyTypes");
	for (size_t i = 0; i < count && i < DIRECTION_COUNT; i++)
		read_type(decoder, node->entries[i].value, out->isolates);
	if (count == 0) {
		out->isolates[DIRECTION_INGRESS] = true;
		out->isolates[DIRECTION_EGRESS] = out->rule_count[DIRECTION_EGRESS] > 0;
	}
}

static void check_types(
	struct decoder *decoder, const struct node *spec, const struct network_policy *policy)
{
	for (int i = 0; i < DIRECTION_COUNT; i++) {
		const char *name = direction_name((enum direction)i);
		char hint[64];

		if (policy->isolates[i] || policy->rule_count[i] == 0)
			continue;
		snprintf(hint, sizeof(hint), "add '- %s' to policyTypes, or remove the rules",
			type_names[i]);
		decode_warning(decoder, decode_entry(spec, name)->key->pos, "rules-ignored", hint,
			"the %s rules are ignored: policyTypes does not name %s", name,
			type_names[i]);
	}
}

static void read_spec(struct decoder *decoder, const struct node *spec, struct network_policy *out)
{
	const struct node *selector = node_get(spec, "podSelector");
	const size_t errors = decoder->diags->errors;

	if (!fields_check(decoder, spec, &spec_fields, FIELDS_STRICT))
		return;
	if (selector != NULL || decoder->diags->errors == errors)
		out->pod_selector.pos = spec->pos;
	if (!decode_is_absent(selector))
		kube_read_selector(decoder, selector, &out->pod_selector);
	/* Where a field is unknown, it may be the very one that seems to be missing. */
	else if (selector == NULL && decoder->diags->errors == errors)
		decode_warning(decoder, spec->pos, "missing-pod-selector",
			"write 'podSelector: {}' if that is meant",
			"without podSelector the policy selects every pod of its namespace");
	read_rules(decoder, spec, DIRECTION_INGRESS, out);
	read_rules(decoder, spec, DIRECTION_EGRESS, out);
	kube_read_policy_types(decoder, node_get(spec, "policyTypes"), out);
	if (decoder->diags->errors == errors)
		check_types(decoder, spec, out);
}

void kube_read_policy(struct decoder *decoder, const struct node *object, void *out)
{
	struct network_policy *policy = out;
	const struct node *spec = node_get(object, "spec");
	const size_t errors = decoder->diags->errors;
	struct kube_meta meta;

	fields_check(decoder, object, &policy_fields, FIELDS_STRICT);
	kube_read_meta(decoder, object, KUBE_POLICY, &meta);
	*policy = (struct network_policy){.namespace_name = meta.namespace_name,
		.name = meta.name,
		.audit = meta.audit,
		.pos = meta.pos};
	if (!decode_is_absent(spec)) {
		read_spec(decoder, spec, policy);
		return;
	}
	/* The API server takes it: every field of a spec may be left out, and the spec, too. */
	policy->isolates[DIRECTION_INGRESS] = true;
	policy->pod_selector.pos = object->pos;
	if (decoder->diags->errors == errors)
		decode_warning(decoder, object->pos, "missing-spec",
			"write 'spec:' and below it 'podSelector: ...'",
			"without spec the policy selects every pod of its namespace and admits "
			"nothing to them");
}

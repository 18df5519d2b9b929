/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Objects with errors, as far as they can be read. A mistake must not admit traffic that its object
 * was meant to deny. So an unreadable part isolates, and admits nothing. The object is read a
 * second time here, piece by piece. Findings are dropped: the first reading has reported them all.
 */

#include "config/kube/kube_internal.h"

#include <stdlib.h>
#include <string.h>

struct closing {
	struct decoder *decoder;
	struct diag_list scratch; /* instead of the decoder's own */
};

/* A null that stands in for a broken value (a bad alias) is no absence. */
static bool is_absent(const struct node *node)
{
	return decode_is_absent(node) && (node == NULL || node->health == NODE_SOUND);
}

/* Whether a node was read without an error since there were `errors`. */
static bool is_sound(const struct closing *closing, const struct node *node, size_t errors)
{
	return closing->scratch.errors == errors && node->health == NODE_SOUND;
}

/*
 * Those items of a list that can be read. False when they admit nobody, though the list has some,
 * or is no list.
 */
static bool close_list(struct closing *closing, const struct node *list, size_t size, void **out,
	size_t *out_count,
	void (*read)(struct decoder *decoder, const struct node *node, void *item))
{
	const bool absent = is_absent(list);
	size_t count = 0;
	char *items;

	if (!absent && list->kind != NODE_SEQUENCE)
		return false;
	items = decode_alloc(closing->decoder, absent ? 0 : list->count, size);
	if (items == NULL)
		return false;
	for (size_t i = 0; !absent && i < list->count; i++) {
		const size_t errors = closing->scratch.errors;

		read(closing->decoder, list->entries[i].value, items + count * size);
		count += is_sound(closing, list->entries[i].value, errors);
	}
	*out = items;
	*out_count = count;
	return absent || list->count == 0 || count > 0;
}

/* False when the rule admits nobody, as far as it can be read. */
static bool close_rule(struct closing *closing, const struct node *node, enum direction direction,
	struct policy_rule *out)
{
	void *peers = NULL, *ports = NULL;
	size_t port_count = 0;

	*out = (struct policy_rule){.pos = node->pos};
	if (node->kind == NODE_NULL)
		return node->health == NODE_SOUND; /* a rule with nothing in it admits everybody */
	if (node->health == NODE_BROKEN || !kube_check_rule(closing->decoder, node, direction) ||
		!close_list(closing, node_get(node, kube_peer_key(direction)),
			sizeof(struct policy_peer), &peers, &out->peer_count, kube_read_peer) ||
		!close_list(closing, node_get(node, "ports"), sizeof(struct policy_port), &ports,
			&port_count, kube_read_policy_port))
		return false;
	out->peers = peers;
	out->ports = ports;
	out->port_count = (uint32_t)port_count;
	return true;
}

static void close_rules(struct closing *closing, const struct node *spec, enum direction direction,
	struct network_policy *out)
{
	const struct node *list = node_get(spec, direction_name(direction));
	struct policy_rule *rules;
	size_t count = 0;

	if (is_absent(list) || list->kind != NODE_SEQUENCE)
		return;
	rules = decode_alloc(closing->decoder, list->count, sizeof(*rules));
	for (size_t i = 0; rules != NULL && i < list->count; i++)
		count += close_rule(closing, list->entries[i].value, direction, &rules[count]);
	out->rules[direction] = rules;
	out->rule_count[direction] = count;
}

/*
 * A type that can't be read may be either, and a field that is not known may be the one that is
 * missing.
 */
static void close_types(
	struct closing *closing, const struct node *spec, bool is_known, struct network_policy *out)
{
	const struct node *types = node_get(spec, "policyTypes"),
			  *egress = node_get(spec, "egress");
	const size_t errors = closing->scratch.errors;

	if (is_absent(types) || (types->kind == NODE_SEQUENCE && types->count == 0)) {
		out->isolates[DIRECTION_INGRESS] = true;
		out->isolates[DIRECTION_EGRESS] = !is_known ||
			(!is_absent(egress) &&
				(egress->kind != NODE_SEQUENCE || egress->count > 0));
		return;
	}
	kube_read_policy_types(closing->decoder, types, out);
	if (!is_sound(closing, types, errors))
		out->isolates[DIRECTION_INGRESS] = out->isolates[DIRECTION_EGRESS] = true;
}

static void close_spec(struct closing *closing, const struct node *spec, struct network_policy *out)
{
	const struct node *selector = node_get(spec, "podSelector");
	const bool is_known = kube_check_policy_spec(closing->decoder, spec);

	out->pod_selector.pos = spec->pos;
	if (!is_absent(selector))
		kube_read_sound_selector(closing->decoder, selector, &out->pod_selector);
	close_rules(closing, spec, DIRECTION_INGRESS, out);
	close_rules(closing, spec, DIRECTION_EGRESS, out);
	close_types(closing, spec, is_known, out);
}

/*
 * The namespace that the metadata mean; NULL when they can't be read. 123 without quotes is no
 * string, and can only mean "123".
 */
static const char *close_namespace(struct closing *closing, const struct node *object)
{
	const struct node *meta = node_get(object, "metadata"), *name = node_get(meta, "namespace");

	if (is_absent(meta))
		return "default";
	if (meta->kind != NODE_MAPPING || meta->health == NODE_BROKEN)
		return NULL;
	if (is_absent(name) || (name->kind == NODE_SCALAR && name->text[0] == '\0'))
		return "default";
	if (name->kind != NODE_SCALAR || name->health != NODE_SOUND ||
		namespace_name_problem(name->text) != NULL)
		return NULL;
	return decode_intern(closing->decoder, name->text);
}

/* Its name; or, as it must have one, another that says where it stands. */
static const char *close_name(struct closing *closing, const struct node *object, bool *is_named)
{
	const struct node *name = node_get(node_get(object, "metadata"), "name");
	const char *made;

	*is_named = name != NULL && name->kind == NODE_SCALAR && name->health == NODE_SOUND &&
		object_name_problem(name->text) == NULL;
	if (*is_named)
		return decode_intern(closing->decoder, name->text);
	made = arena_printf(closing->decoder->arena, "unnamed-at-line-%u", object->pos.line);
	if (made == NULL)
		closing->decoder->out_of_memory = true;
	return made != NULL ? made : "";
}

static size_t close_policy(
	struct closing *closing, const struct node *object, struct kube_object *out)
{
	struct network_policy *policy = decode_alloc(closing->decoder, 1, sizeof(*policy));
	const struct node *spec = node_get(object, "spec");
	const char *namespace_name = close_namespace(closing, object);
	struct kube_meta meta;
	bool is_named;

	if (policy == NULL || namespace_name == NULL)
		return 0;
	kube_read_meta(closing->decoder, object, KUBE_POLICY, &meta);
	*policy = (struct network_policy){.namespace_name = namespace_name,
		.name = close_name(closing, object, &is_named),
		.audit = meta.audit,
		.pos = meta.pos,
		.in_part = true};
	if (!is_absent(spec) && spec->kind == NODE_MAPPING) {
		close_spec(closing, spec, policy);
	} else {
		policy->pod_selector.pos = object->pos;
		policy->isolates[DIRECTION_INGRESS] = true;
		policy->isolates[DIRECTION_EGRESS] = !is_absent(spec);
	}
	out[0] = (struct kube_object){.kind = KUBE_POLICY, .unnamed = !is_named, .policy = policy};
	return 1;
}

/* Isolates a pod by a policy of its own, which selects it by a label that no other pod has. */
static struct network_policy *isolate(struct decoder *decoder, struct pod *pod)
{
	struct network_policy *policy = decode_alloc(decoder, 1, sizeof(*policy));
	struct requirement *requirement = decode_alloc(decoder, 1, sizeof(*requirement));
	const char **values = decode_alloc(decoder, 1, sizeof(const char *));
	const char *name = arena_printf(decoder->arena, KUBE_CLOSED_POD_POLICY "%s", pod->name);

	if (policy == NULL || requirement == NULL || values == NULL || name == NULL) {
		decoder->out_of_memory = true;
		return NULL;
	}
	kube_add_label(decoder, &pod->labels, KUBE_CLOSED_POD_LABEL, pod->name);
	values[0] = pod->name;
	*requirement = (struct requirement){.key = KUBE_CLOSED_POD_LABEL,
		.op = REQUIREMENT_IN,
		.values = values,
		.value_count = 1,
		.from_match_labels = true,
		.pos = pod->pos};
	*policy = (struct network_policy){.namespace_name = pod->namespace_name,
		.name = name,
		.in_part = true,
		.pod_selector = {.requirements = requirement, .count = 1, .pos = pod->pos},
		.isolates = {true, true},
		.pos = pod->pos};
	return policy;
}

static size_t close_pod(struct closing *closing, const struct node *object, struct kube_object *out)
{
	struct decoder *decoder = closing->decoder;
	struct pod *pod = decode_alloc(decoder, 1, sizeof(*pod));
	const struct node *host_network = node_get(node_get(object, "spec"), "hostNetwork");
	const struct node *labels = node_get(node_get(object, "metadata"), "labels");
	const char *namespace_name = close_namespace(closing, object);
	struct network_policy *policy;
	bool host, is_named;
	size_t errors;

	if (pod == NULL || namespace_name == NULL)
		return 0;
	kube_read_pod(decoder, object, pod);
	pod->namespace_name = namespace_name;
	pod->name = close_name(closing, object, &is_named);
	errors = closing->scratch.errors;
	host = !is_absent(host_network) &&
		decode_boolean(decoder, host_network, "hostNetwork", true);
	/* An address that may be the node's is better not isolated. */
	pod->host_network = host || closing->scratch.errors != errors;
	out[0] = (struct kube_object){.kind = KUBE_POD, .unnamed = !is_named, .pod = pod};
	if (is_absent(labels) ||
		(labels->kind == NODE_MAPPING && labels->health == NODE_SOUND &&
			labels->count == pod->labels.count))
		return 1;
	policy = isolate(decoder, pod);
	out[1] = (struct kube_object){.kind = KUBE_POLICY, .of_pod = pod, .policy = policy};
	return policy == NULL ? 0 : 2;
}

/* Reads with findings that nobody sees. */
static size_t read_silently(struct decoder *decoder, const struct node *object,
	struct kube_object *out,
	size_t (*read)(struct closing *, const struct node *, struct kube_object *))
{
	struct closing closing = {.decoder = decoder};
	struct diag_list *diags = decoder->diags;
	struct arena *arena = arena_create();
	size_t count;

	if (arena == NULL) {
		decoder->out_of_memory = true;
		return 0;
	}
	diag_list_init(&closing.scratch, arena);
	decoder->diags = &closing.scratch;
	count = read(&closing, object, out);
	decoder->diags = diags;
	arena_unref(arena);
	return decoder->out_of_memory ? 0 : count;
}

size_t kube_close_policy(
	struct decoder *decoder, const struct node *object, struct kube_object *out)
{
	return read_silently(decoder, object, out, close_policy);
}

size_t kube_close_pod(struct decoder *decoder, const struct node *object, struct kube_object *out)
{
	return read_silently(decoder, object, out, close_pod);
}

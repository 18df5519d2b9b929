/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/kube/kube_internal.h"

#include <string.h>

/*
 * Of a pod's many fields only those that a policy can depend on are read. The others are not
 * checked: they change with every Kubernetes release, and it is not for a gateway to refuse them.
 */
static const struct field_set pod_fields = {
	.owner = "a Pod",
	.names = (const char *const[]){"apiVersion", "kind", "metadata", "spec", "status", NULL},
};
static const struct field_set spec_fields = {
	.owner = "a Pod's spec",
	.names = (const char *const[]){"hostNetwork", "nodeName", "containers", "initContainers",
		NULL},
};
static const struct field_set status_fields = {
	.owner = "a Pod's status",
	.names = (const char *const[]){"podIP", "podIPs", "phase", "hostIP", "hostIPs", NULL},
};
static const struct field_set container_fields = {
	.owner = "a container",
	.names = (const char *const[]){"name", "image", "ports", "restartPolicy", NULL},
};
static const struct field_set port_fields = {
	.owner = "a container's port",
	.names = (const char *const[]){"name", "containerPort", "protocol", "hostPort", "hostIP",
		NULL},
};

static bool read_container_port(
	struct decoder *decoder, const struct node *node, struct container_port *out)
{
	const struct node *name, *number;
	const char *text = "";

	if (!fields_check(decoder, node, &port_fields, FIELDS_LENIENT))
		return false;
	name = node_get(node, "name");
	number = node_get(node, "containerPort");
	if (decode_is_absent(number)) {
		decode_error(decoder, node->pos, "missing-field", NULL,
			"a container's port needs 'containerPort'");
		return false;
	}
	if (!decode_is_absent(name))
		text = decode_string(decoder, name, "a port's name");
	if (text != NULL && text[0] != '\0' && port_name_problem(text) != NULL)
		decode_error(decoder, name->pos, "bad-port-name", NULL, "port name '%s': %s", text,
			port_name_problem(text));
	out->port = decode_port(decoder, number, "containerPort");
	out->protocol = kube_read_protocol(decoder, node_get(node, "protocol"));
	out->name = text == NULL ? "" : decode_intern(decoder, text);
	return true;
}

enum { PORTS_COMPARED = 256 }; /* of a pod: each is held against all before it */

/*
 * The port that was read last, held against those before it, of which those from `first` on are of
 * the same container. There the API server refuses a second port of one name. In another container
 * it takes it, and nothing in the API says which of the two a policy means: both, here.
 */
static void check_port_name(struct decoder *decoder, const struct container_port *ports,
	size_t first, size_t last, struct source_pos pos)
{
	for (size_t i = 0; i < last && last < PORTS_COMPARED; i++) {
		if (ports[i].name[0] == '\0' || strcmp(ports[i].name, ports[last].name) != 0)
			continue;
		if (i >= first)
			decode_warning(decoder, pos, "duplicate-port-name",
				"give each port a name of its own",
				"port name '%s' is in this container twice, which the API server "
				"refuses",
				ports[last].name);
		else if (ports[i].port != ports[last].port &&
			ports[i].protocol == ports[last].protocol)
			decode_warning(decoder, pos, "duplicate-port-name",
				"give each port a name of its own",
				"port name '%s' stands for the ports %u and %u of this pod: a "
				"policy that names it means both here, and perhaps one of them "
				"elsewhere",
				ports[last].name, ports[i].port, ports[last].port);
		else
			continue;
		return;
	}
}

/* Init containers end before the pod serves, but for those that restart Always ("sidecars"). */
static bool has_ports(const struct node *container, bool init)
{
	const struct node *policy = node_get(container, "restartPolicy");

	return !init || (policy != NULL && strcmp(policy->text, "Always") == 0);
}

static size_t count_ports(
	struct decoder *decoder, const struct node *containers, const char *what, bool init)
{
	const size_t count = decode_list(decoder, containers, what);
	size_t ports = 0;

	for (size_t i = 0; i < count; i++) {
		const struct node *container = containers->entries[i].value;

		if (fields_check(decoder, container, &container_fields, FIELDS_LENIENT) &&
			has_ports(container, init))
			ports += decode_list(decoder, node_get(container, "ports"), "'ports'");
	}
	return ports;
}

static void read_ports(struct decoder *decoder, const struct node *containers, bool init,
	struct container_port *ports, size_t *count)
{
	size_t first;

	if (decode_is_absent(containers) || containers->kind != NODE_SEQUENCE)
		return;
	for (size_t i = 0; i < containers->count; i++) {
		const struct node *container = containers->entries[i].value;
		const struct node *list = node_get(container, "ports");

		if (list == NULL || list->kind != NODE_SEQUENCE || !has_ports(container, init))
			continue;
		first = *count;
		for (size_t j = 0; j < list->count; j++) {
			if (!read_container_port(decoder, list->entries[j].value, &ports[*count]))
				continue;
			check_port_name(decoder, ports, first, *count, list->entries[j].value->pos);
			(*count)++;
		}
	}
}

static void read_spec(struct decoder *decoder, const struct node *spec, struct pod *out)
{
	const struct node *node_name, *containers, *init;
	struct container_port *ports;
	const char *text;

	if (decode_is_absent(spec) || !fields_check(decoder, spec, &spec_fields, FIELDS_LENIENT))
		return;
	out->host_network = decode_boolean(
		decoder, node_get(spec, "hostNetwork"), "hostNetwork", false);
	node_name = node_get(spec, "nodeName");
	if (!decode_is_absent(node_name)) {
		text = decode_string(decoder, node_name, "nodeName");
		out->node_name = decode_intern(decoder, text != NULL ? text : "");
	}
	containers = node_get(spec, "containers");
	init = node_get(spec, "initContainers");
	ports = decode_alloc(decoder,
		count_ports(decoder, containers, "'containers'", false) +
			count_ports(decoder, init, "'initContainers'", true),
		sizeof(*ports));
	if (ports == NULL)
		return;
	read_ports(decoder, containers, false, ports, &out->port_count);
	read_ports(decoder, init, true, ports, &out->port_count);
	out->ports = ports;
}

static void read_status(struct decoder *decoder, const struct node *status, struct pod *out)
{
	const struct node *phase;

	if (decode_is_absent(status) ||
		!fields_check(decoder, status, &status_fields, FIELDS_LENIENT))
		return;
	phase = node_get(status, "phase");
	out->finished = phase != NULL &&
		(strcmp(phase->text, "Succeeded") == 0 || strcmp(phase->text, "Failed") == 0);
}

void kube_read_pod(struct decoder *decoder, const struct node *object, void *out)
{
	struct pod *pod = out;
	struct kube_meta meta;

	fields_check(decoder, object, &pod_fields, FIELDS_LENIENT);
	kube_read_meta(decoder, object, KUBE_POD, &meta);
	*pod = (struct pod){.namespace_name = meta.namespace_name,
		.name = meta.name,
		.labels = meta.labels,
		.node_name = "",
		.created = meta.created,
		.terminating = meta.terminating,
		.audit = meta.audit,
		.pos = meta.pos};
	read_spec(decoder, node_get(object, "spec"), pod);
	read_status(decoder, node_get(object, "status"), pod);
	kube_read_addresses(decoder, object, &meta, pod);
}

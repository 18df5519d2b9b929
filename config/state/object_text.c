/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/state/object_text.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/kube/object_kind.h"

static void put(const struct text_sink *sink, const char *text)
{
	sink->put(sink->context, text, strlen(text));
}

/* For what is short: names of fields, numbers. */
static void put_format(const struct text_sink *sink, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void put_format(const struct text_sink *sink, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(sink, text);
}

/* A JSON string. */
static void put_string(const struct text_sink *sink, const char *text)
{
	put(sink, "\"");
	while (*text != '\0') {
		size_t plain = 0;

		while ((unsigned char)text[plain] >= ' ' && text[plain] != '"' &&
			text[plain] != '\\' && text[plain] != 0x7f)
			plain++;
		sink->put(sink->context, text, plain);
		text += plain;
		if (*text != '\0')
			put_format(sink, "\\u%04x", (unsigned int)(unsigned char)*text++);
	}
	put(sink, "\"");
}

static void put_field(const struct text_sink *sink, const char *name, const char *text)
{
	put_format(sink, "\"%s\":", name);
	put_string(sink, text);
}

/* "," before all but the first item of a list or mapping. */
static void put_comma(const struct text_sink *sink, size_t index)
{
	if (index > 0)
		put(sink, ",");
}

/* ---- metadata ---- */

static void put_labels(const struct text_sink *sink, const struct label_set *labels)
{
	put(sink, ",\"labels\":{");
	for (size_t i = 0; i < labels->count; i++) {
		put_comma(sink, i);
		put_string(sink, labels->items[i].key);
		put(sink, ":");
		put_string(sink, labels->items[i].value);
	}
	put(sink, "}");
}

static void put_time(const struct text_sink *sink, const char *name, int64_t seconds)
{
	const time_t when = (time_t)seconds;
	char text[40];
	struct tm utc;

	if (gmtime_r(&when, &utc) != NULL &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
		put_format(sink, ",\"%s\":\"%s\"", name, text);
}

static void put_ips(const struct text_sink *sink, const struct pod *pod, const char *before,
	const char *after, const char *between)
{
	char text[IP_ADDR_TEXT];

	for (size_t i = 0; i < pod->ip_count; i++) {
		if (i > 0)
			put(sink, between);
		put(sink, before);
		put(sink, ip_addr_format(&pod->ips[i], text));
		put(sink, after);
	}
}

static void put_annotations(const struct text_sink *sink, bool audit, const struct pod *pod)
{
	const bool ips = pod != NULL && pod->ips_annotated;

	if (!audit && !ips)
		return;
	put(sink, ",\"annotations\":{");
	if (audit)
		put_field(sink, "podgate.io/audit", "true");
	if (ips) {
		put(sink, audit ? ",\"podgate.io/ips\":\"" : "\"podgate.io/ips\":\"");
		put_ips(sink, pod, "", "", ",");
		put(sink, "\"");
	}
	put(sink, "}");
}

/* ---- pods ---- */

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_UDP ? "UDP" : protocol == IPPROTO_SCTP ? "SCTP" : "TCP";
}

/* A container for each port: within one a name may not come twice. */
static void put_ports(const struct text_sink *sink, const struct pod *pod)
{
	put(sink, ",\"containers\":[");
	for (size_t i = 0; i < pod->port_count; i++) {
		const struct container_port *port = &pod->ports[i];

		put_comma(sink, i);
		put_format(sink,
			"{\"name\":\"c%zu\",\"ports\":[{\"containerPort\":%u,\"protocol\":\"%s\"",
			i, (unsigned int)port->port, protocol_name(port->protocol));
		if (*port->name != '\0') {
			put(sink, ",");
			put_field(sink, "name", port->name);
		}
		put(sink, "}]}");
	}
	put(sink, "]");
}

static void put_pod(const struct text_sink *sink, const struct pod *pod)
{
	put_labels(sink, &pod->labels);
	put_annotations(sink, pod->audit, pod);
	if (pod->created != 0)
		put_time(sink, "creationTimestamp", pod->created);
	if (pod->terminating)
		put_time(sink, "deletionTimestamp", 0);
	put_format(sink, "},\"spec\":{\"hostNetwork\":%s,", pod->host_network ? "true" : "false");
	put_field(sink, "nodeName", pod->node_name);
	put_ports(sink, pod);
	put_format(sink, "},\"status\":{\"phase\":\"%s\"", pod->finished ? "Succeeded" : "Running");
	if (pod->ip_count > 0 && !pod->ips_annotated) {
		put(sink, ",\"podIPs\":[");
		put_ips(sink, pod, "{\"ip\":\"", "\"}", ",");
		put(sink, "]");
	}
	put(sink, "}}\n");
}

/* ---- policies ---- */

static void put_requirement(const struct text_sink *sink, const struct requirement *requirement)
{
	static const char *const operators[] = {[REQUIREMENT_IN] = "In",
		[REQUIREMENT_NOT_IN] = "NotIn",
		[REQUIREMENT_EXISTS] = "Exists",
		[REQUIREMENT_DOES_NOT_EXIST] = "DoesNotExist"};

	put(sink, "{");
	put_field(sink, "key", requirement->key);
	put_format(sink, ",\"operator\":\"%s\"", operators[requirement->op]);
	if (requirement->value_count > 0) {
		put(sink, ",\"values\":[");
		for (size_t i = 0; i < requirement->value_count; i++) {
			put_comma(sink, i);
			put_string(sink, requirement->values[i]);
		}
		put(sink, "]");
	}
	put(sink, "}");
}

/* Labels first, as both readings put them. */
static void put_selector(
	const struct text_sink *sink, const char *name, const struct selector *selector)
{
	size_t labels = 0, written = 0;

	put_format(sink, "\"%s\":{\"matchLabels\":{", name);
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->requirements[i];

		if (!requirement->from_match_labels)
			continue;
		put_comma(sink, labels++);
		put_string(sink, requirement->key);
		put(sink, ":");
		put_string(sink, requirement->values[0]);
	}
	put(sink, "},\"matchExpressions\":[");
	for (size_t i = 0; i < selector->count; i++) {
		if (selector->requirements[i].from_match_labels)
			continue;
		put_comma(sink, written++);
		put_requirement(sink, &selector->requirements[i]);
	}
	put(sink, "]}");
}

static void put_peer(const struct text_sink *sink, const struct policy_peer *peer)
{
	const struct ip_block *block = &peer->ip_block;
	char text[CIDR_TEXT];

	put(sink, "{");
	if (peer->has_ip_block) {
		put_format(sink, "\"ipBlock\":{\"cidr\":\"%s\",\"except\":[",
			cidr_format(&block->cidr, text));
		for (size_t i = 0; i < block->except_count; i++)
			put_format(sink, "%s\"%s\"", i > 0 ? "," : "",
				cidr_format(&block->excepts[i], text));
		put(sink, "]}");
	}
	if (peer->has_pod_selector)
		put_selector(sink, "podSelector", &peer->pod_selector);
	if (peer->has_namespace_selector) {
		put_comma(sink, peer->has_pod_selector);
		put_selector(sink, "namespaceSelector", &peer->namespace_selector);
	}
	put(sink, "}");
}

static void put_port(const struct text_sink *sink, const struct policy_port *port)
{
	put_format(sink, "{\"protocol\":\"%s\"", protocol_name(port->protocol));
	if (port->kind == POLICY_PORT_NAMED) {
		put(sink, ",");
		put_field(sink, "port", port->name);
	} else if (port->kind == POLICY_PORT_NUMBER) {
		put_format(sink, ",\"port\":%u", (unsigned int)port->first);
		if (port->last != port->first)
			put_format(sink, ",\"endPort\":%u", (unsigned int)port->last);
	}
	put(sink, "}");
}

static void put_rule(
	const struct text_sink *sink, const struct policy_rule *rule, enum direction direction)
{
	put_format(sink, "{\"%s\":[", direction == DIRECTION_INGRESS ? "from" : "to");
	for (size_t i = 0; i < rule->peer_count; i++) {
		put_comma(sink, i);
		put_peer(sink, &rule->peers[i]);
	}
	put(sink, "],\"ports\":[");
	for (size_t i = 0; i < rule->port_count; i++) {
		put_comma(sink, i);
		put_port(sink, &rule->ports[i]);
	}
	put(sink, "]}");
}

static void put_policy(const struct text_sink *sink, const struct network_policy *policy)
{
	put_annotations(sink, policy->audit, NULL);
	put(sink, "},\"spec\":{");
	put_selector(sink, "podSelector", &policy->pod_selector);
	put_format(sink, ",\"policyTypes\":[%s%s%s]",
		policy->isolates[DIRECTION_INGRESS] ? "\"Ingress\"" : "",
		policy->isolates[DIRECTION_INGRESS] && policy->isolates[DIRECTION_EGRESS] ? ","
											  : "",
		policy->isolates[DIRECTION_EGRESS] ? "\"Egress\"" : "");
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		put_format(sink, ",\"%s\":[", direction_name((enum direction)d));
		for (size_t i = 0; i < policy->rule_count[d]; i++) {
			put_comma(sink, i);
			put_rule(sink, &policy->rules[d][i], (enum direction)d);
		}
		put(sink, "]");
	}
	put(sink, "}}\n");
}

void object_text_write(const struct kube_object *object, const struct text_sink *sink)
{
	const struct object_key key = object_key(object);
	const struct object_kind *kind = &object_kinds[object->kind];

	put_format(sink, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{", kind->api_version,
		kind->name);
	put_field(sink, "name", key.name);
	if (kind->namespaced) {
		put(sink, ",");
		put_field(sink, "namespace", key.namespace_name);
	}
	switch (object->kind) {
	case KUBE_NAMESPACE:
		put_labels(sink, &object->namespace_object->labels);
		put_annotations(sink, object->namespace_object->audit, NULL);
		put(sink, "}}\n");
		break;
	case KUBE_POD:
		put_pod(sink, object->pod);
		break;
	case KUBE_POLICY:
		put_policy(sink, object->policy);
		break;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/manifest_print.h"

#include <inttypes.h>
#include <time.h>

static void print_labels(FILE *out, const char *indent, const struct label_set *labels)
{
	fprintf(out, "%slabels: {", indent);
	for (size_t i = 0; i < labels->count; i++)
		fprintf(out, "%s\"%s\": \"%s\"", i > 0 ? ", " : "", labels->items[i].key,
			labels->items[i].value);
	fputs("}\n", out);
}

static void print_audit(FILE *out, bool audit)
{
	if (audit)
		fputs("  annotations: {podgate.io/audit: \"true\"}\n", out);
}

static void print_namespace(FILE *out, const struct namespace_object *ns)
{
	fprintf(out, "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: \"%s\"\n", ns->name);
	print_labels(out, "  ", &ns->labels);
	print_audit(out, ns->audit);
}

static void print_time(FILE *out, const char *field, int64_t seconds)
{
	const time_t when = (time_t)seconds;
	struct tm utc;
	char text[32];

	if (gmtime_r(&when, &utc) != NULL &&
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
		fprintf(out, "  %s: \"%s\"\n", field, text);
}

static const char *protocol_name(uint8_t protocol)
{
	static char buffer[FLOW_PROTOCOL_TEXT];

	return flow_protocol_name(protocol, buffer);
}

static void print_container_ports(FILE *out, const struct pod *pod)
{
	if (pod->port_count == 0)
		return;
	fputs("    ports:\n", out);
	for (size_t i = 0; i < pod->port_count; i++) {
		fprintf(out, "    - {containerPort: %u, protocol: %s",
			(unsigned int)pod->ports[i].port, protocol_name(pod->ports[i].protocol));
		if (*pod->ports[i].name != '\0')
			fprintf(out, ", name: \"%s\"", pod->ports[i].name);
		fputs("}\n", out);
	}
}

static void print_pod(FILE *out, const struct pod *pod)
{
	char text[IP_ADDR_TEXT];

	fprintf(out,
		"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: \"%s\"\n  namespace: \"%s\"\n",
		pod->name, pod->namespace_name);
	print_labels(out, "  ", &pod->labels);
	print_audit(out, pod->audit);
	if (pod->created != 0)
		print_time(out, "creationTimestamp", pod->created);
	if (pod->terminating)
		print_time(out, "deletionTimestamp", 1);
	fprintf(out, "spec:\n  nodeName: \"%s\"\n  hostNetwork: %s\n  containers:\n  - name: c\n",
		pod->node_name, pod->host_network ? "true" : "false");
	print_container_ports(out, pod);
	fprintf(out, "status:\n  phase: %s\n", pod->finished ? "Succeeded" : "Running");
	if (pod->ips_annotated)
		return;
	fputs("  podIPs: [", out);
	for (size_t i = 0; i < pod->ip_count; i++)
		fprintf(out, "%s{ip: \"%s\"}", i > 0 ? ", " : "",
			ip_addr_format(&pod->ips[i], text));
	fputs("]\n", out);
}

/*
 * A flow mapping: every requirement as an expression, which says the same as a matchLabels entry
 * would.
 */
static void print_selector(FILE *out, const struct selector *selector)
{
	static const char *const operators[] = {
		[REQUIREMENT_IN] = "In",
		[REQUIREMENT_NOT_IN] = "NotIn",
		[REQUIREMENT_EXISTS] = "Exists",
		[REQUIREMENT_DOES_NOT_EXIST] = "DoesNotExist",
	};

	fputs("{matchExpressions: [", out);
	for (size_t i = 0; i < selector->count; i++) {
		const struct requirement *requirement = &selector->requirements[i];

		fprintf(out, "%s{key: \"%s\", operator: %s", i > 0 ? ", " : "", requirement->key,
			operators[requirement->op]);
		for (size_t j = 0; j < requirement->value_count; j++)
			fprintf(out, "%s\"%s\"", j > 0 ? ", " : ", values: [",
				requirement->values[j]);
		fputs(requirement->value_count > 0 ? "]}" : "}", out);
	}
	fputs("]}", out);
}

static void print_ip_block(FILE *out, const struct ip_block *block)
{
	char text[CIDR_TEXT];

	fprintf(out, "ipBlock: {cidr: \"%s\"", cidr_format(&block->cidr, text));
	for (size_t i = 0; i < block->except_count; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? ", " : ", except: [",
			cidr_format(&block->excepts[i], text));
	fputs(block->except_count > 0 ? "]}" : "}", out);
}

static void print_peer(FILE *out, const struct policy_peer *peer)
{
	fputs("    - {", out);
	if (peer->has_ip_block)
		print_ip_block(out, &peer->ip_block);
	if (peer->has_pod_selector) {
		fputs("podSelector: ", out);
		print_selector(out, &peer->pod_selector);
	}
	if (peer->has_namespace_selector) {
		fputs(peer->has_pod_selector ? ", namespaceSelector: " : "namespaceSelector: ",
			out);
		print_selector(out, &peer->namespace_selector);
	}
	fputs("}\n", out);
}

static void print_port(FILE *out, const struct policy_port *port)
{
	fprintf(out, "    - {protocol: %s", protocol_name(port->protocol));
	if (port->kind == POLICY_PORT_NAMED)
		fprintf(out, ", port: \"%s\"", port->name);
	if (port->kind == POLICY_PORT_NUMBER)
		fprintf(out, ", port: %u", (unsigned int)port->first);
	if (port->kind == POLICY_PORT_NUMBER && port->last != port->first)
		fprintf(out, ", endPort: %u", (unsigned int)port->last);
	fputs("}\n", out);
}

static void print_rule(FILE *out, const struct policy_rule *rule, const char *peers)
{
	fprintf(out, "  - %s:%s\n", peers, rule->peer_count == 0 ? " []" : "");
	for (size_t i = 0; i < rule->peer_count; i++)
		print_peer(out, &rule->peers[i]);
	fprintf(out, "    ports:%s\n", rule->port_count == 0 ? " []" : "");
	for (size_t i = 0; i < rule->port_count; i++)
		print_port(out, &rule->ports[i]);
}

static void print_policy(FILE *out, const struct network_policy *policy)
{
	fprintf(out,
		"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: "
		"\"%s\"\n"
		"  namespace: \"%s\"\n",
		policy->name, policy->namespace_name);
	print_audit(out, policy->audit);
	fputs("spec:\n  podSelector: ", out);
	print_selector(out, &policy->pod_selector);
	fprintf(out, "\n  policyTypes: [%s%s%s]\n",
		policy->isolates[DIRECTION_INGRESS] ? "Ingress" : "",
		policy->isolates[DIRECTION_INGRESS] && policy->isolates[DIRECTION_EGRESS] ? ", "
											  : "",
		policy->isolates[DIRECTION_EGRESS] ? "Egress" : "");
	for (int d = 0; d < DIRECTION_COUNT; d++) {
		if (policy->rule_count[d] == 0)
			continue;
		fprintf(out, "  %s:\n", direction_name((enum direction)d));
		for (size_t i = 0; i < policy->rule_count[d]; i++)
			print_rule(
				out, &policy->rules[d][i], d == DIRECTION_INGRESS ? "from" : "to");
	}
}

void manifest_print_cluster(FILE *out, const struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->namespace_count; i++)
		print_namespace(out, cluster->namespaces[i]);
	for (size_t i = 0; i < cluster->pod_count; i++)
		print_pod(out, cluster->pods[i]);
	for (size_t i = 0; i < cluster->policy_count; i++)
		print_policy(out, cluster->policies[i]);
}

void manifest_print_flow(FILE *out, const struct flow *flow)
{
	char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT];

	fprintf(out, "%s -> %s:%u/%s", ip_addr_format(&flow->src, src),
		ip_addr_format(&flow->dst, dst), (unsigned int)flow->dst_port,
		protocol_name(flow->protocol));
}

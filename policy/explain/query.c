/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/query.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/values/suggest.h"

enum { TEXT_MOST = 600, PORTS_NAMED_MOST = 6, OWN_MOST = 2 };

/* One end: a pod with its addresses, or a literal address. */
struct end {
	const struct pod *pod; /* NULL: neither named nor owner of the address */
	const struct ip_addr *addrs;
	size_t count;
	struct ip_addr literal;	      /* what addrs points at when an address was written */
	struct ip_addr own[OWN_MOST]; /* what it points at when a pod was */
	bool is_literal;
};

/* What a flow is asked at, as far as it was written: 0 where it was not. */
struct service {
	bool has_protocol;
	uint8_t protocol;
	uint16_t port;
};

static int refuse(char problem[QUERY_PROBLEM], const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int refuse(char problem[QUERY_PROBLEM], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem, QUERY_PROBLEM, format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_address(const char *text, size_t length)
{
	char copy[IP_ADDR_TEXT];
	struct ip_addr ignored;

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return ip_addr_parse(&ignored, copy) == 0;
}

/* ---- ends ---- */

/* A pod called `name` in whatever namespace, or NULL. */
static const struct pod *pod_anywhere(const struct cluster *cluster, const char *name)
{
	for (size_t i = 0; i < cluster->pod_count; i++)
		if (strcmp(cluster->pods[i]->name, name) == 0)
			return cluster->pods[i];
	return NULL;
}

static int refuse_unknown_namespace(const struct cluster *cluster, const char *namespace_name,
	const char *name, char problem[QUERY_PROBLEM])
{
	const struct pod *elsewhere = pod_anywhere(cluster, name);
	struct suggestion near;

	suggestion_init(&near, namespace_name);
	for (size_t i = 0; i < cluster->namespace_count; i++)
		suggestion_offer(&near, cluster->namespaces[i]->name);
	if (near.best != NULL && cluster_pod(cluster, near.best, name) != NULL)
		return refuse(problem, "there is no namespace %.63s; did you mean %s/%.63s?",
			namespace_name, near.best, name);
	if (elsewhere != NULL)
		return refuse(problem, "there is no namespace %.63s; did you mean %s/%.63s?",
			namespace_name, elsewhere->namespace_name, elsewhere->name);
	return refuse(problem, "there is no namespace %.63s", namespace_name);
}

static int refuse_unknown_pod(const struct cluster *cluster, const char *namespace_name,
	const char *name, char problem[QUERY_PROBLEM])
{
	const struct pod *elsewhere = pod_anywhere(cluster, name);
	struct suggestion near;

	if (cluster_namespace(cluster, namespace_name) == NULL)
		return refuse_unknown_namespace(cluster, namespace_name, name, problem);
	suggestion_init(&near, name);
	for (size_t i = 0; elsewhere == NULL && i < cluster->pod_count; i++)
		if (strcmp(cluster->pods[i]->namespace_name, namespace_name) == 0)
			suggestion_offer(&near, cluster->pods[i]->name);
	if (elsewhere != NULL)
		return refuse(problem, "there is no pod %.63s/%.63s; did you mean %s/%.63s?",
			namespace_name, name, elsewhere->namespace_name, elsewhere->name);
	if (near.best != NULL)
		return refuse(problem, "there is no pod %.63s/%.63s; did you mean %.63s/%.63s?",
			namespace_name, name, namespace_name, near.best);
	return refuse(problem, "there is no pod %.63s/%.63s", namespace_name, name);
}

static int look_up(const struct snapshot *snapshot, const char *text, const char *slash,
	const struct pod **out, char problem[QUERY_PROBLEM])
{
	const struct cluster *cluster = snapshot_cluster(snapshot);
	char namespace_name[TEXT_MOST];
	const struct pod *pod;

	memcpy(namespace_name, text, (size_t)(slash - text));
	namespace_name[slash - text] = '\0';
	pod = cluster_pod(cluster, namespace_name, slash + 1);
	if (pod == NULL)
		return refuse_unknown_pod(cluster, namespace_name, slash + 1, problem);
	*out = pod;
	return 0;
}

/*
 * The first of each family that is the pod's, though perhaps not its alone: what goes to the others
 * is another pod's. Those of the host network are the node's.
 */
static int own_addresses(const struct snapshot *snapshot, const struct pod *pod, struct end *out,
	char problem[QUERY_PROBLEM])
{
	*out = (struct end){.pod = pod, .count = 0};
	for (size_t i = 0; i < pod->ip_count && out->count < OWN_MOST; i++) {
		bool has_family = false;

		for (size_t j = 0; j < out->count; j++)
			has_family = has_family || out->own[j].family == pod->ips[i].family;
		if (!has_family &&
			(pod->host_network || snapshot_may_be(snapshot, &pod->ips[i], pod)))
			out->own[out->count++] = pod->ips[i];
	}
	out->addrs = out->own;
	if (out->count == 0)
		return refuse(problem,
			"pod %.63s/%.63s owns no address: what it claims is another's",
			pod->namespace_name, pod->name);
	return 0;
}

static int find_pod(const struct snapshot *snapshot, const char *text, const char *slash,
	struct end *out, char problem[QUERY_PROBLEM])
{
	const struct pod *pod;

	if (look_up(snapshot, text, slash, &pod, problem) != 0)
		return -EINVAL;
	if (pod->finished)
		return refuse(problem, "pod %.63s/%.63s has finished: it owns no address any more",
			pod->namespace_name, pod->name);
	if (pod->ip_count == 0)
		return refuse(problem, "pod %.63s/%.63s has no address: status.podIPs is empty",
			pod->namespace_name, pod->name);
	return own_addresses(snapshot, pod, out, problem);
}

static int find_end(const struct snapshot *snapshot, const char *text, struct end *out,
	char problem[QUERY_PROBLEM])
{
	const char *slash = strchr(text, '/');
	const struct pod *bare;

	if (strlen(text) >= TEXT_MOST)
		return refuse(problem, "\"%.40s...\" is longer than any name", text);
	if (ip_addr_parse(&out->literal, text) == 0) {
		out->pod = snapshot_pod_at(snapshot, &out->literal);
		out->addrs = &out->literal;
		out->count = 1;
		out->is_literal = true;
		return 0;
	}
	if (slash != NULL && slash > text && slash[1] != '\0')
		return find_pod(snapshot, text, slash, out, problem);
	bare = pod_anywhere(snapshot_cluster(snapshot), text);
	if (bare != NULL)
		return refuse(problem, "a pod is written namespace/name; did you mean %s/%.63s?",
			bare->namespace_name, bare->name);
	return refuse(problem, "\"%.80s\" is neither an address nor namespace/pod", text);
}

/* ---- ports ---- */

/* "http 80/TCP, dns 53/UDP": the named ports of a pod, cut short when there are many. */
static const char *list_ports(const struct pod *pod, char *buffer, size_t size)
{
	char protocol[FLOW_PROTOCOL_TEXT];
	size_t used = 0, listed = 0;

	buffer[0] = '\0';
	for (size_t i = 0; i < pod->port_count && listed < PORTS_NAMED_MOST && used < size; i++) {
		const struct container_port *port = &pod->ports[i];
		const int n = snprintf(buffer + used, size - used, "%s%s%s%u/%s",
			listed > 0 ? ", " : "", port->name, port->name[0] != '\0' ? " " : "",
			(unsigned int)port->port, flow_protocol_name(port->protocol, protocol));

		used += n > 0 ? (size_t)n : 0;
		listed++;
	}
	return buffer;
}

static int refuse_port_name(const struct end *end, const char *name, char problem[QUERY_PROBLEM])
{
	char declared[QUERY_PROBLEM / 2];
	struct suggestion near;

	if (strcasecmp(name, "icmp") == 0 || strcasecmp(name, "icmpv6") == 0)
		return refuse(problem,
			"ICMP has no ports: write it behind a slash, as in DESTINATION/icmp");
	if (end->pod == NULL)
		return refuse(problem,
			"only a pod names its ports, and no pod has that address: write the number "
			"of port \"%.40s\"",
			name);
	suggestion_init(&near, name);
	for (size_t i = 0; i < end->pod->port_count; i++)
		suggestion_offer(&near, end->pod->ports[i].name);
	if (near.best != NULL)
		return refuse(problem,
			"pod %.63s/%.63s has no such port \"%.40s\"; did you mean %s?",
			end->pod->namespace_name, end->pod->name, name, near.best);
	if (end->pod->port_count == 0)
		return refuse(problem,
			"pod %.63s/%.63s declares no ports, so \"%.40s\" is none of them",
			end->pod->namespace_name, end->pod->name, name);
	return refuse(problem, "\"%.40s\" is no port of pod %.30s/%.30s, which declares %s", name,
		end->pod->namespace_name, end->pod->name,
		list_ports(end->pod, declared, sizeof(declared)));
}

/* A name that stands for ports of several protocols means TCP, like a number. */
static int find_named_port(const struct end *end, const char *name, struct service *service,
	char problem[QUERY_PROBLEM])
{
	const struct container_port *found = NULL;

	for (size_t i = 0; end->pod != NULL && i < end->pod->port_count; i++) {
		const struct container_port *port = &end->pod->ports[i];

		if (strcmp(port->name, name) != 0 ||
			(service->has_protocol && port->protocol != service->protocol))
			continue;
		if (found == NULL ||
			(found->protocol != IPPROTO_TCP && port->protocol == IPPROTO_TCP))
			found = port;
	}
	if (found == NULL)
		return refuse_port_name(end, name, problem);
	*service = (struct service){
		.has_protocol = true, .protocol = found->protocol, .port = found->port};
	return 0;
}

static int read_port(const struct end *end, const char *text, struct service *service,
	char problem[QUERY_PROBLEM])
{
	unsigned int number = 0;

	if (*text == '\0')
		return refuse(problem, "a port is missing after ':'");
	if (text[strspn(text, "0123456789")] != '\0')
		return find_named_port(end, text, service, problem);
	for (const char *at = text; *at != '\0' && number <= UINT16_MAX; at++)
		number = number * 10 + (unsigned int)(*at - '0');
	if (number < 1 || number > UINT16_MAX)
		return refuse(problem, "port %.20s is out of range: 1 to 65535", text);
	service->port = (uint16_t)number;
	if (!service->has_protocol)
		service->protocol = IPPROTO_TCP;
	service->has_protocol = true;
	return 0;
}

static int read_protocol(const char *text, struct service *service, char problem[QUERY_PROBLEM])
{
	if (flow_protocol_parse(&service->protocol, text) != 0)
		return refuse(problem,
			"\"%.40s\" is no protocol: tcp, udp, sctp, icmp, or a number to 255", text);
	service->has_protocol = true;
	return 0;
}

/* ---- from ends to flows ---- */

static uint8_t protocol_of_family(uint8_t protocol, uint8_t family)
{
	if (protocol != IPPROTO_ICMP && protocol != IPPROTO_ICMPV6)
		return protocol;
	return family == IP_FAMILY_V6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
}

static const struct ip_addr *addr_of_family(const struct end *end, uint8_t family)
{
	for (size_t i = 0; i < end->count; i++)
		if (end->addrs[i].family == family)
			return &end->addrs[i];
	return NULL;
}

/*
 * The source's own order decides which family comes first: a pod's first address is its primary
 * one.
 */
static int pair_ends(const struct end *source, const struct end *destination,
	const struct service *service, struct flow flows[QUERY_FLOWS_MOST],
	char problem[QUERY_PROBLEM])
{
	const struct end *leader = source->is_literal ? destination : source;
	int count = 0;

	for (size_t i = 0; i < leader->count && count < QUERY_FLOWS_MOST; i++) {
		const uint8_t family = leader->addrs[i].family;
		const struct ip_addr *src = addr_of_family(source, family),
				     *dst = addr_of_family(destination, family);

		if (src == NULL || dst == NULL || (count > 0 && flows[0].src.family == family))
			continue;
		flows[count++] = (struct flow){
			.src = *src,
			.dst = *dst,
			.dst_port = service->port,
			.protocol = protocol_of_family(service->protocol, family),
		};
	}
	if (count == 0)
		return refuse(problem,
			"the two ends have no address family in common: one is IPv4, the other "
			"IPv6");
	return count;
}

static int refuse_without_port(const struct end *end, char problem[QUERY_PROBLEM])
{
	char declared[QUERY_PROBLEM / 2];

	if (end->is_literal && end->literal.family == IP_FAMILY_V6)
		return refuse(problem,
			"which port? An IPv6 address with a port is written [ADDRESS]:PORT");
	if (end->pod == NULL || end->pod->port_count == 0)
		return refuse(problem, "which port? Write DESTINATION:PORT, or DESTINATION/icmp");
	return refuse(problem, "which port? %.50s/%.50s declares %s", end->pod->namespace_name,
		end->pod->name, list_ports(end->pod, declared, sizeof(declared)));
}

static int check_service(
	const struct end *destination, const struct service *service, char problem[QUERY_PROBLEM])
{
	char name[FLOW_PROTOCOL_TEXT];

	if (!service->has_protocol ||
		(service->port == 0 && flow_protocol_has_ports(service->protocol)))
		return refuse_without_port(destination, problem);
	if (service->port != 0 && !flow_protocol_has_ports(service->protocol))
		return refuse(
			problem, "%s has no ports", flow_protocol_name(service->protocol, name));
	return 0;
}

/* `port` and `protocol` are NULL where none was written. */
static int query_parts(const struct snapshot *snapshot, const char *source_text, const char *host,
	const char *port, const char *protocol, struct flow flows[QUERY_FLOWS_MOST],
	char problem[QUERY_PROBLEM])
{
	struct end source = {0}, destination = {0};
	struct service service = {0};
	int err = find_end(snapshot, source_text, &source, problem);

	if (err == 0)
		err = find_end(snapshot, host, &destination, problem);
	if (err == 0 && protocol != NULL)
		err = read_protocol(protocol, &service, problem);
	if (err == 0 && port != NULL)
		err = read_port(&destination, port, &service, problem);
	if (err == 0)
		err = check_service(&destination, &service, problem);
	return err != 0 ? err : pair_ends(&source, &destination, &service, flows, problem);
}

/*
 * Where the address or namespace/pod at the head of a destination ends. What stands before the
 * first slash is a namespace unless it reads as an address, with or without a port:
 * "10.0.0.7/icmp", "fd00::7/icmp".
 */
static char *host_end(char *text)
{
	char *slash = strchrnul(text, '/');
	char *colon = memrchr(text, ':', (size_t)(slash - text));
	char *end;

	if (is_address(text, (size_t)(slash - text)))
		return slash;
	if (colon != NULL && is_address(text, (size_t)(colon - text)))
		return colon;
	if (*slash == '\0')
		return colon != NULL ? colon : slash;
	end = strpbrk(slash + 1, ":/");
	return end != NULL ? end : slash + strlen(slash);
}

int query_flows(const struct snapshot *snapshot, const char *source, const char *destination,
	struct flow flows[QUERY_FLOWS_MOST], char problem[QUERY_PROBLEM])
{
	char text[TEXT_MOST], *host = text, *port = NULL, *protocol = NULL, *at;

	if (strlen(destination) >= sizeof(text))
		return refuse(problem, "\"%.40s...\" is longer than any destination", destination);
	strcpy(text, destination);
	if (*text == '[') {
		host = text + 1;
		at = strchr(text, ']');
		if (at == NULL)
			return refuse(problem, "\"%.80s\" lacks a closing ']'", destination);
		*at++ = '\0';
	} else {
		at = host_end(text);
	}
	if (*at == ':') {
		*at++ = '\0';
		port = at;
		at = strchrnul(at, '/');
	}
	if (*at == '/') {
		*at++ = '\0';
		protocol = at;
		at += strlen(at);
	}
	if (*at != '\0')
		return refuse(problem, "\"%.40s\" after ']' is neither :PORT nor /PROTOCOL", at);
	return query_parts(snapshot, source, host, port, protocol, flows, problem);
}

int query_fields(const struct snapshot *snapshot, const char *source, const char *destination,
	const char *protocol, const char *port, struct flow flows[QUERY_FLOWS_MOST],
	char problem[QUERY_PROBLEM])
{
	const bool no_port = *port == '\0' || strcmp(port, "-") == 0;

	return query_parts(
		snapshot, source, destination, no_port ? NULL : port, protocol, flows, problem);
}

int query_pod(const struct snapshot *snapshot, const char *text, const struct pod **out,
	char problem[QUERY_PROBLEM])
{
	const char *slash = strchr(text, '/');

	if (strlen(text) >= TEXT_MOST || slash == NULL || slash == text || slash[1] == '\0')
		return refuse(problem, "a pod is written namespace/name, not \"%.80s\"", text);
	return look_up(snapshot, text, slash, out, problem);
}

int query_namespace(const struct snapshot *snapshot, const char *name, char problem[QUERY_PROBLEM])
{
	const struct cluster *cluster = snapshot_cluster(snapshot);
	struct suggestion near;

	if (cluster_namespace(cluster, name) != NULL)
		return 0;
	suggestion_init(&near, name);
	for (size_t i = 0; i < cluster->namespace_count; i++)
		suggestion_offer(&near, cluster->namespaces[i]->name);
	if (near.best != NULL)
		return refuse(problem, "there is no namespace %.63s; did you mean %.63s?", name,
			near.best);
	return refuse(problem, "there is no namespace %.63s", name);
}

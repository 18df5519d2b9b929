/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/reach.h"

#include <errno.h>
#include <string.h>

enum { PAIRS_MOST = 1 << 26, PORT_USUAL = 80 };

/* The ports to ask a destination at. */
struct ports {
	uint16_t *items;
	uint16_t count;
};

/* Pods that podgate knows by an address: hostNetwork and finished ones have none of their own. */
static bool is_asked(const struct pod *pod, const struct reach_question *question)
{
	if (question->namespace_name != NULL &&
		strcmp(pod->namespace_name, question->namespace_name) != 0)
		return false;
	return pod->ip_count > 0 && !pod->host_network && !pod->finished;
}

static const struct ip_addr *addr_of(const struct pod *pod, enum ip_family family)
{
	for (size_t i = 0; i < pod->ip_count; i++)
		if (pod->ips[i].family == family)
			return &pod->ips[i];
	return NULL;
}

static void add_port(struct ports *ports, uint16_t port)
{
	for (uint16_t i = 0; i < ports->count; i++)
		if (ports->items[i] == port)
			return;
	if (ports->count < UINT16_MAX)
		ports->items[ports->count++] = port;
}

static int find_ports(const struct pod *destination, const struct reach_question *question,
	struct arena *arena, struct ports *out)
{
	struct ports found = {
		.items = arena_calloc(arena, destination->port_count + 1, sizeof(uint16_t))};

	if (found.items == NULL)
		return -ENOMEM;
	if (!flow_protocol_has_ports(question->protocol)) {
		add_port(&found, 0);
	} else if (question->port != 0) {
		add_port(&found, question->port);
	} else {
		for (size_t i = 0; i < destination->port_count; i++)
			if (destination->ports[i].protocol == question->protocol)
				add_port(&found, destination->ports[i].port);
		if (found.count == 0)
			add_port(&found, PORT_USUAL);
	}
	*out = found;
	return 0;
}

static struct reach_cell judge_pair(const struct snapshot *snapshot,
	const struct reach_question *question, const struct pod *source,
	const struct pod *destination, const struct ports *ports)
{
	const struct ip_addr *src = addr_of(source, question->family),
			     *dst = addr_of(destination, question->family);
	struct reach_cell cell = {.reach = REACH_UNKNOWN};

	if (src == NULL || dst == NULL)
		return cell;
	for (uint16_t i = 0; i < ports->count; i++) {
		const struct flow flow = {
			.src = *src,
			.dst = *dst,
			.dst_port = ports->items[i],
			.protocol = question->protocol,
		};
		const enum verdict verdict = snapshot_judge(snapshot, &flow).verdict;

		cell.asked++;
		cell.allowed = (uint16_t)(cell.allowed + (verdict != VERDICT_DENY ? 1 : 0));
		cell.audited = cell.audited || verdict == VERDICT_AUDIT_DENY;
	}
	cell.reach = cell.allowed == 0	     ? REACH_NONE
		: cell.allowed == cell.asked ? REACH_ALL
					     : REACH_SOME;
	return cell;
}

static int find_pods(const struct cluster *cluster, const struct reach_question *question,
	struct arena *arena, struct reach_matrix *out)
{
	const struct pod **pods = arena_calloc(arena, cluster->pod_count, sizeof(*pods));

	if (pods == NULL)
		return -ENOMEM;
	out->count = 0;
	for (size_t i = 0; i < cluster->pod_count; i++)
		if (is_asked(cluster->pods[i], question))
			pods[out->count++] = cluster->pods[i];
	out->pods = pods;
	return out->count > 0 && out->count > PAIRS_MOST / out->count ? -E2BIG : 0;
}

int reach_compute(const struct snapshot *snapshot, const struct reach_question *question,
	struct arena *arena, struct reach_matrix *out)
{
	struct reach_matrix made;
	struct reach_cell *cells;
	int err = find_pods(snapshot_cluster(snapshot), question, arena, &made);

	if (err != 0)
		return err;
	cells = arena_calloc(arena, made.count * made.count, sizeof(*cells));
	if (cells == NULL)
		return -ENOMEM;
	for (size_t to = 0; to < made.count; to++) {
		struct ports ports;

		err = find_ports(made.pods[to], question, arena, &ports);
		if (err != 0)
			return err;
		for (size_t from = 0; from < made.count; from++)
			cells[from * made.count + to] = judge_pair(
				snapshot, question, made.pods[from], made.pods[to], &ports);
	}
	made.cells = cells;
	*out = made;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/group.h"

#include <string.h>

static int strictness(enum verdict verdict)
{
	return verdict == VERDICT_DENY ? 2 : verdict == VERDICT_AUDIT_DENY ? 1 : 0;
}

/* Judges for one receiver; `receiver` NULL: for the group's address. */
static void add_receiver(const struct snapshot *snapshot, const struct flow *flow,
	const struct ip_addr *receiver, struct group_judgement *judged)
{
	struct flow to_one = *flow;
	struct judgement judgement;

	if (receiver != NULL)
		to_one.dst = *receiver;
	snapshot_judge_into(snapshot, &to_one, &judgement);
	if (strictness(judgement.verdict) <= strictness(judged->judgement.verdict))
		return;
	judged->judgement = judgement;
	judged->receiver = receiver != NULL ? *receiver : (struct ip_addr){.family = 0};
}

/* Whether a pod has an address of that family among those. */
static bool has_address(const struct snapshot *snapshot, const struct ip_addr *addrs, size_t count,
	const struct pod *pod, uint8_t family)
{
	for (size_t i = 0; i < count; i++)
		if (addrs[i].family == family && snapshot_pod_at(snapshot, &addrs[i]) == pod)
			return true;
	return false;
}

/*
 * Each pod is judged by its address of the packet's family. A pod without a known one gets such
 * packets as well: it is judged by the address that is known.
 */
static void add_receivers(const struct snapshot *snapshot, const struct flow *flow,
	const struct ip_addr *addrs, size_t count, struct group_judgement *judged)
{
	if (count > GROUP_RECEIVERS_MOST) {
		*judged = (struct group_judgement){
			.judgement.verdict = VERDICT_DENY, .receiver = addrs[0]};
		return;
	}
	for (size_t i = 0; i < count && judged->judgement.verdict != VERDICT_DENY; i++) {
		const struct pod *pod;

		if (addrs[i].family == flow->dst.family) {
			add_receiver(snapshot, flow, &addrs[i], judged);
			continue;
		}
		pod = snapshot_pod_at(snapshot, &addrs[i]);
		if (pod != NULL && !has_address(snapshot, addrs, count, pod, flow->dst.family))
			add_receiver(snapshot, flow, &addrs[i], judged);
	}
}

/* 255.255.255.255, 224.0.0.0/24 (RFC 5771) and ff02::/16 (RFC 4291): never beyond the link. */
static bool stays_on_link(const struct ip_addr *group)
{
	if (group->family == IP_FAMILY_V6)
		return (group->bytes[1] & 0x0f) <= 2;
	return group->bytes[0] == 255 ||
		(group->bytes[0] == 224 && group->bytes[1] == 0 && group->bytes[2] == 0);
}

/*
 * The receivers are not known: they may be any hosts of the bridge's network. Behind a router's
 * port that holds only for groups that stay on the link.
 */
static void add_unknown(const struct snapshot *snapshot, const struct places *places,
	const struct flow *flow, const struct places_port *port, struct group_judgement *judged)
{
	const uint32_t bridge = port == NULL ? 0 : port->bridge != 0 ? port->bridge : port->index;
	const bool to_network = !(port != NULL && port->router && port->bridge != 0) ||
		stays_on_link(&flow->dst);
	size_t count;
	const struct places_broadcast *ends = places_broadcasts(places, &count);

	add_receiver(snapshot, flow, NULL, judged);
	for (size_t i = 0; i < count && to_network; i++)
		if (ends[i].bridge == bridge && ends[i].addr.family == flow->dst.family)
			add_receiver(snapshot, flow, &ends[i].addr, judged);
}

void group_judge(const struct snapshot *snapshot, const struct places *places,
	const struct flow *flow, uint32_t out, struct group_judgement *judged)
{
	const struct places_port *port = out != 0 ? places_port(places, out) : NULL;
	const bool known = port != NULL && port->count > 0;

	*judged = (struct group_judgement){.judgement.verdict = VERDICT_ALLOW};
	if (known && !(port->router && port->bridge != 0)) {
		add_receivers(snapshot, flow, port->addrs, port->count, judged);
		return;
	}
	if (out != 0 && !(port != NULL && port->router && port->bridge != 0)) {
		size_t count;
		const struct ip_addr *unplaced = places_unplaced(places, &count);

		add_receivers(snapshot, flow, unplaced, count, judged);
	}
	if (judged->judgement.verdict != VERDICT_DENY)
		add_unknown(snapshot, places, flow, port, judged);
}

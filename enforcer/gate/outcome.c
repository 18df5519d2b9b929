/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/gate/outcome.h"

#include "enforcer/gate/group.h"
#include "enforcer/gate/link_message.h"

/*
 * A pod is no router: its ICMP error on a flow of others is judged as a message of its own. Else it
 * could send any message to any host that has a flow through this gateway. (A pod that does route
 * for others needs a policy that lets it send them ICMP.) `from` is the error's sender. Returns
 * whether the error is such a message; *flow becomes its flow.
 */
static bool take_report(
	const struct snapshot *snapshot, const struct ip_addr *from, struct flow *flow)
{
	const struct pod *reporter = snapshot_pod_at(snapshot, from);

	if (reporter == NULL || reporter == snapshot_pod_at(snapshot, &flow->src))
		return false;
	*flow = (struct flow){
		.src = *from,
		.dst = flow->dst,
		.protocol = from->family == IP_FAMILY_V4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
	};
	return true;
}

bool outcome_read(
	const struct judging *judging, const struct nfqueue_packet *packet, struct outcome *out)
{
	struct ip_addr from;
	bool report;

	out->group.family = 0;
	out->alone = out->quiet = false;
	out->error = packet_parse(packet->bytes, packet->length, &out->flow);
	if (out->error != PACKET_OK)
		return false;
	report = packet_read_reporter(packet->bytes, packet->length, &from);
	if (!(report && take_report(judging->snapshot, &from, &out->flow)) &&
		judging->reply_direction)
		out->flow = flow_reversed(&out->flow);
	return report;
}

/*
 * DHCP servers and routers are behind ports that the settings name. Returns whether the packet is
 * one of their messages, and judged.
 */
static bool judge_link_message(
	const struct judging *judging, const struct nfqueue_packet *packet, struct outcome *out)
{
	const enum link_message message = link_message_of(
		&out->flow, packet->bytes, packet->length);
	const bool audited = snapshot_link_local(judging->snapshot, &out->flow) ==
			VERDICT_AUDIT_DENY ||
		snapshot_claimant_audits(judging->snapshot, &out->flow.src, 0);
	const bool passes = message != LINK_NONE &&
		link_message_passes(
			message, judging->places, packet->in_ifindex, packet->out_ifindex);

	if (message == LINK_NONE || (message == LINK_DHCP_ANSWER && !passes))
		return false;
	out->alone = true;
	out->quiet = message == LINK_ROUTER_SOLICITATION; /* each host sends some, to all */
	out->judgement = (struct judgement){.verdict = passes ? VERDICT_ALLOW
			: audited			      ? VERDICT_AUDIT_DENY
							      : VERDICT_DENY};
	return true;
}

static void judge_group(
	const struct judging *judging, const struct nfqueue_packet *packet, struct outcome *out)
{
	struct group_judgement judged;

	group_judge(judging->snapshot, judging->places, &out->flow, packet->out_ifindex, &judged);
	out->alone = true;
	out->judgement = judged.judgement;
	if (judged.receiver.family == 0)
		return;
	out->group = out->flow.dst;
	out->flow.dst = judged.receiver;
}

/* Ports that servers of DHCP send from; or ICMPv6, which routers speak. */
static inline bool may_be_link_message(const struct flow *flow)
{
	return flow->protocol == IPPROTO_ICMPV6 ||
		(flow->protocol == IPPROTO_UDP && (flow->src_port == 67 || flow->src_port == 547));
}

enum verdict outcome_judge(
	const struct judging *judging, const struct nfqueue_packet *packet, struct outcome *out)
{
	if (out->error != PACKET_OK) {
		out->judgement = (struct judgement){.verdict = VERDICT_DENY};
	} else if (judging->places != NULL && !judging->reply_direction &&
		may_be_link_message(&out->flow) && judge_link_message(judging, packet, out)) {
		return out->judgement.verdict;
	} else if (judging->places != NULL && judging->groups &&
		places_is_group(judging->places, &out->flow.dst)) {
		judge_group(judging, packet, out);
	} else {
		snapshot_judge_into(judging->snapshot, &out->flow, &out->judgement);
	}
	return out->judgement.verdict;
}

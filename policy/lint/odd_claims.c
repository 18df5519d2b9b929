/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/odd_claims.h"

static void tell_contested(
	const struct snapshot_claim *claim, const struct pod *leader, struct diag_list *findings)
{
	char addr[IP_ADDR_TEXT];

	diag_add(findings, DIAG_WARNING, claim->pod->pos, "contested-address",
		"give each its own address, or remove the pod that is gone (one with phase "
		"Succeeded or Failed has none)",
		"pods %s/%s and %s/%s (%s:%u) both have the address %s: the policies of both hold "
		"for it",
		claim->pod->namespace_name, claim->pod->name, leader->namespace_name, leader->name,
		leader->pos.file, leader->pos.line, ip_addr_format(&claim->addr, addr));
}

static void tell_outranked(const struct snapshot_claim *claim, const struct pod *owner, bool all,
	struct diag_list *findings)
{
	char addr[IP_ADDR_TEXT];

	ip_addr_format(&claim->addr, addr);
	if (claim->pod->ips_annotated && !owner->ips_annotated)
		diag_add(findings, DIAG_WARNING, claim->pod->pos, "outranked-address",
			"find out who claims it; a status goes before an annotation",
			"pod %s/%s claims the address %s by annotation, but the status of pod "
			"%s/%s (%s:%u) has it: the claim does not count",
			claim->pod->namespace_name, claim->pod->name, addr, owner->namespace_name,
			owner->name, owner->pos.file, owner->pos.line);
	else if (all)
		diag_add(findings, DIAG_WARNING, claim->pod->pos, "duplicate-address",
			"a pod that has ended keeps no address: remove it, or give it its phase "
			"Succeeded or Failed",
			"pod %s/%s, which is terminating, has the address %s of pod %s/%s, which "
			"is taken for its owner",
			claim->pod->namespace_name, claim->pod->name, addr, owner->namespace_name,
			owner->name);
}

static void tell_gateways(const struct snapshot_claim *claim, struct diag_list *findings)
{
	char addr[IP_ADDR_TEXT];

	diag_add(findings, DIAG_WARNING, claim->pod->pos, "gateway-address",
		"a pod that uses the node's network has hostNetwork: true",
		"pod %s/%s has the address %s, which is this gateway's own: it is enforced without "
		"it",
		claim->pod->namespace_name, claim->pod->name, ip_addr_format(&claim->addr, addr));
}

void odd_claims_report(const struct snapshot *snapshot, bool all, struct diag_list *findings)
{
	size_t count;
	const struct snapshot_claim *claims = snapshot_odd_claims(snapshot, &count);

	for (size_t i = 0; i < count; i++) {
		const struct pod *leader = snapshot_pod_at(snapshot, &claims[i].addr);

		if (claims[i].state == CLAIM_GATEWAYS)
			tell_gateways(&claims[i], findings);
		else if (claims[i].state == CLAIM_OUTRANKED)
			tell_outranked(&claims[i], leader, all, findings);
		else if (claims[i].pod != leader)
			tell_contested(&claims[i], leader, findings);
	}
}

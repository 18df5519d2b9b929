/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_SNAPSHOT_H
#define POLICY_COMPILE_SNAPSHOT_H

/*
 * A cluster compiled for judging flows. Immutable once compiled: any number of
 * threads may judge by one snapshot without a lock, and judging allocates nothing.
 * A snapshot holds a reference on its cluster; whoever publishes snapshots decides
 * when no thread can hold one any more and frees it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/values/cluster.h"
#include "policy/values/flow.h"

struct snapshot;

struct snapshot_options {
	uint64_t revision; /* the snapshot's number, for logs and acknowledgements */
	bool audit;	   /* the whole gateway in audit mode */
	/*
	 * "" or NULL: every pod is local. Else pods of other nodes are peers, never isolated here.
	 * A pod that names no node is local all the same: a manifest without nodeName must not go
	 * unenforced in silence.
	 */
	const char *node_name;
	/*
	 * Every host has IPv6 addresses of its own making, fe80::/10, by which it reaches its
	 * neighbours on a bridge. No manifest says whose they are, so no policy can be held against
	 * them: once a policy isolates any local pod, a flow with such an end is denied. Audited
	 * where all that is isolated is.
	 */
	bool deny_link_local;
	/*
	 * Addresses that the gateway has itself, sorted by ip_addr_cmp(): no pod owns one, whatever
	 * it claims.
	 */
	const struct ip_addr *gateway;
	size_t gateway_count;
	/*
	 * No rule shows us an IPv6 packet (setting ipv6: off): then no policy isolates an IPv6
	 * address, whatever it selects, and every IPv6 flow is VERDICT_ALLOW, as that is what
	 * becomes of it.
	 */
	bool ipv6_off;
};

/*
 * Compiles `cluster`, taking a reference on it. For one cluster; who compiles one after another has
 * a compiler (compiler.h). Returns 0; or -ENOMEM, or -E2BIG when the cluster is beyond what can be
 * numbered (2^31 addresses or rules), *out untouched.
 */
int snapshot_compile(
	struct snapshot **out, struct cluster *cluster, const struct snapshot_options *options);
void snapshot_free(struct snapshot *snapshot); /* NULL is allowed */

bool snapshot_ipv6_off(const struct snapshot *snapshot); /* the option */
uint64_t snapshot_revision(const struct snapshot *snapshot);
const struct cluster *snapshot_cluster(const struct snapshot *snapshot);
/* bytes of the compiled form, cluster not included */
size_t snapshot_memory(const struct snapshot *snapshot);

/* What is done with a packet. */
enum verdict {
	VERDICT_ALLOW,
	VERDICT_DENY,
	VERDICT_AUDIT_DENY, /* passes; enforced, it would have been denied */
};
const char *verdict_name(enum verdict verdict); /* "allow", "deny", "audit-deny" */

/* How one end of a flow judges it. */
enum side_verdict {
	SIDE_OPEN,    /* the end is no local pod, or no tier decides in this direction */
	SIDE_ALLOWED, /* a rule accepts the flow */
	SIDE_DENIED,  /* a NetworkPolicy isolates, and no rule accepts the flow; or a rule denies it
		       */
	/* as SIDE_DENIED, but in audit mode: gateway, namespace, pod, or the policies */
	SIDE_AUDIT_DENIED,
};
const char *side_verdict_name(
	enum side_verdict side); /* "open", "allowed", "denied", "audit-denied" */

/*
 * From open over allowed and audit-denied to denied: the order in which a contested address is
 * judged.
 */
bool side_verdict_is_worse(enum side_verdict a, enum side_verdict b);

struct judgement {
	enum verdict verdict;
	/* [INGRESS]: of flow->dst; [EGRESS]: of flow->src */
	enum side_verdict sides[DIRECTION_COUNT];
};

/*
 * Judges the first packet of a flow, or a whole flow, at both ends. Total: every flow of every
 * protocol gets a judgement. A pod reaches itself at any of its addresses whatever the policies:
 * both sides are SIDE_OPEN then.
 *
 * At each end the tiers of policies are asked in order, until one decides (tier.h). With
 * NetworkPolicies only, they are one tier: a pod that any of them selects is isolated, and what no
 * rule admits is denied.
 *
 * Audit mode of a gateway, namespace or pod turns that end's denials into SIDE_AUDIT_DENIED. A
 * policy in audit mode is enforced by nobody: it neither isolates nor admits, nor denies. When the
 * enforced policies let a flow pass that all policies together would not, the side is
 * SIDE_AUDIT_DENIED; an end that only audited policies isolate is never SIDE_ALLOWED but SIDE_OPEN.
 *
 * With deny_link_local the verdict may be a denial though neither side denies:
 * snapshot_link_local() tells.
 */
struct judgement snapshot_judge(const struct snapshot *snapshot, const struct flow *flow);
/*
 * The same, written to where it is kept. Three numbers that are returned go through memory in parts
 * and are read from there as a whole, which CPUs are slow at: where every packet is judged, that
 * was a fifth of it.
 */
void snapshot_judge_into(
	const struct snapshot *snapshot, const struct flow *flow, struct judgement *out);

/*
 * Which policies deny `flow` at an end whose side is SIDE_DENIED or SIDE_AUDIT_DENIED: the policy
 * that has the rule which denies it; or NULL for all NetworkPolicies that isolate the end, as none
 * of them admits it.
 */
const struct network_policy *snapshot_denying_policy(
	const struct snapshot *snapshot, const struct flow *flow, enum direction direction);

/*
 * Has the CPU fetch what snapshot_judge() will look at first. For whoever has many flows to judge:
 * this for all of them, then that.
 */
void snapshot_prefetch(const struct snapshot *snapshot, const struct flow *flow);

/* VERDICT_ALLOW; or what having a link-local end is reason enough for. */
enum verdict snapshot_link_local(const struct snapshot *snapshot, const struct flow *flow);

/*
 * The pod that owns `addr` and is known by it (not hostNetwork, not finished), or NULL. Of several,
 * the leading one.
 */
const struct pod *snapshot_pod_at(const struct snapshot *snapshot, const struct ip_addr *addr);
/*
 * An address is contested when several pods claim it with equal right: two by their status, or two
 * by annotation where no status has it. Which of them is there nobody knows. So a flow passes only
 * if it would whichever it is, at each end: each side is the most severe of what it is for each
 * pair of pods that may be meant.
 *
 * The pods that `addr` may be, by number, the leading one first; NULL beyond the last.
 */
const struct pod *snapshot_claimant(
	const struct snapshot *snapshot, const struct ip_addr *addr, size_t number);
bool snapshot_may_be(
	const struct snapshot *snapshot, const struct ip_addr *addr, const struct pod *pod);

/* Claims that do not make a pod the only owner of an address. */
enum snapshot_claim_state {
	CLAIM_CONTESTED, /* listed for each of the pods, the leading one first */
	/* a status goes before an annotation, a pod before one that is terminating */
	CLAIM_OUTRANKED,
	CLAIM_GATEWAYS, /* the gateway has the address itself */
};
struct snapshot_claim {
	struct ip_addr addr;
	const struct pod *pod;
	enum snapshot_claim_state state;
};
/* All of them, sorted by address; owned by the snapshot. */
const struct snapshot_claim *snapshot_odd_claims(const struct snapshot *snapshot, size_t *count);
bool snapshot_pod_is_local(const struct snapshot *snapshot, const struct pod *pod);

/*
 * Whether a policy, audited ones included, isolates the local pod at `addr`, or one of several, in
 * any direction; or whether `addr` is link-local and these are denied.
 */
bool snapshot_isolates(const struct snapshot *snapshot, const struct ip_addr *addr);
/*
 * All addresses snapshot_isolates() is true for, sorted by ip_addr_cmp(); owned by the snapshot. A
 * link-local one among them, fe80::, stands for all of fe80::/10.
 */
const struct ip_addr *snapshot_isolated(const struct snapshot *snapshot, size_t *count);
size_t snapshot_isolated_pods(const struct snapshot *snapshot); /* how many of them are pods' */

struct policy_list {
	/* sorted by policy_rank_cmp(), then by namespace and name */
	const struct network_policy *const *items;
	size_t count;
};

/*
 * The policies, audited ones included, that select the local pod at `addr`, or any of several, and
 * isolate it in `direction`. The list lives in `arena`. Returns 0; or -ENOMEM, *out untouched.
 */
int snapshot_policies(const struct snapshot *snapshot, const struct ip_addr *addr,
	enum direction direction, struct arena *arena, struct policy_list *out);
/* The same of the pod snapshot_claimant() alone. */
int snapshot_claimant_policies(const struct snapshot *snapshot, const struct ip_addr *addr,
	size_t number, enum direction direction, struct arena *arena, struct policy_list *out);

/* Whether denials at that pod are only logged (gateway, namespace or pod in audit mode). */
bool snapshot_claimant_audits(
	const struct snapshot *snapshot, const struct ip_addr *addr, size_t number);

#endif

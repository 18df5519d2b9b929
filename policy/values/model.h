/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_MODEL_H
#define POLICY_VALUES_MODEL_H

/*
 * Namespaces, pods and network policies as the Kubernetes API defines them
 * (core/v1, networking.k8s.io/v1), already defaulted and validated: what a reader
 * in config/ makes of a manifest. Plain values that live in the arena of their
 * parse; immutable once made, so any thread may read them.
 *
 * Optional strings are "" when absent, lists have a count of 0; where absent and
 * empty mean different things to the API, a flag says which.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/values/cidr.h"
#include "policy/values/diag.h"
#include "policy/values/ip_addr.h"

struct label {
	const char *key, *value;
};

struct label_set {
	const struct label *items; /* sorted by key (strcmp), keys unique */
	size_t count;
};

enum requirement_operator {
	REQUIREMENT_IN,
	REQUIREMENT_NOT_IN,
	REQUIREMENT_EXISTS,
	REQUIREMENT_DOES_NOT_EXIST
};

/* One term of a label selector. A matchLabels entry is an In with one value. */
struct requirement {
	const char *key;
	enum requirement_operator op;
	const char *const *values; /* sorted (strcmp) and unique; In and NotIn only */
	size_t value_count;
	bool from_match_labels;
	struct source_pos pos; /* of the key */
};

/* All requirements must hold; none at all matches everything. */
struct selector {
	const struct requirement *requirements;
	size_t count;
	struct source_pos pos;
};

struct container_port {
	const char *name; /* "" when the port has none */
	uint16_t port;
	uint8_t protocol; /* IPPROTO_* */
};

struct namespace_object {
	const char *name;
	struct label_set labels; /* with kubernetes.io/metadata.name, as the API server adds it */
	bool audit;		 /* annotation podgate.io/audit: "true" */
	struct source_pos pos;	 /* of metadata.name */
};

struct pod {
	const char *namespace_name, *name;
	struct label_set labels;
	const struct ip_addr *ips; /* status.podIPs, status.podIP, or an annotation */
	size_t ip_count;
	bool ips_annotated; /* of an annotation, which yields to the status of any other pod */
	/* of containers, and init containers that restart Always */
	const struct container_port *ports;
	size_t port_count;
	const char *node_name;
	int64_t created;       /* seconds since the epoch, 0 when unknown */
	bool host_network;     /* has the node's address: never selected, matches no podSelector */
	bool finished;	       /* phase Succeeded or Failed: owns no address any more */
	bool terminating;      /* has a deletionTimestamp: keeps its address till it is gone */
	bool audit;	       /* annotation podgate.io/audit: "true" */
	struct source_pos pos; /* of metadata.name */
};

/* NetworkPolicyPort. */
struct policy_port {
	uint8_t protocol; /* IPPROTO_TCP, _UDP or _SCTP; TCP when the manifest names none */
	enum { POLICY_PORT_ANY, POLICY_PORT_NUMBER, POLICY_PORT_NAMED } kind;
	uint16_t first, last; /* NUMBER: port and endPort, or port twice */
	const char *name;     /* NAMED: resolved on the destination pod */
	struct source_pos pos;
};

struct ip_block {
	struct cidr cidr;	    /* host bits cleared, as every implementation reads it */
	const struct cidr *excepts; /* host bits cleared, too */
	size_t except_count;
	struct source_pos pos;
};

/* NetworkPolicyPeer: an ipBlock, or one or both selectors. */
struct policy_peer {
	bool has_pod_selector, has_namespace_selector, has_ip_block;
	/* without a namespace selector: pods of the policy's namespace */
	struct selector pod_selector;
	/* without a pod selector: all pods of those namespaces */
	struct selector namespace_selector;
	struct ip_block ip_block;
	struct source_pos pos;
};

/*
 * What a rule does with a flow that it matches. A NetworkPolicy's rules can only accept. PASS
 * leaves the flow to the next tier.
 */
enum rule_action { RULE_ACCEPT, RULE_DENY, RULE_PASS };

/*
 * NetworkPolicyIngressRule and NetworkPolicyEgressRule: no peers means anybody, no ports means
 * everything.
 */
struct policy_rule {
	const struct policy_peer *peers;
	size_t peer_count;
	const struct policy_port *ports;
	uint32_t port_count;
	enum rule_action action;
	struct source_pos pos;
};

enum direction { DIRECTION_INGRESS, DIRECTION_EGRESS };
enum { DIRECTION_COUNT = 2 };

/*
 * The layers of policies, in the order in which a flow meets them (ClusterNetworkPolicy's
 * spec.tier): compiled as policy/compile/tier.h says. Every reader makes policies of
 * TIER_NETWORK_POLICY so far.
 */
enum policy_tier { TIER_ADMIN = -1, TIER_NETWORK_POLICY = 0, TIER_BASELINE = 1 };

/*
 * Policies of TIER_NETWORK_POLICY have no order. They isolate the pods that they select, and their
 * rules together say what is accepted. In another tier the first rule that matches a flow acts on
 * it: policies with a lower priority come first, then the rules of a policy in their order.
 */
struct network_policy {
	const char *namespace_name, *name;
	struct selector pod_selector;
	/*
	 * policyTypes, defaulted as the API server does. In another tier than NetworkPolicy's: the
	 * policy has rules in that direction.
	 */
	bool isolates[DIRECTION_COUNT];
	int8_t tier;	  /* enum policy_tier */
	int32_t priority; /* 0 for a NetworkPolicy */
	const struct policy_rule *rules[DIRECTION_COUNT];
	size_t rule_count[DIRECTION_COUNT];
	bool audit; /* annotation podgate.io/audit: "true": logs what it would deny */
	/* it has errors: this is what could be read of it, closed where it could not */
	bool in_part;
	struct source_pos pos; /* of metadata.name */
};

/* By namespace, then by name (strcmp): the order of a cluster's lists. */
int object_name_cmp(
	const char *a_namespace, const char *a_name, const char *b_namespace, const char *b_name);

const char *direction_name(enum direction direction); /* "ingress", "egress" */

/* By tier, then by priority: below 0 when a flow meets `a` first, 0 when that is not said. */
int policy_rank_cmp(const struct network_policy *a, const struct network_policy *b);

/* NULL when the set has no such key. */
const char *label_set_get(const struct label_set *labels, const char *key);
bool requirement_matches(const struct requirement *requirement, const struct label_set *labels);
bool selector_matches(const struct selector *selector, const struct label_set *labels);
bool ip_block_contains(const struct ip_block *block, const struct ip_addr *addr);

/*
 * The API's own syntax rules (apimachinery, util/validation): qualified names for label
 * keys, label values, DNS-1123 names, IANA service names for ports. Each returns NULL
 * for a valid text, else a static sentence that says which rule it breaks.
 */
const char *label_key_problem(const char *key);
const char *label_value_problem(const char *value);
const char *object_name_problem(const char *name);    /* DNS-1123 subdomain: pods, policies */
const char *namespace_name_problem(const char *name); /* DNS-1123 label */
const char *port_name_problem(const char *name);      /* 1-15 of [a-z0-9-], at least one letter */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/fix.h"

#include <errno.h>
#include <string.h>

#include "policy/explain/relabel.h"
#include "policy/values/phrase.h"

/* The label that every namespace has, set by the API server. */
static const char namespace_label[] = "kubernetes.io/metadata.name";

struct fix {
	const struct match *match;
	const struct explain_side *side;
	struct arena *arena;
	struct phrase text;
};

/*
 * Mends a peer by labels of the far pod and its namespace. Returns 0; or -EINVAL, the text
 * untouched, when labels are no remedy; or -ENOMEM.
 */
static int mend_by_labels(struct fix *fix)
{
	const struct policy_peer *peer = fix->side->peer;
	const struct match *match = fix->match;
	struct relabel *of_namespace = NULL, *of_pod = NULL;
	int namespace_count = 0, pod_count = 0;

	if (peer->has_ip_block || match->other_pod == NULL)
		return -EINVAL;
	if (peer->has_namespace_selector)
		namespace_count = relabel_find(&peer->namespace_selector,
			&match->other_namespace->labels, fix->arena, &of_namespace);
	else if (!match_peer_namespace(match, fix->side->policy, peer))
		return -EINVAL;
	if (peer->has_pod_selector)
		pod_count = relabel_find(
			&peer->pod_selector, &match->other_pod->labels, fix->arena, &of_pod);
	if (namespace_count < 0 || pod_count < 0)
		return namespace_count == -ENOMEM || pod_count == -ENOMEM ? -ENOMEM : -EINVAL;

	if (pod_count > 0) {
		phrase_add(&fix->text, "run pod %s/%s ", match->other_pod->namespace_name,
			match->other_pod->name);
		relabel_add_phrase(&fix->text, of_pod, pod_count);
	}
	if (namespace_count > 0) {
		phrase_add(&fix->text, "%shave namespace %s ", pod_count > 0 ? ", and " : "",
			match->other_namespace->name);
		relabel_add_phrase(&fix->text, of_namespace, namespace_count);
	}
	return 0;
}

/* ---- peers, ports and rules to paste ---- */

/* Labels that a controller gives anew at each rollout: a policy must not build on them. */
static bool is_passing(const struct label *label)
{
	return strcmp(label->key, "pod-template-hash") == 0 ||
		strcmp(label->key, "controller-revision-hash") == 0;
}

static void add_pod_selector(struct fix *fix, const struct pod *pod)
{
	struct label *items = arena_calloc(fix->arena, pod->labels.count, sizeof(*items));
	struct label_set kept = {.items = items};

	if (items == NULL) {
		fix->text.failed = true;
		return;
	}
	for (size_t i = 0; i < pod->labels.count; i++)
		if (!is_passing(&pod->labels.items[i]))
			items[kept.count++] = pod->labels.items[i];
	phrase_add(&fix->text, "podSelector: {");
	if (kept.count > 0) {
		phrase_add(&fix->text, "matchLabels: ");
		phrase_add_match_labels(&fix->text, &kept);
	}
	phrase_add(&fix->text, "}");
}

/*
 * A peer that is the far end: "{podSelector: {matchLabels: {role: web}}}", "{ipBlock: {cidr:
 * 10.0.0.9/32}}".
 */
static void add_peer_yaml(struct fix *fix)
{
	const struct match *match = fix->match;

	if (match->other_pod == NULL) {
		phrase_add(&fix->text, "{ipBlock: {cidr: ");
		phrase_add_addr(&fix->text, match->other);
		phrase_add(&fix->text, "/%u}}", (unsigned int)ip_addr_bits(match->other));
		return;
	}
	phrase_add(&fix->text, "{");
	if (strcmp(match->other_pod->namespace_name, fix->side->policy->namespace_name) != 0)
		phrase_add(&fix->text, "namespaceSelector: {matchLabels: {%s: %s}}, ",
			namespace_label, match->other_pod->namespace_name);
	add_pod_selector(fix, match->other_pod);
	phrase_add(&fix->text, "}");
}

static bool port_can_be_named(const struct fix *fix)
{
	return flow_protocol_has_ports(fix->match->flow->protocol) &&
		fix->match->flow->dst_port != 0;
}

static void add_port_yaml(struct fix *fix)
{
	phrase_add(&fix->text, "{protocol: ");
	phrase_add_protocol(&fix->text, fix->match->flow->protocol);
	phrase_add(&fix->text, ", port: %u}", (unsigned int)fix->match->flow->dst_port);
}

static void add_policy_name(struct fix *fix)
{
	phrase_add(&fix->text, " of policy %s/%s", fix->side->policy->namespace_name,
		fix->side->policy->name);
}

static void mend_peer(struct fix *fix)
{
	const int err = mend_by_labels(fix);
	char rule[EXPLAIN_PATH];

	if (err == -ENOMEM)
		fix->text.failed = true;
	if (err != -EINVAL)
		return;
	phrase_add(&fix->text, "add ");
	add_peer_yaml(fix);
	phrase_add(&fix->text, " to %s.%s",
		explain_rule_path(fix->side, fix->match->direction, rule),
		fix->match->direction == DIRECTION_INGRESS ? "from" : "to");
	add_policy_name(fix);
}

static bool names_port(const struct pod *pod, const char *name)
{
	for (size_t i = 0; i < pod->port_count; i++)
		if (strcmp(pod->ports[i].name, name) == 0)
			return true;
	return false;
}

static void mend_port(struct fix *fix)
{
	const struct policy_port *port = fix->side->port;
	const struct flow *flow = fix->match->flow;
	const struct pod *pod = fix->match->destination;
	char rule[EXPLAIN_PATH];

	if (port->kind == POLICY_PORT_NAMED && port->protocol == flow->protocol && pod != NULL &&
		!names_port(pod, port->name)) {
		phrase_add(&fix->text,
			"give pod %s/%s the container port {name: %s, containerPort: %u, "
			"protocol: ",
			pod->namespace_name, pod->name, port->name, (unsigned int)flow->dst_port);
		phrase_add_protocol(&fix->text, flow->protocol);
		phrase_add(&fix->text, "}");
		return;
	}
	phrase_add(&fix->text, "add ");
	add_port_yaml(fix);
	phrase_add(&fix->text, " to %s.ports",
		explain_rule_path(fix->side, fix->match->direction, rule));
	add_policy_name(fix);
}

/*
 * A rule of its own: where there is none to widen, for protocols that `ports` can't name, and where
 * both peers and ports would have to be widened, which would also open the new port to the old
 * peers and the old ports to the new one.
 */
static void mend_by_rule(struct fix *fix)
{
	const char *direction = direction_name(fix->match->direction);

	phrase_add(&fix->text, "add the rule {%s: [",
		fix->match->direction == DIRECTION_INGRESS ? "from" : "to");
	add_peer_yaml(fix);
	if (port_can_be_named(fix)) {
		phrase_add(&fix->text, "], ports: [");
		add_port_yaml(fix);
	}
	phrase_add(&fix->text, "]} to %s", direction);
	add_policy_name(fix);
	if (!flow_protocol_has_ports(fix->match->flow->protocol)) {
		phrase_add(&fix->text, " (a rule without ports: no NetworkPolicy can name ");
		phrase_add_protocol(&fix->text, fix->match->flow->protocol);
		phrase_add(&fix->text, ")");
	}
}

/*
 * IPv4-mapped IPv6 addresses are in no ipBlock that the API accepts, so no policy can name such an
 * end. It is never a real neighbour: RFC 4291 keeps these addresses off the wire.
 */
static bool far_end_has_no_name(const struct fix *fix)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct ip_addr *other = fix->match->other;

	return fix->match->other_pod == NULL && other->family == IP_FAMILY_V6 &&
		memcmp(other->bytes, mapped, sizeof(mapped)) == 0;
}

static bool takes_new_port(const struct fix *fix)
{
	return (fix->side->miss == MISS_PROTOCOL || fix->side->miss == MISS_PORT) &&
		port_can_be_named(fix);
}

static void mend(struct fix *fix)
{
	char rule[EXPLAIN_PATH];

	if (far_end_has_no_name(fix) && fix->side->miss < MISS_AUDITED && !takes_new_port(fix))
		return;
	switch (fix->side->miss) {
	case MISS_NONE:
		return;
	case MISS_AUDITED:
		phrase_add(&fix->text,
			"enforce policy %s/%s: take its annotation podgate.io/audit away",
			fix->side->policy->namespace_name, fix->side->policy->name);
		return;
	case MISS_DENIED:
		phrase_add(&fix->text,
			"change %s of policy %s/%s, or accept the flow in a rule before it",
			explain_rule_path(fix->side, fix->match->direction, rule),
			fix->side->policy->namespace_name, fix->side->policy->name);
		return;
	case MISS_PEER:
		mend_peer(fix);
		return;
	case MISS_PROTOCOL:
	case MISS_PORT:
		if (port_can_be_named(fix)) {
			mend_port(fix);
			return;
		}
		break;
	case MISS_PEER_AND_PORT:
	case MISS_NO_RULES:
		break;
	}
	mend_by_rule(fix);
}

int fix_describe(const struct match *match, struct arena *arena, struct explain_side *side)
{
	struct fix fix = {.match = match, .side = side, .arena = arena};
	const char *text;

	phrase_init(&fix.text, arena);
	mend(&fix);
	text = phrase_end(&fix.text);
	if (text == NULL)
		return -ENOMEM;
	side->fix = text;
	return 0;
}

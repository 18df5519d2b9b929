/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain/miss.h"

#include <errno.h>

#include "policy/values/phrase.h"

/* The three texts as they come to be. */
struct words {
	const struct match *match;
	struct explain_side *side;
	struct phrase field, wanted, had;
};

/* The first requirement that `labels` fail; NULL when they meet all. */
static const struct requirement *first_unmet(
	const struct selector *selector, const struct label_set *labels)
{
	for (size_t i = 0; i < selector->count; i++)
		if (!requirement_matches(&selector->requirements[i], labels))
			return &selector->requirements[i];
	return NULL;
}

static bool pod_has_addr(const struct pod *pod, const struct ip_addr *addr)
{
	for (size_t i = 0; i < pod->ip_count; i++)
		if (ip_addr_equal(&pod->ips[i], addr))
			return true;
	return false;
}

/* An address that is no pod's may still stand in a Pod object: say why that one does not count. */
static void add_outsider(struct phrase *phrase, const struct match *match)
{
	const struct cluster *cluster = snapshot_cluster(match->snapshot);

	phrase_add_addr(phrase, match->other);
	for (size_t i = 0; i < cluster->pod_count; i++) {
		const struct pod *pod = cluster->pods[i];

		if (!pod_has_addr(pod, match->other))
			continue;
		phrase_add(phrase,
			pod->host_network
				? ", the node's address, which pod %s/%s uses by hostNetwork"
				: ", which pod %s/%s had before it finished",
			pod->namespace_name, pod->name);
		return;
	}
	phrase_add(phrase, ", which no pod has");
}

static void tell_requirement(struct words *words, const char *selector_name,
	const struct selector *selector, const struct requirement *requirement,
	const struct label_set *labels)
{
	phrase_add(&words->field, ".%s.", selector_name);
	phrase_add_requirement_path(&words->field, selector, requirement);
	phrase_add_requirement(&words->wanted, requirement);
	phrase_add_label(&words->had, labels, requirement->key);
	words->side->pos = requirement->pos;
}

/* Selectors, and the far end is no pod: nothing a label could mend. */
static void tell_outsider(struct words *words)
{
	const struct policy_peer *peer = words->side->peer;

	phrase_add(&words->field, peer->has_pod_selector ? ".podSelector" : ".namespaceSelector");
	phrase_add(&words->wanted, "a pod");
	if (peer->has_pod_selector && peer->pod_selector.count > 0) {
		phrase_add(&words->wanted, " with ");
		phrase_add_selector(&words->wanted, &peer->pod_selector);
	}
	add_outsider(&words->had, words->match);
	words->side->pos = peer->has_pod_selector ? peer->pod_selector.pos
						  : peer->namespace_selector.pos;
}

/*
 * A podSelector alone sees no other namespace, whatever its labels: the best-known surprise of
 * NetworkPolicy.
 */
static void tell_namespace(struct words *words)
{
	phrase_add(&words->field, ".namespaceSelector");
	phrase_add(&words->wanted,
		"a pod of namespace %s: a podSelector without namespaceSelector sees no other",
		words->side->policy->namespace_name);
	phrase_add(&words->had, "a pod of namespace %s", words->match->other_pod->namespace_name);
	words->side->pos = words->side->peer->pos;
}

static void tell_selectors(struct words *words)
{
	const struct match *match = words->match;
	const struct policy_peer *peer = words->side->peer;
	const struct requirement *unmet = NULL;

	if (match->other_pod == NULL) {
		tell_outsider(words);
		return;
	}
	if (peer->has_namespace_selector)
		unmet = first_unmet(&peer->namespace_selector, &match->other_namespace->labels);
	if (unmet != NULL) {
		tell_requirement(words, "namespaceSelector", &peer->namespace_selector, unmet,
			&match->other_namespace->labels);
		return;
	}
	if (peer->has_pod_selector)
		unmet = first_unmet(&peer->pod_selector, &match->other_pod->labels);
	/* The namespace first: no label mends a podSelector that looks into the wrong one. */
	if (!peer->has_namespace_selector &&
		!match_peer_namespace(match, words->side->policy, peer))
		tell_namespace(words);
	else if (unmet != NULL)
		tell_requirement(words, "podSelector", &peer->pod_selector, unmet,
			&match->other_pod->labels);
}

static void tell_block(struct words *words)
{
	const struct ip_block *block = &words->side->peer->ip_block;
	const struct ip_addr *other = words->match->other;

	words->side->pos = block->pos;
	for (size_t i = 0; i < block->except_count && cidr_contains(&block->cidr, other); i++) {
		if (cidr_contains(&block->excepts[i], other)) {
			phrase_add(&words->field, ".ipBlock.except[%zu]", i);
			phrase_add_block(&words->wanted, block);
			phrase_add_addr(&words->had, other);
			phrase_add(&words->had, ", which is excepted");
			return;
		}
	}
	phrase_add(&words->field, ".ipBlock.cidr");
	phrase_add_cidr(&words->wanted, &block->cidr);
	phrase_add_addr(&words->had, other);
}

/* The field begins with the path of the peer: "ingress[0].from[1]". */
static void tell_peer(struct words *words)
{
	const struct explain_side *side = words->side;
	char rule[EXPLAIN_PATH];

	phrase_add(&words->field, "%s.%s[%zu]",
		explain_rule_path(side, words->match->direction, rule),
		words->match->direction == DIRECTION_INGRESS ? "from" : "to",
		(size_t)(side->peer - side->rule->peers));
	if (side->peer->has_ip_block)
		tell_block(words);
	else
		tell_selectors(words);
}

static bool first_of_protocol(const struct policy_rule *rule, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (rule->ports[i].protocol == rule->ports[index].protocol)
			return false;
	return true;
}

static void tell_protocol(struct words *words)
{
	const struct policy_rule *rule = words->side->rule;

	phrase_add(&words->field, ".protocol");
	for (size_t i = 0; i < rule->port_count; i++) {
		if (!first_of_protocol(rule, i))
			continue;
		phrase_add(&words->wanted, i > 0 ? " or " : "");
		phrase_add_protocol(&words->wanted, rule->ports[i].protocol);
	}
	phrase_add_protocol(&words->had, words->match->flow->protocol);
}

/* A port that a policy calls by name: what that name means at the destination, if anything. */
static void tell_named_port(struct words *words)
{
	const struct pod *pod = words->match->destination;
	const struct policy_port *port = words->side->port;
	bool any = false;

	if (pod == NULL) {
		phrase_add(
			&words->had, ", of a destination that is no pod and so has no port names");
		return;
	}
	for (size_t i = 0; i < pod->port_count; i++) {
		const struct container_port *declared = &pod->ports[i];

		if (declared->protocol != port->protocol || declared->name[0] == '\0')
			continue;
		if (!any)
			phrase_add(&words->had, "; pod %s/%s declares ", pod->namespace_name,
				pod->name);
		phrase_add(&words->had, "%s%s %u", any ? ", " : "", declared->name,
			(unsigned int)declared->port);
		any = true;
	}
	if (!any) {
		phrase_add(&words->had, "; pod %s/%s names no ", pod->namespace_name, pod->name);
		phrase_add_protocol(&words->had, port->protocol);
		phrase_add(&words->had, " port");
	}
}

static void tell_port(struct words *words)
{
	phrase_add(&words->field, ".port");
	phrase_add_port(&words->wanted, words->side->port);
	phrase_add(&words->had, "%u", (unsigned int)words->match->flow->dst_port);
	if (words->side->port->kind == POLICY_PORT_NAMED)
		tell_named_port(words);
}

static void tell_denied(struct words *words)
{
	char rule[EXPLAIN_PATH];

	phrase_add(&words->field, "%s.action",
		explain_rule_path(words->side, words->match->direction, rule));
	phrase_add(&words->wanted, "any other flow: the rule denies what it matches");
	phrase_add_protocol(&words->had, words->match->flow->protocol);
	if (words->match->flow->dst_port != 0)
		phrase_add(&words->had, " %u", (unsigned int)words->match->flow->dst_port);
	words->side->pos = words->side->rule->pos;
}

static void tell_no_rules(struct words *words)
{
	phrase_add(&words->field, "%s", direction_name(words->match->direction));
	phrase_add(&words->wanted, "nothing: it has no %s rules, so it admits none",
		direction_name(words->match->direction));
	phrase_add_protocol(&words->had, words->match->flow->protocol);
	if (words->match->flow->dst_port != 0)
		phrase_add(&words->had, " %u", (unsigned int)words->match->flow->dst_port);
}

static void tell_audited(struct words *words)
{
	phrase_add(&words->field, "metadata.annotations[\"podgate.io/audit\"]");
	phrase_add(&words->wanted, "the flow, but in audit mode, where a policy admits nothing");
	words->side->pos = words->side->policy->pos;
}

static void tell(struct words *words)
{
	char rule[EXPLAIN_PATH];

	switch (words->side->miss) {
	case MISS_NONE:
		return;
	case MISS_NO_RULES:
		tell_no_rules(words);
		return;
	case MISS_AUDITED:
		tell_audited(words);
		return;
	case MISS_DENIED:
		tell_denied(words);
		return;
	case MISS_PEER_AND_PORT:
	case MISS_PEER:
		tell_peer(words);
		return;
	case MISS_PROTOCOL:
	case MISS_PORT:
		phrase_add(&words->field, "%s.ports[%zu]",
			explain_rule_path(words->side, words->match->direction, rule),
			(size_t)(words->side->port - words->side->rule->ports));
		words->side->pos = words->side->port->pos;
		if (words->side->miss == MISS_PROTOCOL)
			tell_protocol(words);
		else
			tell_port(words);
		return;
	}
}

int miss_describe(const struct match *match, struct arena *arena, struct explain_side *side)
{
	struct words words = {.match = match, .side = side};

	phrase_init(&words.field, arena);
	phrase_init(&words.wanted, arena);
	phrase_init(&words.had, arena);
	tell(&words);
	if (words.field.failed || words.wanted.failed || words.had.failed)
		return -ENOMEM;
	side->field = phrase_end(&words.field);
	side->wanted = phrase_end(&words.wanted);
	side->had = phrase_end(&words.had);
	return 0;
}

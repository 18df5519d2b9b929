/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/lint_checks.h"

#include <string.h>

/*
 * What the pods that a rule's ports are looked up on declare. Declaring is for information only,
 * save for names; so a number is suspect only where every pod declares ports of that protocol, and
 * none of them is meant.
 */
struct survey {
	size_t pods;
	size_t silent;		 /* that declare no port of the protocol */
	bool found;		 /* one declares a port that the rule means */
	const struct pod *first; /* one that does not */
};

static bool is_meant(const struct policy_port *wanted, const struct container_port *declared)
{
	if (declared->protocol != wanted->protocol)
		return false;
	if (wanted->kind == POLICY_PORT_NAMED)
		return strcmp(declared->name, wanted->name) == 0;
	return declared->port >= wanted->first && declared->port <= wanted->last;
}

static void survey_pod(
	struct survey *survey, const struct pod *pod, const struct policy_port *wanted)
{
	bool silent = true;

	survey->pods++;
	for (size_t i = 0; i < pod->port_count; i++) {
		survey->found = survey->found || is_meant(wanted, &pod->ports[i]);
		silent = silent && pod->ports[i].protocol != wanted->protocol;
	}
	if (silent)
		survey->silent++;
	else if (survey->first == NULL)
		survey->first = pod;
}

static void survey_pods(const struct linter *linter, struct range_list pods,
	const struct policy_port *wanted, struct survey *survey)
{
	for (size_t i = 0; i < pods.count && !survey->found; i++)
		for (uint32_t pod = pods.items[i].first;
			pod <= pods.items[i].last && !survey->found; pod++)
			if (linter_pod_counts(linter->cluster->pods[pod]))
				survey_pod(survey, linter->cluster->pods[pod], wanted);
}

/*
 * Where the ports of a rule are: on the pods that the policy selects (ingress), or on its peers
 * (egress). A block may hold any address, and no peers means everybody: then *known is false, and
 * nothing can be said.
 */
static int survey_rule(struct linter *linter, uint32_t policy, enum direction direction,
	const struct policy_rule *rule, const struct policy_port *wanted, struct survey *survey,
	bool *known)
{
	struct range_list pods;
	int err = 0;

	*known = direction == DIRECTION_INGRESS || rule->peer_count > 0;
	if (direction == DIRECTION_INGRESS) {
		err = cluster_index_scope(&linter->index, policy, &pods);
		if (err == 0)
			survey_pods(linter, pods, wanted, survey);
		return err;
	}
	for (size_t i = 0; err == 0 && i < rule->peer_count && *known && !survey->found; i++) {
		*known = !rule->peers[i].has_ip_block;
		if (!*known)
			break;
		err = cluster_index_peer(&linter->index, &rule->peers[i], policy, &pods);
		if (err == 0)
			survey_pods(linter, pods, wanted, survey);
	}
	return err;
}

static void add_declared(struct phrase *phrase, const struct pod *pod, uint8_t protocol)
{
	bool any = false;

	for (size_t i = 0; i < pod->port_count; i++) {
		const struct container_port *port = &pod->ports[i];

		if (port->protocol != protocol)
			continue;
		phrase_add(phrase, "%s%s%s%u", any ? ", " : "", port->name,
			*port->name != '\0' ? " " : "", (unsigned int)port->port);
		any = true;
	}
}

static const char *whose(enum direction direction)
{
	return direction == DIRECTION_INGRESS ? "selected pod" : "pod of the peers";
}

static int tell_name(struct linter *linter, enum direction direction,
	const struct policy_port *port, const struct survey *survey)
{
	struct suggestion near;
	struct phrase text, hint;

	phrase_init(&text, linter->scratch);
	phrase_init(&hint, linter->scratch);
	phrase_add(&text, "no %s declares a ", whose(direction));
	phrase_add_protocol(&text, port->protocol);
	phrase_add(&text, " port named %s: the rule admits nothing by it", port->name);
	suggestion_init(&near, port->name);
	for (size_t i = 0; survey->first != NULL && i < survey->first->port_count; i++)
		if (survey->first->ports[i].protocol == port->protocol)
			linter_offer(linter, &near, survey->first->ports[i].name);
	if (near.best != NULL) {
		phrase_add(&hint, "did you mean %s?", near.best);
	} else if (survey->first != NULL) {
		phrase_add(&hint, "pod %s/%s declares ", survey->first->namespace_name,
			survey->first->name);
		add_declared(&hint, survey->first, port->protocol);
	} else {
		phrase_add(&hint,
			"name the port in the pods' spec.containers[].ports, or write its number");
	}
	return linter_warn(linter, port->pos, "named-port-undeclared", &text, &hint);
}

/* The usual slip: the port of the Service, which no packet has any more when it reaches the pod. */
static int tell_number(struct linter *linter, enum direction direction,
	const struct policy_port *port, const struct survey *survey)
{
	struct phrase text, hint;

	phrase_init(&text, linter->scratch);
	phrase_init(&hint, linter->scratch);
	phrase_add(&text, "no %s declares ", whose(direction));
	phrase_add_protocol(&text, port->protocol);
	phrase_add(&text, " port ");
	phrase_add_port(&text, port);
	phrase_add(
		&hint, "pod %s/%s declares ", survey->first->namespace_name, survey->first->name);
	add_declared(&hint, survey->first, port->protocol);
	phrase_add(&hint, "; a NetworkPolicy names the port of the pod, not that of its Service");
	return linter_warn(linter, port->pos, "port-undeclared", &text, &hint);
}

static int check_declared(struct linter *linter, uint32_t policy, enum direction direction,
	const struct policy_rule *rule, const struct policy_port *port)
{
	struct survey survey = {0};
	bool known;
	const int err = survey_rule(linter, policy, direction, rule, port, &survey, &known);

	if (err != 0 || !known || survey.found || survey.pods == 0)
		return err;
	if (port->kind == POLICY_PORT_NAMED)
		return tell_name(linter, direction, port, &survey);
	return survey.silent == 0 ? tell_number(linter, direction, port, &survey) : 0;
}

static bool covers(const struct policy_port *wide, const struct policy_port *narrow)
{
	if (wide->protocol != narrow->protocol)
		return false;
	if (wide->kind == POLICY_PORT_ANY)
		return true;
	if (wide->kind != narrow->kind)
		return false;
	if (wide->kind == POLICY_PORT_NAMED)
		return strcmp(wide->name, narrow->name) == 0;
	return wide->first <= narrow->first && wide->last >= narrow->last;
}

/* A port that another of the same rule includes. Of two that are equal the later is told. */
static int check_covered(struct linter *linter, const struct policy_rule *rule, size_t index)
{
	const struct policy_port *port = &rule->ports[index];
	struct phrase text, hint;

	for (size_t i = 0; i < rule->port_count; i++) {
		if (i == index || !covers(&rule->ports[i], port) ||
			(i > index && covers(port, &rule->ports[i])))
			continue;
		phrase_init(&text, linter->scratch);
		phrase_init(&hint, linter->scratch);
		phrase_add_protocol(&text, port->protocol);
		phrase_add(&text, " port ");
		phrase_add_port(&text, port);
		phrase_add(&text, " is needless: ports[%zu] of the same rule has it", i);
		return linter_warn(linter, port->pos, "port-repeated", &text, &hint);
	}
	return 0;
}

int lint_check_ports(struct linter *linter, uint32_t policy, enum direction direction,
	const struct policy_rule *rule)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < rule->port_count; i++) {
		err = check_covered(linter, rule, i);
		if (err == 0 && rule->ports[i].kind != POLICY_PORT_ANY)
			err = check_declared(linter, policy, direction, rule, &rule->ports[i]);
	}
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/lint_checks.h"

#include "policy/lint/suspect.h"

static const char *in_namespace(struct linter *linter, const char *name)
{
	struct phrase where;
	const char *text;

	phrase_init(&where, linter->scratch);
	phrase_add(&where, " in namespace %s", name);
	text = phrase_end(&where);
	return text != NULL ? text : "";
}

/* Whether pods are selected, but all of them use the host's network, where no policy applies. */
static bool all_on_host(const struct linter *linter, struct range_list pods)
{
	bool any = false;

	for (size_t i = 0; i < pods.count; i++) {
		for (uint32_t pod = pods.items[i].first; pod <= pods.items[i].last; pod++) {
			if (!linter->cluster->pods[pod]->host_network)
				return false;
			any = true;
		}
	}
	return any;
}

static int warn_plainly(struct linter *linter, struct source_pos pos, const char *code,
	const char *text, const char *hint)
{
	diag_add(linter->findings, DIAG_WARNING, pos, code, hint, "%s", text);
	return 0;
}

static struct range own_range(const struct linter *linter, uint32_t policy)
{
	const uint32_t own = linter->index.policy_namespaces[policy];

	return (struct range){linter->index.first_pods[own], linter->index.first_pods[own + 1] - 1};
}

static bool own_is_empty(const struct linter *linter, uint32_t policy)
{
	const uint32_t own = linter->index.policy_namespaces[policy];

	return linter->index.first_pods[own] == linter->index.first_pods[own + 1];
}

/*
 * Where pods with these labels are, if not where they were looked for: the namespace of the first;
 * or NULL.
 */
static const char *namespace_elsewhere(struct linter *linter, const struct selector *selector)
{
	struct range_list found;

	if (selector->count == 0 || cluster_index_pods(&linter->index, selector, &found) != 0)
		return NULL;
	return found.count > 0 ? linter->cluster->pods[found.items[0].first]->namespace_name : NULL;
}

static int tell_empty_namespace(struct linter *linter, uint32_t number)
{
	const struct network_policy *policy = linter->cluster->policies[number];
	const char *elsewhere = namespace_elsewhere(linter, &policy->pod_selector);
	struct phrase text, hint;

	phrase_init(&text, linter->scratch);
	phrase_init(&hint, linter->scratch);
	phrase_add(&text, "namespace %s has no pods: policy %s isolates none",
		policy->namespace_name, policy->name);
	if (elsewhere != NULL)
		phrase_add(&hint, "pods in namespace %s would match: is metadata.namespace right?",
			elsewhere);
	return linter_warn(linter, policy->pos, "namespace-without-pods", &text, &hint);
}

int lint_check_scope(struct linter *linter, uint32_t number)
{
	const struct network_policy *policy = linter->cluster->policies[number];
	struct suspect suspect = {
		.linter = linter, .selector = &policy->pod_selector, .noun = "pod"};
	struct range within;
	struct range_list selected;
	int err;

	if (own_is_empty(linter, number))
		return tell_empty_namespace(linter, number);
	err = cluster_index_scope(&linter->index, number, &selected);
	if (err != 0)
		return err;
	if (all_on_host(linter, selected))
		return warn_plainly(linter, policy->pod_selector.pos, "selects-host-network",
			"every pod that this policy selects uses hostNetwork: NetworkPolicy does "
			"not apply to them",
			"protect the node's own addresses with a host firewall");
	if (selected.count > 0)
		return 0;
	within = own_range(linter, number);
	suspect.area = (struct range_list){&within, 1};
	suspect.labels = label_table_within(&linter->pod_labels, policy->namespace_name);
	suspect.where = in_namespace(linter, policy->namespace_name);
	return suspect_tell(&suspect, "selector-matches-no-pod", "the policy isolates none");
}

static int check_namespace_selector(
	struct linter *linter, const struct policy_peer *peer, bool *empty)
{
	const struct range all = {0,
		linter->cluster->namespace_count > 0
			? (uint32_t)linter->cluster->namespace_count - 1
			: 0};
	struct suspect suspect = {
		.linter = linter,
		.selector = &peer->namespace_selector,
		.space = LABELS_OF_NAMESPACE,
		.area = {&all, 1},
		.labels = linter->namespace_labels,
		.noun = "namespace",
		.where = "",
	};
	struct range_list found;
	const int err = cluster_index_namespaces(&linter->index, suspect.selector, &found);

	if (err != 0)
		return err;
	*empty = found.count == 0;
	if (!*empty)
		return 0;
	return suspect_tell(&suspect, "selector-matches-no-namespace", "the peer is nobody");
}

static int tell_wrong_namespace(struct linter *linter, const struct network_policy *policy,
	const struct policy_peer *peer, const char *elsewhere)
{
	struct phrase text, hint;

	phrase_init(&text, linter->scratch);
	phrase_init(&hint, linter->scratch);
	phrase_add(&text, "no pod in namespace %s has ", policy->namespace_name);
	phrase_add_selector(&text, &peer->pod_selector);
	phrase_add(&text, ", and a podSelector without namespaceSelector sees no other namespace");
	phrase_add(&hint,
		"pods in namespace %s match: add namespaceSelector: {matchLabels: "
		"{kubernetes.io/metadata.name: %s}}",
		elsewhere, elsewhere);
	return linter_warn(linter, peer->pod_selector.pos, "selector-matches-no-pod", &text, &hint);
}

/* The pods of the namespaces that the peer looks into, whatever their labels. */
static int peer_area(struct linter *linter, uint32_t policy, const struct policy_peer *peer,
	struct range_list *out)
{
	struct policy_peer whole = *peer;

	if (!peer->has_namespace_selector)
		whole.pod_selector = (struct selector){.pos = peer->pod_selector.pos};
	else
		whole.has_pod_selector = false;
	return cluster_index_peer(&linter->index, &whole, policy, out);
}

static int tell_peer_without_pods(
	struct linter *linter, uint32_t number, const struct policy_peer *peer)
{
	const struct network_policy *policy = linter->cluster->policies[number];
	struct suspect suspect = {
		.linter = linter,
		.selector = &peer->pod_selector,
		.noun = "pod",
		.where = " of the selected namespaces",
		.labels = linter->pod_labels,
	};
	const char *elsewhere = NULL;
	const int err = peer_area(linter, number, peer, &suspect.area);

	if (err != 0)
		return err;
	if (!peer->has_namespace_selector) {
		elsewhere = namespace_elsewhere(linter, &peer->pod_selector);
		suspect.where = in_namespace(linter, policy->namespace_name);
		suspect.labels = label_table_within(&linter->pod_labels, policy->namespace_name);
	}
	if (elsewhere != NULL)
		return tell_wrong_namespace(linter, policy, peer, elsewhere);
	if (suspect.area.count == 0)
		return warn_plainly(linter, peer->pos, "selector-matches-no-pod",
			"the namespaces that this peer selects have no pods: the peer is nobody",
			NULL);
	return suspect_tell(&suspect, "selector-matches-no-pod", "the peer is nobody");
}

int lint_check_peer(struct linter *linter, uint32_t policy, const struct policy_peer *peer)
{
	struct range_list pods;
	bool empty = false;
	int err = 0;

	if (peer->has_ip_block)
		return 0;
	if (peer->has_namespace_selector)
		err = check_namespace_selector(linter, peer, &empty);
	if (err != 0 || empty)
		return err;
	err = cluster_index_peer(&linter->index, peer, policy, &pods);
	if (err != 0)
		return err;
	if (all_on_host(linter, pods))
		return warn_plainly(linter, peer->pos, "peer-is-host-network",
			"every pod of this peer uses hostNetwork, where no podSelector finds it: "
			"the peer is nobody",
			"name the node's address in an ipBlock");
	return pods.count == 0 ? tell_peer_without_pods(linter, policy, peer) : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/linter.h"

#include <string.h>

enum { VALUES_LISTED_MOST = 5 };

/* A selector that matches nothing, and among whom it was to match. */
struct suspect {
	struct linter *linter;
	const struct selector *selector;
	struct label_index *index;
	struct range_list area;			/* the objects that were eligible, not empty */
	struct label_table labels;		/* theirs, or of more than them */
	const char *noun;			/* "pod", "namespace" */
	const char *where;			/* " in namespace shop"; "" */
	struct phrase text, hint;
};

/* ---- what a requirement could have meant ---- */

static size_t bearers(const struct suspect *suspect, const char *key, const char *value)
{
	size_t count = 0;

	for (size_t i = 0; i < suspect->labels.count; i++) {
		const struct label_use *use = &suspect->labels.items[i];

		if (strcmp(use->key, key) == 0 && (value == NULL || strcmp(use->value, value) == 0))
			count += use->count;
	}
	return count;
}

static void add_count(struct suspect *suspect, const char *key, const char *value)
{
	const size_t count = bearers(suspect, key, value);

	phrase_add(&suspect->hint, "(%zu %s%s)", count, suspect->noun, count == 1 ? "" : "s");
}

/* The pod that is called what a label was said to be, as in the documentation that many copied from; or NULL. */
static const struct pod *namesake(const struct suspect *suspect, const char *value)
{
	const struct cluster *cluster = suspect->linter->cluster;

	for (size_t i = 0; suspect->index == &suspect->linter->index.pods && i < suspect->area.count; i++)
		for (uint32_t pod = suspect->area.items[i].first; pod <= suspect->area.items[i].last; pod++)
			if (strcmp(cluster->pods[pod]->name, value) == 0)
				return cluster->pods[pod];
	return NULL;
}

static void list_values(struct suspect *suspect, const char *key)
{
	const char *last = NULL;
	size_t listed = 0;

	for (size_t i = 0; i < suspect->labels.count && listed <= VALUES_LISTED_MOST; i++) {
		const struct label_use *use = &suspect->labels.items[i];

		if (strcmp(use->key, key) != 0 || (last != NULL && strcmp(last, use->value) == 0))
			continue;
		last = use->value;
		if (listed++ == VALUES_LISTED_MOST)
			phrase_add(&suspect->hint, ", ...");
		else
			phrase_add(&suspect->hint, "%s%s=%s", listed == 1 ? "there is " : ", ", key, use->value);
	}
}

/* The key exists, the value does not: the nearest value, unless it names a pod instead of its label. */
static void hint_value(struct suspect *suspect, const struct requirement *requirement)
{
	const char *value = requirement->values[0];
	const struct pod *named = namesake(suspect, value);
	const char *label = named != NULL ? label_set_get(&named->labels, requirement->key) : NULL;
	struct suggestion near;

	if (label != NULL) {
		phrase_add(&suspect->hint, "'%s' is the name of a pod, whose label is %s=%s: did you mean that?", value,
			requirement->key, label);
		return;
	}
	suggestion_init(&near, value);
	for (size_t i = 0; i < suspect->labels.count; i++)
		if (strcmp(suspect->labels.items[i].key, requirement->key) == 0)
			linter_offer(suspect->linter, &near, suspect->labels.items[i].value);
	if (near.best == NULL) {
		list_values(suspect, requirement->key);
		return;
	}
	phrase_add(&suspect->hint, "did you mean %s=%s? ", requirement->key, near.best);
	add_count(suspect, requirement->key, near.best);
}

static void hint_key(struct suspect *suspect, const char *key)
{
	struct suggestion near;
	const char *last = "";

	suggestion_init(&near, key);
	for (size_t i = 0; i < suspect->labels.count; i++) {
		if (strcmp(last, suspect->labels.items[i].key) != 0)
			linter_offer(suspect->linter, &near, suspect->labels.items[i].key);
		last = suspect->labels.items[i].key;
	}
	if (near.best == NULL)
		return;
	phrase_add(&suspect->hint, "did you mean the label %s? ", near.best);
	add_count(suspect, near.best, NULL);
}

static void hint_requirement(struct suspect *suspect, const struct requirement *requirement)
{
	const bool positive = requirement->op == REQUIREMENT_IN || requirement->op == REQUIREMENT_EXISTS;

	if (!positive || suspect->linter->findings->count == DIAG_LIST_MOST)
		return;		/* findings beyond the limit are counted, not kept: no need to look for hints */
	if (bearers(suspect, requirement->key, NULL) == 0)
		hint_key(suspect, requirement->key);
	else if (requirement->op == REQUIREMENT_IN && requirement->value_count > 0)
		hint_value(suspect, requirement);
}

/* ---- which requirement is at fault ---- */

/* Whether some object of the area meets this one requirement. */
static int is_met(struct suspect *suspect, const struct requirement *requirement, bool *out)
{
	const struct selector alone = {.requirements = requirement, .count = 1, .pos = requirement->pos};
	struct range_list both;
	uint32_t number;
	int err = label_index_select(suspect->index, &alone, &number);

	if (err == 0)
		err = range_list_intersect(&both, label_index_answer(suspect->index, number), suspect->area,
			suspect->linter->scratch);
	if (err == 0)
		*out = both.count > 0;
	return err;
}

/* The first requirement that nobody meets, or NULL: each is met by somebody, but not all by one. */
static int find_culprit(struct suspect *suspect, const struct requirement **out)
{
	*out = NULL;
	for (size_t i = 0; i < suspect->selector->count; i++) {
		bool met;
		const int err = is_met(suspect, &suspect->selector->requirements[i], &met);

		if (err != 0)
			return err;
		if (!met) {
			*out = &suspect->selector->requirements[i];
			return 0;
		}
	}
	return 0;
}

/* "no pod in namespace shop has role=web" */
static void say_culprit(struct suspect *suspect, const struct requirement *culprit)
{
	const bool must_lack = culprit->op == REQUIREMENT_DOES_NOT_EXIST;

	phrase_add(&suspect->text, "%s %s%s ", must_lack ? "every" : "no", suspect->noun, suspect->where);
	if (must_lack || culprit->op == REQUIREMENT_EXISTS) {
		phrase_add(&suspect->text, "has the label %s", culprit->key);
		return;
	}
	phrase_add(&suspect->text, culprit->op == REQUIREMENT_IN ? "has " : "meets ");
	phrase_add_requirement(&suspect->text, culprit);
}

/* Who is at fault, what follows, and what was probably meant. */
static int tell_suspect(struct suspect *suspect, const char *code, const char *consequence)
{
	const struct requirement *culprit;
	struct source_pos pos = suspect->selector->pos;
	const int err = find_culprit(suspect, &culprit);

	if (err != 0)
		return err;
	if (culprit == NULL) {
		phrase_add(&suspect->text, "no %s%s matches all of ", suspect->noun, suspect->where);
		phrase_add_selector(&suspect->text, suspect->selector);
	} else {
		pos = culprit->pos;
		say_culprit(suspect, culprit);
		hint_requirement(suspect, culprit);
	}
	phrase_add(&suspect->text, ": %s", consequence);
	return linter_warn(suspect->linter, pos, code, &suspect->text, &suspect->hint);
}

static void begin(struct suspect *suspect)
{
	phrase_init(&suspect->text, suspect->linter->scratch);
	phrase_init(&suspect->hint, suspect->linter->scratch);
}

static const char *in_namespace(struct linter *linter, const char *name)
{
	struct phrase where;
	const char *text;

	phrase_init(&where, linter->scratch);
	phrase_add(&where, " in namespace %s", name);
	text = phrase_end(&where);
	return text != NULL ? text : "";
}

/* ---- the checks ---- */

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

static int warn_plainly(struct linter *linter, struct source_pos pos, const char *code, const char *text,
	const char *hint)
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

/* Where pods with these labels are, if not where they were looked for: the namespace of the first; or NULL. */
static const char *namespace_elsewhere(struct linter *linter, const struct selector *selector)
{
	uint32_t number;
	struct range_list found;

	if (selector->count == 0 || label_index_select(&linter->index.pods, selector, &number) != 0)
		return NULL;
	found = label_index_answer(&linter->index.pods, number);
	return found.count > 0 ? linter->cluster->pods[found.items[0].first]->namespace_name : NULL;
}

static int tell_empty_namespace(struct linter *linter, uint32_t number)
{
	const struct network_policy *policy = linter->cluster->policies[number];
	const char *elsewhere = namespace_elsewhere(linter, &policy->pod_selector);
	struct phrase text, hint;

	phrase_init(&text, linter->scratch);
	phrase_init(&hint, linter->scratch);
	phrase_add(&text, "namespace %s has no pods: policy %s isolates none", policy->namespace_name, policy->name);
	if (elsewhere != NULL)
		phrase_add(&hint, "pods in namespace %s would match: is metadata.namespace right?", elsewhere);
	return linter_warn(linter, policy->pos, "namespace-without-pods", &text, &hint);
}

int linter_check_scope(struct linter *linter, uint32_t number)
{
	const struct network_policy *policy = linter->cluster->policies[number];
	struct suspect suspect = {.linter = linter, .selector = &policy->pod_selector, .noun = "pod"};
	struct range within;
	struct range_list selected;
	int err;

	if (own_is_empty(linter, number))
		return tell_empty_namespace(linter, number);
	err = linter_selected(linter, number, &selected);
	if (err != 0)
		return err;
	if (all_on_host(linter, selected))
		return warn_plainly(linter, policy->pod_selector.pos, "selects-host-network",
			"every pod that this policy selects uses hostNetwork: NetworkPolicy does not apply to them",
			"protect the node's own addresses with a host firewall");
	if (selected.count > 0)
		return 0;
	within = own_range(linter, number);
	suspect.area = (struct range_list){&within, 1};
	suspect.index = &linter->index.pods;
	suspect.labels = label_table_within(&linter->pod_labels, policy->namespace_name);
	suspect.where = in_namespace(linter, policy->namespace_name);
	begin(&suspect);
	return tell_suspect(&suspect, "selector-matches-no-pod", "the policy isolates none");
}

static int check_namespace_selector(struct linter *linter, const struct policy_peer *peer, bool *empty)
{
	const struct range all = {0, linter->cluster->namespace_count > 0 ? (uint32_t)linter->cluster->namespace_count - 1 : 0};
	struct suspect suspect = {
		.linter = linter,
		.selector = &peer->namespace_selector,
		.index = &linter->index.namespaces,
		.area = {&all, 1},
		.labels = linter->namespace_labels,
		.noun = "namespace",
		.where = "",
	};
	uint32_t number;
	const int err = label_index_select(suspect.index, suspect.selector, &number);

	if (err != 0)
		return err;
	*empty = label_index_answer(suspect.index, number).count == 0;
	if (!*empty)
		return 0;
	begin(&suspect);
	return tell_suspect(&suspect, "selector-matches-no-namespace", "the peer is nobody");
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
	phrase_add(&hint, "pods in namespace %s match: add namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}",
		elsewhere, elsewhere);
	return linter_warn(linter, peer->pod_selector.pos, "selector-matches-no-pod", &text, &hint);
}

/* The pods of the namespaces that the peer looks into, whatever their labels. */
static int peer_area(struct linter *linter, uint32_t policy, const struct policy_peer *peer, struct range_list *out)
{
	struct policy_peer whole = *peer;

	if (!peer->has_namespace_selector)
		whole.pod_selector = (struct selector){.pos = peer->pod_selector.pos};
	else
		whole.has_pod_selector = false;
	return cluster_index_peer(&linter->index, &whole, linter->index.policy_namespaces[policy], out);
}

static int tell_peer_without_pods(struct linter *linter, uint32_t number, const struct policy_peer *peer)
{
	const struct network_policy *policy = linter->cluster->policies[number];
	struct suspect suspect = {
		.linter = linter,
		.selector = &peer->pod_selector,
		.index = &linter->index.pods,
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
			"the namespaces that this peer selects have no pods: the peer is nobody", NULL);
	begin(&suspect);
	return tell_suspect(&suspect, "selector-matches-no-pod", "the peer is nobody");
}

int linter_check_peer(struct linter *linter, uint32_t policy, const struct policy_peer *peer)
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
	err = cluster_index_peer(&linter->index, peer, linter->index.policy_namespaces[policy], &pods);
	if (err != 0)
		return err;
	if (all_on_host(linter, pods))
		return warn_plainly(linter, peer->pos, "peer-is-host-network",
			"every pod of this peer uses hostNetwork, where no podSelector finds it: the peer is nobody",
			"name the node's address in an ipBlock");
	return pods.count == 0 ? tell_peer_without_pods(linter, policy, peer) : 0;
}

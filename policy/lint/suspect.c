/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lint/suspect.h"

#include <string.h>

enum { VALUES_LISTED_MOST = 5 };

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

/*
 * The pod that is called what a label was said to be, as in the documentation that many copied
 * from; or NULL.
 */
static const struct pod *namesake(const struct suspect *suspect, const char *value)
{
	const struct cluster *cluster = suspect->linter->cluster;

	for (size_t i = 0; suspect->space == LABELS_OF_POD && i < suspect->area.count; i++)
		for (uint32_t pod = suspect->area.items[i].first;
			pod <= suspect->area.items[i].last; pod++)
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
			phrase_add(&suspect->hint, "%s%s=%s", listed == 1 ? "there is " : ", ", key,
				use->value);
	}
}

/*
 * The key exists, the value does not: the nearest value, unless it names a pod instead of its
 * label.
 */
static void hint_value(struct suspect *suspect, const struct requirement *requirement)
{
	const char *value = requirement->values[0];
	const struct pod *named = namesake(suspect, value);
	const char *label = named != NULL ? label_set_get(&named->labels, requirement->key) : NULL;
	struct suggestion near;

	if (label != NULL) {
		phrase_add(&suspect->hint,
			"'%s' is the name of a pod, whose label is %s=%s: did you mean that?",
			value, requirement->key, label);
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
	const bool positive = requirement->op == REQUIREMENT_IN ||
		requirement->op == REQUIREMENT_EXISTS;

	/* findings beyond the limit are counted, not kept: no need to look for hints */
	if (!positive || suspect->linter->findings->count == DIAG_LIST_MOST)
		return;
	if (bearers(suspect, requirement->key, NULL) == 0)
		hint_key(suspect, requirement->key);
	else if (requirement->op == REQUIREMENT_IN && requirement->value_count > 0)
		hint_value(suspect, requirement);
}

/* ---- which requirement is at fault ---- */

/* Whether some object of the area meets this one requirement. */
static int is_met(struct suspect *suspect, const struct requirement *requirement, bool *out)
{
	const struct selector alone = {
		.requirements = requirement, .count = 1, .pos = requirement->pos};
	struct cluster_index *index = &suspect->linter->index;
	struct range_list both;
	int err = suspect->space == LABELS_OF_POD ? cluster_index_pods(index, &alone, &both)
						  : cluster_index_namespaces(index, &alone, &both);

	if (err == 0)
		err = range_list_intersect(&both, both, suspect->area, suspect->linter->scratch);
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

	phrase_add(&suspect->text, "%s %s%s ", must_lack ? "every" : "no", suspect->noun,
		suspect->where);
	if (must_lack || culprit->op == REQUIREMENT_EXISTS) {
		phrase_add(&suspect->text, "has the label %s", culprit->key);
		return;
	}
	phrase_add(&suspect->text, culprit->op == REQUIREMENT_IN ? "has " : "meets ");
	phrase_add_requirement(&suspect->text, culprit);
}

int suspect_tell(struct suspect *suspect, const char *code, const char *consequence)
{
	const struct requirement *culprit;
	struct source_pos pos = suspect->selector->pos;
	const int err = find_culprit(suspect, &culprit);

	if (err != 0)
		return err;
	phrase_init(&suspect->text, suspect->linter->scratch);
	phrase_init(&suspect->hint, suspect->linter->scratch);
	if (culprit == NULL) {
		phrase_add(
			&suspect->text, "no %s%s matches all of ", suspect->noun, suspect->where);
		phrase_add_selector(&suspect->text, suspect->selector);
	} else {
		pos = culprit->pos;
		say_culprit(suspect, culprit);
		hint_requirement(suspect, culprit);
	}
	phrase_add(&suspect->text, ": %s", consequence);
	return linter_warn(suspect->linter, pos, code, &suspect->text, &suspect->hint);
}

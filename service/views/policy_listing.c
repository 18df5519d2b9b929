/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/policy_listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/log/record_time.h"
#include "policy/explain/query.h"

enum { NAMES_MOST = 16 };

_Static_assert((int)POLICY_LISTING_PROBLEM >= (int)QUERY_PROBLEM, "its sentences fit");

struct policy_listing {
	struct stream stream;
	struct policy_listing_options options;
	const struct pod *pod; /* only policies that select it; or NULL */
	bool begun;
	size_t next; /* in the cluster's list */
	size_t listed;
};

/* What of a namespace's pods a policy selects. */
struct selected {
	size_t count, local;
	const struct pod *names[NAMES_MOST];
};

static bool selects(const struct network_policy *policy, const struct pod *pod)
{
	return !pod->host_network && !pod->finished &&
		strcmp(pod->namespace_name, policy->namespace_name) == 0 &&
		selector_matches(&policy->pod_selector, &pod->labels);
}

/* The first pod of the list, sorted by namespace, that is of this namespace or one behind it. */
static size_t first_of_namespace(const struct cluster *cluster, const char *namespace_name)
{
	size_t low = 0, high = cluster->pod_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(cluster->pods[middle]->namespace_name, namespace_name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct selected find_selected(
	const struct snapshot *snapshot, const struct network_policy *policy)
{
	const struct cluster *cluster = snapshot_cluster(snapshot);
	struct selected selected = {.count = 0};

	for (size_t i = first_of_namespace(cluster, policy->namespace_name); i < cluster->pod_count;
		i++) {
		const struct pod *pod = cluster->pods[i];

		if (strcmp(pod->namespace_name, policy->namespace_name) != 0)
			break;
		if (!selects(policy, pod))
			continue;
		if (selected.count < NAMES_MOST)
			selected.names[selected.count] = pod;
		selected.count++;
		selected.local += snapshot_pod_is_local(snapshot, pod);
	}
	return selected;
}

/* ---- a line: each returns false when memory is short ---- */

static bool add_text(cJSON *to, const char *name, const char *text)
{
	return cJSON_AddStringToObject(to, name, text) != NULL;
}

static bool add_number(cJSON *to, const char *name, double value)
{
	return cJSON_AddNumberToObject(to, name, value) != NULL;
}

static bool append_text(cJSON *list, const char *text)
{
	cJSON *item = cJSON_CreateString(text);

	if (item != NULL && cJSON_AddItemToArray(list, item))
		return true;
	cJSON_Delete(item);
	return false;
}

static bool add_name(cJSON *to, const struct network_policy *policy)
{
	const struct source_pos *pos = &policy->pos;

	if (!add_text(to, "namespace", policy->namespace_name) ||
		!add_text(to, "name", policy->name))
		return false;
	if (policy->in_part && cJSON_AddTrueToObject(to, "in_part") == NULL)
		return false;
	return pos->file == NULL ||
		(add_text(to, "file", pos->file) && add_number(to, "line", pos->line) &&
			add_number(to, "column", pos->column));
}

static bool add_mode(
	cJSON *to, const struct policy_listing *listing, const struct network_policy *policy)
{
	const struct namespace_object *namespace_object = cluster_namespace(
		snapshot_cluster(listing->options.snapshot), policy->namespace_name);
	const char *by = policy->audit				      ? "policy"
		: namespace_object != NULL && namespace_object->audit ? "namespace"
		: listing->options.audit			      ? "gateway"
								      : NULL;

	if (by == NULL)
		return add_text(to, "mode", "enforced");
	return add_text(to, "mode", "audit") && add_text(to, "audited_by", by);
}

static bool add_directions(cJSON *to, const struct network_policy *policy)
{
	cJSON *isolates = cJSON_AddArrayToObject(to, "isolates");
	cJSON *rules = cJSON_AddObjectToObject(to, "rules");

	for (int i = 0; i < DIRECTION_COUNT; i++) {
		const char *name = direction_name((enum direction)i);

		if (policy->isolates[i] && !append_text(isolates, name))
			return false;
		if (!add_number(rules, name, (double)policy->rule_count[i]))
			return false;
	}
	return isolates != NULL;
}

static bool add_pods(cJSON *to, const struct selected *selected)
{
	cJSON *pods = cJSON_AddObjectToObject(to, "pods");
	cJSON *names;

	if (!add_number(pods, "selected", (double)selected->count) ||
		!add_number(pods, "local", (double)selected->local))
		return false;
	names = cJSON_AddArrayToObject(pods, "names");
	for (size_t i = 0; names != NULL && i < selected->count && i < NAMES_MOST; i++)
		if (!append_text(names, selected->names[i]->name))
			return false;
	return names != NULL;
}

static bool add_hits(
	cJSON *to, const struct policy_listing *listing, const struct network_policy *policy)
{
	const struct policy_hit_counts counts = policy_hits_get(
		listing->options.hits, policy->namespace_name, policy->name);
	cJSON *hits = cJSON_AddObjectToObject(to, "hits");
	char last[RECORD_TIME_TEXT];

	return add_number(hits, "denied", (double)counts.denied) &&
		add_number(hits, "audited", (double)counts.audited) &&
		add_number(hits, "cut", (double)counts.cut) &&
		(counts.last_ns == 0 ||
			add_text(hits, "last", record_time_format(counts.last_ns, last)));
}

/* NULL when memory is short. */
static cJSON *make_line(const struct policy_listing *listing, const struct network_policy *policy)
{
	const struct selected selected = find_selected(listing->options.snapshot, policy);
	cJSON *line = cJSON_CreateObject();

	if (line != NULL && add_name(line, policy) && add_mode(line, listing, policy) &&
		add_directions(line, policy) && add_pods(line, &selected) &&
		add_hits(line, listing, policy))
		return line;
	cJSON_Delete(line);
	return NULL;
}

/* ---- the listing ---- */

static bool is_wanted(const struct policy_listing *listing, const struct network_policy *policy)
{
	const char *namespace_name = listing->options.filter.namespace_name;

	if (*namespace_name != '\0' && strcmp(policy->namespace_name, namespace_name) != 0)
		return false;
	return listing->pod == NULL || selects(policy, listing->pod);
}

static cJSON *make_head(const struct snapshot *snapshot)
{
	cJSON *line = cJSON_CreateObject();

	if (cJSON_AddTrueToObject(line, "ok") != NULL &&
		add_number(line, "revision", (double)snapshot_revision(snapshot)) &&
		add_number(line, "in_force", (double)snapshot_cluster(snapshot)->policy_count))
		return line;
	cJSON_Delete(line);
	return NULL;
}

static cJSON *make_end(const struct policy_listing *listing)
{
	cJSON *line = cJSON_CreateObject();

	if (cJSON_AddTrueToObject(line, "end") != NULL &&
		add_number(line, "listed", (double)listing->listed))
		return line;
	cJSON_Delete(line);
	return NULL;
}

static enum stream_step next(struct stream *stream, struct piece *out)
{
	struct policy_listing *listing = (struct policy_listing *)stream;
	const struct cluster *cluster = snapshot_cluster(listing->options.snapshot);

	if (!listing->begun)
		piece_add_json(out, make_head(listing->options.snapshot));
	listing->begun = true;
	for (; listing->next < cluster->policy_count; listing->next++) {
		const struct network_policy *policy = cluster->policies[listing->next];

		if (out->length >= PIECE_ENOUGH)
			return STREAM_MORE;
		if (!is_wanted(listing, policy))
			continue;
		piece_add_json(out, make_line(listing, policy));
		listing->listed++;
	}
	piece_add_json(out, make_end(listing));
	return STREAM_END;
}

static void free_listing(struct stream *stream)
{
	free(stream);
}

int policy_listing_open(struct stream **out, const struct policy_listing_options *options,
	char problem[POLICY_LISTING_PROBLEM])
{
	const struct filter *filter = &options->filter;
	struct policy_listing *listing = calloc(1, sizeof(*listing));
	int err = 0;

	if (listing == NULL)
		return -ENOMEM;
	listing->stream.next = next;
	listing->stream.free = free_listing;
	listing->options = *options;
	if (*filter->namespace_name != '\0')
		err = query_namespace(options->snapshot, filter->namespace_name, problem);
	if (err == 0 && *filter->pod != '\0')
		err = query_pod(options->snapshot, filter->pod, &listing->pod, problem);
	if (err != 0)
		free(listing);
	else
		*out = &listing->stream;
	return err;
}

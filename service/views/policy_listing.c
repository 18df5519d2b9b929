/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/policy_listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enforcer/log/record_time.h"
#include "policy/explain/query.h"

enum { NAMES_MOST = 16 };

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

/* ---- a line ---- */

static void write_name(struct json_writer *to, const struct network_policy *policy)
{
	const struct source_pos *pos = &policy->pos;

	json_text(to, "namespace", policy->namespace_name);
	json_text(to, "name", policy->name);
	json_bool_if_true(to, "in_part", policy->in_part);
	if (pos->file == NULL)
		return;
	json_text(to, "file", pos->file);
	json_number(to, "line", pos->line);
	json_number(to, "column", pos->column);
}

static void write_mode(struct json_writer *to, const struct policy_listing *listing,
	const struct network_policy *policy)
{
	const struct namespace_object *namespace_object = cluster_namespace(
		snapshot_cluster(listing->options.snapshot), policy->namespace_name);
	const char *by = policy->audit				      ? "policy"
		: namespace_object != NULL && namespace_object->audit ? "namespace"
		: listing->options.audit			      ? "gateway"
								      : NULL;

	json_text(to, "mode", by == NULL ? "enforced" : "audit");
	if (by != NULL)
		json_text(to, "audited_by", by);
}

static void write_directions(struct json_writer *to, const struct network_policy *policy)
{
	json_begin_array(to, "isolates");
	for (int i = 0; i < DIRECTION_COUNT; i++)
		if (policy->isolates[i])
			json_text(to, NULL, direction_name((enum direction)i));
	json_end_array(to);
	json_begin_object(to, "rules");
	for (int i = 0; i < DIRECTION_COUNT; i++)
		json_number(to, direction_name((enum direction)i), policy->rule_count[i]);
	json_end_object(to);
}

static void write_pods(struct json_writer *to, const struct selected *selected)
{
	json_begin_object(to, "pods");
	json_number(to, "selected", selected->count);
	json_number(to, "local", selected->local);
	json_begin_array(to, "names");
	for (size_t i = 0; i < selected->count && i < NAMES_MOST; i++)
		json_text(to, NULL, selected->names[i]->name);
	json_end_array(to);
	json_end_object(to);
}

static void write_hits(struct json_writer *to, const struct policy_listing *listing,
	const struct network_policy *policy)
{
	const struct policy_hit_counts counts = policy_hits_get(
		listing->options.hits, policy->namespace_name, policy->name);
	char last[RECORD_TIME_TEXT];

	json_begin_object(to, "hits");
	json_number(to, "denied", counts.denied);
	json_number(to, "audited", counts.audited);
	json_number(to, "cut", counts.cut);
	if (counts.last_ns != 0)
		json_text(to, "last", record_time_format(counts.last_ns, last));
	json_end_object(to);
}

static void write_policy(struct json_writer *to, const struct policy_listing *listing,
	const struct network_policy *policy)
{
	const struct selected selected = find_selected(listing->options.snapshot, policy);

	json_begin_object(to, NULL);
	write_name(to, policy);
	write_mode(to, listing, policy);
	write_directions(to, policy);
	write_pods(to, &selected);
	write_hits(to, listing, policy);
	json_end_object(to);
	json_end_line(to);
}

/* ---- the listing ---- */

static bool is_wanted(const struct policy_listing *listing, const struct network_policy *policy)
{
	const char *namespace_name = listing->options.filter.namespace_name;

	if (*namespace_name != '\0' && strcmp(policy->namespace_name, namespace_name) != 0)
		return false;
	return listing->pod == NULL || selects(policy, listing->pod);
}

static enum stream_step next(struct stream *stream, struct json_writer *out)
{
	struct policy_listing *listing = (struct policy_listing *)stream;
	const struct snapshot *snapshot = listing->options.snapshot;
	const struct cluster *cluster = snapshot_cluster(snapshot);

	if (!listing->begun) {
		json_begin_object(out, NULL);
		json_bool(out, "ok", true);
		json_number(out, "revision", snapshot_revision(snapshot));
		json_number(out, "in_force", cluster->policy_count);
		json_end_object(out);
		json_end_line(out);
	}
	listing->begun = true;
	for (; listing->next < cluster->policy_count; listing->next++) {
		const struct network_policy *policy = cluster->policies[listing->next];

		if (out->length >= PIECE_ENOUGH)
			return STREAM_MORE;
		if (!is_wanted(listing, policy))
			continue;
		write_policy(out, listing, policy);
		listing->listed++;
	}
	json_begin_object(out, NULL);
	json_bool(out, "end", true);
	json_number(out, "listed", listing->listed);
	json_end_object(out);
	json_end_line(out);
	return STREAM_END;
}

static void free_listing(struct stream *stream)
{
	free(stream);
}

int policy_listing_open(struct stream **out, const struct policy_listing_options *options,
	char problem[PROBLEM_SIZE])
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/views/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "process/log.h"

enum { NODES_NAMED = 5 };

void problems_add(struct problem_list *list, const char *format, ...)
{
	va_list args;

	if (list->count == PROBLEMS_MOST)
		return;
	va_start(args, format);
	vsnprintf(list->items[list->count++], PROBLEM_TEXT, format, args);
	va_end(args);
}

/* "/etc/podgate/manifests and 2 more". */
static void name_manifests(char *out, size_t size, const struct settings *settings)
{
	const size_t more = settings->manifest_count - 1;

	if (more > 0)
		snprintf(out, size, "%.300s and %zu more", settings->manifests[0], more);
	else
		snprintf(out, size, "%.300s", settings->manifests[0]);
}

/*
 * There are policies and pods, and each pod names a node, and none the node_name. One that names
 * none is local everywhere.
 */
static bool is_misnamed(const struct problem_sources *sources)
{
	const struct cluster *cluster = sources->cluster;
	const char *wanted = sources->settings->node_name;

	if (wanted[0] == '\0' || cluster->pod_count == 0 || cluster->policy_count == 0)
		return false;
	for (size_t i = 0; i < cluster->pod_count; i++)
		if (cluster->pods[i]->node_name[0] == '\0' ||
			strcmp(cluster->pods[i]->node_name, wanted) == 0)
			return false;
	return true;
}

/*
 * With node_name, policies that select none of this gateway's pods are ordinary: they are for other
 * gateways.
 */
bool problems_is_idle(const struct problem_sources *sources)
{
	const struct cluster *cluster = sources->cluster;

	if (cluster->policy_count == 0 || cluster->pod_count == 0)
		return true;
	return sources->isolated == 0 &&
		(sources->settings->node_name[0] == '\0' || is_misnamed(sources));
}

static void find_idle(struct problem_list *out, const struct problem_sources *sources)
{
	const struct cluster *cluster = sources->cluster;
	const size_t files = sources->manifests.files;
	const char *plural = files == 1 ? "" : "s";
	char place[384];

	if (!problems_is_idle(sources) || is_misnamed(sources))
		return;
	name_manifests(place, sizeof(place), sources->settings);
	if (cluster->policy_count == 0 && cluster->pod_count == 0)
		problems_add(out,
			"enforcing nothing: no NetworkPolicy and no Pod in %s (%zu file%s)", place,
			files, plural);
	else if (cluster->policy_count == 0)
		problems_add(out, "enforcing nothing: no NetworkPolicy in %s (%zu file%s)", place,
			files, plural);
	else if (cluster->pod_count == 0)
		problems_add(
			out, "enforcing nothing: no Pod in %s (%zu file%s)", place, files, plural);
	else
		problems_add(out,
			"enforcing nothing: no policy in %s selects a pod that has an address",
			place);
}

static void find_mistakes(struct problem_list *out, const struct store_stats *manifests)
{
	const size_t emptied = manifests->emptied_files, partial = manifests->partial_objects;
	const size_t never = manifests->never_whole;

	if (never > 0)
		problems_add(out,
			"%zu manifest file%s broken, and no version of %s was ever whole: objects "
			"are missing; see `podgate check`",
			never, never == 1 ? " is" : "s are", never == 1 ? "it" : "them");
	if (emptied > 0)
		problems_add(out,
			"%zu manifest file%s turned empty, and what %s held stays in force; see "
			"`podgate check`",
			emptied, emptied == 1 ? "" : "s", emptied == 1 ? "it" : "they");
	if (partial > 0)
		problems_add(out,
			"%zu object%s with errors: what can't be read of %s isolates and admits "
			"nothing; see `podgate check`",
			partial, partial == 1 ? "" : "s", partial == 1 ? "it" : "them");
}

static void find_unnamed(struct problem_list *out, const struct problem_sources *sources)
{
	char text[UNNAMED_TEXT] = "";

	if (sources->unnamed != NULL)
		unnamed_format(sources->unnamed, text);
	if (text[0] != '\0')
		problems_add(out, "%s", text);
}

/* With the first few names that there are, in the order of the pods. */
static void find_misnamed_node(struct problem_list *out, const struct problem_sources *sources)
{
	const char *wanted = sources->settings->node_name, *names[NODES_NAMED];
	const struct cluster *cluster = sources->cluster;
	size_t named = 0, length = 0;
	char list[384] = "";
	bool more = false;

	if (!is_misnamed(sources))
		return;
	for (size_t i = 0; i < cluster->pod_count; i++) {
		const char *name = cluster->pods[i]->node_name;
		size_t at = 0;

		while (at < named && strcmp(names[at], name) != 0)
			at++;
		more = more || at == NODES_NAMED;
		if (at == named && named < NODES_NAMED)
			names[named++] = name;
	}
	for (size_t i = 0; i < named && length < sizeof(list); i++)
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%.63s",
			i == 0 ? "" : ", ", names[i]);
	problems_add(out,
		"enforcing nothing: no pod has the spec.nodeName that node_name says, %.63s; there "
		"are: %s%s",
		wanted, list, more ? " and others" : "");
}

void problems_find(struct problem_list *out, const struct problem_sources *sources)
{
	out->count = 0;
	find_idle(out, sources);
	find_misnamed_node(out, sources);
	find_mistakes(out, &sources->manifests);
	if (sources->state_problem != NULL)
		problems_add(out, "%s", sources->state_problem);
	find_unnamed(out, sources);
}

static bool has(const struct problem_list *list, const char *problem)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], problem) == 0)
			return true;
	return false;
}

void problems_log(struct problem_list *said, const struct problem_list *now)
{
	for (size_t i = 0; i < now->count; i++)
		if (!has(said, now->items[i]))
			log_warnx("%s", now->items[i]);
	for (size_t i = 0; i < said->count; i++)
		if (!has(now, said->items[i]))
			log_info("over: %s", said->items[i]);
	*said = *now;
}

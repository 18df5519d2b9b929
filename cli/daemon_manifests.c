/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/daemon_manifests.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/output.h"

enum { PATIENCE_S = 2 };

static bool is_same(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];

	return strcmp(a, b) == 0 ||
		(realpath(a, real_a) != NULL && realpath(b, real_b) != NULL &&
			strcmp(real_a, real_b) == 0);
}

static bool is_among(const cJSON *paths, const char *wanted)
{
	const cJSON *path;

	cJSON_ArrayForEach(path, paths)
		if (cJSON_IsString(path) && is_same(path->valuestring, wanted))
			return true;
	return false;
}

static bool is_in_settings(const struct settings *settings, const char *wanted)
{
	for (size_t i = 0; i < settings->manifest_count; i++)
		if (is_same(settings->manifests[i], wanted))
			return true;
	return false;
}

static void write_note(
	const cJSON *paths, const struct settings *settings, char note[DAEMON_MANIFESTS_NOTE])
{
	const char *first = cJSON_IsString(paths->child) ? paths->child->valuestring : "?";

	snprintf(note, DAEMON_MANIFESTS_NOTE,
		"the running podgate enforces the manifests in %.140s%s, and the settings name "
		"%.140s%s",
		first, paths->child->next != NULL ? " and more" : "", settings->manifests[0],
		settings->manifest_count > 1 ? " and more" : "");
}

bool daemon_manifests_agree(
	const cJSON *status, const struct settings *settings, char note[DAEMON_MANIFESTS_NOTE])
{
	const cJSON *path, *paths = answer_get(answer_get(status, "manifests"), "paths");
	bool agree = true;

	if (cJSON_GetArraySize(paths) == 0)
		return true;
	cJSON_ArrayForEach(path, paths)
		agree = agree && cJSON_IsString(path) &&
			is_in_settings(settings, path->valuestring);
	for (size_t i = 0; agree && i < settings->manifest_count; i++)
		agree = is_among(paths, settings->manifests[i]);
	if (!agree)
		write_note(paths, settings, note);
	return agree;
}

void daemon_manifests_warn(const struct settings *settings)
{
	char problem[PROBLEM_SIZE], note[DAEMON_MANIFESTS_NOTE];
	cJSON *status = NULL;

	if (client_ask(settings->control_socket, "status", PATIENCE_S, &status, problem) == 0 &&
		!daemon_manifests_agree(status, settings, note))
		output_problem("warning: %s; name the settings of the daemon with --config, or "
			       "restart it with these",
			note);
	cJSON_Delete(status);
}

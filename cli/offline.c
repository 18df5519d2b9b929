/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/offline.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "config/source/load.h"

static int check_paths(const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(paths[i], "-") == 0 || access(paths[i], R_OK) == 0)
			continue;
		output_problem("can't read %s: %s", paths[i], strerror(errno));
		return -errno;
	}
	return 0;
}

/* Each step leaves what it made in *offline, for offline_close() to free in any case. */
static int open_steps(struct offline *offline, const char *const *paths, size_t count,
	struct annotation_trust trust)
{
	const struct snapshot_options options = {.revision = 1};
	int err = -ENOMEM;

	offline->arena = arena_create();
	if (offline->arena != NULL)
		err = store_create(&offline->store);
	if (err == 0) {
		store_set_annotation_trust(offline->store, trust);
		err = load_paths(offline->store, paths, count, NULL);
	}
	if (err == 0)
		err = store_cluster(offline->store, &offline->cluster);
	if (err == 0)
		err = store_diags(offline->store, offline->arena, &offline->findings);
	if (err == 0)
		err = snapshot_compile(&offline->snapshot, offline->cluster, &options);
	if (err != 0)
		output_problem("can't load the manifests: %s", strerror(-err));
	return err;
}

int offline_open(
	struct offline *out, const char *const *paths, size_t count, struct annotation_trust trust)
{
	struct offline offline = {0};
	int err = check_paths(paths, count);

	if (err != 0)
		return err;
	err = open_steps(&offline, paths, count, trust);
	if (err != 0)
		offline_close(&offline);
	else
		*out = offline;
	return err;
}

void offline_close(struct offline *offline)
{
	snapshot_free(offline->snapshot);
	cluster_unref(offline->cluster);
	store_free(offline->store);
	arena_unref(offline->arena);
}

int offline_require_sound(const struct offline *offline)
{
	if (offline->findings.errors == 0)
		return 0;
	for (size_t i = 0; i < offline->findings.count; i++)
		if (offline->findings.items[i].severity == DIAG_ERROR)
			output_diag_problem(&offline->findings.items[i]);
	output_problem(
		"the manifests have %zu error%s: an answer without what they meant would be wrong",
		offline->findings.errors, offline->findings.errors == 1 ? "" : "s");
	return -EINVAL;
}

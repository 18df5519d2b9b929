/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_SOURCE_SCAN_H
#define CONFIG_SOURCE_SCAN_H

/*
 * Finds manifests: walks files and folders, and calls a visitor for each. Follows symbolic links,
 * but no loops of them. Looks at names and kinds only, and opens nothing but folders. Internal to
 * config/.
 */

#include <stddef.h>
#include <sys/stat.h>

struct scan_visitor {
	/* Each returns 0 to go on. `info` is of what a symbolic link leads to. */
	int (*file)(const char *path, const struct stat *info, void *context);
	int (*folder)(const char *path, const struct stat *info, void *context);
	int (*problem)(const char *path, const char *reason, void *context);
	void *context;
};

/*
 * Returns 0; what a callback returned; or -ENOMEM. "-" is passed on as a file with a zeroed `info`.
 */
int scan_paths(const char *const *paths, size_t count, const struct scan_visitor *visitor);

#endif

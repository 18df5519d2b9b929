/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/source/scan.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDERS_DEEP = 16 };

/* The folders that lead to where the walk is: a link back to one of them is a loop. */
struct trail {
	const struct trail *up;
	dev_t device;
	ino_t inode;
	int depth;
};

static bool is_loop(const struct trail *trail, const struct stat *info)
{
	for (; trail != NULL; trail = trail->up)
		if (trail->device == info->st_dev && trail->inode == info->st_ino)
			return true;
	return false;
}

static bool is_manifest(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	const size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		const size_t ending = strlen(endings[i]);

		if (length > ending && strcmp(name + length - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

static int name_cmp(const void *pa, const void *pb)
{
	const char *const *a = pa, *const *b = pb;

	return strcmp(*a, *b);
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/*
 * The names in a folder that are not hidden, by strcmp() and not by the locale. 0 or negative
 * errno.
 */
static int list_folder(const char *path, char ***out, size_t *out_count)
{
	DIR *folder = opendir(path);
	size_t count = 0, capacity = 0;
	char **names = NULL;
	struct dirent *item;

	if (folder == NULL)
		return -errno;
	while ((item = readdir(folder)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		if (count == capacity) {
			char **larger = reallocarray(
				names, capacity == 0 ? 64 : capacity * 2, sizeof(*names));

			if (larger == NULL)
				goto out_of_memory;
			names = larger;
			capacity = capacity == 0 ? 64 : capacity * 2;
		}
		names[count] = strdup(item->d_name);
		if (names[count] == NULL)
			goto out_of_memory;
		count++;
	}
	closedir(folder);
	if (count > 0)
		qsort(names, count, sizeof(*names), name_cmp);
	*out = names;
	*out_count = count;
	return 0;
out_of_memory:
	closedir(folder);
	free_names(names, count);
	return -ENOMEM;
}

static int visit_folder(const char *path, const struct stat *info, const struct trail *up,
	const struct scan_visitor *visitor);

/*
 * A thing that is neither file nor folder is passed over, unless it has the name of a manifest.
 */
static int visit_item(const char *path, const char *name, const struct trail *trail,
	const struct scan_visitor *visitor)
{
	struct stat info;

	if (stat(path, &info) != 0) {
		if (!is_manifest(name))
			return 0;
		return visitor->problem(path,
			errno == ENOENT ? "the link leads nowhere" : strerror(errno),
			visitor->context);
	}
	if (S_ISDIR(info.st_mode))
		return is_loop(trail, &info) ? 0 : visit_folder(path, &info, trail, visitor);
	if (!is_manifest(name))
		return 0;
	if (!S_ISREG(info.st_mode))
		return visitor->problem(path, "not a regular file", visitor->context);
	return visitor->file(path, &info, visitor->context);
}

static int visit_folder(const char *path, const struct stat *info, const struct trail *up,
	const struct scan_visitor *visitor)
{
	const struct trail trail = {up, info->st_dev, info->st_ino, up == NULL ? 1 : up->depth + 1};
	char **names = NULL;
	size_t count = 0;
	int err;

	if (trail.depth > FOLDERS_DEEP)
		return visitor->problem(path, "folders nest too deep", visitor->context);
	err = visitor->folder(path, info, visitor->context);
	if (err != 0)
		return err;
	err = list_folder(path, &names, &count);
	if (err == -ENOMEM)
		return err;
	if (err != 0)
		return visitor->problem(path, strerror(-err), visitor->context);
	for (size_t i = 0; err == 0 && i < count; i++) {
		const bool slash = path[0] != '\0' && path[strlen(path) - 1] == '/';
		char *child;

		if (asprintf(&child, "%s%s%s", path, slash ? "" : "/", names[i]) < 0) {
			err = -ENOMEM;
			break;
		}
		err = visit_item(child, names[i], &trail, visitor);
		free(child);
	}
	free_names(names, count);
	return err;
}

int scan_paths(const char *const *paths, size_t count, const struct scan_visitor *visitor)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		const char *path = paths[i];
		struct stat info = {0};

		if (strcmp(path, "-") == 0)
			err = visitor->file(path, &info, visitor->context);
		else if (stat(path, &info) != 0)
			err = visitor->problem(path, strerror(errno), visitor->context);
		else if (S_ISDIR(info.st_mode))
			err = visit_folder(path, &info, NULL, visitor);
		else if (S_ISREG(info.st_mode))
			err = visitor->file(path, &info, visitor->context);
		else
			err = visitor->problem(
				path, "neither a regular file nor a folder", visitor->context);
	}
	return err;
}

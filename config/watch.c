/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct watch {
	uv_fs_event_t handle;
	struct watch_set *set;
	struct watch *next;
	char *path, *only;		/* only: NULL for every name */
	dev_t device;
	ino_t inode;
	bool wanted;			/* in the round that is under way */
	bool stale;			/* its folder was removed or moved; another may get its inode number */
};

struct watch_set {
	uv_loop_t *loop;
	void (*event)(void *context);
	void *context;
	struct watch *watches;
	size_t closing;			/* handles that the loop has not closed yet */
	void (*closed)(void *context);	/* not NULL: the set goes with the last of them */
};

int watch_set_create(struct watch_set **out, uv_loop_t *loop, void (*event)(void *context), void *context)
{
	struct watch_set *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return -ENOMEM;
	set->loop = loop;
	set->event = event;
	set->context = context;
	*out = set;
	return 0;
}

static void watch_free(struct watch *watch)
{
	free(watch->path);
	free(watch->only);
	free(watch);
}

static void on_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;
	struct watch_set *set = watch->set;

	watch_free(watch);
	set->closing--;
	if (set->closing == 0 && set->closed != NULL) {
		set->closed(set->context);
		free(set);
	}
}

/* What happens to the folder itself comes under its own name. */
static bool is_about_itself(const struct watch *watch, const char *name)
{
	const char *slash = strrchr(watch->path, '/');

	return name == NULL || strcmp(name, slash == NULL ? watch->path : slash + 1) == 0;
}

static void on_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct watch *watch = handle->data;

	if ((events & UV_RENAME) != 0 && is_about_itself(watch, name))
		watch->stale = true;
	/* Without a name or with an error it is not known what happened: look at everything. */
	if (status == 0 && !watch->stale && watch->only != NULL && name != NULL && strcmp(name, watch->only) != 0)
		return;
	watch->set->event(watch->set->context);
}

void watch_set_begin(struct watch_set *set)
{
	for (struct watch *watch = set->watches; watch != NULL; watch = watch->next)
		watch->wanted = false;
}

static bool is_same(const struct watch *watch, const char *path, const struct stat *info, const char *only)
{
	return !watch->stale && watch->device == info->st_dev && watch->inode == info->st_ino &&
	       strcmp(watch->path, path) == 0 &&
	       (watch->only == NULL ? only == NULL : only != NULL && strcmp(watch->only, only) == 0);
}

static struct watch *watch_create(struct watch_set *set, const char *path, const struct stat *info,
	const char *only)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->set = set;
	watch->device = info->st_dev;
	watch->inode = info->st_ino;
	watch->wanted = true;
	watch->path = strdup(path);
	watch->only = only == NULL ? NULL : strdup(only);
	if (watch->path != NULL && (only == NULL || watch->only != NULL))
		return watch;
	watch_free(watch);
	return NULL;
}

int watch_set_add(struct watch_set *set, const char *path, const struct stat *info, const char *only)
{
	struct watch *watch;
	int err;

	for (watch = set->watches; watch != NULL; watch = watch->next) {
		if (is_same(watch, path, info, only)) {
			watch->wanted = true;
			return 0;
		}
	}
	watch = watch_create(set, path, info, only);
	if (watch == NULL)
		return -ENOMEM;
	err = uv_fs_event_init(set->loop, &watch->handle);
	if (err != 0) {
		watch_free(watch);
		return err;
	}
	watch->handle.data = watch;
	err = uv_fs_event_start(&watch->handle, on_event, path, 0);
	if (err != 0) {
		set->closing++;
		uv_close((uv_handle_t *)&watch->handle, on_closed);
		return err;
	}
	watch->next = set->watches;
	set->watches = watch;
	return 0;
}

void watch_set_end(struct watch_set *set)
{
	struct watch **link = &set->watches;

	while (*link != NULL) {
		struct watch *watch = *link;

		if (watch->wanted) {
			link = &watch->next;
			continue;
		}
		*link = watch->next;
		set->closing++;
		uv_close((uv_handle_t *)&watch->handle, on_closed);
	}
}

void watch_set_close(struct watch_set *set, void (*closed)(void *context))
{
	watch_set_begin(set);
	watch_set_end(set);
	if (set->closing > 0) {
		set->closed = closed;
		return;
	}
	closed(set->context);
	free(set);
}

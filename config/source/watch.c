/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/source/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { READ_BYTES = 8192 }; /* at once; one event takes at most 16 + NAME_MAX + 1 */

static const uint32_t wanted_events = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO |
	IN_DELETE | IN_CREATE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
static const uint32_t gone_events = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

/* One wish. Several may be about one folder, and then share the kernel's watch of it. */
struct watch {
	struct watch *next;
	char *path, *prefix, *only; /* only: NULL for every name */
	char *link; /* not NULL: events are reported for this path; `prefix` is "" */
	dev_t device;
	ino_t inode;
	int descriptor; /* the kernel's watch; -1: its folder was removed or moved */
	bool wanted;	/* in the round that is under way */
};

struct watch_set {
	uv_poll_t poll;
	int fd; /* of inotify */
	watch_event *event;
	void *context;
	struct watch *watches;
	void (*closed)(void *context);
};

static void watch_free(struct watch *watch)
{
	free(watch->path);
	free(watch->prefix);
	free(watch->only);
	free(watch->link);
	free(watch);
}

static enum watch_sign sign_of(uint32_t mask)
{
	if ((mask & (IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE)) != 0)
		return WATCH_REPLACED;
	if ((mask & IN_CLOSE_WRITE) != 0)
		return WATCH_CLOSED;
	return (mask & IN_MODIFY) != 0 ? WATCH_WRITTEN : WATCH_OTHER;
}

static void tell(
	const struct watch_set *set, const struct watch *watch, const struct inotify_event *event)
{
	char path[PATH_MAX + NAME_MAX + 2];
	const char *name = event->len > 0 ? event->name : "";
	const size_t prefix = strlen(watch->prefix), length = strlen(name);

	if (watch->only != NULL && event->len > 0 && strcmp(watch->only, name) != 0)
		return;
	if (watch->link != NULL) {
		set->event(set->context, sign_of(event->mask), watch->link);
		return;
	}
	if (prefix + length >= sizeof(path)) {
		set->event(set->context, WATCH_LOST, NULL);
		return;
	}
	memcpy(path, watch->prefix, prefix);
	memcpy(path + prefix, name, length + 1);
	set->event(set->context, sign_of(event->mask), path);
}

void watch_set_drain(struct watch_set *set)
{
	_Alignas(struct inotify_event) char bytes[READ_BYTES];
	ssize_t got;

	while ((got = read(set->fd, bytes, sizeof(bytes))) > 0) {
		for (const char *at = bytes; at < bytes + got;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			at += sizeof(*event) + event->len;
			if ((event->mask & IN_Q_OVERFLOW) != 0) {
				set->event(set->context, WATCH_LOST, NULL);
				continue;
			}
			for (struct watch *watch = set->watches; watch; watch = watch->next) {
				if (watch->descriptor != event->wd)
					continue;
				tell(set, watch, event);
				/* Its name and inode may stand for another folder now. */
				if ((event->mask & gone_events) != 0)
					watch->descriptor = -1;
			}
			if ((event->mask & IN_MOVE_SELF) != 0)
				inotify_rm_watch(set->fd, event->wd);
		}
	}
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	watch_set_drain(poll->data);
}

int watch_set_create(struct watch_set **out, uv_loop_t *loop, watch_event *event, void *context)
{
	struct watch_set *set = calloc(1, sizeof(*set));
	int err;

	if (set == NULL)
		return -ENOMEM;
	set->event = event;
	set->context = context;
	set->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	err = set->fd < 0 ? -errno : uv_poll_init(loop, &set->poll, set->fd);
	if (err != 0) {
		if (set->fd >= 0)
			close(set->fd);
		free(set);
		return err;
	}
	set->poll.data = set;
	*out = set;
	return 0;
}

void watch_set_pause(struct watch_set *set)
{
	uv_poll_stop(&set->poll);
}

void watch_set_resume(struct watch_set *set)
{
	uv_poll_start(&set->poll, UV_READABLE, on_readable);
}

void watch_set_begin(struct watch_set *set)
{
	for (struct watch *watch = set->watches; watch != NULL; watch = watch->next)
		watch->wanted = false;
}

/* Either may be NULL. */
static bool is_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct watch *watch_create(const char *path, const struct stat *info, const char *prefix,
	const char *only, const char *link)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return NULL;
	watch->device = info->st_dev;
	watch->inode = info->st_ino;
	watch->wanted = true;
	watch->path = strdup(path);
	watch->prefix = strdup(prefix);
	watch->only = only == NULL ? NULL : strdup(only);
	watch->link = link == NULL ? NULL : strdup(link);
	if (watch->path != NULL && watch->prefix != NULL && (only == NULL || watch->only != NULL) &&
		(link == NULL || watch->link != NULL))
		return watch;
	watch_free(watch);
	return NULL;
}

int watch_set_add(struct watch_set *set, const char *path, const struct stat *info,
	const char *prefix, const char *only, const char *link)
{
	struct watch *watch;

	for (watch = set->watches; watch != NULL; watch = watch->next) {
		if (watch->descriptor >= 0 && watch->device == info->st_dev &&
			watch->inode == info->st_ino && strcmp(watch->path, path) == 0 &&
			is_equal(watch->only, only) && is_equal(watch->link, link)) {
			watch->wanted = true;
			return 0;
		}
	}
	watch = watch_create(path, info, prefix, only, link);
	if (watch == NULL)
		return -ENOMEM;
	watch->descriptor = inotify_add_watch(set->fd, path, wanted_events | IN_ONLYDIR);
	if (watch->descriptor < 0) {
		const int err = -errno;

		watch_free(watch);
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
		struct watch *watch = *link, *other;

		if (watch->wanted) {
			link = &watch->next;
			continue;
		}
		*link = watch->next;
		for (other = set->watches; other != NULL; other = other->next)
			if (other->descriptor == watch->descriptor)
				break; /* it shares the kernel's watch */
		if (watch->descriptor >= 0 && other == NULL)
			inotify_rm_watch(set->fd, watch->descriptor);
		watch_free(watch);
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct watch_set *set = handle->data;

	close(set->fd);
	set->closed(set->context);
	free(set);
}

void watch_set_close(struct watch_set *set, void (*closed)(void *context))
{
	watch_set_begin(set);
	watch_set_end(set);
	set->closed = closed;
	uv_close((uv_handle_t *)&set->poll, on_closed);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/source/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/source/scan.h"
#include "config/text/string_map.h"

/* WHOLE_MOST: bytes of a file that is read before it is parsed */
enum { READ_STEP = 64 * 1024, WHOLE_MOST = 8 << 20 };
static const char stdin_name[] = "<stdin>";

struct loading {
	struct store_source *source;
	const struct document_limits *limits;
	struct load_watched *watched; /* NULL: files are read as they are */
	struct arena *names;	      /* of what was met */
	struct string_map met;	      /* files, and paths that are problems */
	struct string_map unreadable; /* paths that are problems: what is below them stays */
};

static uint64_t bytes_most(const struct document_limits *limits)
{
	return limits != NULL && limits->file_bytes != 0 ? limits->file_bytes : DOCUMENT_FILE_BYTES;
}

/*
 * Everything up to the end, at most one byte more than `most`. The size that stat() told is but a
 * guess.
 */
static int read_all(int fd, size_t guess, size_t most, char **out, size_t *out_length)
{
	size_t capacity = guess < most ? guess + 1 : most + 1, length = 0;
	char *bytes = malloc(capacity), *larger;
	ssize_t got;

	for (;;) {
		if (bytes == NULL)
			return -ENOMEM;
		got = read(fd, bytes + length, capacity - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		length += (size_t)got;
		if (length > most)
			break;
		if (length == capacity) {
			capacity = capacity + READ_STEP < most ? capacity * 2 + READ_STEP
							       : most + 1;
			larger = realloc(bytes, capacity);
			if (larger == NULL)
				free(bytes);
			bytes = larger;
		}
	}
	if (got < 0) {
		const int err = -errno;

		free(bytes);
		return err;
	}
	*out = bytes;
	*out_length = length;
	return 0;
}

/* A file that was read during a write may not be as its writer means it. */
static bool was_written(const struct loading *loading, const char *name)
{
	return loading->watched != NULL && store_has_objects(loading->source, name) &&
		loading->watched->state(loading->watched->context, name) == WRITING_OPEN;
}

static int put_bytes(struct loading *loading, const char *name, int fd, size_t guess, size_t most)
{
	char *bytes = NULL, reason[96];
	size_t length = 0;
	int err = read_all(fd, guess, most, &bytes, &length);

	if (err == 0 && was_written(loading, name)) {
		free(bytes);
		return store_put_being_written(loading->source, name);
	}
	if (err == -ENOMEM)
		return err;
	if (err != 0)
		return store_put_unreadable(loading->source, name, strerror(-err));
	if (length > most) {
		snprintf(reason, sizeof(reason), "it is larger than the %llu bytes that are read",
			(unsigned long long)bytes_most(loading->limits));
		err = store_put_unreadable(loading->source, name, reason);
	} else {
		err = store_put(loading->source, name, bytes, length, loading->limits);
	}
	free(bytes);
	return err;
}

static struct file_stamp stamp_of(const struct stat *info)
{
	return (struct file_stamp){.device = info->st_dev,
		.inode = info->st_ino,
		.size = info->st_size,
		.modified = info->st_mtim,
		.changed = info->st_ctim};
}

static int mark(struct loading *loading, struct string_map *map, const char *path)
{
	const char *copy = arena_strdup(loading->names, path);

	return copy == NULL ? -ENOMEM : string_map_put(map, copy, loading);
}

/*
 * A path that was a regular file when it was listed may be a pipe now: it is opened so that it
 * can't block, and looked at again.
 */
static int open_regular(const char *path, struct stat *info)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, info) != 0)
		err = -errno;
	else if (!S_ISREG(info->st_mode))
		err = S_ISDIR(info->st_mode) ? -EISDIR : -EINVAL;
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

/*
 * Whether the file holds what its writer means, as far as can be told. Where nothing is in force,
 * nothing can be lost.
 */
static bool is_complete(struct loading *loading, const char *path, int fd, const struct stat *info)
{
	const struct byte_source source = byte_source_of_file(fd, info);
	const struct file_stamp stamp = stamp_of(info);
	const struct timespec *written = &info->st_mtim;
	enum writing_state told, asked;
	struct timespec now;

	if (loading->watched == NULL || !store_has_objects(loading->source, path))
		return true;
	told = loading->watched->state(loading->watched->context, path);
	asked = told == WRITING_OPEN ? told : writing_ask_kernel(fd);
	if (asked != WRITING_UNKNOWN)
		return asked == WRITING_DONE;
	if (told == WRITING_DONE || store_has_other_inode(loading->source, path, &stamp))
		return true;
	/* After an old write no other is likely to follow. A time to come is a clock that was set.
	 */
	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec < written->tv_sec ||
		(now.tv_sec - written->tv_sec) * 1000000000LL + now.tv_nsec - written->tv_nsec >=
			LOAD_SETTLE_S * 1000000000LL)
		return true;
	if (store_has_content(loading->source, path, &source))
		return true;
	loading->watched->look_again = true;
	return false;
}

static int read_file(struct loading *loading, const char *path, int fd, const struct stat *info)
{
	const struct byte_source source = byte_source_of_file(fd, info);
	const struct file_stamp stamp = stamp_of(info);
	struct timespec now;
	int err;

	if (!is_complete(loading, path, fd, info))
		return store_put_being_written(loading->source, path);
	/*
	 * A large file is read as it is parsed; one that is changed meanwhile is broken, so what
	 * was in force stays so.
	 */
	if (info->st_size <= WHOLE_MOST)
		err = put_bytes(loading, path, fd, info->st_size > 0 ? (size_t)info->st_size : 0,
			WHOLE_MOST);
	else if (was_written(loading, path))
		err = store_put_being_written(loading->source, path);
	else
		err = store_put_source(loading->source, path, &source, loading->limits);
	if (err != 0)
		return err;
	/*
	 * A file that is written once more within one tick of the clock keeps its stamp: one as
	 * young as that is not believed, and the file is read again the next time.
	 */
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - stamp.changed.tv_sec > 1 || now.tv_sec < stamp.changed.tv_sec
		? store_set_stamp(loading->source, path, &stamp)
		: 0;
}

static int load_file(const char *path, const struct stat *listed, void *context)
{
	struct loading *loading = context;
	const struct file_stamp stamp = stamp_of(listed);
	struct stat info;
	int err, fd;

	if (strcmp(path, "-") == 0) {
		err = mark(loading, &loading->met, stdin_name);
		return err != 0 || store_has_file(loading->source, stdin_name)
			? err
			: put_bytes(loading, stdin_name, STDIN_FILENO, READ_STEP,
				  (size_t)bytes_most(loading->limits));
	}
	if (loading->watched != NULL)
		loading->watched->file(loading->watched->context, path);
	err = mark(loading, &loading->met, path);
	if (err != 0 || store_has_stamp(loading->source, path, &stamp))
		return err;
	fd = open_regular(path, &info);
	if (fd < 0)
		return store_put_unreadable(loading->source, path, strerror(-fd));
	err = read_file(loading, path, fd, &info);
	close(fd);
	return err;
}

static int note_folder(const char *path, const struct stat *info, void *context)
{
	const struct loading *loading = context;

	if (loading->watched != NULL)
		loading->watched->folder(loading->watched->context, path, info);
	return 0;
}

static int note_problem(const char *path, const char *reason, void *context)
{
	struct loading *loading = context;
	int err = mark(loading, &loading->met, path);

	if (err == 0)
		err = mark(loading, &loading->unreadable, path);
	if (err == 0)
		err = store_recall_below(loading->source, path);
	return err != 0 ? err : store_put_unreadable(loading->source, path, reason);
}

/* Whether a folder above `name` could not be read: then it is not known to be gone. */
static bool is_below_unreadable(const struct loading *loading, const char *name)
{
	for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		const size_t length = (size_t)(slash - name);

		if (string_map_get(&loading->unreadable, name, length) != NULL ||
			string_map_get(&loading->unreadable, name, length + 1) != NULL)
			return true;
	}
	return false;
}

static bool is_met(void *context, const char *name)
{
	const struct loading *loading = context;

	return string_map_get(&loading->met, name, strlen(name)) != NULL ||
		is_below_unreadable(loading, name);
}

static int load_all(struct loading *loading, const char *const *paths, size_t count)
{
	const struct scan_visitor visitor = {load_file, note_folder, note_problem, loading};
	int err;

	loading->names = arena_create();
	if (loading->names == NULL)
		return -ENOMEM;
	err = scan_paths(paths, count, &visitor);
	if (err == 0)
		store_keep_files(loading->source, is_met, loading);
	string_map_deinit(&loading->met);
	string_map_deinit(&loading->unreadable);
	arena_unref(loading->names);
	return err;
}

int load_paths(struct store *store, const char *const *paths, size_t count,
	const struct document_limits *limits)
{
	struct loading loading = {.source = store_source(store, LOAD_SOURCE), .limits = limits};
	int err = loading.source == NULL ? -ENOMEM : load_all(&loading, paths, count);

	return err != 0 ? err : store_commit(loading.source);
}

int load_paths_watched(struct store_source *source, const char *const *paths, size_t count,
	struct load_watched *watched)
{
	struct loading loading = {.source = source, .watched = watched};
	int err;

	watched->look_again = false;
	err = load_all(&loading, paths, count);
	if (watched->empty_after_s > 0)
		store_believe_empty(source, watched->empty_after_s);
	return err;
}

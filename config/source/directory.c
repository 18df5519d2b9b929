/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/source/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/source/load.h"
#include "config/source/watch.h"
#include "config/source/writing.h"

enum {
	RESCAN_MS = 10000,
	LONGEST_WAIT = 10, /* in debounce times */
	REST = 1,	   /* a reading that took T is not repeated for T, or a debounce time */
};
enum { LINKS_MOST = 40 }; /* in a row, as for the kernel (path_resolution(7)) */

struct directory {
	struct source source; /* first */
	struct directory_options options;
	uv_timer_t debounce, rescan;
	int open_parts; /* timers and watch set that the loop has not let go */
	/* of the burst that is waited out, on the loop's clock; 0: there is none */
	uint64_t first_event;
	uint64_t first_event_ns; /* the same, of CLOCK_MONOTONIC */
	bool whole;		 /* each of its events put a file in place whole */
	uint64_t began,
		rested;	   /* of the last reading, on the loop's clock: when the next may begin */
	char problem[128]; /* "" when all changes are seen */

	/* the reading thread's, while there is a reading */
	struct watch_set *watches;
	struct writing *writing;
	int err;	    /* the first error of this reading that does not mend itself */
	bool look_again;    /* load_watched.look_again */
	uint64_t missed_ns; /* when the first event came that it did not act on; 0: none did */
	bool missed_whole;

	size_t count;
	char *paths[];
};

static void directory_free(struct directory *directory)
{
	for (size_t i = 0; i < directory->count; i++)
		free(directory->paths[i]);
	writing_free(directory->writing);
	free(directory);
}

/* ---- what is watched ---- */

/* The folder that `path` is in, and its name there; `path` is cut in two. */
static const char *split(char *path, const char **name)
{
	char *slash = strrchr(path, '/');

	*name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		return ".";
	if (slash == path)
		return "/";
	*slash = '\0';
	return path;
}

/* Folders come and go while they are listed: only an error that does not mend itself is kept. */
static void note_error(struct directory *directory, int err)
{
	if (directory->err == 0 && (err == -ENOSPC || err == -EMFILE || err == -ENOMEM))
		directory->err = err;
}

/*
 * Watches the nearest folder above `path` that exists: a path that is replaced, removed or made
 * again is an event of the folder that it is in.
 */
static void watch_above(struct directory *directory, const char *path)
{
	char *above = strdup(path), *prefix = strdup(path);
	const char *folder, *name;
	struct stat info;
	int err = above == NULL || prefix == NULL ? -ENOMEM : 0;

	if (err == 0) {
		do {
			folder = split(above, &name);
			err = stat(folder, &info) == 0 ? 0 : -errno;
		} while (err != 0 && folder == above);
	}
	if (err == 0) {
		prefix[name - above] = '\0';
		err = watch_set_add(directory->watches, folder, &info, prefix, name, NULL);
	}
	note_error(directory, err);
	free(prefix);
	free(above);
}

static void watch_folder(void *context, const char *path, const struct stat *info)
{
	struct directory *directory = context;
	char *prefix;

	if (asprintf(&prefix, "%s%s", path, strcmp(path, "/") == 0 ? "" : "/") < 0) {
		note_error(directory, -ENOMEM);
		return;
	}
	note_error(directory, watch_set_add(directory->watches, path, info, prefix, NULL, NULL));
	free(prefix);
}

/*
 * Where the link at `path` leads: one step. False when it is no link, or that is too long to be
 * told.
 */
static bool follow(const char *path, char target[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	char text[PATH_MAX];
	const ssize_t length = readlink(path, text, sizeof(text));
	int written;

	if (length < 0 || (size_t)length >= sizeof(text))
		return false;
	text[length] = '\0';
	if (text[0] == '/' || slash == NULL)
		written = snprintf(target, PATH_MAX, "%s", text);
	else
		written = snprintf(target, PATH_MAX, "%.*s/%s", (int)(slash - path), path, text);
	return written < PATH_MAX;
}

/*
 * A file is watched by its folder. Where it is a link, so is each name that it leads to, in the
 * folder there: otherwise only the next rescan would find a change of the target. Links among the
 * folders on the way are not watched.
 */
static void watch_links(void *context, const char *path)
{
	struct directory *directory = context;
	char at[PATH_MAX], target[PATH_MAX];

	if (strlen(path) >= sizeof(at))
		return;
	strcpy(at, path);
	for (int steps = 0; steps < LINKS_MOST && follow(at, target); steps++) {
		const char *folder, *name;
		struct stat found;

		strcpy(at, target);
		folder = split(target, &name);
		if (stat(folder, &found) == 0)
			note_error(directory,
				watch_set_add(directory->watches, folder, &found, "", name, path));
	}
}

/* ---- reading ---- */

/* Whether the file is being written, by all events until now. */
static enum writing_state state_of(void *context, const char *path)
{
	struct directory *directory = context;

	watch_set_drain(directory->watches);
	return writing_of(directory->writing, path);
}

/*
 * Each folder is watched before it is listed, and each file before it is read: a change in between
 * is an event, and read again. The next rescan tries again what memory was too short for.
 */
static int read_all(struct source *source)
{
	struct directory *directory = (struct directory *)source;
	struct load_watched watched = {.state = state_of,
		.folder = watch_folder,
		.file = watch_links,
		.context = directory,
		.empty_after_s = directory->options.empty_after_s};
	int err;

	directory->err = 0;
	directory->missed_ns = 0;
	watch_set_begin(directory->watches);
	for (size_t i = 0; i < directory->count; i++)
		watch_above(directory, directory->paths[i]);
	writing_begin_look(directory->writing);
	err = load_paths_watched(
		source->objects, (const char *const *)directory->paths, directory->count, &watched);
	writing_end_look(directory->writing);
	watch_set_end(directory->watches);
	directory->look_again = watched.look_again;
	note_error(directory, err);
	return directory->err;
}

static void begin_reading(struct source *source)
{
	struct directory *directory = (struct directory *)source;

	directory->first_event = 0;
	directory->began = uv_now(directory->debounce.loop);
	uv_timer_stop(&directory->debounce);
	uv_timer_again(&directory->rescan);
	watch_set_pause(directory->watches);
}

static void on_quiet(uv_timer_t *timer)
{
	struct directory *directory = timer->data;

	source_read(
		&directory->source, directory->first_event != 0 ? directory->first_event_ns : 0);
}

/*
 * Reads everything when it is quiet; at once when there is nothing to wait for, as all files are
 * whole. (A file that is gone may be about to be replaced.) `seen_ns`: when the event came, of
 * CLOCK_MONOTONIC.
 */
static void await_quiet(struct directory *directory, uint64_t seen_ns, bool whole)
{
	const uint64_t now = uv_now(directory->debounce.loop);
	const uint64_t longest = (uint64_t)directory->options.debounce_ms * LONGEST_WAIT;
	uint64_t wait = directory->options.debounce_ms;

	if (directory->first_event == 0) {
		directory->first_event = now;
		directory->first_event_ns = seen_ns;
		directory->whole = true;
	}
	directory->whole = directory->whole && whole;
	if (directory->whole)
		wait = directory->rested > now ? directory->rested - now : 0;
	else if (now - directory->first_event + wait > longest)
		wait = directory->first_event + longest > now
			? directory->first_event + longest - now
			: 0;
	uv_timer_start(&directory->debounce, on_quiet, wait, 0);
}

static void end_reading(struct source *source)
{
	struct directory *directory = (struct directory *)source;

	const uint64_t now = uv_now(directory->debounce.loop);
	const uint64_t rest = (now - directory->began) * REST;

	directory->rested = now +
		(rest < directory->options.debounce_ms ? rest : directory->options.debounce_ms);
	directory->problem[0] = '\0';
	if (directory->err != 0)
		snprintf(directory->problem, sizeof(directory->problem),
			"not every folder is watched, so a change may take %d s to be seen: %s",
			RESCAN_MS / 1000, strerror(-directory->err));
	watch_set_resume(directory->watches);
	if (directory->missed_ns != 0)
		await_quiet(directory, directory->missed_ns, directory->missed_whole);
	else if (directory->look_again)
		uv_timer_start(&directory->debounce, on_quiet, LOAD_SETTLE_S * 1000 + 1, 0);
}

/*
 * A write to a file that is known to be open for writing is no reason to read: its closing is. On
 * the reading thread while there is a reading.
 */
static void on_event(void *context, enum watch_sign sign, const char *path)
{
	struct directory *directory = context;
	const bool more = sign == WATCH_WRITTEN &&
		writing_of(directory->writing, path) == WRITING_OPEN;
	bool whole;

	writing_note(directory->writing, sign, path);
	if (more)
		return;
	whole = sign == WATCH_CLOSED || (sign == WATCH_REPLACED && access(path, F_OK) == 0);
	if (!directory->source.reading) {
		await_quiet(directory, uv_hrtime(), whole);
		return;
	}
	directory->missed_whole = whole && (directory->missed_whole || directory->missed_ns == 0);
	if (directory->missed_ns == 0)
		directory->missed_ns = uv_hrtime();
}

/* ---- its life ---- */

/*
 * 0 when the path is a file or folder that can be read; a path that can't be at start is a mistake
 * in the settings.
 */
static int check_path(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return -errno;
	if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
		return -EINVAL;
	/*
	 * By the effective user: `run -n` has stepped down to the one that podgate runs as, and
	 * access() asks for the real one.
	 */
	return faccessat(AT_FDCWD, path, S_ISDIR(info.st_mode) ? R_OK | X_OK : R_OK, AT_EACCESS) !=
			0
		? -errno
		: 0;
}

int directory_check(const char *const *paths, size_t count, size_t *failed)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		*failed = i;
		err = check_path(paths[i]);
	}
	return err;
}

static int start(struct source *source, uv_loop_t *loop)
{
	struct directory *directory = (struct directory *)source;
	int err = writing_create(&directory->writing);

	if (err == 0)
		err = watch_set_create(&directory->watches, loop, on_event, directory);
	if (err != 0)
		return err;
	directory->open_parts = 3;
	uv_timer_init(loop, &directory->debounce); /* can't fail */
	uv_timer_init(loop, &directory->rescan);
	directory->debounce.data = directory->rescan.data = directory;
	uv_timer_start(&directory->rescan, on_quiet, RESCAN_MS, RESCAN_MS);
	return 0;
}

static void part_closed(void *context)
{
	struct directory *directory = context;

	if (--directory->open_parts == 0)
		directory_free(directory);
}

static void on_timer_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void stop(struct source *source)
{
	struct directory *directory = (struct directory *)source;

	if (directory->open_parts == 0) {
		directory_free(directory);
		return;
	}
	uv_close((uv_handle_t *)&directory->debounce, on_timer_closed);
	uv_close((uv_handle_t *)&directory->rescan, on_timer_closed);
	watch_set_close(directory->watches, part_closed);
}

static const char *health(const struct source *source)
{
	const struct directory *directory = (const struct directory *)source;

	return directory->problem[0] == '\0' ? NULL : directory->problem;
}

static const struct source_ops directory_ops = {
	.start = start,
	.begin = begin_reading,
	.read = read_all,
	.end = end_reading,
	.stop = stop,
	.health = health,
};

int directory_create(struct source **out, struct store *store, const char *const *paths,
	size_t count, const struct directory_options *options, size_t *failed)
{
	struct directory *directory;
	int err = directory_check(paths, count, failed);

	if (err != 0)
		return err;
	directory = calloc(1, sizeof(*directory) + count * sizeof(directory->paths[0]));
	if (directory == NULL)
		return -ENOMEM;
	directory->options = *options;
	directory->source.ops = &directory_ops;
	directory->source.store = store;
	directory->source.objects = store_source(store, LOAD_SOURCE);
	/* "/etc/podgate/" is "podgate" in the folder above. */
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(paths[i]);

		while (length > 1 && paths[i][length - 1] == '/')
			length--;
		directory->paths[i] = strndup(paths[i], length);
		if (directory->paths[i] != NULL)
			directory->count++;
	}
	if (directory->source.objects == NULL || directory->count < count) {
		directory->count = count; /* those without memory are NULL */
		directory_free(directory);
		return -ENOMEM;
	}
	*out = &directory->source;
	return 0;
}

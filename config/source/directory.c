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
#include "config/source/scan.h"
#include "config/source/watch.h"
#include "config/source/writing.h"

enum { RESCAN_MS = 10000, LONGEST_WAIT = 10 }; /* LONGEST_WAIT: in debounce times */
enum { LINKS_MOST = 40 }; /* in a row, as for the kernel (path_resolution(7)) */

struct directory {
	struct store *store;
	struct store_source *source;
	struct watch_set *watches;
	struct writing *writing;
	uint32_t empty_after_s;
	uv_timer_t debounce, rescan;
	unsigned int debounce_ms;
	/* of the burst that is waited out, on the loop's clock; 0: there is none */
	uint64_t first_event;
	uint64_t first_event_ns; /* the same, of CLOCK_MONOTONIC */
	directory_changed *changed;
	void *context;
	int open_parts; /* timers and watch set that the loop has not let go */
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

static void part_closed(struct directory *directory)
{
	if (--directory->open_parts == 0)
		directory_free(directory);
}

static void on_timer_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void on_watches_closed(void *context)
{
	part_closed(context);
}

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

/*
 * Watches, for what stands at `path` or should, the nearest folder above that exists: a path that
 * is replaced, removed or made again is an event of the folder it is in, and not its own.
 */
static int watch_above(struct directory *directory, const char *path)
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
		err = watch_set_add(directory->watches, folder, &info, prefix, name);
	}
	free(prefix);
	free(above);
	return err;
}

struct watching {
	struct directory *directory;
	int err; /* the first that is no passing matter */
};

/* Folders come and go while they are listed: only what would not mend itself is kept. */
static void note_error(struct watching *watching, int err)
{
	if (watching->err == 0 && (err == -ENOSPC || err == -EMFILE || err == -ENOMEM))
		watching->err = err;
}

static int watch_folder(const char *path, const struct stat *info, void *context)
{
	struct watching *watching = context;

	char *prefix = malloc(strlen(path) + 2);
	int err = -ENOMEM;

	if (prefix != NULL) {
		sprintf(prefix, strcmp(path, "/") == 0 ? "%s" : "%s/", path);
		err = watch_set_add(watching->directory->watches, path, info, prefix, NULL);
	}
	note_error(watching, err);
	free(prefix);
	return 0;
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
 * folder there: otherwise a change of the target would be found by the next rescan only. Of links
 * among the folders on the way a change is.
 */
static int watch_links(const char *path, const struct stat *info, void *context)
{
	struct watching *watching = context;
	char at[PATH_MAX], target[PATH_MAX];

	(void)info;
	if (strlen(path) >= sizeof(at))
		return 0;
	strcpy(at, path);
	for (int steps = 0; steps < LINKS_MOST && follow(at, target); steps++) {
		const char *folder, *name;
		struct stat found;

		strcpy(at, target);
		folder = split(target, &name);
		if (stat(folder, &found) == 0)
			note_error(watching,
				watch_set_add_target(
					watching->directory->watches, folder, &found, name, path));
	}
	return 0;
}

static int pass_problem(const char *path, const char *reason, void *context)
{
	(void)path;
	(void)reason;
	(void)context;
	return 0;
}

static int update_watches(struct directory *directory)
{
	struct watching watching = {.directory = directory};
	const struct scan_visitor visitor = {watch_links, watch_folder, pass_problem, &watching};
	int err;

	watch_set_begin(directory->watches);
	for (size_t i = 0; i < directory->count; i++)
		note_error(&watching, watch_above(directory, directory->paths[i]));
	err = scan_paths((const char *const *)directory->paths, directory->count, &visitor);
	watch_set_end(directory->watches);
	return err != 0 ? err : watching.err;
}

/* What was told of the file, up to now. */
static enum writing_state state_of(void *context, const char *path)
{
	struct directory *directory = context;

	watch_set_drain(directory->watches);
	return writing_of(directory->writing, path);
}

static void on_quiet(uv_timer_t *timer);

static int load(struct directory *directory)
{
	struct load_watched watched = {
		.state = state_of, .context = directory, .empty_after_s = directory->empty_after_s};
	int err;

	writing_begin_look(directory->writing);
	err = load_paths_watched(directory->source, (const char *const *)directory->paths,
		directory->count, &watched);
	writing_end_look(directory->writing);
	if (watched.look_again && !uv_is_active((uv_handle_t *)&directory->debounce))
		uv_timer_start(&directory->debounce, on_quiet, LOAD_SETTLE_S * 1000 + 1, 0);
	return err;
}

/*
 * Watches first, reads then: what changes in between is an event, and read again. What can't be
 * watched or read now for want of memory is tried again by the next rescan.
 */
static int refresh(struct directory *directory)
{
	int err = update_watches(directory);

	return err == -ENOMEM ? err : load(directory);
}

void directory_rescan(struct directory *directory)
{
	const uint64_t since_ns = directory->first_event != 0 ? directory->first_event_ns
							      : uv_hrtime();
	const uint64_t before = store_revision(directory->store);

	directory->first_event = 0;
	uv_timer_stop(&directory->debounce);
	uv_timer_again(&directory->rescan);
	refresh(directory);
	if (store_commit(directory->source) == 0 && store_revision(directory->store) != before)
		directory->changed(directory->context, since_ns);
}

static void on_quiet(uv_timer_t *timer)
{
	directory_rescan(timer->data);
}

/* Has all read when it is quiet. */
static void await_quiet(struct directory *directory)
{
	const uint64_t now = uv_now(directory->debounce.loop);
	const uint64_t longest = (uint64_t)directory->debounce_ms * LONGEST_WAIT;
	uint64_t wait = directory->debounce_ms;

	if (directory->first_event == 0) {
		directory->first_event = now;
		directory->first_event_ns = uv_hrtime();
	}
	if (now - directory->first_event + wait > longest)
		wait = directory->first_event + longest > now
			? directory->first_event + longest - now
			: 0;
	uv_timer_start(&directory->debounce, on_quiet, wait, 0);
}

/*
 * What is written to a file that is known to be open for writing is nothing to look at: its closing
 * is.
 */
static void on_event(void *context, enum watch_sign sign, const char *path)
{
	struct directory *directory = context;
	const bool more = sign == WATCH_WRITTEN &&
		writing_of(directory->writing, path) == WRITING_OPEN;

	writing_note(directory->writing, sign, path);
	if (!more)
		await_quiet(directory);
}

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

/*
 * "/etc/podgate/" and "/etc/podgate" are one folder, and its name in the folder above is "podgate".
 */
static char *copy_path(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return strndup(path, length);
}

static int create(struct directory **out, const char *const *paths, size_t count, size_t *failed)
{
	struct directory *directory = calloc(
		1, sizeof(*directory) + count * sizeof(directory->paths[0]));
	int err = directory == NULL ? -ENOMEM : 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		*failed = i;
		err = check_path(paths[i]);
		if (err != 0)
			break;
		directory->paths[directory->count] = copy_path(paths[i]);
		if (directory->paths[directory->count] == NULL)
			err = -ENOMEM;
		else
			directory->count++;
	}
	if (err == 0)
		*out = directory;
	else if (directory != NULL)
		directory_free(directory);
	return err;
}

static void init_timer(struct directory *directory, uv_timer_t *timer, uv_loop_t *loop)
{
	uv_timer_init(loop, timer); /* can't fail */
	timer->data = directory;
	directory->open_parts++;
}

int directory_start(struct directory **out, uv_loop_t *loop, struct store *store,
	const char *const *paths, size_t count, const struct directory_options *options,
	size_t *failed)
{
	struct directory *directory;
	int err = create(&directory, paths, count, failed);

	if (err != 0)
		return err;
	directory->store = store;
	directory->source = store_source(store, LOAD_SOURCE);
	directory->debounce_ms = options->debounce_ms;
	directory->empty_after_s = options->empty_after_s;
	directory->changed = options->changed;
	directory->context = options->context;
	err = directory->source == NULL ? -ENOMEM : writing_create(&directory->writing);
	if (err == 0)
		err = watch_set_create(&directory->watches, loop, on_event, directory);
	if (err != 0) {
		directory_free(directory);
		return err;
	}
	directory->open_parts = 1;
	init_timer(directory, &directory->debounce, loop);
	init_timer(directory, &directory->rescan, loop);
	err = update_watches(directory);
	if (err == 0)
		err = load(directory);
	if (err == 0)
		err = store_commit(directory->source);
	if (err != 0) {
		directory_stop(directory);
		return err;
	}
	uv_timer_start(&directory->rescan, on_quiet, RESCAN_MS, RESCAN_MS);
	*out = directory;
	return 0;
}

void directory_stop(struct directory *directory)
{
	if (directory == NULL)
		return;
	uv_close((uv_handle_t *)&directory->debounce, on_timer_closed);
	uv_close((uv_handle_t *)&directory->rescan, on_timer_closed);
	watch_set_close(directory->watches, on_watches_closed);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/state/state_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "config/state/state_record.h"
#include "policy/values/hash.h"

enum { RECORD_MOST = 512 << 20, FILE_NAME = 48 };

static const char prefix[] = "manifests.", aside_suffix[] = ".broken";

/* A record that is on the disk. */
struct entry {
	char *name; /* of the manifest file */
	struct store_mark mark;
};

struct state_folder {
	char *path;
	int fd;
	struct entry *entries; /* by name */
	size_t count, capacity;
	uv_mutex_t lock; /* of the entries: the loop's thread changes them, sources look them up */
};

/* A file's number is never 0, which begins the names of files that are being written. */
static void file_of(char out[FILE_NAME], const char *name)
{
	const uint64_t number = hash_bytes(HASH_START, name, strlen(name));

	snprintf(out, FILE_NAME, "%s%" PRIu64, prefix, number == 0 ? 1 : number);
}

int state_folder_open(struct state_folder **out, const char *path)
{
	struct state_folder *folder = calloc(1, sizeof(*folder));
	struct stat info;
	int err = 0;

	if (folder == NULL)
		return -ENOMEM;
	if (uv_mutex_init(&folder->lock) != 0) {
		free(folder);
		return -ENOMEM;
	}
	folder->path = strdup(path);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		err = -errno;
	folder->fd = err == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (err == 0 && folder->fd < 0)
		err = -errno;
	if (err == 0 && faccessat(folder->fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		err = -errno;
	/* A folder that somebody else made for podgate may be open to others. */
	if (err == 0 && fstat(folder->fd, &info) == 0 && info.st_uid == geteuid() &&
		(info.st_mode & 077) != 0 && fchmod(folder->fd, 0700) != 0)
		err = -errno;
	if (err == 0 && folder->path == NULL)
		err = -ENOMEM;
	if (err != 0)
		state_folder_close(folder);
	else
		*out = folder;
	return err;
}

void state_folder_close(struct state_folder *folder)
{
	if (folder == NULL)
		return;
	for (size_t i = 0; i < folder->count; i++)
		free(folder->entries[i].name);
	free(folder->entries);
	if (folder->fd >= 0)
		close(folder->fd);
	uv_mutex_destroy(&folder->lock);
	free(folder->path);
	free(folder);
}

size_t state_folder_records(const struct state_folder *folder)
{
	return folder->count;
}

/* The first entry whose name is not before `name`. */
static size_t lower_bound(const struct state_folder *folder, const char *name)
{
	size_t low = 0, high = folder->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(folder->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *find(const struct state_folder *folder, const char *name)
{
	const size_t at = lower_bound(folder, name);

	return at < folder->count && strcmp(folder->entries[at].name, name) == 0
		? &folder->entries[at]
		: NULL;
}

static int add(struct state_folder *folder, const char *name, const struct store_mark *mark)
{
	const size_t at = lower_bound(folder, name);
	char *copy;

	if (find(folder, name) != NULL) {
		folder->entries[at].mark = *mark;
		return 0;
	}
	if (folder->count == folder->capacity) {
		const size_t capacity = folder->capacity == 0 ? 16 : folder->capacity * 2;
		struct entry *entries = reallocarray(folder->entries, capacity, sizeof(*entries));

		if (entries == NULL)
			return -ENOMEM;
		folder->entries = entries;
		folder->capacity = capacity;
	}
	copy = strdup(name);
	if (copy == NULL)
		return -ENOMEM;
	memmove(&folder->entries[at + 1], &folder->entries[at],
		(folder->count - at) * sizeof(*folder->entries));
	folder->entries[at] = (struct entry){.name = copy, .mark = *mark};
	folder->count++;
	return 0;
}

/* ---- reading ---- */

/* All of a regular file, the caller's. 0 or -errno. */
static int read_file(int folder, const char *file, char **out, size_t *out_length)
{
	const int fd = openat(
		folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat info;
	size_t length = 0;
	char *bytes = NULL;
	ssize_t got = 0;
	int err = fd < 0 ? -errno : 0;

	if (err == 0 &&
		(fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > RECORD_MOST))
		err = -EINVAL;
	if (err == 0) {
		bytes = malloc((size_t)info.st_size + 1);
		err = bytes == NULL ? -ENOMEM : 0;
	}
	while (err == 0 && length < (size_t)info.st_size &&
		(got = read(fd, bytes + length, (size_t)info.st_size - length)) > 0)
		length += (size_t)got;
	if (err == 0 && got < 0)
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (err != 0) {
		free(bytes);
		return err;
	}
	*out = bytes;
	*out_length = length;
	return 0;
}

/* Reads a record whole. 0; or -EINVAL with *problem, -ENOMEM, another -errno. */
static int read_record(const struct state_folder *folder, const char *file,
	struct state_record *record, char **bytes, size_t *length, const char **problem)
{
	char wanted[FILE_NAME];
	int err = read_file(folder->fd, file, bytes, length);

	if (err != 0) {
		*problem = "it can't be read, or is no file of a sensible size";
		return err;
	}
	err = state_record_parse(record, *bytes, *length, problem);
	if (err == 0) {
		file_of(wanted, record->name);
		*problem = "it is of a manifest file that has its record elsewhere";
		err = strcmp(wanted, file) == 0 ? 0 : -EINVAL;
	}
	if (err != 0)
		free(*bytes);
	return err;
}

static int load_record(struct state_folder *folder, const char *file,
	void (*aside)(void *context, const char *file, const char *problem), void *context)
{
	struct state_record record;
	const char *problem = "";
	char *bytes, target[FILE_NAME + sizeof(aside_suffix)], path[4096];
	size_t length;
	int err = read_record(folder, file, &record, &bytes, &length, &problem);

	if (err == -ENOMEM)
		return err;
	if (err == 0) {
		free(bytes);
		return add(folder, record.name, &record.mark);
	}
	snprintf(target, sizeof(target), "%s%s", file, aside_suffix);
	if (renameat(folder->fd, file, folder->fd, target) != 0)
		snprintf(target, sizeof(target), "%s", file);
	snprintf(path, sizeof(path), "%s/%s", folder->path, target);
	aside(context, path, problem);
	return 0;
}

int state_folder_load(struct state_folder *folder,
	void (*aside)(void *context, const char *file, const char *problem), void *context)
{
	const int copy = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	int err = 0;

	if (entries == NULL) {
		err = -errno;
		if (copy >= 0)
			close(copy);
		return err;
	}
	while (err == 0 && (entry = readdir(entries)) != NULL) {
		const char *name = entry->d_name, *number = name + sizeof(prefix) - 1;

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 || *number == '\0' ||
			number[strspn(number, "0123456789")] != '\0' || strlen(name) >= FILE_NAME)
			continue;
		/* its writer did not finish it */
		if (*number == '0')
			unlinkat(folder->fd, name, 0);
		else
			err = load_record(folder, name, aside, context);
	}
	closedir(entries);
	return err;
}

/* Sources call these on their own threads. */
static bool past_find(void *context, const char *name, struct store_mark *out)
{
	struct state_folder *folder = context;
	const struct entry *entry;

	uv_mutex_lock(&folder->lock);
	entry = find(folder, name);
	if (entry != NULL)
		*out = entry->mark;
	uv_mutex_unlock(&folder->lock);
	return entry != NULL;
}

static int past_recall(void *context, const char *name, struct store_recalled *out)
{
	const struct state_folder *folder = context;
	struct state_record record;
	const char *problem;
	char file[FILE_NAME];
	int err;

	if (!past_find(context, name, &out->mark))
		return -ENOENT;
	file_of(file, name);
	err = read_record(folder, file, &record, &out->bytes, &out->length, &problem);
	if (err == 0 && strcmp(record.name, name) != 0) {
		free(out->bytes);
		err = -ENOENT;
	}
	if (err != 0)
		return err == -ENOMEM ? err : -ENOENT;
	snprintf(out->label, sizeof(out->label), "%s/%s", folder->path, file);
	return 0;
}

static int past_each(void *context, int (*visit)(void *visitor, const char *name), void *visitor)
{
	struct state_folder *folder = context;
	size_t count = 0;
	char **names;
	int err;

	uv_mutex_lock(&folder->lock);
	names = calloc(folder->count + 1, sizeof(*names));
	err = names == NULL ? -ENOMEM : 0;
	for (size_t i = 0; err == 0 && i < folder->count; i++) {
		names[count] = strdup(folder->entries[i].name);
		err = names[count] == NULL ? -ENOMEM : 0;
		count += err == 0;
	}
	uv_mutex_unlock(&folder->lock);
	for (size_t i = 0; err == 0 && i < count; i++)
		err = visit(visitor, names[i]);
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return err;
}

struct store_past state_folder_past(struct state_folder *folder)
{
	return (struct store_past){
		.find = past_find, .recall = past_recall, .each = past_each, .context = folder};
}

/* ---- writing ---- */

struct state_save {
	struct state_folder *folder;
	struct store_unsaved *unsaved; /* what to write */
	size_t count;
	char **gone; /* manifest files whose records go */
	size_t gone_count;
	int err; /* the first */
};

static void free_save(struct state_save *save)
{
	store_unsaved_free(save->unsaved, save->count);
	for (size_t i = 0; i < save->gone_count; i++)
		free(save->gone[i]);
	free(save->gone);
	free(save);
}

int state_save_begin(struct state_save **out, struct state_folder *folder, struct store *store)
{
	struct state_save *save = calloc(1, sizeof(*save));
	int err = save == NULL ? -ENOMEM : 0;

	*out = NULL;
	if (err == 0) {
		save->folder = folder;
		save->gone = calloc(folder->count + 1, sizeof(char *));
		err = save->gone == NULL ? -ENOMEM
					 : store_take_unsaved(store, &save->unsaved, &save->count);
	}
	for (size_t i = 0; err == 0 && i < folder->count; i++) {
		if (store_has_version(store, folder->entries[i].name))
			continue;
		save->gone[save->gone_count] = strdup(folder->entries[i].name);
		err = save->gone[save->gone_count] == NULL ? -ENOMEM : 0;
		save->gone_count += err == 0;
	}
	if (err == 0 && save->count + save->gone_count > 0) {
		*out = save;
		return 0;
	}
	if (save != NULL) {
		for (size_t i = 0; i < save->count; i++)
			store_mark_unsaved(store, save->unsaved[i].name);
		free_save(save);
	}
	return err;
}

static void write_bytes(void *context, const char *bytes, size_t length)
{
	fwrite(bytes, 1, length, context); /* ferror() tells in the end */
}

/* Flushed to the disk and closed. 0 or -errno. */
static int finish_file(FILE *file)
{
	int err = 0;

	if (fflush(file) != 0 || ferror(file))
		err = errno != 0 ? -errno : -EIO;
	else if (ftello(file) > RECORD_MOST)
		err = -EFBIG;
	else if (fsync(fileno(file)) != 0)
		err = -errno;
	if (fclose(file) != 0 && err == 0)
		err = -errno;
	return err;
}

static int save_file(int folder, const struct store_unsaved *unsaved)
{
	char beside[FILE_NAME], name[FILE_NAME];
	struct state_writer writer;
	FILE *file;
	int fd, err;

	if (strlen(unsaved->name) >= STATE_RECORD_NAME)
		return -ENAMETOOLONG;
	/* A predecessor that hands over may write at the same time. */
	snprintf(beside, sizeof(beside), "%s0%ld", prefix, (long)getpid());
	file_of(name, unsaved->name);
	unlinkat(folder, beside, 0);
	fd = openat(folder, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	errno = 0;
	state_record_begin(
		&writer, &(struct text_sink){write_bytes, file}, unsaved->name, &unsaved->mark);
	for (size_t i = 0; i < unsaved->count; i++)
		state_record_add(&writer, &unsaved->objects[i]);
	state_record_end(&writer);
	err = finish_file(file);
	if (err == 0 && renameat(folder, beside, folder, name) != 0)
		err = -errno;
	if (err != 0)
		unlinkat(folder, beside, 0);
	return err;
}

void state_save_run(struct state_save *save)
{
	const int folder = save->folder->fd;
	char name[FILE_NAME];
	int err = 0;

	for (size_t i = 0; i < save->count; i++) {
		save->unsaved[i].err = save_file(folder, &save->unsaved[i]);
		err = err != 0 ? err : save->unsaved[i].err;
	}
	for (size_t i = 0; i < save->gone_count; i++) {
		file_of(name, save->gone[i]);
		if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
			err = err != 0 ? err : -errno;
	}
	if (fsync(folder) != 0)
		err = err != 0 ? err : -errno;
	save->err = err;
}

int state_save_end(struct state_save *save, struct store *store)
{
	struct state_folder *folder = save->folder;
	int err = save->err;

	uv_mutex_lock(&folder->lock);
	for (size_t i = 0; i < save->count; i++) {
		if (save->unsaved[i].err == 0)
			save->unsaved[i].err = add(
				folder, save->unsaved[i].name, &save->unsaved[i].mark);
		if (save->unsaved[i].err != 0)
			store_mark_unsaved(store, save->unsaved[i].name);
	}
	for (size_t i = 0; i < save->gone_count; i++) {
		struct entry *entry = find(folder, save->gone[i]);

		if (entry == NULL)
			continue;
		free(entry->name);
		folder->count--;
		memmove(entry, entry + 1,
			(folder->count - (size_t)(entry - folder->entries)) * sizeof(*entry));
	}
	uv_mutex_unlock(&folder->lock);
	free_save(save);
	return err;
}

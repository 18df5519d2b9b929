/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/settings_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

enum { BYTES_MOST = 1024 * 1024 }; /* far beyond any settings */

/* The whole file, to be freed. 0, or -errno (-EFBIG beyond BYTES_MOST). */
static int read_file(const char *path, char **out, size_t *length)
{
	FILE *file = fopen(path, "re");
	char *bytes;
	int err = 0;

	if (file == NULL)
		return -errno;
	bytes = malloc(BYTES_MOST + 1);
	if (bytes == NULL) {
		fclose(file);
		return -ENOMEM;
	}
	errno = 0;
	*length = fread(bytes, 1, BYTES_MOST + 1, file);
	if (ferror(file))
		err = errno != 0 ? -errno : -EIO;
	else if (*length > BYTES_MOST)
		err = -EFBIG;
	fclose(file);
	if (err != 0)
		free(bytes);
	else
		*out = bytes;
	return err;
}

static int read_settings(struct settings *settings, const char *path, struct arena *arena)
{
	struct diag_list diags;
	size_t length = 0;
	char *bytes = NULL;
	int err = read_file(path, &bytes, &length);

	if (err != 0) {
		output_problem("can't read the settings in %s: %s", path, strerror(-err));
		return err;
	}
	diag_list_init(&diags, arena);
	err = settings_read(settings, path, bytes, length, arena, &diags);
	free(bytes);
	for (size_t i = 0; i < diags.count; i++)
		output_diag_problem(&diags.items[i]);
	return err;
}

int settings_file_load(struct settings *out, const char *path, struct arena *arena)
{
	struct settings settings;
	int err = settings_defaults(&settings, arena);
	FILE *probe;

	if (err == 0 && path == NULL) {
		/*
		 * Only its absence is fine: a default file that can't be read must not be passed
		 * over.
		 */
		probe = fopen(SETTINGS_FILE_DEFAULT, "re");
		if (probe != NULL || errno != ENOENT)
			path = SETTINGS_FILE_DEFAULT;
		if (probe != NULL)
			fclose(probe);
	}
	if (err == 0 && path != NULL)
		err = read_settings(&settings, path, arena);
	if (err == -ENOMEM)
		output_problem("out of memory");
	if (err == 0)
		*out = settings;
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Stands in for libFuzzer's main() in ordinary builds: runs the target once over every file of the
 * folders and files named on the command line. At least one must be there: a seed corpus that went
 * missing is a failure.
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat info;
	uint8_t *bytes;
	size_t size;

	if (file == NULL || fstat(fileno(file), &info) != 0) {
		perror(path);
		exit(1);
	}
	/* Exactly as large as the input, so that AddressSanitizer sees a read past its end. */
	bytes = malloc(info.st_size > 0 ? (size_t)info.st_size : 1);
	if (bytes == NULL)
		exit(1);
	size = fread(bytes, 1, (size_t)info.st_size, file);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, size);
	free(bytes);
	return 1;
}

static int replay(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *item;
	char name[4096];
	int count = 0;

	if (folder == NULL)
		return replay_file(path);
	while ((item = readdir(folder)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, item->d_name);
		count += replay_file(name);
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++)
		count += replay(argv[i]);
	printf("%d inputs replayed\n", count);
	return count > 0 ? 0 : 1;
}

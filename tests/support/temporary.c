/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/temporary.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RING = 8 };

static void check(int held, const char *what)
{
	if (held)
		return;
	perror(what);
	abort();
}

void temporary_create(struct temporary *folder)
{
	const char *base = getenv("TMPDIR");

	snprintf(folder->path, sizeof(folder->path), "%s/podgate-test-XXXXXX",
		base != NULL ? base : "/tmp");
	check(mkdtemp(folder->path) != NULL, "mkdtemp");
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
	(void)info;
	(void)flag;
	(void)walk;
	return remove(path);
}

void temporary_remove(struct temporary *folder)
{
	check(nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, folder->path);
}

const char *temporary_path(const struct temporary *folder, const char *name)
{
	static char ring[RING][2 * TEMPORARY_PATH];
	static unsigned int next;
	char *path = ring[next++ % RING];

	snprintf(path, sizeof(ring[0]), "%s/%s", folder->path, name);
	return path;
}

void temporary_write(const struct temporary *folder, const char *name, const char *text)
{
	const char *path = temporary_path(folder, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	check(fd >= 0, path);
	check(write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

void temporary_replace(const struct temporary *folder, const char *name, const char *text)
{
	temporary_write(folder, ".replacement", text);
	check(rename(temporary_path(folder, ".replacement"), temporary_path(folder, name)) == 0,
		name);
}

const char *temporary_policy(const char *name)
{
	static char ring[RING][512];
	static unsigned int next;
	char *text = ring[next++ % RING];

	snprintf(text, sizeof(ring[0]),
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: "
		"%s}\nspec: {podSelector: {}}\n---\n",
		name);
	return text;
}

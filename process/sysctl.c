/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int sysctl_read(const char *path, long *out)
{
	char text[32], *end;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	long value;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0) {
		const int err = -errno;

		close(fd);
		return err;
	}
	close(fd);
	text[n] = '\0';
	value = strtol(text, &end, 10);
	if (end == text)
		return -EPROTO;
	*out = value;
	return 0;
}

int sysctl_write(const char *path, long value)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%ld\n", value) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Whether `fd` is a socket of a queue: nothing else of podgate's is connected to the kernel and
 * asked for no errors.
 */
static bool is_queue_socket(int fd)
{
	int domain = 0, protocol = 0, no_enobufs = 0;
	socklen_t length = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
		domain == AF_NETLINK &&
		getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
		protocol == NETLINK_NETFILTER &&
		getsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &no_enobufs, &length) == 0 &&
		no_enobufs != 0;
}

/* Returns whether descriptor number `theirs` of the process was one, and has that size now. */
static bool resize(int process, int theirs, int bytes)
{
	const int fd = (int)syscall(SYS_pidfd_getfd, process, theirs, 0);
	bool done;

	if (fd < 0)
		return false;
	done = is_queue_socket(fd) &&
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) == 0;
	close(fd);
	return done;
}

/*
 * Sets the receive buffers of another process's queue sockets, as a podgate would have them that
 * may not make them larger than the machine allows; prints how many they are.
 */
int command_resize(int argc, char **argv)
{
	char path[64];
	const struct dirent *entry;
	int process, count = 0;
	DIR *folder;

	if (argc != 3) {
		fputs("usage: podgate-probe resize PID BYTES\n", stderr);
		return PROBE_PROBLEM;
	}
	process = (int)syscall(SYS_pidfd_open, (pid_t)strtol(argv[1], NULL, 10), 0);
	snprintf(path, sizeof(path), "/proc/%.20s/fd", argv[1]);
	folder = opendir(path);
	if (process < 0 || folder == NULL) {
		perror("podgate-probe: resize");
		return PROBE_PROBLEM;
	}
	while ((entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.' &&
			resize(process, atoi(entry->d_name), atoi(argv[2]));
	closedir(folder);
	printf("%d\n", count);
	return count > 0 ? PROBE_REACHED : PROBE_PROBLEM;
}

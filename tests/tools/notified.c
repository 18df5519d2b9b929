/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * A service manager's ear: prints each datagram that comes to a socket as one line, until it is
 * killed.
 */
int command_notified(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char message[1024];
	ssize_t length;

	if (argc != 2 || fd < 0) {
		fputs("podgate-probe: notified SOCKET\n", stderr);
		return PROBE_PROBLEM;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	unlink(argv[1]);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		chmod(argv[1], 0666) != 0) {
		perror("podgate-probe: notified");
		return PROBE_PROBLEM;
	}
	puts("ready");
	while ((length = recv(fd, message, sizeof(message) - 1, 0)) >= 0) {
		message[length] = '\0';
		for (char *newline = message; (newline = strchr(newline, '\n')) != NULL;)
			*newline = ' ';
		puts(message);
	}
	return PROBE_REACHED;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Listens at an abstract UNIX address until killed, and answers nobody: any user may. */
int command_hold_address(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t length = argc == 2 ? strlen(argv[1]) : 0;
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (length == 0 || length >= sizeof(address.sun_path)) {
		fputs("podgate-probe: hold-address NAME\n", stderr);
		return PROBE_PROBLEM;
	}
	memcpy(address.sun_path + 1, argv[1], length);
	if (bind(fd, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) != 0 ||
		listen(fd, 0) != 0) {
		perror("podgate-probe: hold-address");
		return PROBE_PROBLEM;
	}
	puts("ready");
	for (;;)
		pause();
}

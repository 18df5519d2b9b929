/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/enforcer/netns_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int netns_room_enter(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET) != 0)
		fail_msg("no network namespace: %s; the tests of the kernel edge run as root",
			strerror(errno));
	return 0;
}

static char *format_text(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		fail_msg("out of memory");
	return text;
}

int netns_room_run(const char *format, ...)
{
	va_list args;
	char *command;
	int status;

	va_start(args, format);
	command = format_text(format, args);
	va_end(args);
	status = system(command);
	free(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

char *netns_room_read(const char *format, ...)
{
	char buffer[4096], *command, *text = NULL;
	size_t length, n;
	va_list args;
	FILE *pipe, *to;

	va_start(args, format);
	command = format_text(format, args);
	va_end(args);
	pipe = popen(command, "re");
	to = open_memstream(&text, &length);
	if (pipe == NULL || to == NULL)
		fail_msg("could not run %s", command);
	while ((n = fread(buffer, 1, sizeof(buffer), pipe)) > 0)
		fwrite(buffer, 1, n, to);
	fclose(to);
	if (pclose(pipe) != 0)
		fail_msg("failed: %s", command);
	free(command);
	return text;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/descriptor_store.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/notify.h"

static const char *const variables[] = {
	"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"};

static bool parse_number(unsigned long *out, const char *text)
{
	char *end;

	if (text == NULL || !isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno == 0 && *end == '\0';
}

unsigned int descriptor_store_parse(const char *pid, const char *count, pid_t self)
{
	unsigned long meant, descriptors;

	if (!parse_number(&meant, pid) || meant != (unsigned long)self ||
		!parse_number(&descriptors, count) || descriptors > DESCRIPTOR_STORE_MOST)
		return 0;
	return (unsigned int)descriptors;
}

/*
 * The names are in the order of the descriptors; strsep() gives "" for an empty one, and NULL after
 * the last.
 */
static void take(struct inheritance *out, int fd, const char *name)
{
	uint16_t queue;

	/*
	 * One that isn't open, or that is there twice, is no reason to stop: what is missing is
	 * bound anew.
	 */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return;
	if (name == NULL || !inheritance_parse_name(&queue, name) ||
		inheritance_add(out, queue, fd) != 0)
		close(fd);
}

void descriptor_store_inherit(struct inheritance *out)
{
	const unsigned int count = descriptor_store_parse(
		getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getpid());
	const char *all = getenv("LISTEN_FDNAMES");
	char *names = all != NULL ? strdup(all) : NULL, *rest = names;

	for (unsigned int i = 0; i < count; i++)
		take(out, (int)(DESCRIPTOR_STORE_FIRST + i), strsep(&rest, ":"));
	free(names);
	if (out->count > 0)
		out->origin = INHERITANCE_SERVICE_MANAGER;
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
}

/*
 * FDPOLL=0: else the manager lets go of a socket that shows an error, such as a netlink socket does
 * whose messages once had no room.
 */
void descriptor_store_keep(uint16_t queue, int fd)
{
	char name[INHERITANCE_NAME], message[64];

	inheritance_name(queue, name);
	snprintf(message, sizeof(message), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	notify_service_manager_with(message, fd);
}

void descriptor_store_forget(uint16_t queue)
{
	char name[INHERITANCE_NAME], message[64];

	inheritance_name(queue, name);
	snprintf(message, sizeof(message), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	notify_service_manager(message);
}

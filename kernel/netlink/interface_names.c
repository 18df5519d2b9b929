/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/netlink/interface_names.h"

#include <errno.h>
#include <libnfnetlink/libnfnetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

struct interface_names {
	struct nlif_handle *nlif;
};

static bool has_news(const struct interface_names *names)
{
	struct pollfd socket = {.fd = nlif_fd(names->nlif), .events = POLLIN};

	return poll(&socket, 1, 0) > 0;
}

/*
 * Takes in what the kernel has announced. A message a catch and never a wait: a table of many
 * interfaces comes in several. Announcements that were lost (ENOBUFS) are made up for by asking for
 * all of them again, once.
 */
static void catch_up(struct interface_names *names)
{
	bool asked_again = false;

	while (has_news(names)) {
		if (nlif_catch(names->nlif) >= 0)
			continue;
		if (asked_again || nlif_query(names->nlif) < 0)
			return;
		asked_again = true;
	}
}

int interface_names_open(struct interface_names **out)
{
	struct interface_names *names = malloc(sizeof(*names));
	int err;

	if (names == NULL)
		return -ENOMEM;
	errno = 0;
	names->nlif = nlif_open();
	if (names->nlif == NULL) {
		err = errno != 0 ? -errno : -ENOMEM;
		free(names);
		return err;
	}
	errno = 0;
	if (nlif_query(names->nlif) < 0) {
		err = errno != 0 ? -errno : -EIO;
		interface_names_close(names);
		return err;
	}
	*out = names;
	return 0;
}

void interface_names_close(struct interface_names *names)
{
	if (names == NULL)
		return;
	nlif_close(names->nlif);
	free(names);
}

const char *interface_names_get(
	struct interface_names *names, uint32_t index, char buffer[IF_NAMESIZE])
{
	buffer[0] = '\0';
	if (names == NULL || index == 0)
		return buffer;
	catch_up(names);
	if (nlif_index2name(names->nlif, index, buffer) < 0)
		buffer[0] = '\0';
	return buffer;
}

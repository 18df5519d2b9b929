/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/unix_address.h"

#include <errno.h>
#include <string.h>

int unix_address(struct sockaddr_un *out, const char *path)
{
	const size_t length = strlen(path);

	if (length >= sizeof(out->sun_path))
		return -ENAMETOOLONG;
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path, path, length);
	return 0;
}

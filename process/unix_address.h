/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_UNIX_ADDRESS_H
#define PROCESS_UNIX_ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>

/* The address of a UNIX socket at a path: unix(7). 0; -ENAMETOOLONG, *out untouched. */
int unix_address(struct sockaddr_un *out, const char *path);

#endif

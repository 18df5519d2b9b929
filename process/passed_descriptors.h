/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_PASSED_DESCRIPTORS_H
#define PROCESS_PASSED_DESCRIPTORS_H

/*
 * Descriptors that go with a message over a UNIX socket (unix(7), SCM_RIGHTS; cmsg(3)). Any thread.
 */

#include <stddef.h>
#include <sys/socket.h>

enum { PASSED_DESCRIPTORS_MOST = 80 };

/* Room for all of them, aligned as the kernel's header is. */
union passed_descriptors {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * PASSED_DESCRIPTORS_MOST)];
};

/*
 * Adds 1 to PASSED_DESCRIPTORS_MOST to a message that is to be sent. They stay the caller's, and
 * `passed` is its to keep till then.
 */
void passed_descriptors_attach(struct msghdr *message, union passed_descriptors *passed,
	const int *descriptors, size_t count);
/*
 * Moves those of a received message behind the *count that are in `out` already, which has room for
 * MOST; what has none is closed.
 */
void passed_descriptors_take(
	struct msghdr *message, int out[PASSED_DESCRIPTORS_MOST], size_t *count);

#endif

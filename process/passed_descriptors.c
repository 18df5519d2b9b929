/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/passed_descriptors.h"

#include <string.h>
#include <unistd.h>

void passed_descriptors_attach(struct msghdr *message, union passed_descriptors *passed,
	const int *descriptors, size_t count)
{
	memset(passed, 0, sizeof(*passed));
	passed->header.cmsg_len = CMSG_LEN(sizeof(int) * count);
	passed->header.cmsg_level = SOL_SOCKET;
	passed->header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&passed->header), descriptors, sizeof(int) * count);
	message->msg_control = passed;
	message->msg_controllen = CMSG_SPACE(sizeof(int) * count);
}

void passed_descriptors_take(
	struct msghdr *message, int out[PASSED_DESCRIPTORS_MOST], size_t *count)
{
	struct cmsghdr *header;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
		header = CMSG_NXTHDR(message, header)) {
		const size_t came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < came; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
			if (*count < PASSED_DESCRIPTORS_MOST)
				out[(*count)++] = fd;
			else
				close(fd);
		}
	}
}

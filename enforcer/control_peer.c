/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/control_peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool control_peer_is_trusted(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

/* Room for all descriptors, aligned as the kernel's header is. */
union passed {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int) * CONTROL_OFFER_MOST)];
};

static void attach(struct msghdr *message, union passed *passed, const struct control_offer *offer)
{
	memset(passed, 0, sizeof(*passed));
	passed->header.cmsg_len = CMSG_LEN(sizeof(int) * offer->count);
	passed->header.cmsg_level = SOL_SOCKET;
	passed->header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&passed->header), offer->descriptors, sizeof(int) * offer->count);
	message->msg_control = passed;
	message->msg_controllen = CMSG_SPACE(sizeof(int) * offer->count);
}

int control_peer_send(int fd, char *line, size_t length, const struct control_offer *offer)
{
	struct iovec vector = {.iov_base = line, .iov_len = length};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	union passed passed;
	ssize_t sent;

	if (offer->count > 0)
		attach(&message, &passed, offer);
	sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	return (size_t)sent == length ? 0 : -EMSGSIZE;
}

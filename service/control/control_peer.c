/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/passed_descriptors.h"

uid_t control_peer_user(int fd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.uid : (uid_t)-1;
}

bool control_peer_is_trusted(uid_t user)
{
	return user != (uid_t)-1 && (user == 0 || user == geteuid());
}

int control_peer_send(int fd, char *line, size_t length, const struct control_offer *offer)
{
	struct iovec vector = {.iov_base = line, .iov_len = length};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	union passed_descriptors passed;
	ssize_t sent;

	if (offer->count > 0)
		passed_descriptors_attach(&message, &passed, offer->descriptors, offer->count);
	sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return -errno;
	return (size_t)sent == length ? 0 : -EMSGSIZE;
}

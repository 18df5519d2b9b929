/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue/nfqueue_adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/membarrier.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/queue/nfqueue_config.h"
#include "kernel/queue/nfqueue_message.h"
#include "kernel/queue/nfqueue_proc.h"
#include "kernel/queue/nfqueue_setup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14; asm-generic/socket.h */
#endif

enum { GRACE_MS = 20 };

/* ---- whose socket it is ---- */

static bool is_netfilter_socket(int fd)
{
	int domain = 0, protocol = 0;
	socklen_t length = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0 || domain != AF_NETLINK)
		return false;
	length = sizeof(int);
	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
		protocol == NETLINK_NETFILTER;
}

/*
 * Ports are numbers of one network namespace. A kernel that can't name namespaces is believed to
 * have one.
 */
static bool is_of_our_namespace(int fd)
{
	const int own = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	uint64_t theirs = 0, ours = 0;
	socklen_t length = sizeof(theirs);
	bool same;

	if (own < 0)
		return false;
	same = getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &theirs, &length) != 0 &&
		errno == ENOPROTOOPT;
	length = sizeof(ours);
	if (!same)
		same = getsockopt(own, SOL_SOCKET, SO_NETNS_COOKIE, &ours, &length) == 0 &&
			ours == theirs;
	close(own);
	return same;
}

static bool holds_queue(int fd, uint16_t queue, int proc)
{
	struct sockaddr_nl address = {.nl_family = AF_UNSPEC};
	socklen_t length = sizeof(address);
	struct nfqueue_row row;

	return getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
		address.nl_family == AF_NETLINK && nfqueue_proc_read(proc, queue, &row) == 0 &&
		row.port == address.nl_pid;
}

/* NULL, or what is wrong with it. */
static const char *find_fault(const struct nfqueue_inherited *inherited, uint16_t queue)
{
	if (!is_netfilter_socket(inherited->fd))
		return "it is no netlink socket of the netfilter family";
	if (!is_of_our_namespace(inherited->fd))
		return "it is of another network namespace";
	if (!holds_queue(inherited->fd, queue, inherited->proc))
		return "the kernel does not name it as the holder of that queue";
	return NULL;
}

/* ---- taking it ---- */

static int send_message(struct mnl_socket *socket, const struct nlmsghdr *message)
{
	return mnl_socket_sendto(socket, message, message->nlmsg_len) < 0 ? -errno : 0;
}

/*
 * Without ACKs, which would lie behind all packets that wait. The kernel took the very same when
 * the queue was bound; if it refuses now, that is a message to the worker, which counts it.
 */
static int configure(struct mnl_socket *socket, const struct nfqueue_options *options)
{
	_Alignas(8) char buffer[NFQUEUE_CONFIG_BYTES];
	int err;

	nfqueue_config_socket(mnl_socket_get_fd(socket), options->length);
	err = send_message(socket, nfqueue_config_limits(buffer, options));
	return err != 0 ? err
			: send_message(socket, nfqueue_config_copy_range(buffer, options->number));
}

/* The flags are the open file's: somebody may have changed them on the way. */
static int make_usual(int fd)
{
	const int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return -errno;
	return 0;
}

static int adopt(struct mnl_socket **out, const struct nfqueue_options *options)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const int fd = options->inherited->fd;
	struct mnl_socket *socket;
	int err = make_usual(fd);

	/*
	 * So that nobody but the kernel may write to it: nfqueue_setup.c. Repeated, it changes
	 * nothing.
	 */
	if (err == 0 && connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) != 0)
		err = -errno;
	socket = err == 0 ? mnl_socket_fdopen(fd) : NULL;
	if (socket == NULL) {
		err = err != 0 ? err : -errno;
		close(fd);
		return err;
	}
	err = configure(socket, options);
	if (err != 0)
		mnl_socket_close(socket);
	else
		*out = socket;
	return err;
}

int nfqueue_adopt(
	struct mnl_socket **out, const struct nfqueue_options *options, char problem[PROBLEM_SIZE])
{
	const char *fault = find_fault(options->inherited, options->number);
	int err = -EINVAL;

	if (fault != NULL) {
		close(options->inherited->fd);
	} else {
		err = adopt(out, options);
		fault = strerror(-err);
	}
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE,
			"an inherited socket is not taken for NFQUEUE %u: %s", options->number,
			fault);
	return err;
}

/* ---- what nobody will tell of any more ---- */

/*
 * Whether a packet's message waits, and its id. What else waits before it (ACKs, refusals) is taken
 * away.
 */
static bool peek_first(int fd, uint16_t queue, uint32_t *id)
{
	_Alignas(8) uint8_t message[NFQUEUE_MESSAGE_BYTES];
	struct nfqueue_packet packet;
	int error;

	for (;;) {
		const ssize_t got = recv(fd, message, sizeof(message), MSG_PEEK | MSG_DONTWAIT);

		if (got < 0 && errno != EINTR && errno != ENOBUFS)
			return false;
		if (got < 0)
			continue;
		switch (nfqueue_message_read(message, (size_t)got, queue, &packet, &error)) {
		case NFQUEUE_MESSAGE_PACKET:
		case NFQUEUE_MESSAGE_DAMAGED:
			*id = packet.id;
			return true;
		case NFQUEUE_MESSAGE_REFUSAL:
		case NFQUEUE_MESSAGE_ACK:
		case NFQUEUE_MESSAGE_UNKNOWN:
			(void)recv(fd, message, sizeof(message), MSG_DONTWAIT);
			break;
		}
	}
}

static int repeat_until(struct mnl_socket *socket, uint16_t queue, uint32_t id)
{
	_Alignas(8) char buffer[NFQUEUE_CONFIG_BYTES];
	struct nlmsghdr *message = nfq_nlmsg_put(buffer, NFQNL_MSG_VERDICT_BATCH, queue);

	nfq_nlmsg_verdict_put(message, (int)id, NF_REPEAT);
	return send_message(socket, message);
}

/*
 * The table is read before the socket is looked at: a packet that comes in between has a message
 * and an id above. Should its message be later than its number in the table, by a moment, it is
 * repeated in vain: the old message is answered, too, which the kernel refuses, and the packet has
 * a new one.
 */
int nfqueue_repeat_unread(
	struct mnl_socket *socket, uint16_t queue, int proc, struct nfqueue_repeat *out)
{
	struct nfqueue_row row;
	uint32_t first, told = 0;
	int err = nfqueue_proc_read(proc, queue, &row);

	*out = (struct nfqueue_repeat){.asked = false};
	if (err != 0)
		return err;
	if (!peek_first(mnl_socket_get_fd(socket), queue, &first))
		first = row.last_id + 1;
	else if ((int32_t)(row.last_id - first) >= 0)
		told = row.last_id - first + 1;
	out->first = first;
	if (row.waiting == 0)
		return 0;
	err = repeat_until(socket, queue, first - 1);
	out->asked = err == 0;
	if (err == 0 && row.waiting > told)
		out->count = row.waiting - told;
	return err;
}

/*
 * What rules that are gone have sent on its way is in the queue when this returns: learner_settle()
 * has why.
 */
static void settle(void)
{
	const struct timespec grace = {.tv_nsec = GRACE_MS * 1000000L};

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0)
		nanosleep(&grace, NULL);
}

void nfqueue_dissolve(const struct nfqueue_inherited *inherited, uint16_t queue)
{
	struct mnl_socket *socket = find_fault(inherited, queue) == NULL
		? mnl_socket_fdopen(inherited->fd)
		: NULL;
	struct nfqueue_row row;

	if (socket == NULL) {
		close(inherited->fd);
		return;
	}
	settle();
	if (nfqueue_proc_read(inherited->proc, queue, &row) == 0 && row.waiting > 0)
		(void)repeat_until(socket, queue, row.last_id);
	mnl_socket_close(socket);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "process/log.h"
#include "process/passed_descriptors.h"

/* Where to: its length, or 0 when there is nowhere. */
static socklen_t find_address(struct sockaddr_un *out)
{
	const char *path = getenv("NOTIFY_SOCKET");

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		strlen(path) >= sizeof(out->sun_path))
		return 0;
	memcpy(out->sun_path, path, strlen(path));
	if (path[0] == '@')
		out->sun_path[0] = '\0'; /* the abstract namespace */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
}

bool notify_is_wanted(void)
{
	struct sockaddr_un address;

	return find_address(&address) != 0;
}

/*
 * `descriptor` is -1 when none goes with it. 0 or -errno. It must never hold us up: what does not
 * fit into its socket now is not told.
 */
static int tell(const char *state, int descriptor, struct sockaddr_un *address, socklen_t length)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct iovec text = {.iov_base = (void *)(uintptr_t)state, .iov_len = strlen(state)};
	struct msghdr message = {
		.msg_name = address, .msg_namelen = length, .msg_iov = &text, .msg_iovlen = 1};
	union passed_descriptors passed;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (descriptor >= 0)
		passed_descriptors_attach(&message, &passed, &descriptor, 1);
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0)
		err = -errno;
	close(fd);
	return err;
}

void notify_service_manager(const char *state)
{
	notify_service_manager_with(state, -1);
}

void notify_service_manager_with(const char *state, int fd)
{
	static bool failed;
	struct sockaddr_un address;
	const socklen_t length = find_address(&address);
	int err;

	if (length == 0)
		return;
	err = tell(state, fd, &address, length);
	if (err != 0 && !failed)
		log_warnx("can't tell the service manager %.40s: %s", state, strerror(-err));
	failed = err != 0;
}

static bool read_number(const char *name, uint64_t *out)
{
	const char *text = getenv(name);
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0';
}

uint64_t notify_watchdog_us(void)
{
	uint64_t microseconds, pid;

	if (!notify_is_wanted() || !read_number("WATCHDOG_USEC", &microseconds))
		return 0;
	/* Meant for another process, which has passed its environment on to us. */
	if (getenv("WATCHDOG_PID") != NULL &&
		(!read_number("WATCHDOG_PID", &pid) || pid != (uint64_t)getpid()))
		return 0;
	return microseconds;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/streams.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/load/run.h"

enum { EVENTS = 64 };

int streams_init(struct streams *streams)
{
	streams->all = NULL;
	streams->epoll = epoll_create1(EPOLL_CLOEXEC);
	return streams->epoll < 0 ? -errno : 0;
}

static void end(struct watched *watched)
{
	*watched->link = watched->next;
	if (watched->next != NULL)
		watched->next->link = watched->link;
	close(watched->fd);
	free(watched);
}

void streams_deinit(struct streams *streams)
{
	for (struct watched *watched = streams->all, *next; watched != NULL; watched = next) {
		next = watched->next;
		close(watched->fd);
		free(watched);
	}
	close(streams->epoll);
}

int streams_add(
	struct streams *streams, int fd, bool (*ready)(struct watched *watched), void *context)
{
	struct watched *watched = malloc(sizeof(*watched));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watched};

	if (watched == NULL)
		return -ENOMEM;
	*watched = (struct watched){.fd = fd,
		.ready = ready,
		.context = context,
		.next = streams->all,
		.link = &streams->all};
	if (epoll_ctl(streams->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		const int err = errno;

		free(watched);
		return -err;
	}
	if (watched->next != NULL)
		watched->next->link = &watched->next;
	streams->all = watched;
	return 0;
}

void streams_serve(struct streams *streams)
{
	struct epoll_event events[EVENTS];

	while (!run_stopped()) {
		const int n = epoll_wait(streams->epoll, events, EVENTS, RUN_TICK_MS);

		for (int i = 0; i < n; i++) {
			/*
			 * Each has one event at most, and nobody ends but by its own: so none of
			 * them is stale.
			 */
			struct watched *watched = events[i].data.ptr;

			if (!watched->ready(watched))
				end(watched);
		}
	}
}

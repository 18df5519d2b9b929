/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_INHERITANCE_H
#define PROCESS_INHERITANCE_H

/*
 * Sockets of queues that came to us from somebody before us, each with the number of the queue that
 * it is said to hold. Said only: who takes one has to look (nfqueue_adopt.h). A plain value that
 * owns its descriptors. For one thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum inheritance_origin {
	INHERITANCE_NONE,
	INHERITANCE_SERVICE_MANAGER, /* it kept them while no daemon ran */
	INHERITANCE_PREDECESSOR,     /* a daemon that ran handed them over */
};

/* Twice what a gate has: it may have been others. */
enum { INHERITANCE_MOST = 132, INHERITANCE_NAME = 16, INHERITANCE_WORDS = 64 };

struct inheritance {
	enum inheritance_origin origin;
	pid_t from; /* the predecessor */
	unsigned int count;
	struct inheritance_item {
		int fd;
		uint16_t queue;
	} items[INHERITANCE_MOST];
};

/*
 * 0, and the descriptor is the inheritance's; or -EEXIST when there is one for that queue, -ENOSPC,
 * and it is still the caller's.
 */
int inheritance_add(struct inheritance *inheritance, uint16_t queue, int fd);
/* The descriptor for that queue, the caller's from now on; or -1. */
int inheritance_take(struct inheritance *inheritance, uint16_t queue);
/* Any one that is left; false when none is. */
bool inheritance_take_any(struct inheritance *inheritance, struct inheritance_item *out);
/* closes what is left; all zero is allowed */
void inheritance_deinit(struct inheritance *inheritance);

/*
 * What a queue's socket is called where descriptors have names: "queue-8610". The reverse is false
 * for all else.
 */
void inheritance_name(uint16_t queue, char name[INHERITANCE_NAME]);
bool inheritance_parse_name(uint16_t *queue, const char *name);

/* Where they came from, for people: "the service manager", "pid 812". */
void inheritance_print_origin(const struct inheritance *inheritance, char words[INHERITANCE_WORDS]);

#endif

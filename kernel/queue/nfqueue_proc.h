/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_QUEUE_NFQUEUE_PROC_H
#define KERNEL_QUEUE_NFQUEUE_PROC_H

/*
 * The kernel's own table of queues, /proc/net/netfilter/nfnetlink_queue: who holds a queue, how
 * many packets wait in it and how many it has lost. Opened once, while there is the privilege to;
 * it stays that of the network namespace of the opening thread. Any thread may read it.
 */

#include <stddef.h>
#include <stdint.h>

struct nfqueue_row {
	uint16_t queue;
	uint32_t port;		 /* the netlink port of its holder */
	uint32_t waiting;	 /* packets without a verdict */
	uint32_t kernel_dropped; /* because the queue was full */
	uint32_t user_dropped;	 /* because the holder's socket was full */
	uint32_t last_id; /* given to a packet; so many entered it: not those that found it full */
};

int nfqueue_proc_open(void); /* a descriptor for nfqueue_proc_read(), to be closed; or -errno */
/* 0; -ENOENT when no such queue exists; or another -errno. *out is written on 0 only. */
int nfqueue_proc_read(int fd, uint16_t queue, struct nfqueue_row *out);

/* The whole table, for the caller to free(); as far as it goes. 0 or -errno. */
int nfqueue_proc_read_all(int fd, char **out);
/*
 * The next row that can be read, from `text` on. Returns where to go on, or NULL when there is
 * none: *out untouched.
 */
const char *nfqueue_proc_next(const char *text, struct nfqueue_row *out);
/* Finds `queue` in a table's text. 0 or -ENOENT. */
int nfqueue_proc_find(const char *text, uint16_t queue, struct nfqueue_row *out);

/*
 * Names the program that owns a netlink port of the netfilter family: "pid 812, suricata", or ""
 * when it can't be found (it runs in another PID namespace, or has ended).
 */
enum { NFQUEUE_HOLDER = 64 };
void nfqueue_proc_name_holder(uint32_t port, char name[NFQUEUE_HOLDER]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_NETLINK_INTERFACE_NAMES_H
#define KERNEL_NETLINK_INTERFACE_NAMES_H

/*
 * Names of network interfaces by their numbers, kept up to date by the kernel's own announcements
 * (rtnetlink, through libnfnetlink's nlif): no question to the kernel for each line that is logged.
 * Of the network namespace of the thread that opens it; one thread at a time.
 */

#include <net/if.h>
#include <stdint.h>

struct interface_names;

int interface_names_open(struct interface_names **out);	   /* 0, or -errno */
void interface_names_close(struct interface_names *names); /* NULL is allowed */

/*
 * The name that interface `index` has now; "" for number 0, for one that is gone or unknown, and
 * for NULL `names`. The text is in `buffer`.
 */
const char *interface_names_get(
	struct interface_names *names, uint32_t index, char buffer[IF_NAMESIZE]);

#endif

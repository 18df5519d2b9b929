/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SETS_POD_SET_INTERNAL_H
#define KERNEL_SETS_POD_SET_INTERNAL_H

/* What pod_set.c, which makes and fills the sets, and pod_set_members.c both know of them. */

#include "kernel/sets/pod_set.h"

enum { POD_SET_NAME = 32 }; /* IPSET_MAXNAMELEN */

const char *pod_set_name(enum pod_set which, enum ip_family family, char name[POD_SET_NAME]);
bool pod_set_holds_nets(enum pod_set which, enum ip_family family);
/*
 * Of an address in a set; a link-local one, and the first of multicast, stand for all of their
 * kind.
 */
uint8_t pod_set_prefix(const struct ip_addr *addr);

#endif

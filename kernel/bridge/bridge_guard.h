/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_BRIDGE_BRIDGE_GUARD_H
#define KERNEL_BRIDGE_BRIDGE_GUARD_H

/*
 * Whether packets between two ports of a bridge pass iptables, in the network namespace of the
 * calling thread. The guard looks, and switches the kernel's sysctls on where the settings ask for
 * it. All calls block for some milliseconds at most, except bridge_guard_prepare() when it loads a
 * module.
 */

#include <stdbool.h>

#include "config/settings/settings.h"

enum bridges_state {
	BRIDGES_NONE,	 /* there is no bridge */
	BRIDGES_SHOWN,	 /* iptables sees all that they forward */
	BRIDGES_HIDDEN,	 /* iptables does not see some: pods there bypass the rules */
	BRIDGES_UNKNOWN, /* the kernel did not list them */
};
const char *bridges_state_name(enum bridges_state state); /* "none", "shown", "hidden", "unknown" */

struct bridge_view {
	enum bridges_state state;
	bool module_missing; /* HIDDEN: br_netfilter is not in the kernel */
	const char *sysctl;  /* HIDDEN: the first one that must be 1 and is not; a literal */
	char found[256];     /* HIDDEN and UNKNOWN: a sentence */
};

/* Changes nothing. 0, or -errno with state UNKNOWN. */
int bridge_guard_look(const struct settings *settings, struct bridge_view *out);

/*
 * Does what settings->bridge says. `set` loads br_netfilter and sets bridge-nf-call-ip(6)tables and
 * bridge-nf-filter-vlan-tagged where a bridge exists, `require` fails where they are off, `ignore`
 * does nothing. Cheap when there is nothing to do, so that it may be called now and then: bridges
 * come with the first pod. 0, or -errno and a sentence with its remedy in `problem`.
 */
int bridge_guard_prepare(const struct settings *settings, char problem[256]);

/*
 * Whether br_netfilter is in the kernel. Without it no rule can tell the ports of a bridge apart.
 */
bool bridge_guard_module_present(void);

/*
 * Makes the kernel load br_netfilter by itself, for a process that may not load modules: a rule
 * with the match physdev asks for it (physdev_mt_check() of net/netfilter/xt_physdev.c; before
 * Linux 5.1 the match depended on it). The rule stands in a chain that leads nowhere, and is
 * removed at once. 0 or -errno.
 */
int bridge_guard_ask_for_module(const struct settings *settings);

/* Whether the kernel has IPv6 at all, switched on or not: what `ipv6: auto` goes by. */
bool kernel_has_ipv6(void);

#endif

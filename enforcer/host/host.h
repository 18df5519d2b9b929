/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_HOST_HOST_H
#define ENFORCER_HOST_HOST_H

/*
 * What this machine must offer for podgate to enforce anything: one check a row, each with what was found, what it
 * matters, and how to mend it. `podgate doctor` prints them all; `podgate run` refuses to start on the first that fails.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"

enum host_state { HOST_OK, HOST_WARNING, HOST_FAILED };

struct host_finding {
	const char *check;		/* a stable slug: "cap-net-admin", "nfqueue", "br-netfilter"... */
	enum host_state state;
	char found[256];		/* one sentence */
	char remedy[256];		/* one sentence; "" when all is well */
};

enum { HOST_FINDINGS_MOST = 64 };

/* What a check is about, and what comes of it when it finds something: a sentence. "" for a slug that is none. */
const char *host_why(const char *check);

const char *host_state_name(enum host_state state);	/* "ok", "warning", "failed" */

/* Whether the kernel has IPv6 at all, switched on or not: what `ipv6: auto` goes by. */
bool host_ipv6_present(void);

/*
 * Runs all checks, in the order in which they should be mended. Returns how many were stored. Changes
 * nothing, but may load kernel modules that the rules need. Blocking, for some tens of milliseconds.
 */
size_t host_check(const struct settings *settings, struct host_finding findings[HOST_FINDINGS_MOST]);

/* So many files a podgate with these settings may have open at once. Pure. */
unsigned long host_files_needed(const struct settings *settings);

/* Whether packets between the ports of a bridge pass iptables, in this network namespace. */
enum host_bridges {
	HOST_BRIDGES_NONE,		/* there is no bridge */
	HOST_BRIDGES_SHOWN,
	HOST_BRIDGES_HIDDEN,		/* some do not: pods there reach each other past the rules */
	HOST_BRIDGES_UNKNOWN,
};
/* Whether br_netfilter is in the kernel. Where it is not, no packet tells the rules of a bridge's ports. */
bool host_bridge_module_present(void);
const char *host_bridges_name(enum host_bridges bridges);	/* "none", "shown", "hidden", "unknown" */
/* Looks, and changes nothing. With HIDDEN and UNKNOWN `found` becomes a sentence. */
enum host_bridges host_find_bridges(const struct settings *settings, char found[256]);

/*
 * Bridged packets pass iptables? Per settings->bridge: loads br_netfilter and sets bridge-nf-call-ip(6)tables
 * where a bridge exists (in this network namespace), requires them, or ignores the question. Cheap when there
 * is nothing to do, so that it may be called now and then: bridges come with the first pod. 0, or -errno and
 * a sentence with its remedy in `problem`.
 */
int host_prepare_bridge(const struct settings *settings, char problem[256]);

#endif

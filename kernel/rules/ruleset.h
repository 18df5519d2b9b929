/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_RULESET_H
#define KERNEL_RULES_RULESET_H

/*
 * The constant rules that steer first packets into the queues: chain PODGATE of table mangle,
 * jumped to first from FORWARD (and from INPUT with host_traffic), and chains for what a bridge
 * copies: frames to group addresses (also in table raw) and frames that it floods. Installed,
 * inspected and removed through iptables-restore and iptables-save of either back end, one
 * transaction a family and table. Nothing outside our chains and our jumps is ever written.
 * Blocking (runs the iptables programs); for the control thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings/settings.h"
#include "policy/values/ip_addr.h"
#include "process/problem.h"

enum { RULESET_RULE_LENGTH = 384 };

struct ruleset_options {
	enum backend_choice backend; /* as found by ruleset_find_backend(): never AUTO */
	bool ipv6;
	unsigned int workers;
	/* the workers' queues, then that of replies, then, with a flood_rate, that of floods */
	uint16_t queue_base;
	/* new flows a second of one source, before they go to the queue of floods; 0: never */
	unsigned int flood_rate;
	uint32_t mark_allow, mark_deny;
	bool queue_bypass; /* daemon away: open */
	bool cpu_fanout;   /* the CPU chooses among the workers' queues; with one worker it can't */
	bool host_traffic;
	bool bridged; /* there are bridges and br_netfilter: packets may have come in by a port */
};

/*
 * The rules as iptables-restore reads them, for one family. Pure. NULL when memory is short; free()
 * it.
 */
char *ruleset_render(const struct ruleset_options *options, enum ip_family family);

/*
 * Which back end to use: the one set; else the one that already holds rules of others; else what
 * `iptables` runs. 0, or -errno with a sentence and its remedy in `problem` (-ENOENT: no iptables).
 */
int ruleset_find_backend(
	enum backend_choice wanted, enum backend_choice *out, char problem[PROBLEM_SIZE]);

/* Whether a back end holds rules of others, in any table. */
bool ruleset_in_use(enum backend_choice backend);

/*
 * 0; or -EEXIST when a rule of others, in either back end, reads or writes one of these bits of the
 * connmark: it is named in `problem`.
 */
int ruleset_check_marks(uint32_t mark_allow, uint32_t mark_deny, char problem[PROBLEM_SIZE]);

/*
 * Installs for both families or for none: when one fails, the other is put back to what it was.
 * Idempotent. What an earlier run left in the other back end or family is removed. The sets must
 * exist (pod_set_create()). 0, or -errno and `problem`. -EEXIST as above.
 */
int ruleset_install(const struct ruleset_options *options, char problem[PROBLEM_SIZE]);
/*
 * 0: our chain is whole and its jump comes first. -ENOENT or -ESTALE: it is not, and what differs
 * is in `problem`. Any other -errno: our rules could not be read.
 */
int ruleset_verify(const struct ruleset_options *options, char problem[PROBLEM_SIZE]);
/*
 * Removes our jumps and chain from every back end and family present; what is not there is no
 * error. 0, or -errno and `problem`.
 */
int ruleset_remove(char problem[PROBLEM_SIZE]);

/*
 * Where rules of ours are now, in whatever state. Returns how many places were stored; what can't
 * be read is passed over.
 */
struct ruleset_place {
	enum backend_choice backend;
	enum ip_family family;
};
enum { RULESET_PLACES_MOST = 4 };
size_t ruleset_find(struct ruleset_place out[RULESET_PLACES_MOST]);

struct rule_counter {
	char rule[RULESET_RULE_LENGTH]; /* as iptables-save writes it, without the counters */
	uint64_t packets, bytes;
};
/* The counters of our chains, in order. Returns how many were stored, or -errno and `problem`. */
int ruleset_counters(const struct ruleset_options *options, enum ip_family family,
	struct rule_counter *out, size_t most, char problem[PROBLEM_SIZE]);

#endif

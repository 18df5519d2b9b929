/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_ENFORCEMENT_H
#define ENFORCER_PUBLISH_ENFORCEMENT_H

/*
 * The kernel's side of podgate as one thing: workers, sets, rules, flow table. What happens here
 * happens in an order that leaves no gap, which each function states. All functions block; one call
 * at a time, but for the sweeps, from the control thread or one of its helpers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings/settings.h"
#include "conntrack/sweep.h"
#include "enforcer/gate/gate.h"
#include "enforcer/learn/learner.h"
#include "enforcer/log/verdict_log.h"
#include "enforcer/publish/unnamed.h"
#include "kernel/bridge/bridge_guard.h"
#include "kernel/rules/ruleset.h"
#include "policy/compile/snapshot.h"
#include "policy/compile/touched.h"
#include "process/problem.h"

struct enforcement;

enum { ENFORCEMENT_RING_CAPACITY = 2048 };

/*
 * Finds the back end, binds the queues, creates the sets. Nothing is enforced yet. `settings` and
 * `log` are borrowed, and `inheritance`, which may have sockets of queues: what can be used of it
 * is taken, what is left of it goes with enforcement_start(). Returns 0; or -errno with a sentence
 * and its remedy in `problem`, and nothing left behind.
 */
int enforcement_open(struct enforcement **out, const struct settings *settings,
	struct verdict_log *log, struct inheritance *inheritance, char problem[PROBLEM_SIZE]);

/*
 * Enforces a first snapshot, in this order: (1) the sets hold its isolated pods; (2) the workers
 * judge by it, and the log thread runs; (3) the flows that live already are judged; (4) the rules
 * go in, and what waits in inherited queues that are not in use any more passes them; (5) flows
 * that began since (3) are judged; (6) classes of flows are learned. 0, and what (3) and (5) found
 * in `sweeps`; or -errno and `problem`, and what was not there before is gone again. `snapshot` is
 * the caller's to free after enforcement_close().
 */
enum { ENFORCEMENT_START_SWEEPS = 2 };
int enforcement_start(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct sweep_stats sweeps[ENFORCEMENT_START_SWEEPS], char problem[PROBLEM_SIZE]);

struct publish_result {
	/* the workers judge by the new snapshot; the old one is the caller's again */
	bool published;
	uint64_t publish_ns; /* how long it took */
	uint64_t judged_ns;  /* of it: until new flows were judged by `after` */
};

/*
 * Replaces `before` by `after`, in this order: (1) the sets hold the isolated pods of both, so no
 * packet of a newly isolated pod passes unseen; (2) the learned classes with a touched end are
 * removed; (3) the workers judge by `after`, and all they allowed by `before` is in the flow table;
 * (4) the sets hold the pods of `after` only; (5) what the kernel let pass by removed classes is in
 * the flow table, too. Returns 0; or -errno and `problem`, *result telling how far it came: a step
 * that failed leaves more enforced, not less.
 *
 * Between (2) and (3) a flow may still be admitted by `before`: it is then in the flow table with
 * its ALLOW mark, and gate_presence() knows its ends. A sweep of the touched addresses, begun after
 * this returns, cuts it if `after` denies it.
 */
int enforcement_publish(struct enforcement *enforcement, const struct snapshot *before,
	const struct snapshot *after, const struct touched *touched, struct publish_result *result,
	char problem[PROBLEM_SIZE]);
/*
 * Makes the sets hold exactly what `snapshot`, the one in force, isolates, if they do not;
 * `refused`: also when the kernel refused addresses, which it may take now. 0; or -errno and
 * `problem`.
 */
int enforcement_mend_sets(struct enforcement *enforcement, const struct snapshot *snapshot,
	bool refused, char problem[PROBLEM_SIZE]);

/*
 * Judge live flows by `snapshot`: all of them, or those with one of these ends. They may run beside
 * any of the other functions, one at a time; `snapshot` must stay until they return, even if it is
 * replaced. Then flows that the replacing change touches may have been marked by the old one: they
 * are to be swept again. `turn`: gate_presence() may begin to forget. 0, or -errno and `problem`.
 */
int enforcement_sweep(const struct enforcement *enforcement, const struct snapshot *snapshot,
	bool turn, struct sweep_stats *stats, char problem[PROBLEM_SIZE]);
int enforcement_sweep_ends(const struct enforcement *enforcement, const struct snapshot *snapshot,
	const struct sweep_end *ends, size_t count, struct sweep_stats *stats,
	char problem[PROBLEM_SIZE]);

/*
 * In `words` which isolated addresses the kernel did not take into the pods sets, and why: these
 * are not enforced, and everything else is. "" when it took all. Each sweep tries again.
 */
void enforcement_shortfall(const struct enforcement *enforcement, char words[PROBLEM_SIZE]);

struct verify_result {
	bool tampered; /* our rules or sets were not as we left them; what differed is in `found` */
	bool repaired;
	bool futile; /* the repair was made, and the rules are still not as they should be */
	char found[PROBLEM_SIZE];
	long set_sizes[2]; /* addresses found in the pods sets, IPv4 and IPv6 */
};
/*
 * Looks at the rules and sets and, where another program changed them, puts them back as
 * `snapshot`, the one in force, wants them. 0; or -errno and `problem`: they could not be. Flows
 * that passed meanwhile are for the next sweep.
 */
int enforcement_verify(struct enforcement *enforcement, const struct snapshot *snapshot,
	struct verify_result *result, char problem[PROBLEM_SIZE]);
/*
 * Makes the rules and sets for bridges follow bridges and pods that have come, gone or moved. After
 * an enforcement_verify() that found all well. 0; or -errno and `problem`: what was in force stays.
 */
int enforcement_follow_bridges(struct enforcement *enforcement, const struct snapshot *snapshot,
	enum bridges_state state, char problem[PROBLEM_SIZE]);
/* Addresses of pods that no policy can hold for. */
void enforcement_find_unnamed(const struct enforcement *enforcement,
	const struct snapshot *snapshot, struct unnamed *out);

/*
 * Ends the workers, the learner and the log thread. The rules and sets stay, the sets of learned
 * classes empty: without a listener the kernel drops what the rules queue, or with daemon_away:
 * open passes it. Then no thread judges, and snapshots may be freed. NULL is allowed.
 */
void enforcement_close(struct enforcement *enforcement);

/*
 * Leaves the queues to another daemon: no thread reads them here any more, all that was read is
 * answered, and nothing is learned. While paused, no other function but stats, enforcement_close()
 * and enforcement_go_on() may be called.
 */
void enforcement_pause(struct enforcement *enforcement);
/*
 * Goes on with `snapshot`, the one that was in force: what the other has read and not answered is
 * judged. Sets and rules are as the other left them: to be verified. 0 or -errno.
 */
int enforcement_go_on(struct enforcement *enforcement, const struct snapshot *snapshot);

/*
 * Whether the workers live: gate_ask(), gate_answered(). Paused, there are none, which counts as
 * well.
 */
void enforcement_ask_workers(struct enforcement *enforcement);
bool enforcement_workers_answered(const struct enforcement *enforcement, unsigned int *silent);

/* Logs from which process the queues were inherited, if from any. */
void enforcement_log_inherited(const struct enforcement *enforcement);
/* How the queues came to us; good as long as the enforcement. */
const struct inheritance *enforcement_inheritance(const struct enforcement *enforcement);
const struct gate *enforcement_gate(const struct enforcement *enforcement);
void enforcement_learner_stats(const struct enforcement *enforcement, struct learner_stats *out);
struct pulse enforcement_learner_pulse(const struct enforcement *enforcement); /* learner_pulse() */
const struct ruleset_options *enforcement_rules(const struct enforcement *enforcement);

#endif

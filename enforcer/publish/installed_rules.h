/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_INSTALLED_RULES_H
#define ENFORCER_PUBLISH_INSTALLED_RULES_H

/*
 * podgate's iptables rules: chosen by the settings and by what the gateway has, installed, looked
 * at, and repaired. Blocking; one call at a time. Every function returns 0, or -errno and a
 * sentence in `problem`.
 */

#include <stdbool.h>

#include "config/settings/settings.h"
#include "kernel/bridge/bridge_guard.h"
#include "kernel/rules/ruleset.h"
#include "kernel/rules/ruleset_watch.h"
#include "process/problem.h"

struct installed_rules {
	struct ruleset_options options;
	struct ruleset_watch watch; /* of these rules */
	bool were_there;	    /* at the start: an earlier daemon left them */
};

int installed_rules_choose(
	struct installed_rules *rules, const struct settings *settings, char problem[PROBLEM_SIZE]);
void installed_rules_deinit(struct installed_rules *rules); /* leaves them in the kernel */

/*
 * Puts the rules in place. Where the kernel or the iptables package lacks the match hashlimit,
 * floods are not kept apart, which is logged; all other rules hold.
 */
int installed_rules_install(struct installed_rules *rules, char problem[PROBLEM_SIZE]);
/* Removes what this run brought: rules that were there before go on holding the gate. */
void installed_rules_withdraw(const struct installed_rules *rules);
/*
 * Puts the rules back after another program changed them. *futile: they were put in place, and are
 * still not as they should be.
 */
int installed_rules_repair(struct installed_rules *rules, bool *futile, char problem[PROBLEM_SIZE]);
/* Bridges and br_netfilter come and go at any time. On failure the rules stay as they were. */
int installed_rules_follow_bridges(
	struct installed_rules *rules, enum bridges_state state, char problem[PROBLEM_SIZE]);

#endif

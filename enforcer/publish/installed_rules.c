/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/publish/installed_rules.h"

#include <errno.h>
#include <stdio.h>

#include "kernel/sets/pod_set.h"
#include "process/log.h"

/*
 * Whether packets may come in by a bridge's port. Without a bridge, or without br_netfilter, none
 * does, and rules for them would only cost all others a look.
 */
static bool has_bridges(enum bridges_state state)
{
	return state != BRIDGES_NONE && bridge_guard_module_present();
}

int installed_rules_choose(
	struct installed_rules *rules, const struct settings *settings, char problem[PROBLEM_SIZE])
{
	struct bridge_view view;
	struct ruleset_options options = {
		.ipv6 = settings->ipv6 == SWITCH_ON ||
			(settings->ipv6 == SWITCH_AUTO && kernel_has_ipv6()),
		.workers = settings_workers(settings),
		.queue_base = (uint16_t)settings->queue_base,
		.mark_allow = settings->mark_allow,
		.mark_deny = settings->mark_deny,
		.flood_rate = settings->flood_rate,
		.queue_bypass = settings->daemon_away == FAIL_OPEN,
		.cpu_fanout = settings->queue_cpu_fanout,
		.host_traffic = settings->host_traffic == HOST_TRAFFIC_POLICY,
	};
	char ignored[PROBLEM_SIZE];
	const int err = ruleset_find_backend(settings->backend, &options.backend, problem);

	if (err != 0)
		return err;
	(void)bridge_guard_look(settings, &view); /* not known: as if there were one */
	options.bridged = has_bridges(view.state);
	*rules = (struct installed_rules){.options = options};
	rules->were_there = ruleset_verify(&options, ignored) != -ENOENT;
	return 0;
}

void installed_rules_deinit(struct installed_rules *rules)
{
	ruleset_watch_deinit(&rules->watch);
}

int installed_rules_install(struct installed_rules *rules, char problem[PROBLEM_SIZE])
{
	struct ruleset_options without = rules->options;
	char found[PROBLEM_SIZE];
	int err = ruleset_install(&rules->options, problem);

	without.flood_rate = 0;
	if (err == -EINVAL && rules->options.flood_rate != 0 &&
		ruleset_install(&without, found) == 0) {
		log_warnx("a source that floods can't be kept apart (`flood_rate`): %s", problem);
		rules->options = without;
		err = 0;
	}
	/* If some are missing, the look a second later finds and reports it as well. */
	if (err == 0 && ruleset_watch_remember(&rules->watch, &rules->options, found) != 0)
		log_warnx("the rules are not in place as they were written: %s", found);
	return err;
}

void installed_rules_withdraw(const struct installed_rules *rules)
{
	char ignored[PROBLEM_SIZE];

	if (rules->were_there)
		return;
	ruleset_remove(ignored);
	pod_set_destroy(ignored);
}

int installed_rules_repair(struct installed_rules *rules, bool *futile, char problem[PROBLEM_SIZE])
{
	char found[PROBLEM_SIZE];
	int err = ruleset_install(&rules->options, problem);

	if (err != 0)
		return err;
	/* Another program may have changed them again by now. */
	err = ruleset_watch_remember(&rules->watch, &rules->options, found);
	*futile = err != 0;
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "a repair of our rules does not hold: %.440s",
			found);
	return err;
}

int installed_rules_follow_bridges(
	struct installed_rules *rules, enum bridges_state state, char problem[PROBLEM_SIZE])
{
	struct ruleset_options options = rules->options;
	int err;

	options.bridged = has_bridges(state);
	if (options.bridged == rules->options.bridged)
		return 0;
	err = ruleset_install(&options, problem);
	if (err != 0)
		return err;
	rules->options = options;
	return ruleset_watch_remember(&rules->watch, &rules->options, problem);
}

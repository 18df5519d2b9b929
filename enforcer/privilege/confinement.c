/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/confinement.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "enforcer/privilege/helper.h"
#include "enforcer/privilege/privilege.h"
#include "enforcer/privilege/syscall_filter.h"
#include "process/log.h"
#include "process/sanitized.h"

/*
 * Verdicts, conntrack, sets, netlink and the sysctls of net/ all take this one, and nothing takes
 * another.
 */
static const uint64_t kept = CAPABILITY(CAP_NET_ADMIN);

static enum syscall_mode filter_mode(const struct settings *settings)
{
	return settings->seccomp == SECCOMP_LOG ? SYSCALLS_LOGGED : SYSCALLS_REFUSED;
}

static bool will_filter(const struct settings *settings)
{
	return settings->privileges != PRIVILEGES_KEEP && settings->seccomp != SECCOMP_OFF;
}

int confinement_prepare(
	struct confinement *out, const struct settings *settings, char problem[PROBLEM_SIZE])
{
	struct confinement confinement = {.settings = settings};
	int err = 0;

	if (settings->privileges == PRIVILEGES_KEEP)
		account_self(&confinement.account);
	else
		err = account_find(&confinement.account, settings->user, problem);
	if (err == 0)
		*out = confinement;
	return err;
}

int confinement_start_helper(const struct confinement *confinement, char problem[PROBLEM_SIZE])
{
	const struct settings *settings = confinement->settings;

	return settings->privileges == PRIVILEGES_KEEP
		? 0
		: helper_start(settings->seccomp != SECCOMP_OFF, problem);
}

int confinement_before_loop(const struct confinement *confinement, char problem[PROBLEM_SIZE])
{
	int err;

	if (!will_filter(confinement->settings) || SANITIZED)
		return 0;
	err = syscall_filter_refuse_io_uring(problem);
	return err == -ENOTSUP ? 0 : err; /* nor will such a kernel refuse io_uring_enter() later */
}

static int explain_step(int err, char problem[PROBLEM_SIZE])
{
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE,
			"can't open files as the user that podgate runs as: %s", strerror(-err));
	return err;
}

int confinement_step_down(const struct confinement *confinement, char problem[PROBLEM_SIZE])
{
	if (confinement->settings->privileges == PRIVILEGES_KEEP)
		return 0;
	return explain_step(account_step_down(&confinement->account), problem);
}

int confinement_step_up(const struct confinement *confinement, char problem[PROBLEM_SIZE])
{
	if (confinement->settings->privileges == PRIVILEGES_KEEP)
		return 0;
	return explain_step(account_step_up(&confinement->account), problem);
}

/*
 * A kernel without seccomp is no reason not to enforce: it is the second line of defence that is
 * missing, and status and doctor say so.
 */
static int filter(struct confinement *confinement, char problem[PROBLEM_SIZE])
{
	const struct settings *settings = confinement->settings;
	int err;

	if (settings->seccomp == SECCOMP_OFF)
		return 0;
	err = syscall_filter_install(SYSCALLS_DAEMON, filter_mode(settings), problem);
	if (err == -ENOTSUP) {
		confinement->filter = FILTER_UNAVAILABLE;
		return 0;
	}
	if (err == 0)
		confinement->filter = settings->seccomp == SECCOMP_LOG ? FILTER_LOG : FILTER_ON;
	return err;
}

int confinement_enter(struct confinement *confinement, char problem[PROBLEM_SIZE])
{
	const struct privilege_wanted wanted = {.account = &confinement->account, .keep = kept};
	int err;

	if (confinement->settings->privileges == PRIVILEGES_KEEP)
		return 0;
	err = privilege_reduce(&wanted, problem);
	if (err == 0)
		err = filter(confinement, problem);
	confinement->entered = err == 0;
	return err;
}

void confinement_of_worker(const struct settings *settings)
{
	char problem[PROBLEM_SIZE];

	/* The mode alone does not tell: the service manager may have filtered us. */
	if (!will_filter(settings) || prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER)
		return;
	if (syscall_filter_install(SYSCALLS_WORKER, filter_mode(settings), problem) != 0)
		log_warnx(
			"a worker goes on with the system calls of the whole daemon: %s", problem);
}

static const char *filter_name(const struct confinement *confinement)
{
	static const char *const names[] = {[FILTER_NONE] = "off",
		[FILTER_ON] = "on",
		[FILTER_LOG] = "log",
		[FILTER_UNAVAILABLE] = "unavailable"};

	return names[confinement->filter];
}

void confinement_log(const struct confinement *confinement)
{
	struct privilege_state now;
	char text[CAPABILITIES_TEXT];

	if (!confinement->entered)
		log_warnx("`privileges: keep` is set: podgate keeps all rights that it was started "
			  "with");
	else if (privilege_read(&now) == 0)
		log_info("running as user %s with %s, seccomp %s", confinement->account.name,
			capabilities_print(now.capabilities.effective, text),
			filter_name(confinement));
	if (confinement->filter == FILTER_UNAVAILABLE)
		log_warnx("seccomp is not available in this %s: system calls are not filtered",
			SANITIZED ? "build, which has a sanitizer" : "kernel");
}

void confinement_json(
	struct json_writer *to, const char *key, const struct confinement *confinement)
{
	char text[CAPABILITIES_TEXT], *save = NULL;
	struct privilege_state now;

	if (privilege_read(&now) != 0) {
		to->err = -ENOMEM;
		return;
	}
	json_begin_object(to, key);
	json_bool(to, "dropped", confinement->entered);
	json_text(to, "user", confinement->account.name);
	json_number(to, "uid", now.uid);
	json_begin_array(to, "capabilities");
	if (now.capabilities.permitted != 0) {
		capabilities_print(now.capabilities.permitted, text);
		for (char *name = strtok_r(text, " ", &save); name != NULL;
			name = strtok_r(NULL, " ", &save))
			json_text(to, NULL, name);
	}
	json_end_array(to);
	json_bool(to, "no_new_privs", now.no_new_privs);
	json_text(to, "seccomp", filter_name(confinement));
	json_number(to, "helper", (uint64_t)helper_pid());
	json_end_object(to);
}

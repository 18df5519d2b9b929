/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/own_files.h"

#include <limits.h>
#include <stdio.h>

#include "daemon/preflight.h"
#include "enforcer/privilege/folder_grant.h"
#include "enforcer/publish/enforcement.h"
#include "process/log.h"

enum {
	/*
	 * Measured: explaining and writing a line takes some 50 us, so a flood of different denials
	 * costs 5 % of a core.
	 */
	LOG_LINES_PER_S = 1000,
};

static void give_folders(const struct settings *settings, const struct account *account)
{
	char state[PATH_MAX]; /* the files in the state directory are called manifests.N */

	folder_grant(settings->control_socket, account);
	folder_grant(settings->log_file, account);
	if (settings->state_directory[0] != '\0' &&
		snprintf(state, sizeof(state), "%s/manifests", settings->state_directory) <
			(int)sizeof(state))
		folder_grant(state, account);
}

int own_files_open(const struct confinement *confinement, void (*lines_ready)(void *context),
	void *context, struct verdict_log **log, struct state_keeper **keeper)
{
	const struct settings *settings = confinement->settings;
	const struct account *account = &confinement->account;
	const struct verdict_log_options options = {
		.path = settings->log_file,
		.rotate_bytes = (uint64_t)settings->log_size_mib * 1024 * 1024,
		.keep = settings->log_keep,
		.ring_capacity = ENFORCEMENT_RING_CAPACITY,
		.fold_ns = (uint64_t)settings->log_fold_s * 1000000000ULL,
		.lines_per_s = LOG_LINES_PER_S,
		.lines_ready = lines_ready,
		.context = context,
	};
	char problem[PROBLEM_SIZE];
	int err, back;

	give_folders(settings, account);
	err = confinement_step_down(confinement, problem);
	if (err != 0) {
		log_error("%s", problem);
		return err;
	}
	err = preflight_log_folder(settings, account);
	if (err == 0) {
		err = verdict_log_open(log, &options);
		if (err != 0)
			preflight_refuse_log(settings, account, err);
	}
	if (err == 0)
		err = state_keeper_open(keeper, settings, account);
	back = confinement_step_up(confinement, problem);
	if (back != 0)
		log_error("%s", problem);
	return err != 0 ? err : back;
}

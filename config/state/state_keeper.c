/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/state/state_keeper.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/state/state_folder.h"
#include "process/log.h"

enum { RETRY_MS = 60000, PROBLEM = 512 };

struct state_keeper {
	const struct settings *settings;
	uv_loop_t *loop; /* NULL: it was never given a store */
	struct store *store;
	struct state_folder *folder; /* NULL: it could not be opened */
	struct state_save *save;     /* under way */
	uv_work_t work;
	uv_timer_t retry;
	bool again; /* something changed since the save began */
	bool stopped;
	char problem[PROBLEM];
};

static void set_problem(struct state_keeper *keeper, const char *what, int err)
{
	char problem[PROBLEM];

	snprintf(problem, sizeof(problem), "%s the state directory %.200s: %s", what,
		keeper->settings->state_directory, strerror(-err));
	if (strcmp(problem, keeper->problem) != 0)
		log_warnx("%s; an object that breaks while podgate is away is not kept in force "
			  "without it",
			problem);
	snprintf(keeper->problem, sizeof(keeper->problem), "%s", problem);
}

int state_keeper_open(
	struct state_keeper **out, const struct settings *settings, const struct account *account)
{
	struct state_keeper *keeper;
	int err;

	if (settings->state_directory[0] == '\0')
		return 0;
	keeper = calloc(1, sizeof(*keeper));
	if (keeper == NULL)
		return -ENOMEM;
	keeper->settings = settings;
	err = state_folder_open(&keeper->folder, settings->state_directory);
	if (err != 0) {
		set_problem(keeper, "can't use", err);
		log_warnx("make %s and give it to user %s (chown), or set state_directory (\"\": "
			  "none)",
			settings->state_directory, account->name);
	}
	*out = keeper;
	return 0;
}

static void set_aside(void *context, const char *file, const char *problem)
{
	(void)context;
	log_warnx("a record in the state directory is of no use: %s. It is set aside as %s",
		problem, file);
}

static void on_retry(uv_timer_t *timer)
{
	state_keeper_changed(timer->data);
}

void state_keeper_load(struct state_keeper *keeper, uv_loop_t *loop, struct store *store)
{
	struct store_past past;
	int err;

	if (keeper == NULL || keeper->folder == NULL)
		return;
	err = state_folder_load(keeper->folder, set_aside, keeper);
	if (err != 0)
		set_problem(keeper, "can't read", err);
	past = state_folder_past(keeper->folder);
	store_set_past(store, &past);
	keeper->loop = loop;
	keeper->store = store;
	uv_timer_init(loop, &keeper->retry);
	uv_unref((uv_handle_t *)&keeper->retry);
	keeper->retry.data = keeper;
}

static void run(uv_work_t *work)
{
	const struct state_keeper *keeper = work->data;

	state_save_run(keeper->save);
}

static void on_saved(uv_work_t *work, int status)
{
	struct state_keeper *keeper = work->data;
	const int err = state_save_end(keeper->save, keeper->store);

	(void)status;
	keeper->save = NULL;
	if (err != 0) {
		set_problem(keeper, "can't write in", err);
		if (!keeper->stopped)
			uv_timer_start(&keeper->retry, on_retry, RETRY_MS, 0);
	} else if (keeper->problem[0] != '\0') {
		log_info("the state directory can be written again");
		keeper->problem[0] = '\0';
	}
	if (keeper->again && (err == 0 || !keeper->stopped))
		state_keeper_changed(keeper);
}

void state_keeper_changed(struct state_keeper *keeper)
{
	int err;

	if (keeper == NULL || keeper->loop == NULL)
		return;
	keeper->again = keeper->save != NULL;
	if (keeper->save != NULL)
		return;
	err = state_save_begin(&keeper->save, keeper->folder, keeper->store);
	if (err != 0)
		set_problem(keeper, "can't write in", err);
	if (keeper->save == NULL)
		return;
	keeper->work.data = keeper;
	uv_queue_work(keeper->loop, &keeper->work, run, on_saved);
}

void state_keeper_stop(struct state_keeper *keeper)
{
	if (keeper == NULL || keeper->loop == NULL || keeper->stopped)
		return;
	keeper->stopped = true;
	uv_close((uv_handle_t *)&keeper->retry, NULL);
}

void state_keeper_free(struct state_keeper *keeper)
{
	if (keeper == NULL)
		return;
	state_folder_close(keeper->folder);
	free(keeper);
}

struct state_keeper_stats state_keeper_stats(const struct state_keeper *keeper)
{
	if (keeper == NULL)
		return (struct state_keeper_stats){.directory = ""};
	return (struct state_keeper_stats){
		.directory = keeper->settings->state_directory,
		.records = keeper->folder == NULL ? 0 : state_folder_records(keeper->folder),
		.problem = keeper->problem[0] == '\0' ? NULL : keeper->problem,
	};
}

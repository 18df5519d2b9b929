/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STATE_STATE_KEEPER_H
#define CONFIG_STATE_STATE_KEEPER_H

/*
 * Sees to it that the last sound objects of each manifest file outlive the daemon
 * (`state_directory`): gives them to the store at the start, and writes down what changed, on a
 * pool thread, one save at a time. Without the folder podgate enforces all the same; the log and
 * status say what is wrong. For the loop's thread.
 */

#include <uv.h>

#include "config/settings/settings.h"
#include "config/store/store.h"
#include "process/account.h"

struct state_keeper;

/*
 * Opens the folder, as the user that podgate runs as (call it so), because later nobody may make
 * one. *out is NULL with `state_directory: ""`. 0 or -ENOMEM.
 */
int state_keeper_open(
	struct state_keeper **out, const struct settings *settings, const struct account *account);
/* Reads what there is, and has the store ask for it. The store must go before the keeper. */
void state_keeper_load(struct state_keeper *keeper, uv_loop_t *loop, struct store *store);
/* The store has changed, or was filled. NULL is allowed, as in the others. */
void state_keeper_changed(struct state_keeper *keeper);
/* what is under way, and what waits, is still written */
void state_keeper_stop(struct state_keeper *keeper);
void state_keeper_free(struct state_keeper *keeper); /* after the loop has run out */

struct state_keeper_stats {
	const char *directory; /* "": none is wanted */
	size_t records;	       /* manifest files whose objects are written down there */
	const char *problem;   /* what fails now; NULL: nothing */
};
struct state_keeper_stats state_keeper_stats(const struct state_keeper *keeper);

#endif

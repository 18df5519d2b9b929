/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STATE_STATE_FOLDER_H
#define CONFIG_STATE_STATE_FOLDER_H

/*
 * A folder in which the last sound objects of each manifest file outlive the daemon
 * (state_record.h): one file a manifest file, written beside and renamed when it is on the disk. A
 * record that is damaged is set aside, by a name that ends in .broken. Its files are called
 * manifests.N, N a number made of the manifest file's name.
 *
 * The folder is for the loop's thread; writing, which may take long, is a job that may run on
 * another one.
 */

#include "config/store/store.h"

struct state_folder;

/* Makes the folder (0700, not its parents) if it is not there, and opens it. 0 or -errno. */
int state_folder_open(struct state_folder **out, const char *path);
/* NULL is allowed; no save may be under way */
void state_folder_close(struct state_folder *folder);

/*
 * Finds the records. A record that can't be used is set aside: `aside` gets the file that it is in
 * now, and the reason. 0 or -errno.
 */
int state_folder_load(struct state_folder *folder,
	void (*aside)(void *context, const char *file, const char *problem), void *context);
/* For store_set_past(). The folder must outlive the store's use of it. Any thread may ask it. */
struct store_past state_folder_past(struct state_folder *folder);
size_t state_folder_records(const struct state_folder *folder);

/*
 * Saves the changes since the last save: files with other objects, and records of files that are
 * gone.
 */
struct state_save;
/* On the loop. *out is NULL when nothing has changed. 0 or -ENOMEM. */
int state_save_begin(struct state_save **out, struct state_folder *folder, struct store *store);
void state_save_run(struct state_save *save); /* any thread */
/*
 * On the loop: frees it. 0; or the first -errno, and the next save writes the rest.
 */
int state_save_end(struct state_save *save, struct store *store);

#endif

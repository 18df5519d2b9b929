/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_BELONGINGS_H
#define ENFORCER_PRIVILEGE_BELONGINGS_H

/*
 * Folders that podgate needs to write in when it is no longer root: the log's, to rotate it, and
 * the control socket's, to remove it. While it still is root it makes them, and gives them to the
 * user that it becomes.
 */

#include "process/account.h"

/*
 * Makes the folder of `path` (0750, not its parents) if it is not there, and gives it to the
 * account with the files of that name ("verdicts.jsonl", "verdicts.jsonl.1"...) in it. Only when it
 * is root's as yet, nobody else may write there, and it holds nothing else: a folder that others
 * use is not ours to give away, and in one that is given already somebody may have put a link to a
 * file of root's. Nor when the account could have chosen where the way to it leads. Whether all is
 * well then shows when it is used.
 */
void belongings_give_folder(const char *path, const struct account *account);
/* Whether it would. Changes nothing. */
bool belongings_would_give_folder(const char *path, const struct account *account);

/* Whether whoever we are now may make and rename files in the folder of `path`. 0 or -errno. */
int belongings_check_folder(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_FOLDER_GRANT_H
#define ENFORCER_PRIVILEGE_FOLDER_GRANT_H

/*
 * Folders that podgate needs to write in when it is no longer root: the log's, to rotate it, and
 * the control socket's, to remove it. While it still is root it makes them, and gives them to the
 * user that it becomes.
 */

#include "process/account.h"

/*
 * Makes the folder of `path` (0750, not its parents) if it is not there, and gives it to the
 * account, with the files of that name ("verdicts.jsonl", "verdicts.jsonl.1"...) in it. Does so
 * only if the folder is root's, nobody else can write there, and it holds nothing else: podgate
 * must not give away a folder that others use, and an earlier owner may have put a link to a file
 * of root's there. Nor does it if the account could have chosen where the path leads. A failure
 * shows when the folder is used.
 */
void folder_grant(const char *path, const struct account *account);
/* Whether it would. Changes nothing. */
bool folder_grant_would(const char *path, const struct account *account);

/* Whether the present user may make and rename files in the folder of `path`. 0 or -errno. */
int folder_grant_check(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_PREFLIGHT_H
#define DAEMON_PREFLIGHT_H

/*
 * What may stop a start, looked at before anything is started. Each function says in podgate's log
 * what is wrong and what would mend it. For the main thread, before there are others.
 */

#include "config/settings/settings.h"
#include "process/account.h"

/*
 * `podgate run -n`: all of it, without starting anything. Returns 0; or -errno, and the log says
 * what is wrong. Broken manifests are said, too, but stop no start, so they are no failure here.
 * The process then runs as the user that podgate would be.
 */
int preflight_check(const struct settings *settings);

/* The host's features, and that bridged packets pass iptables. 0 or -errno. */
int preflight_host(const struct settings *settings);
/* Says why the verdict log can't be opened as `account`. */
void preflight_refuse_log(const struct settings *settings, const struct account *account, int err);
/* Says why the manifests at a path can't be watched, and what would mend it. */
void preflight_refuse_manifests(const char *path, int err);
/* Whether the process, which runs as `account` now, can rotate the log. 0 or -EACCES. */
int preflight_log_folder(const struct settings *settings, const struct account *account);

#endif

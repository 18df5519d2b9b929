/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

/*
 * `podgate run`: everything put together on one libuv loop. Starts in this order, and on a failure
 * undoes what it did in reverse: the host's checks; helper process; control socket; the port of the
 * metrics; verdict log; queues; privileges given up (confinement.h); manifests; first policies,
 * live flows judged, rules; metrics; READY.
 *
 * Signals: SIGTERM and SIGINT stop; SIGHUP reads the manifests and opens the log file again.
 * After a stop the rules stay, as they would after a crash: what the kernel queues then is dropped,
 * or passed with daemon_away: open. `podgate cleanup` removes them. Where the queues are handed on
 * (descriptor_store.h, handover.h), packets wait in them instead.
 */

#include <stdbool.h>

#include "config/settings/settings.h"

/*
 * With `take_over`, it takes the place of a daemon that runs, if one does (takeover.h). Blocks
 * until a signal ends it, or a successor. Returns 0; or -errno when it could not start, which the
 * log has said. Once a process.
 */
int daemon_run(const struct settings *settings, bool take_over);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_DAEMON_MANIFESTS_H
#define CLI_DAEMON_MANIFESTS_H

/*
 * Whether the manifests that the settings name are those that the running daemon enforces. A
 * command that reads the ones or asks the other would else give an answer about something that
 * nobody meant.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "config/settings/settings.h"

enum { DAEMON_MANIFESTS_NOTE = 400 };

/*
 * Compares a status (service/views/status.h) with the settings: the same files and folders in any
 * order, links resolved, are the same manifests. False, with a sentence in `note`, when they
 * differ. A daemon that does not say counts as the same.
 */
bool daemon_manifests_agree(
	const cJSON *status, const struct settings *settings, char note[DAEMON_MANIFESTS_NOTE]);

/*
 * Asks the daemon at the settings' socket, and says on standard error when it enforces other
 * manifests. Says nothing when no daemon answers within two seconds, or this user may not ask it.
 */
void daemon_manifests_warn(const struct settings *settings);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_DOCTOR_DAEMON_H
#define CLI_DOCTOR_DAEMON_H

/* What a running daemon says of itself, as findings beside those about the machine. */

#include <stddef.h>

#include <cjson/cJSON.h>

#include "doctor/host.h"

enum { DOCTOR_DAEMON_MOST = 24 };

/*
 * Of a status (service/views/status.h). Returns how many were stored, DOCTOR_DAEMON_MOST at most.
 */
size_t doctor_daemon_examine(
	const cJSON *status, const struct settings *settings, struct host_finding *findings);
/* Asks the daemon at this socket. That none answers is a finding, and no trouble. */
size_t doctor_daemon_ask(
	const char *socket_path, const struct settings *settings, struct host_finding *findings);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_STATUS_TEXT_H
#define CLI_STATUS_TEXT_H

/*
 * The daemon's status (service/views/status.h) for people: what matters first, and audit mode so
 * that nobody takes it for enforcement.
 */

#include <cjson/cJSON.h>

/*
 * Prints on standard output. Fields that are missing print as 0 or "?": an older daemon may answer.
 */
void status_text_print(const cJSON *status);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_VIEWS_STATUS_H
#define SERVICE_VIEWS_STATUS_H

/*
 * The answers to the control commands "status" and "diags", whose members podgate-control(7)
 * describes. The numbers come from the table of figures (figures.h). The writer fails when memory
 * is short.
 */

#include "config/store/store.h"
#include "config/text/json_writer.h"
#include "service/views/status_figures.h"

/* Writes {"ok": true, ...}. On the loop's thread. */
void status_json(struct json_writer *to, const struct status_sources *sources);
/*
 * Writes {"ok": true, "diags": [{"severity", "file", "line", "column", "code", "text", "hint"}],
 * "errors", "dropped"}: the findings of the manifests and of the addresses in force.
 */
void status_diags_json(
	struct json_writer *to, struct store *store, const struct snapshot *snapshot);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_ORACLE_H
#define CLI_ORACLE_H

/*
 * Who answers what explain and test ask: manifests compiled here (-f), or the running daemon. Both
 * are asked in the control protocol's own requests (podgate-control(7)), so a command never knows
 * the difference.
 */

#include <cjson/cJSON.h>

#include "cli/command_options.h"
#include "cli/offline.h"

struct oracle {
	bool is_offline;
	struct offline offline;
	const char *socket;
};

/* 0, or -errno said on standard error. With -f the manifests must be sound. */
int oracle_open(struct oracle *out, struct command_options *options);
void oracle_close(struct oracle *oracle);

/*
 * Stores the reply, which says "ok": true and is the caller's. 0, or -errno said on standard error.
 */
int oracle_ask(const struct oracle *oracle, const cJSON *request, cJSON **reply);
/*
 * Asks {"command": "explain"}; *flows belongs to *reply, and is NULL should the daemon send none.
 */
int oracle_explain(const struct oracle *oracle, const char *source, const char *destination,
	cJSON **reply, const cJSON **flows);

#endif

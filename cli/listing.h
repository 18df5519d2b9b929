/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

/*
 * What `flows` and `policies` share: a long answer of the daemon's shown as it comes, so that it
 * need not fit into memory. As JSON it is one document: the fields of the answer's first line, the
 * list, the fields of its last.
 */

#include "cli/command_options.h"

struct listing {
	const char *name; /* of the list in JSON */
	/*
	 * Shows one line as text, the first and the last included; it may change it. 0; or a
	 * negative errno, said on standard error.
	 */
	int (*show)(cJSON *line, void *context);
	void *context;
};

/* Asks the daemon and shows. Returns the exit code. */
int listing_run(
	struct command_options *options, const cJSON *request, const struct listing *listing);

#endif

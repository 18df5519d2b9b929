/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_HANDOVER_H
#define DAEMON_HANDOVER_H

/*
 * The side of a running daemon when another takes its place (takeover.h has the other side), over
 * one connection of the control socket, which the two keep until the end:
 *
 * 	{"command": "hand_over", "protocol": 1, "step": "offer"}
 * 		{"ok": true, "protocol": 1, "pid", "version", "names": ["control", "claim",
 * 		"metrics 0.0.0.0:9477",
 * 			"queue-8610", ...]}
 * 		With the answer come the sockets, in the order of the names. Nothing has
 * 		changed: this daemon goes on.
 * 	{... "step": "pause"}
 * 		{"ok": true, "paused": true}: no process reads the queues any more, and all that
 * 		was read is answered. What comes
 * 		waits. Sets, rules and marks are the successor's. Or "paused": false: a change
 * 		is under way, ask again.
 * 	{... "step": "done"}
 * 		{"ok": true}: the successor judges; this daemon ends, and leaves everything as
 * 		it is.
 *
 * If the connection ends before the last step, the successor has died or failed: then this daemon
 * goes on where it was. A connection must not be ended while its owner reads the queues. For the
 * loop's thread.
 */

#include <stdbool.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

#include "config/settings/settings.h"
#include "daemon/claim.h"
#include "enforcer/publish/enforcement.h"
#include "enforcer/publish/publish.h"
#include "service/control/control_server.h"
#include "service/metrics/metrics.h"

enum { HANDOVER_PROTOCOL = 1, HANDOVER_NAME = 96 };

enum handover_step { HANDOVER_OFFER, HANDOVER_PAUSE, HANDOVER_DONE };

struct handover {
	const struct settings *settings;
	const struct control_server *control;
	const struct metrics *metrics; /* NULL: there are none */
	const struct claim *claim;     /* NULL: it could not be had */
	struct enforcement *enforcement;
	struct publisher *publisher;
	bool offered, paused, done;
};

/* Answers a hand_over request; *offer, zeroed by the caller, is what goes with the answer. */
void handover_answer(struct handover *handover, const cJSON *request, struct control_offer *offer,
	struct json_writer *to);
/* The connection has ended. */
void handover_abandoned(struct handover *handover);

/* Reads a request. 0; or -EINVAL, or -EPROTONOSUPPORT for another protocol. Pure. */
int handover_parse(enum handover_step *out, const cJSON *request);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_CONTROL_H
#define ENFORCER_CONTROL_H

/*
 * The control socket: how `podgate status`, `watch`, `explain` and others speak with the running daemon. A UNIX
 * stream socket, mode 0600, so that only root may connect; or 0660 and of a group. Who may connect may ask
 * everything: no request changes what is enforced. Runs on the loop's thread.
 *
 * The protocol (podgate-control(7)). A client sends requests, each one JSON object on a line of its own; each
 * is answered, in order, by one line: {"ok": true, ...} or {"ok": false, "error": "what is wrong"}. After an
 * unreadable request, or one that breaks a limit, the daemon answers and closes. "command" says what is wanted:
 *
 *   {"command": "status"}
 *	What is in force and how it fares; the fields are described in status.h.
 *   {"command": "diags"}
 *	"diags": the findings in the manifests now in force; "errors" and "dropped": how many.
 *   {"command": "reload"}
 *	Reads all manifests again, now. "revision": in force as yet; "pending": a change is under way, and status has
 *	"pending": false once it (and every one before) is enforced.
 *   {"command": "explain", "source": "shop/web", "destination": "10.0.0.7:5432/tcp"}
 *   {"command": "judge", "rows": [["shop/web", "shop/db", "TCP", "5432"], ...]}
 *	Both described in explain_json.h.
 *   {"command": "watch", "deny": true, "namespace": NAME, "pod": "NAMESPACE/NAME", "policy": "NAMESPACE/NAME"}
 *	All but the command optional. After {"ok": true, "watching": true} the daemon sends the verdict log's lines as
 *	they are written (podgate-log(5)); the client sends nothing more. A client that does not read loses lines, and
 *	is sent {"event": "lost", "count": N} when it reads again.
 *
 * Limits: a request has 64 KiB, a judge request 4 MiB (one client at a time); 64 clients; a client that asks
 * nothing for 30 s is disconnected, unless it watches.
 */

#include <stddef.h>

#include <uv.h>

#include "enforcer/control_request.h"

struct control;

struct control_options {
	uv_loop_t *loop;
	const char *path;
	const char *group;		/* whose members may connect, too; NULL or "": nobody's */
	unsigned int idle_ms;		/* 0: the 30 s of the protocol */
	/* Answers any command but watch: {"ok": ...}, or NULL when memory is short. The server deletes the value. */
	cJSON *(*answer)(void *context, const struct control_request *request);
	/* Somebody watches now, or nobody does any more. */
	void (*watched)(void *context, bool any);
	void *context;
};

/*
 * Makes the folder (0755) and the socket, in place of a stale one. Returns 0; or -errno with a sentence and its
 * remedy in `problem`: -EADDRINUSE when a daemon answers there, -EEXIST when something else is there,
 * -ENAMETOOLONG, -ENOENT when there is no such group.
 */
int control_start(struct control **out, const struct control_options *options, char problem[CONTROL_PROBLEM]);
/* Sends a line of the verdict log to those who watch for it. `text` has its newline and is copied. */
void control_send_record(struct control *control, const cJSON *record, const char *text, size_t length);
/* To all who watch: so many lines were lost before they came here. */
void control_send_lost(struct control *control, unsigned long long count);
/* Removes the socket and closes all; the memory goes when the loop has run the close callbacks. NULL is allowed. */
void control_stop(struct control *control);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_SERVER_H
#define SERVICE_CONTROL_CONTROL_SERVER_H

/*
 * The control socket: how `podgate status`, `watch`, `explain` and others speak with the running
 * daemon. A UNIX stream socket, mode 0600, so that only root may connect; or 0660 and of a group.
 * Who may connect may ask everything: no request but hand_over changes what is enforced. Runs on
 * the loop's thread.
 *
 * The protocol (podgate-control(7)). A client sends requests, each one JSON object on a line of its
 * own; each is answered, in order, by one line: {"ok": true, ...} or {"ok": false, "error": "what
 * is wrong"}. flows and policies send further lines, up to one with "end". After an unreadable
 * request, or one that breaks a limit, the daemon answers and closes. A client may shut down its
 * sending side; it is answered all the same. "command" says what is wanted:
 *
 *   {"command": "status"}
 * 	What is in force and how it fares; the fields are described in status.h.
 *   {"command": "diags"}
 * 	"diags": the findings in the manifests now in force; "errors" and "dropped": how many.
 *   {"command": "reload"}
 * 	Reads all manifests again, now. "revision": in force as yet; "pending": a change is
 * 	under way, and status has
 * 	"pending": false once it (and every one before) is enforced.
 *   {"command": "explain", "source": "shop/web", "destination": "10.0.0.7:5432/tcp"}
 *   {"command": "judge", "rows": [["shop/web", "shop/db", "TCP", "5432"], ...]}
 * 	Both described in explain_json.h.
 *   {"command": "flows", "namespace": NAME, "pod": "NAMESPACE/NAME", "deny": true, "allow": true,
 *   "protocol": "TCP",
 *    "all": true, "limit": N}
 * 	All but the command optional. The live connections, described in flow_listing.h.
 *   {"command": "policies", "namespace": NAME, "pod": "NAMESPACE/NAME"}
 * 	The policies in force, described in policy_listing.h.
 *   {"command": "watch", "deny": true, "allow": true, "audit": true, "revoked": true,
 *   "namespace": NAME,
 *    "pod": "NAMESPACE/NAME", "policy": "NAMESPACE/NAME", "since": "2026-11-24T10:00:00Z"}
 * 	All but the command optional. After {"ok": true, "watching": true} the daemon sends the
 * 	verdict log's lines as
 * 	they are written (podgate-log(5)); the client sends nothing more. "since" has it first
 * 	send those that the log
 * 	file and its rotated predecessors hold from that time on. A client that does not read
 * 	loses lines, and is sent
 * 	{"event": "lost", "count": N} when it reads again; of the past it loses none.
 *
 *   {"command": "hand_over", "protocol": 1, "step": "offer"}
 * 	For a daemon that takes the place of this one, handover.h. Only of root and of the user
 * 	that the daemon runs as,
 * 	whoever else may connect; and of one client at a time, which has it until it disconnects.
 *
 * Limits: a request has 64 KiB, a judge request 1 MiB (one client at a time, and one more of root
 * or of the daemon's own user); 64 clients, of which others than those two users have at most 48,
 * and each of them 16; a client that asks nothing, or takes nothing of what it asked for, for 30 s
 * is disconnected, unless it watches or takes over.
 */

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "enforcer/log/verdict_lines.h"
#include "process/passed_descriptors.h"
#include "service/control/control_request.h"
#include "service/control/log_replay.h"
#include "service/control/stream.h"

/*
 * Macros, as the refusals quote them. Of all places some are kept for root and the user that the
 * daemon runs as.
 */
#define CONTROL_CLIENTS_MOST 64
#define CONTROL_CLIENTS_KEPT 16
#define CONTROL_CLIENTS_OF_A_USER 16 /* of a user who is neither */

struct control_server;

/* What goes with an answer to hand_over: descriptors, which stay the answerer's. */
enum { CONTROL_OFFER_MOST = PASSED_DESCRIPTORS_MOST };
struct control_offer {
	int descriptors[CONTROL_OFFER_MOST];
	size_t count;
	bool last; /* when it has left, `handed_over` is called */
};

struct control_server_options {
	/* a socket that listens at `path` already, the server's from here on; 0: none */
	int inherited;
	uv_loop_t *loop;
	const char *path;     /* stays as long as the server */
	const char *group;    /* its members may connect, too; NULL or "": no group */
	unsigned int idle_ms; /* 0: the 30 s of the protocol */
	/*
	 * Answers in one line: {"ok": ...}, or NULL when memory is short. The server deletes the
	 * value.
	 */
	cJSON *(*answer)(void *context, const struct control_request *request);
	/*
	 * Begins the answer to flows and policies, as lines that the server sends and a stream that
	 * it frees. 0; or -errno, and the reason to refuse it in `problem`.
	 */
	int (*open)(void *context, const struct control_request *request, struct stream **out,
		char problem[CONTROL_PROBLEM]);
	/* The same for the past that a watch asks for. */
	int (*replay)(void *context, const struct control_request *request, struct replay **out,
		char problem[CONTROL_PROBLEM]);
	/* Answers hand_over; *offer is zeroed. NULL with all of these: nothing is handed over. */
	cJSON *(*hand_over)(
		void *context, const struct control_request *request, struct control_offer *offer);
	void (*abandoned)(void *context); /* the client that asked to hand over is gone */
	void (*handed_over)(void *context);
	/* The first session watches now, or the last one watches no more. */
	void (*watched)(void *context, bool any);
	void *context;
};

/*
 * Makes the socket (control_socket.h) and serves it. Returns 0; or -errno with a sentence and its
 * remedy in `problem`.
 */
int control_server_start(struct control_server **out, const struct control_server_options *options,
	char problem[CONTROL_PROBLEM]);
/* Sends a line of the verdict log to the sessions that watch for it. It is copied. */
void control_server_send_line(struct control_server *server, const struct verdict_line *line);
/* Tells all sessions that watch how many lines were lost before they came here. */
void control_server_send_lost(struct control_server *server, unsigned long long count);
/*
 * The socket is ours alone from here on. Until then an inherited one may still be needed by its
 * first owner.
 */
void control_server_own(struct control_server *server);
/* The listening socket, for handing it on; it stays the server's. */
int control_server_listener(const struct control_server *server);
/*
 * Removes the socket, if it is ours and no session is about to take it over or has, and closes all;
 * the memory goes when the loop has run the close callbacks. NULL is allowed.
 */
void control_server_stop(struct control_server *server);

#endif

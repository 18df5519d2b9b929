/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_WATCH_H
#define SERVICE_CONTROL_CONTROL_WATCH_H

/*
 * The verdict log's lines for the sessions that watch. A session that asks for the past is sent
 * that first, as a stream (log_replay.h): lines that are written meanwhile are kept for it. Private
 * to control_*.c. On the loop's thread.
 */

#include "service/control/control_session.h"

/* The session watches from here on, with the past first if it asks for that. */
void control_watch_begin(struct control_session *session, const struct control_request *request);
/* The past is told up to now: lines that are written from here on are for the session, too. */
void control_watch_follow(struct control_session *session);
/* The past has come to its end: sends the lines that were kept meanwhile. */
void control_watch_catch_up(struct control_session *session);
/* Tells the session how many lines it was not sent, if any. */
void control_watch_tell_lost(struct control_session *session);

#endif

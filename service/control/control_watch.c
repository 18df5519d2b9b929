/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/control/control_stream.h"
#include "service/control/log_replay.h"

enum { WATCH_BACKLOG_MOST = 256 * 1024 }; /* of lines that a session has not read */

void control_watch_begin(struct control_session *session, const struct control_request *request)
{
	const struct control_server_options *options = &session->server->options;
	struct json_writer reply = {.text = NULL};

	if (request->filter.since_ns > 0) {
		char problem[PROBLEM_SIZE] = "out of memory";

		if (request->command->watch(options->context, request, &session->replay, problem) !=
			0) {
			control_session_send_refusal(session, problem);
			return;
		}
		control_stream_begin(session, &session->replay->stream);
		if (session->closing)
			return;
	}
	uv_timer_stop(&session->idle);
	session->watching = true;
	session->filter = request->filter;
	if (session->stream == NULL)
		control_watch_follow(session);
	json_begin_object(&reply, NULL);
	json_bool(&reply, "ok", true);
	json_bool(&reply, "watching", true);
	json_end_object(&reply);
	control_session_send_json(session, &reply);
}

void control_watch_follow(struct control_session *session)
{
	struct control_server *server = session->server;

	if (session->replay != NULL)
		session->replay->followed = true;
	session->follows = true;
	if (++server->watchers == 1)
		server->options.watched(server->options.context, true);
}

static void send_copy(struct control_session *session, const char *text, size_t length)
{
	char *copy;

	if (control_session_backlog(session) > WATCH_BACKLOG_MOST) {
		session->lost++;
		return;
	}
	copy = malloc(length);
	if (copy != NULL)
		memcpy(copy, text, length);
	control_session_send(session, copy, length);
}

void control_watch_catch_up(struct control_session *session)
{
	struct verdict_line *line;

	while (!session->closing &&
		(line = kept_lines_take(&session->kept, session->replay->seq)) != NULL) {
		send_copy(session, line->text, line->length);
		free(line);
	}
	kept_lines_deinit(&session->kept);
	session->replay = NULL;
}

void control_watch_tell_lost(struct control_session *session)
{
	char line[96];
	int length;

	if (session->lost == 0)
		return;
	length = snprintf(
		line, sizeof(line), "{\"event\":\"lost\",\"count\":%llu}\n", session->lost);
	session->lost = 0;
	control_session_send(session, strdup(line), (size_t)length);
}

void control_server_send_line(struct control_server *server, const struct verdict_line *line)
{
	cJSON *record = cJSON_ParseWithLength(line->text, line->length);
	struct control_session *session, *next;

	for (session = server->first; session != NULL; session = next) {
		next = session->next;
		if (!session->follows)
			continue;
		if (record == NULL)
			session->lost++; /* out of memory */
		else if (!filter_matches(&session->filter, record))
			continue;
		else if (session->stream == NULL)
			send_copy(session, line->text, line->length);
		else if (!kept_lines_add(&session->kept, line))
			session->lost++;
	}
	cJSON_Delete(record);
}

/*
 * A session that is still sent the past may find some of these there: then they are counted, and
 * not lost.
 */
void control_server_send_lost(struct control_server *server, unsigned long long count)
{
	struct control_session *session, *next;

	for (session = server->first; session != NULL; session = next) {
		next = session->next;
		if (!session->follows)
			continue;
		session->lost += count;
		if (session->stream == NULL && control_session_backlog(session) == 0)
			control_watch_tell_lost(session);
	}
}

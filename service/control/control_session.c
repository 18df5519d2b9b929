/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/control/control_session.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/passed_descriptors.h"
#include "service/control/control_stream.h"
#include "service/control/control_watch.h"

enum {
	REQUEST_FIRST = 4 * 1024, /* the first size of a session's buffer */
	REQUEST_MOST = 64 * 1024,
	LARGE_REQUEST_MOST = 1024 * 1024, /* by one session at a time */
};

/* ---- the end of a session ---- */

static void free_session(uv_handle_t *handle)
{
	struct control_session *session = handle->data;

	if (--session->handles > 0)
		return;
	control_server_release(session->server);
	kept_lines_deinit(&session->kept);
	free(session->buffer);
	free(session);
}

void control_session_close(struct control_session *session)
{
	struct control_server *server = session->server;
	const struct control_server_options *options = &server->options;

	if (session->closing)
		return;
	session->closing = true;
	*session->link = session->next;
	if (session->next != NULL)
		session->next->link = session->link;
	server->count--;
	if (server->large[session->trusted] == session)
		server->large[session->trusted] = NULL;
	if (server->heir == session) {
		server->heir = NULL;
		options->abandoned(options->context);
	}
	if (session->stream != NULL)
		control_stream_cancel(session->stream);
	session->stream = NULL;
	if (session->follows && --server->watchers == 0)
		options->watched(options->context, false);
	uv_close((uv_handle_t *)&session->pipe, free_session);
	uv_close((uv_handle_t *)&session->idle, free_session);
}

static void idle_too_long(uv_timer_t *timer)
{
	control_session_close(timer->data);
}

static void restart_idle(struct control_session *session)
{
	uv_timer_start(&session->idle, idle_too_long, session->server->options.idle_ms, 0);
}

/* ---- sending ---- */

struct outgoing {
	uv_write_t request;
	struct control_session *session;
	char *text;
};

size_t control_session_backlog(const struct control_session *session)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&session->pipe);
}

static void sent(uv_write_t *request, int status)
{
	struct outgoing *outgoing = (struct outgoing *)request;
	struct control_session *session = outgoing->session;

	free(outgoing->text);
	free(outgoing);
	if (session->closing)
		return;
	if (status != 0) {
		control_session_close(session);
	} else if (control_session_backlog(session) == 0) {
		if (!session->watching)
			restart_idle(session);
		control_session_go_on(session);
	}
}

void control_session_send(struct control_session *session, char *text, size_t length)
{
	struct outgoing *outgoing = text == NULL ? NULL : malloc(sizeof(*outgoing));
	uv_buf_t buffer = uv_buf_init(text, (unsigned int)length);

	if (outgoing != NULL && length <= UINT32_MAX) {
		outgoing->session = session;
		outgoing->text = text;
		if (uv_write(&outgoing->request, (uv_stream_t *)&session->pipe, &buffer, 1, sent) ==
			0)
			return;
	}
	free(outgoing);
	free(text);
	control_session_close(session);
}

void control_session_send_json(struct control_session *session, struct json_writer *line)
{
	json_end_line(line);
	if (line->err != 0)
		json_writer_deinit(line);
	control_session_send(session, line->text, line->length);
}

void control_session_send_refusal(struct control_session *session, const char *problem)
{
	struct json_writer line = {.text = NULL};

	json_refusal(&line, problem);
	control_session_send_json(session, &line);
}

/* Answers what can't be served, for the last time. */
static void refuse(struct control_session *session, const char *problem)
{
	session->last_answer = true;
	uv_read_stop((uv_stream_t *)&session->pipe);
	control_session_send_refusal(session, problem);
}

/* ---- requests ---- */

/*
 * Its idle timer stands still: while the heir reads the queues nobody else may, so it is waited for
 * as long as it lives.
 */
static void hand_over(struct control_session *session, const struct control_request *request)
{
	struct control_server *server = session->server;
	const struct control_server_options *options = &server->options;
	struct control_offer offer = {.count = 0};
	struct json_writer line = {.text = NULL};
	struct iovec vector;
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	union passed_descriptors passed;
	uv_os_fd_t fd = -1;

	if (!session->trusted) {
		refuse(session,
			"only root and the user that podgate runs as may take over from it");
		return;
	}
	if (server->heir != NULL && server->heir != session) {
		refuse(session, "another podgate is taking over");
		return;
	}
	server->heir = session;
	uv_timer_stop(&session->idle);
	request->command->hand_over(options->context, request, &offer, &line);
	json_end_line(&line);
	server->handed_over = offer.last;
	vector = (struct iovec){.iov_base = line.text, .iov_len = line.length};
	if (offer.count > 0)
		passed_descriptors_attach(&message, &passed, offer.descriptors, offer.count);
	/*
	 * Past libuv, which passes handles of its own only: nothing is waiting to be written before
	 * it.
	 */
	if (line.err != 0 || uv_fileno((const uv_handle_t *)&session->pipe, &fd) != 0 ||
		sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)vector.iov_len)
		control_session_close(session);
	json_writer_deinit(&line);
	if (offer.last)
		options->handed_over(options->context);
}

static void serve(struct control_session *session, const char *line, size_t length)
{
	const struct control_server_options *options = &session->server->options;
	char problem[PROBLEM_SIZE] = "out of memory";
	const struct control_command *command;
	struct control_request request;

	if (control_request_parse(&request, options->commands, line, length, problem) != 0) {
		refuse(session, problem);
		return;
	}
	command = request.command;
	request.trusted = session->trusted;
	if (length > REQUEST_MOST && !command->is_large) {
		refuse(session, "the request is longer than 64 KiB");
	} else if (command->watch != NULL) {
		control_watch_begin(session, &request);
	} else if (command->hand_over != NULL) {
		hand_over(session, &request);
	} else if (command->open != NULL) {
		struct stream *source;

		restart_idle(session);
		if (command->open(options->context, &request, &source, problem) != 0)
			control_session_send_refusal(session, problem);
		else
			control_stream_begin(session, source);
	} else {
		struct json_writer reply = {.text = NULL};

		command->answer(options->context, &request, &reply);
		/* Making the answer took our time, not the client's: so its patience begins now. */
		uv_update_time(options->loop);
		restart_idle(session);
		control_session_send_json(session, &reply);
	}
	control_request_deinit(&request);
}

/* ---- the loop of a session ---- */

/* Whether this may become a large request. Its command comes long before the end of 64 KiB. */
static bool names_large_command(const struct control_session *session)
{
	char quoted[64];

	for (const struct control_command *command = session->server->options.commands;
		command->name != NULL; command++) {
		snprintf(quoted, sizeof(quoted), "\"%s\"", command->name);
		if (command->is_large &&
			memmem(session->buffer, session->used, quoted, strlen(quoted)) != NULL)
			return true;
	}
	return false;
}

/* Makes room to read on. One session at a time may send a large request. */
static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct control_session *session = handle->data;
	struct control_session **large = &session->server->large[session->trusted];

	(void)suggested;
	if (session->watching)
		session->used = 0;   /* it has nothing more to say; only its end is waited for */
	*out = uv_buf_init(NULL, 0); /* libuv reports that as UV_ENOBUFS */
	if (session->used == session->capacity) {
		const size_t wanted = session->capacity == 0 ? REQUEST_FIRST
							     : session->capacity * 2;
		char *larger;

		if (wanted > REQUEST_MOST) {
			if (wanted > LARGE_REQUEST_MOST || (*large != NULL && *large != session) ||
				!names_large_command(session))
				return;
			*large = session;
		}
		larger = realloc(session->buffer, wanted);
		if (larger == NULL)
			return;
		session->buffer = larger;
		session->capacity = wanted;
	}
	*out = uv_buf_init(
		session->buffer + session->used, (unsigned int)(session->capacity - session->used));
}

static void received(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct control_session *session = stream->data;

	(void)buffer;
	if (length == UV_ENOBUFS) {
		refuse(session,
			"the request is too long (64 KiB; judge 1 MiB, one client at a time)");
	} else if (length < 0 && (length != UV_EOF || session->watching)) {
		control_session_close(session);
	} else if (length == UV_EOF) {
		/*
		 * The last line may lack its newline: it is a request all the same, or is refused
		 * as one that can't be read.
		 */
		if (session->used > 0 && session->used < session->capacity &&
			session->buffer[session->used - 1] != '\n')
			session->buffer[session->used++] = '\n';
		session->said_all = true;
		control_session_go_on(session);
	} else if (!session->watching) {
		session->used += (size_t)length;
		control_session_go_on(session);
	}
}

static char *end_of_request(const struct control_session *session)
{
	return session->used > 0 ? memchr(session->buffer, '\n', session->used) : NULL;
}

static bool all_sent(const struct control_session *session)
{
	return !session->closing && control_session_backlog(session) == 0;
}

/*
 * Nothing more is read while a whole request waits for its turn: a client that asks and never
 * listens costs one buffer.
 */
void control_session_go_on(struct control_session *session)
{
	struct control_session **large = &session->server->large[session->trusted];
	char *newline, *smaller;
	int err = 0;

	if (all_sent(session) && session->last_answer)
		control_session_close(session);
	else if (all_sent(session) && session->stream != NULL)
		control_stream_ask(session->stream);
	else if (all_sent(session) && session->watching)
		control_watch_tell_lost(session);

	while (all_sent(session) && !session->last_answer && session->stream == NULL &&
		!session->watching && (newline = end_of_request(session)) != NULL) {
		const size_t length = (size_t)(newline - session->buffer);

		serve(session, session->buffer, length);
		session->used -= length + 1;
		memmove(session->buffer, newline + 1, session->used);
	}
	if (session->watching)
		session->used = 0;
	if (session->closing || session->last_answer)
		return;

	/* A large request is served: it is another session's turn. */
	if (*large == session && session->used <= REQUEST_FIRST &&
		(smaller = realloc(session->buffer, REQUEST_FIRST)) != NULL) {
		session->buffer = smaller;
		session->capacity = REQUEST_FIRST;
		*large = NULL;
	}

	if (session->said_all) {
		if (all_sent(session) && session->stream == NULL)
			control_session_close(session);
	} else if (end_of_request(session) != NULL) {
		uv_read_stop((uv_stream_t *)&session->pipe);
	} else {
		err = uv_read_start((uv_stream_t *)&session->pipe, give_room, received);
	}
	if (err != 0 && err != UV_EALREADY)
		control_session_close(session);
}

/* ---- the begin of a session ---- */

void control_session_accept(struct control_server *server)
{
	struct control_session *session = calloc(1, sizeof(*session));
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t length = sizeof(peer);
	uv_os_fd_t fd = -1;
	const char *full;

	if (session == NULL)
		return;
	session->server = server;
	session->handles = 2;
	uv_pipe_init(server->options.loop, &session->pipe, 0);
	uv_timer_init(server->options.loop, &session->idle);
	session->pipe.data = session->idle.data = session;
	session->next = server->first;
	session->link = &server->first;
	if (session->next != NULL)
		session->next->link = &session->next;
	server->first = session;
	server->count++;
	server->references++;
	if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&session->pipe) != 0) {
		control_session_close(session);
		return;
	}
	/* unix(7): the user that called connect(2). */
	session->user = (uid_t)-1;
	if (uv_fileno((const uv_handle_t *)&session->pipe, &fd) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0)
		session->user = peer.uid;
	session->trusted = session->user != (uid_t)-1 &&
		(session->user == 0 || session->user == geteuid());
	restart_idle(session);
	full = control_server_full(server, session);
	if (full != NULL)
		refuse(session, full);
	else
		control_session_go_on(session);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/control_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/event_loop.h"

static void answer(void *context, const struct control_request *request, struct json_writer *out)
{
	const bool counts = strcmp(request->command->name, "judge") == 0;

	(void)context;
	json_begin_object(out, NULL);
	json_bool(out, "ok", true);
	json_text_unless_empty(
		out, "mode", strcmp(request->command->name, "status") == 0 ? "enforcing" : "");
	if (counts)
		json_number(out, "rows",
			(uint64_t)cJSON_GetArraySize(
				cJSON_GetObjectItemCaseSensitive(request->json, "rows")));
	json_end_object(out);
}

static void hand_over(void *context, const struct control_request *request,
	struct control_offer *offer, struct json_writer *out)
{
	const struct control_fixture *server = context;
	const cJSON *step = cJSON_GetObjectItemCaseSensitive(request->json, "step");

	json_begin_object(out, NULL);
	json_bool(out, "ok", true);
	json_end_object(out);
	offer->descriptors[0] = server->offered;
	offer->count = server->offered > 0;
	offer->last = cJSON_IsString(step) && strcmp(step->valuestring, "done") == 0;
}

static void abandoned(void *context)
{
	struct control_fixture *server = context;

	atomic_fetch_add(&server->abandoned, 1);
}

static void handed_over(void *context)
{
	struct control_fixture *server = context;

	atomic_fetch_add(&server->handed_over, 1);
}

static void watched(void *context, bool any)
{
	struct control_fixture *server = context;

	atomic_store(&server->watched, any);
}

static size_t print_record(int seq, char text[256])
{
	return (size_t)snprintf(text, 256,
		"{\"seq\":%d,\"verdict\":\"%s\",\"source\":{\"namespace\":\"shop\",\"pod\":\"web\"}"
		"}\n",
		seq, seq % 2 == 0 ? "deny" : "allow");
}

static void send_records(struct control_fixture *server, int count)
{
	char text[256];

	for (int i = 0; i < count; i++) {
		const int seq = atomic_fetch_add(&server->written, 1);
		const size_t length = print_record(seq, text);
		struct verdict_line *line = verdict_line_create(text, length, (uint64_t)seq, true);

		control_server_send_line(server->control, line);
		free(line);
	}
}

/* ---- long answers ---- */

struct room_stream {
	struct replay base;
	struct control_fixture *room;
	int next, limit;
};

static enum stream_step count_on(struct stream *stream, struct json_writer *out)
{
	struct room_stream *counting = (struct room_stream *)stream;
	const struct timespec pause = {
		.tv_nsec = atomic_load(&counting->room->piece_ms) * 1000000L};

	nanosleep(&pause, NULL);
	atomic_fetch_add(&counting->room->pieces, 1);
	for (int i = 0; i < 100 && counting->next < counting->limit; i++, counting->next++) {
		json_begin_object(out, NULL);
		json_number(out, "n", (uint64_t)counting->next);
		json_end_object(out);
		json_end_line(out);
	}
	if (counting->next < counting->limit)
		return STREAM_MORE;
	json_raw(out, "{\"end\":true}\n", strlen("{\"end\":true}\n"));
	return STREAM_END;
}

/* Up to what is written when it comes to its end, as a reader of a file that grows. */
static enum stream_step replay(struct stream *stream, struct json_writer *out)
{
	struct room_stream *replay = (struct room_stream *)stream;
	const int written = atomic_load(&replay->room->written);
	char text[256];

	atomic_fetch_add(&replay->room->pieces, 1);
	for (int i = 0; i < 100 && replay->next < written; i++, replay->next++)
		json_raw(out, text, print_record(replay->next, text));
	if (replay->next < written)
		return STREAM_MORE;
	if (!replay->base.followed) {
		atomic_fetch_add(&replay->room->records, 1); /* a line is written just now */
		uv_async_send(&replay->room->wake);
		return STREAM_CAUGHT_UP;
	}
	replay->base.seq = replay->next > 0 ? (uint64_t)replay->next - 1 : 0;
	return STREAM_END;
}

static void free_stream(struct stream *stream)
{
	struct room_stream *own = (struct room_stream *)stream;

	atomic_fetch_add(&own->room->freed, 1);
	free(own);
}

static struct room_stream *make_stream(struct control_fixture *room)
{
	struct room_stream *own = calloc(1, sizeof(*own));

	own->base.stream.free = free_stream;
	own->room = room;
	atomic_fetch_add(&room->opened, 1);
	return own;
}

static int open_stream(void *context, const struct control_request *request, struct stream **out,
	char problem[PROBLEM_SIZE])
{
	struct room_stream *own;

	if (request->filter.pod[0] != '\0') {
		snprintf(problem, PROBLEM_SIZE, "there is no pod %.100s", request->filter.pod);
		return -ENOENT;
	}
	own = make_stream(context);
	own->base.stream.next = count_on;
	own->limit = (int)request->filter.limit;
	*out = &own->base.stream;
	return 0;
}

static int open_replay(void *context, const struct control_request *request, struct replay **out,
	char problem[PROBLEM_SIZE])
{
	struct room_stream *own = make_stream(context);

	(void)request;
	(void)problem;
	own->base.stream.next = replay;
	*out = &own->base;
	return 0;
}

#define NAMES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static const struct control_command commands[] = {
	{.name = "status", .answer = answer},
	{.name = "flows",
		.filters = NAMES("namespace", "pod", "all", "deny", "allow", "protocol", "limit"),
		.open = open_stream},
	{.name = "policies", .filters = NAMES("namespace", "pod"), .open = open_stream},
	{.name = "watch",
		.filters = NAMES("allow", "deny", "audit", "revoked", "namespace", "pod", "since"),
		.watch = open_replay},
	{.name = "explain", .fields = NAMES("source", "destination"), .answer = answer},
	{.name = "judge", .fields = NAMES("rows"), .is_large = true, .answer = answer},
	{.name = "reload", .answer = answer},
	{.name = "diags", .answer = answer},
	{.name = "hand_over",
		.fields = NAMES("protocol", "step"),
		.is_internal = true,
		.hand_over = hand_over},
	{.name = NULL},
};

static void woken(uv_async_t *async)
{
	struct control_fixture *server = async->data;

	send_records(server, atomic_exchange(&server->records, 0));
	if (atomic_load(&server->stop)) {
		control_server_stop(server->control);
		uv_close((uv_handle_t *)&server->wake, NULL);
	}
}

static void *run_loop(void *context)
{
	struct control_fixture *server = context;

	uv_run(&server->loop, UV_RUN_DEFAULT);
	return NULL;
}

int control_fixture_start(struct control_fixture *server, char problem[PROBLEM_SIZE])
{
	const struct control_server_options options = {
		.loop = &server->loop,
		.path = server->path,
		.group = server->group,
		.idle_ms = CONTROL_FIXTURE_IDLE_MS,
		.commands = commands,
		.abandoned = abandoned,
		.handed_over = handed_over,
		.watched = watched,
		.context = server,
	};

	return control_server_start(&server->control, &options, problem);
}

int control_fixture_setup(void **state)
{
	struct control_fixture *server = calloc(1, sizeof(*server));
	char problem[PROBLEM_SIZE];

	signal(SIGPIPE, SIG_IGN); /* as the daemon does: who asks may be gone before the answer */
	strcpy(server->folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(server->folder));
	snprintf(server->path, sizeof(server->path), "%s/run/control.sock", server->folder);
	event_loop_init(&server->loop);
	uv_async_init(&server->loop, &server->wake, woken);
	server->wake.data = server;
	assert_int_equal(control_fixture_start(server, problem), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, run_loop, server), 0);
	*state = server;
	return 0;
}

int control_fixture_teardown(void **state)
{
	struct control_fixture *server = *state;
	char folder[128];

	atomic_store(&server->stop, true);
	uv_async_send(&server->wake);
	pthread_join(server->thread, NULL);
	/* Nothing is left open, or this would say EBUSY. */
	assert_int_equal(uv_loop_close(&server->loop), 0);
	assert_int_equal(atomic_load(&server->opened), atomic_load(&server->freed));
	assert_int_equal(access(server->path, F_OK), -1);
	snprintf(folder, sizeof(folder), "%s/run", server->folder);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(server->folder), 0);
	free(server);
	return 0;
}

int control_fixture_connect(const struct control_fixture *server)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 20};
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, server->path, sizeof(address.sun_path));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Sends as much as the other end takes: it may close in the middle. */
size_t control_fixture_send(int fd, const char *bytes, size_t length)
{
	size_t sent = 0;

	while (sent < length) {
		const ssize_t wrote = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);

		if (wrote <= 0)
			break;
		sent += (size_t)wrote;
	}
	return sent;
}

void control_fixture_send_line(int fd, const char *line)
{
	assert_int_equal(control_fixture_send(fd, line, strlen(line)), strlen(line));
	assert_int_equal(control_fixture_send(fd, "\n", 1), 1);
}

/* The next line as a value; NULL at the end of the connection. A timeout fails the test. */
cJSON *control_fixture_read_line(int fd)
{
	static char line[1 << 16];
	size_t used = 0;
	cJSON *json;

	while (used < sizeof(line)) {
		const ssize_t length = recv(fd, line + used, 1, 0);

		if (length < 0)
			assert_int_equal(errno, ECONNRESET);
		if (length <= 0)
			return NULL;
		if (line[used++] == '\n')
			break;
	}
	json = cJSON_ParseWithLength(line, used);
	assert_non_null(json);
	return json;
}

void control_fixture_expect_ok(int fd)
{
	cJSON *json = control_fixture_read_line(fd);

	assert_non_null(json);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "ok")));
	cJSON_Delete(json);
}

void control_fixture_expect_end(int fd)
{
	assert_null(control_fixture_read_line(fd));
	close(fd);
}

/* An answer that says why, and the end of the connection. */
void control_fixture_expect_refused(int fd, const char *why)
{
	cJSON *json = control_fixture_read_line(fd);

	assert_non_null(json);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(json, "ok")));
	if (strstr(cJSON_GetObjectItem(json, "error")->valuestring, why) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", cJSON_GetObjectItem(json, "error")->valuestring,
			why);
	cJSON_Delete(json);
	control_fixture_expect_end(fd);
}

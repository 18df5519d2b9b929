/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command's end of the control socket against a daemon that says what each test wants it to
 * say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/client.h"

/* Answers one connection with `says` when it has read a line (or at once), and closes. */
struct daemon {
	char folder[64], path[128];
	int listener;
	pthread_t thread;
	const char *says;
	size_t length;
	bool waits; /* for the request's newline, before it speaks */
	char heard[256];
};

static void *serve(void *context)
{
	struct daemon *daemon = context;
	const int fd = accept(daemon->listener, NULL, NULL);
	size_t used = 0;

	while (daemon->waits && used < sizeof(daemon->heard) - 1 &&
		recv(fd, daemon->heard + used, 1, 0) == 1)
		if (daemon->heard[used++] == '\n')
			break;
	for (size_t sent = 0; sent < daemon->length;) {
		const ssize_t wrote = send(
			fd, daemon->says + sent, daemon->length - sent, MSG_NOSIGNAL);

		if (wrote <= 0)
			break;
		sent += (size_t)wrote;
	}
	close(fd);
	return NULL;
}

static int setup(void **state)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(daemon->folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(daemon->folder));
	snprintf(daemon->path, sizeof(daemon->path), "%s/c.sock", daemon->folder);
	memcpy(address.sun_path, daemon->path, sizeof(address.sun_path));
	daemon->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(
		bind(daemon->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(daemon->listener, 1), 0);
	daemon->waits = true;
	*state = daemon;
	return 0;
}

static int teardown(void **state)
{
	struct daemon *daemon = *state;

	close(daemon->listener);
	unlink(daemon->path);
	assert_int_equal(rmdir(daemon->folder), 0);
	free(daemon);
	return 0;
}

static void start(struct daemon *daemon, const char *says)
{
	daemon->says = says;
	daemon->length = strlen(says);
	assert_int_equal(pthread_create(&daemon->thread, NULL, serve, daemon), 0);
}

static int ask(struct daemon *daemon, cJSON **reply, char problem[PROBLEM_SIZE])
{
	cJSON *request = cJSON_Parse("{\"command\":\"status\"}");
	const int err = client_request(daemon->path, request, reply, problem);

	cJSON_Delete(request);
	pthread_join(daemon->thread, NULL);
	return err;
}

static void test_asks_and_hears(void **state)
{
	struct daemon *daemon = *state;
	char problem[PROBLEM_SIZE];
	cJSON *reply;

	start(daemon, "{\"ok\":true,\"revision\":7}\n");
	assert_int_equal(ask(daemon, &reply, problem), 0);
	assert_string_equal(daemon->heard, "{\"command\":\"status\"}\n");
	assert_int_equal(cJSON_GetObjectItem(reply, "revision")->valueint, 7);
	cJSON_Delete(reply);
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *says;
		int err;
		const char *why;
	} cases[] = {
		{"{\"ok\":false,\"error\":\"no such pod\"}\n", -EREMOTEIO, "no such pod"},
		{"{\"ok\":false}\n", -EREMOTEIO, "does not say why"},
		{"{\"ok\":\"true\"}\n", -EREMOTEIO, "does not say why"},
		{"[]\n", -EREMOTEIO, "does not say why"},
		{"SSH-2.0-OpenSSH_9.2\n", -EPROTO, "another program"},
		{"{\"ok\":tr", -EPROTO, "another program"},
		{"", -EPIPE, "closed the connection"},
	};
	struct daemon *daemon = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char problem[PROBLEM_SIZE] = "";
		cJSON *reply = NULL;

		start(daemon, cases[i].says);
		assert_int_equal(ask(daemon, &reply, problem), cases[i].err);
		assert_null(reply);
		if (strstr(problem, cases[i].why) == NULL)
			fail_msg("\"%s\" lacks \"%s\"", problem, cases[i].why);
	}
}

/* A daemon that refuses a request before it has read it all: what counts is what it said. */
static void test_a_refusal_is_heard_over_a_broken_pipe(void **state)
{
	struct daemon *daemon = *state;
	char problem[PROBLEM_SIZE], *text = malloc(8 << 20);
	cJSON *request = cJSON_CreateObject(), *reply;

	memset(text, 'x', (8 << 20) - 1);
	text[(8 << 20) - 1] = '\0';
	cJSON_AddStringToObject(request, "rows", text);
	daemon->waits = false;
	start(daemon, "{\"ok\":false,\"error\":\"the request is too long\"}\n");
	assert_int_equal(client_request(daemon->path, request, &reply, problem), -EREMOTEIO);
	assert_string_equal(problem, "the request is too long");
	pthread_join(daemon->thread, NULL);
	cJSON_Delete(request);
	free(text);
}

static void test_nobody_there(void **state)
{
	struct daemon *daemon = *state;
	char problem[PROBLEM_SIZE], path[200];
	cJSON *request = cJSON_CreateObject(), *reply = NULL;

	assert_int_equal(client_request("/nowhere/c.sock", request, &reply, problem), -ENOENT);
	assert_non_null(strstr(problem, "no podgate runs at /nowhere/c.sock"));
	close(daemon->listener);
	assert_int_equal(client_request(daemon->path, request, &reply, problem), -ECONNREFUSED);
	assert_non_null(strstr(problem, "no podgate runs"));
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(client_request(path, request, &reply, problem), -ENAMETOOLONG);
	assert_null(reply);
	cJSON_Delete(request);
	daemon->listener = -1;
}

struct visits {
	int count, stop_at;
};

static int visit(cJSON *line, void *context)
{
	struct visits *visits = context;

	assert_int_equal(cJSON_GetObjectItem(line, "seq")->valueint, visits->count);
	return ++visits->count == visits->stop_at ? 1 : 0;
}

static void stream(void **state, int stop_at, int err, int count)
{
	struct daemon *daemon = *state;
	struct visits visits = {.stop_at = stop_at};
	char problem[PROBLEM_SIZE];
	cJSON *request = cJSON_Parse("{\"command\":\"watch\"}");

	start(daemon, "{\"ok\":true,\"watching\":true}\n{\"seq\":0}\n{\"seq\":1}\n{\"seq\":2}\n");
	assert_int_equal(client_stream(daemon->path, request, visit, &visits, problem), err);
	assert_int_equal(visits.count, count);
	pthread_join(daemon->thread, NULL);
	cJSON_Delete(request);
}

static int count_line(cJSON *line, void *context)
{
	++*(int *)context;
	return cJSON_GetObjectItem(line, "stop") != NULL ? 7 : 0;
}

static void test_streams_to_the_end(void **state)
{
	stream(state, 0, -EPIPE, 3);
}

static void test_streams_until_told(void **state)
{
	stream(state, 2, 1, 2);
}

/*
 * What client_list() makes of what the daemon says: its return value, the lines visited, and its
 * words.
 */
static void list(void **state, const char *says, int err, int lines, const char *words)
{
	struct daemon *daemon = *state;
	char problem[PROBLEM_SIZE] = "";
	cJSON *request = cJSON_Parse("{\"command\":\"flows\"}");
	int visited = 0;

	start(daemon, says);
	assert_int_equal(client_list(daemon->path, request, count_line, &visited, problem), err);
	assert_int_equal(visited, lines);
	assert_string_equal(problem, words);
	pthread_join(daemon->thread, NULL);
	cJSON_Delete(request);
}

static void test_lists_to_the_end(void **state)
{
	list(state, "{\"ok\":true}\n{\"n\":1}\n{\"n\":2}\n{\"end\":true}\n{\"n\":3}\n", 0, 4, "");
}

static void test_a_list_may_end_badly(void **state)
{
	list(state, "{\"ok\":true}\n{\"n\":1}\n{\"end\":true,\"error\":\"too slow\"}\n", -EREMOTEIO,
		3, "too slow");
}

static void test_a_list_may_break_off(void **state)
{
	list(state, "{\"ok\":true}\n{\"n\":1}\n", -EPIPE, 2, "podgate closed the connection");
}

static void test_a_list_may_be_refused(void **state)
{
	list(state, "{\"ok\":false,\"error\":\"no such pod\"}\n", -EREMOTEIO, 0, "no such pod");
}

static void test_a_list_may_be_left(void **state)
{
	list(state, "{\"ok\":true}\n{\"stop\":true}\n{\"n\":2}\n{\"end\":true}\n", 7, 2, "");
}

#define WITH_DAEMON(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DAEMON(test_asks_and_hears),
		WITH_DAEMON(test_bad_answers),
		WITH_DAEMON(test_a_refusal_is_heard_over_a_broken_pipe),
		WITH_DAEMON(test_nobody_there),
		WITH_DAEMON(test_streams_to_the_end),
		WITH_DAEMON(test_streams_until_told),
		WITH_DAEMON(test_lists_to_the_end),
		WITH_DAEMON(test_a_list_may_end_badly),
		WITH_DAEMON(test_a_list_may_break_off),
		WITH_DAEMON(test_a_list_may_be_refused),
		WITH_DAEMON(test_a_list_may_be_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

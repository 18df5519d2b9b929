/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "process/unix_address.h"

#include "cli/answer.h"

enum { ANSWER_S = 30 };

/* A connection as a stream of lines: getline() on `in` does the splitting. */
struct client {
	int fd;
	FILE *in;
	char *line;
	size_t capacity;
};

static int explain_connect(const char *path, int err, char problem[PROBLEM_SIZE])
{
	if (err == -ENOENT || err == -ECONNREFUSED)
		snprintf(problem, PROBLEM_SIZE,
			"no podgate runs at %.120s; start it with podgate run, or name its "
			"--socket",
			path);
	else if (err == -EACCES || err == -EPERM)
		snprintf(problem, PROBLEM_SIZE,
			"no permission for %.120s: run this as root, or as a member of the group "
			"that `control_group` names",
			path);
	else
		snprintf(
			problem, PROBLEM_SIZE, "can't connect to %.120s: %s", path, strerror(-err));
	return err;
}

static int connect_to(const char *path, unsigned int seconds, char problem[PROBLEM_SIZE])
{
	const struct timeval patience = {.tv_sec = (time_t)seconds};
	struct sockaddr_un address;
	int fd, err = unix_address(&address, path);

	if (err != 0)
		return explain_connect(path, err, problem);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return explain_connect(path, -errno, problem);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return explain_connect(path, err, problem);
}

static int send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		bytes += sent;
		length -= (size_t)sent;
	}
	return 0;
}

/*
 * A daemon that refuses may close before it has read all: its answer says why, so a broken pipe is
 * no error yet.
 */
static int send_request(struct client *client, const cJSON *request, char problem[PROBLEM_SIZE])
{
	char *text = cJSON_PrintUnformatted(request);
	int err = text == NULL ? -ENOMEM : send_all(client->fd, text, strlen(text));

	if (err == 0)
		err = send_all(client->fd, "\n", 1);
	free(text);
	if (err == -EPIPE || err == -ECONNRESET)
		return 0;
	if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "can't ask podgate: %s", strerror(-err));
	return err;
}

static int open_client(
	struct client *client, const char *path, unsigned int seconds, char problem[PROBLEM_SIZE])
{
	const int fd = connect_to(path, seconds, problem);

	if (fd < 0)
		return fd;
	*client = (struct client){.fd = fd, .in = fdopen(fd, "r")};
	if (client->in != NULL)
		return 0;
	close(fd);
	snprintf(problem, PROBLEM_SIZE, "out of memory");
	return -ENOMEM;
}

static void close_client(struct client *client)
{
	fclose(client->in);
	free(client->line);
}

static int read_line(struct client *client, cJSON **out, char problem[PROBLEM_SIZE])
{
	ssize_t length;
	cJSON *json;

	errno = 0;
	length = getline(&client->line, &client->capacity, client->in);
	if (length < 0) {
		const bool late = errno == EAGAIN || errno == EWOULDBLOCK;

		snprintf(problem, PROBLEM_SIZE,
			late ? "podgate does not answer" : "podgate closed the connection");
		return late ? -ETIMEDOUT : -EPIPE;
	}
	json = cJSON_ParseWithLength(client->line, (size_t)length);
	if (json == NULL) {
		snprintf(problem, PROBLEM_SIZE,
			"podgate's answer is no JSON; is another program at this socket?");
		return -EPROTO;
	}
	*out = json;
	return 0;
}

static int read_reply(struct client *client, cJSON **out, char problem[PROBLEM_SIZE])
{
	const cJSON *error;
	cJSON *reply;
	const int err = read_line(client, &reply, problem);

	if (err != 0)
		return err;
	if (answer_true(reply, "ok")) {
		*out = reply;
		return 0;
	}
	error = answer_get(reply, "error");
	snprintf(problem, PROBLEM_SIZE, "%s",
		cJSON_IsString(error) ? error->valuestring
				      : "podgate refuses and does not say why");
	cJSON_Delete(reply);
	return -EREMOTEIO;
}

/* Connects, asks, and reads the first line of the answer. 0; or -errno, with nothing to close. */
static int begin(struct client *client, const char *socket_path, const cJSON *request,
	unsigned int seconds, cJSON **reply, char problem[PROBLEM_SIZE])
{
	int err = open_client(client, socket_path, seconds, problem);

	if (err != 0)
		return err;
	err = send_request(client, request, problem);
	if (err == 0)
		err = read_reply(client, reply, problem);
	if (err != 0)
		close_client(client);
	return err;
}

static int request_within(const char *socket_path, const cJSON *request, unsigned int seconds,
	cJSON **reply, char problem[PROBLEM_SIZE])
{
	struct client client;
	const int err = begin(&client, socket_path, request, seconds, reply, problem);

	if (err == 0)
		close_client(&client);
	return err;
}

int client_request(
	const char *socket_path, const cJSON *request, cJSON **reply, char problem[PROBLEM_SIZE])
{
	return request_within(socket_path, request, ANSWER_S, reply, problem);
}

int client_ask(const char *socket_path, const char *command, unsigned int seconds, cJSON **reply,
	char problem[PROBLEM_SIZE])
{
	cJSON *request = cJSON_CreateObject();
	int err = -ENOMEM;

	snprintf(problem, PROBLEM_SIZE, "out of memory");
	if (cJSON_AddStringToObject(request, "command", command) != NULL)
		err = request_within(
			socket_path, request, seconds > 0 ? seconds : ANSWER_S, reply, problem);
	cJSON_Delete(request);
	return err;
}

int client_stream(const char *socket_path, const cJSON *request,
	int (*visit)(cJSON *line, void *context), void *context, char problem[PROBLEM_SIZE])
{
	const struct timeval forever = {0};
	struct client client;
	cJSON *line;
	int err = begin(&client, socket_path, request, ANSWER_S, &line, problem);

	if (err != 0)
		return err;
	cJSON_Delete(line);
	/* The next denial may be days away. */
	setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	while (err == 0) {
		err = read_line(&client, &line, problem);
		if (err == 0) {
			err = visit(line, context);
			cJSON_Delete(line);
		}
	}
	close_client(&client);
	return err;
}

int client_list(const char *socket_path, const cJSON *request,
	int (*visit)(cJSON *line, void *context), void *context, char problem[PROBLEM_SIZE])
{
	struct client client;
	cJSON *line;
	bool ended = false;
	int err = begin(&client, socket_path, request, ANSWER_S, &line, problem);

	if (err != 0)
		return err;
	while (err == 0 && !ended) {
		bool failed;

		ended = answer_true(line, "end");
		failed = ended && answer_get(line, "error") != NULL;
		if (failed)
			snprintf(problem, PROBLEM_SIZE, "%s",
				cJSON_IsString(answer_get(line, "error"))
					? answer_text(line, "error")
					: "the list is not whole");
		err = visit(line, context);
		cJSON_Delete(line);
		if (err == 0 && failed)
			err = -EREMOTEIO;
		else if (err == 0 && !ended)
			err = read_line(&client, &line, problem);
	}
	close_client(&client);
	return err;
}

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
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "ok"))) {
		*out = reply;
		return 0;
	}
	error = cJSON_GetObjectItemCaseSensitive(reply, "error");
	snprintf(problem, PROBLEM_SIZE, "%s",
		cJSON_IsString(error) ? error->valuestring
				      : "podgate refuses and does not say why");
	cJSON_Delete(reply);
	return -EREMOTEIO;
}

static int request_within(const char *socket_path, const cJSON *request, unsigned int seconds,
	cJSON **reply, char problem[PROBLEM_SIZE])
{
	struct client client;
	int err = open_client(&client, socket_path, seconds, problem);

	if (err != 0)
		return err;
	err = send_request(&client, request, problem);
	if (err == 0)
		err = read_reply(&client, reply, problem);
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

static int visit_lines(struct client *client, int (*visit)(cJSON *line, void *context),
	void *context, char problem[PROBLEM_SIZE])
{
	const struct timeval forever = {0};
	cJSON *line;
	int err;

	/* The next denial may be days away. */
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	do {
		err = read_line(client, &line, problem);
		if (err == 0) {
			err = visit(line, context);
			cJSON_Delete(line);
		}
	} while (err == 0);
	return err;
}

int client_stream(const char *socket_path, const cJSON *request,
	int (*visit)(cJSON *line, void *context), void *context, char problem[PROBLEM_SIZE])
{
	struct client client;
	cJSON *reply;
	int err = open_client(&client, socket_path, ANSWER_S, problem);

	if (err != 0)
		return err;
	err = send_request(&client, request, problem);
	if (err == 0)
		err = read_reply(&client, &reply, problem);
	if (err == 0) {
		cJSON_Delete(reply);
		err = visit_lines(&client, visit, context, problem);
	}
	close_client(&client);
	return err;
}

/*
 * 1 at the end; 0 when more is to come; -EREMOTEIO and `problem` when the line says that it came to
 * no good end.
 */
static int read_end(const cJSON *line, char problem[PROBLEM_SIZE])
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(line, "error");

	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "end")))
		return 0;
	if (error == NULL)
		return 1;
	snprintf(problem, PROBLEM_SIZE, "%s",
		cJSON_IsString(error) ? error->valuestring : "the list is not whole");
	return -EREMOTEIO;
}

/* Takes ownership of the first line. */
static int visit_list(struct client *client, cJSON *line, int (*visit)(cJSON *line, void *context),
	void *context, char problem[PROBLEM_SIZE])
{
	int err, ended;

	do {
		ended = read_end(line, problem);
		err = visit(line, context);
		cJSON_Delete(line);
		if (err != 0 || ended != 0)
			break;
		err = read_line(client, &line, problem);
	} while (err == 0);
	return err != 0 ? err : ended < 0 ? ended : 0;
}

int client_list(const char *socket_path, const cJSON *request,
	int (*visit)(cJSON *line, void *context), void *context, char problem[PROBLEM_SIZE])
{
	struct client client;
	cJSON *reply;
	int err = open_client(&client, socket_path, ANSWER_S, problem);

	if (err != 0)
		return err;
	err = send_request(&client, request, problem);
	if (err == 0)
		err = read_reply(&client, &reply, problem);
	if (err == 0)
		err = visit_list(&client, reply, visit, context, problem);
	close_client(&client);
	return err;
}

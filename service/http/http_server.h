/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_HTTP_HTTP_SERVER_H
#define SERVICE_HTTP_HTTP_SERVER_H

/*
 * A small HTTP server for GET and HEAD, on libmicrohttpd, which reads the requests. It expects the
 * worst of clients: so many connections at most, and of one address fewer; a request of so many
 * bytes; and each connection is one request and ends, answered or not, after so many seconds,
 * however busily it sends a byte now and then. One thread: that which calls http_server_run().
 */

#include <stddef.h>
#include <stdint.h>

#include "process/problem.h"

enum {
	HTTP_SERVER_CONNECTIONS = 32,
	HTTP_SERVER_CONNECTIONS_ADDRESS = 8, /* of one address */
	HTTP_SERVER_REQUEST = 8 * 1024,	     /* bytes of a request's head, about */
	HTTP_SERVER_S = 5,		     /* seconds that a connection lasts */
};

struct http_server;

struct http_answer {
	unsigned int status; /* 200, 404, 503... */
	const char *content_type;
	char *body; /* the server frees it; NULL when memory is short: the client is told so */
	size_t length;
};

struct http_server_options {
	int listen_fd; /* listens, does not block; the server's from here on */
	void (*answer)(void *context, const char *path, struct http_answer *out);
	void *context;
};

/*
 * Whether there could be one, as far as is known without a socket. 0, or -errno with a sentence in
 * `problem`.
 */
int http_server_check(char problem[PROBLEM_SIZE]);

/* 0; or -errno with a sentence in `problem`. */
int http_server_open(struct http_server **out, const struct http_server_options *options,
	char problem[PROBLEM_SIZE]);
void http_server_close(struct http_server *server); /* NULL is allowed */

/* the listening socket, for handing it on */
int http_server_listener(const struct http_server *server);
int http_server_fd(const struct http_server *server); /* readable when there is something to do */
/*
 * Does what there is to do. Returns after how many milliseconds there will be more, whatever the
 * descriptor says.
 */
int http_server_run(struct http_server *server);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/helper_message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Only a table's name reaches a program as it is; there are but these. */
static bool is_table(const char table[HELPER_TABLE])
{
	static const char *const tables[] = {"", "raw", "mangle", "nat", "filter", "security"};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strncmp(table, tables[i], HELPER_TABLE) == 0)
			return true;
	return false;
}

static bool is_backend(uint32_t backend)
{
	return backend == BACKEND_NFT || backend == BACKEND_LEGACY;
}

bool helper_request_is_valid(const struct helper_request *request)
{
	return request->verb < HELPER_VERBS && is_backend(request->backend) &&
		(request->family == IP_FAMILY_V4 || request->family == IP_FAMILY_V6) &&
		request->counters <= 1 && is_table(request->table) &&
		request->length <= HELPER_RULES_MOST &&
		(request->verb == HELPER_RESTORE) == (request->length > 0);
}

bool helper_answer_is_valid(const struct helper_answer *answer)
{
	return answer->err <= 0 && answer->err > -4096 && is_backend(answer->backend) &&
		answer->length <= HELPER_ANSWER_MOST &&
		memchr(answer->problem, '\0', PROBLEM_SIZE) != NULL;
}

int helper_send(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		const ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		at += sent;
		length -= (size_t)sent;
	}
	return 0;
}

int helper_receive(int fd, void *bytes, size_t length)
{
	char *at = bytes;

	while (length > 0) {
		const ssize_t got = recv(fd, at, length, MSG_WAITALL);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0 ? -EPIPE : -errno;
		at += got;
		length -= (size_t)got;
	}
	return 0;
}

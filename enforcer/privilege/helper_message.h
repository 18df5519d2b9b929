/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_HELPER_MESSAGE_H
#define ENFORCER_PRIVILEGE_HELPER_MESSAGE_H

/*
 * What the daemon and its helper process send each other over their socket pair: a head of fixed
 * size, and as many bytes of text as it says. Both are the same program on the same machine, so the
 * structs go as they are. Neither believes the other: what comes in is checked before it is used.
 */

#include <stdbool.h>
#include <stdint.h>

#include "kernel/rules/iptables.h"
#include "process/problem.h"

enum helper_verb {
	HELPER_AVAILABLE,
	HELPER_DEFAULT_BACKEND,
	HELPER_SAVE,
	HELPER_RESTORE,
	HELPER_GENERATION,
	HELPER_VERBS,
};

enum {
	HELPER_TABLE = 16,
	HELPER_RULES_MOST = 256 * 1024, /* far more than podgate ever writes */
	HELPER_ANSWER_MOST = 64 << 20,	/* what iptables_save() takes at most */
};

struct helper_request {
	uint32_t verb, backend, family;
	uint32_t counters;	  /* 0 or 1 */
	char table[HELPER_TABLE]; /* "": all */
	uint32_t length;	  /* of the rules that follow */
};

struct helper_answer {
	int32_t err;
	uint32_t backend;
	uint64_t generation;
	uint32_t length; /* of the text that follows */
	char problem[PROBLEM_SIZE];
};

/* Whether every field is one of the values that it may have. Pure. */
bool helper_request_is_valid(const struct helper_request *request);
bool helper_answer_is_valid(const struct helper_answer *answer);

/* All of it, however long it takes. 0; -EPIPE at the end of the connection, or -errno. */
int helper_send(int fd, const void *bytes, size_t length);
int helper_receive(int fd, void *bytes, size_t length);

#endif

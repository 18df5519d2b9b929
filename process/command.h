/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_COMMAND_H
#define PROCESS_COMMAND_H

/*
 * Another program, run to its end: text in, text out, bounded in time and size, no shell in
 * between. The program gets a clean environment and no file of ours, and runs in the calling
 * thread's network namespace. Blocking; any thread.
 */

#include <limits.h>
#include <stddef.h>

enum { COMMAND_ERROR_TEXT = 1024, COMMAND_EXIT_SIGNALLED = 256 };

struct command {
	const char *const *argv; /* argv[0] is the path; NULL-terminated */
	const char *input;	 /* what it reads on standard input; NULL: nothing */
	size_t output_most;	 /* of standard output; more is -EFBIG. 0: output is not wanted */
	unsigned int timeout_ms;
};

struct command_result {
	int exit_code; /* or COMMAND_EXIT_SIGNALLED + the signal that ended it */
	char *output;  /* NUL-terminated, the caller's to free(); NULL when it was not wanted */
	size_t output_length;
	char error[COMMAND_ERROR_TEXT]; /* the beginning of its standard error */
};

/*
 * Returns 0 when the program ran and ended, well or not. Otherwise -errno, *out untouched: -ENOENT,
 * -EACCES (no such program), -ETIMEDOUT (killed, and what it had started with it), -EFBIG,
 * -ENOMEM...
 */
int command_execute(const struct command *command, struct command_result *out);
void command_result_deinit(struct command_result *result);

/*
 * Finds a program in $PATH, then in /usr/sbin and /sbin, which a user's PATH often lacks. 0, or
 * -ENOENT.
 */
int command_find(const char *name, char path[PATH_MAX]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/child_process.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

void child_process_check(int holds, const char *text, const char *file, int line)
{
	if (holds)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
	_exit(1);
}

int child_process_run(void (*body)(void))
{
	const struct rlimit no_core = {0};
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		body();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? CHILD_PROCESS_SIGNALLED + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* The thread of process `pid` that goes by this name, or 0. */
static pid_t find_thread(const char *pid, const char *name)
{
	char path[320], found[32] = "";
	const struct dirent *entry;
	pid_t thread = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	folder = opendir(path);
	while (folder != NULL && thread == 0 && (entry = readdir(folder)) != NULL) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s/comm", pid, entry->d_name);
		file = fopen(path, "re");
		if (file == NULL)
			continue;
		if (fgets(found, sizeof(found), file) != NULL &&
			strcspn(found, "\n") == strlen(name) &&
			strncmp(found, name, strlen(name)) == 0)
			thread = (pid_t)strtol(entry->d_name, NULL, 10);
		fclose(file);
	}
	if (folder != NULL)
		closedir(folder);
	return thread;
}

/*
 * Stops one thread of a process and leaves the others running, which no signal can do. It goes on
 * when this process ends, however it does.
 */
int command_freeze(int argc, char **argv)
{
	pid_t thread;
	int status;

	if (argc != 3) {
		fputs("podgate-probe: freeze PID THREAD-NAME\n", stderr);
		return PROBE_PROBLEM;
	}
	thread = find_thread(argv[1], argv[2]);
	if (thread == 0) {
		fprintf(stderr, "podgate-probe: process %s has no thread %s\n", argv[1], argv[2]);
		return PROBE_PROBLEM;
	}
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 ||
		ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
		waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) {
		fprintf(stderr, "podgate-probe: can't stop thread %s: %s\n", argv[2],
			strerror(errno));
		return PROBE_PROBLEM;
	}
	puts("frozen");
	for (;;)
		pause();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/process_figures.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

static void read_memory(struct process_figures *out)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages, resident;

	if (file == NULL)
		return;
	if (fscanf(file, "%lu %lu", &pages, &resident) == 2) {
		out->virtual_bytes = pages * page;
		out->resident_bytes = resident * page;
	}
	fclose(file);
}

static uint64_t nanoseconds(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000000ULL + (uint64_t)time->tv_usec * 1000ULL;
}

/*
 * ru_maxrss is in KiB. The kernel's two counters of memory are not equally exact: the larger one is
 * the peak.
 */
static void read_usage(struct process_figures *out)
{
	struct rusage usage;

	out->peak_bytes = out->resident_bytes;
	if (getrusage(RUSAGE_SELF, &usage) != 0)
		return;
	out->cpu_ns = nanoseconds(&usage.ru_utime) + nanoseconds(&usage.ru_stime);
	if ((uint64_t)usage.ru_maxrss * 1024 > out->peak_bytes)
		out->peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

/* All but the one that lists them. */
static void count_fds(struct process_figures *out)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		out->open_fds += entry->d_name[0] != '.';
	out->open_fds -= out->open_fds > 0;
	closedir(folder);
}

void process_figures_read(struct process_figures *out)
{
	struct rlimit limit;

	*out = (struct process_figures){0};
	read_memory(out);
	read_usage(out);
	count_fds(out);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		out->max_fds = limit.rlim_cur;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "service/control/control_server.h"
#include "service/http/http_server.h"

/* What the daemon opens and writes. */

enum {
	/* of the control socket: the connection, and a log file or netlink socket */
	FILES_A_CLIENT = 2,
	FILES_A_QUEUE = 2,
	FILES_BESIDE = 48, /* inotify, timers, sets, rules, log, pipes of the iptables programs */
	MIB = 1024 * 1024,
	UNBOUNDED_MIB = 64, /* free space below which a log that is never rotated is a danger */
};

unsigned long host_files_needed(const struct settings *settings)
{
	unsigned long files = FILES_A_CLIENT * CONTROL_CLIENTS_MOST + FILES_BESIDE +
		FILES_A_QUEUE * (unsigned long)settings_queues(settings);

	if (settings->metrics_listen != NULL && settings->metrics_listen[0] != '\0')
		files += HTTP_SERVER_CONNECTIONS;
	return files;
}

void host_check_files(struct host_report *report)
{
	const unsigned long needed = host_files_needed(report->settings);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed) {
		host_report_add(report, "open-files", HOST_OK,
			"%lu files may be open, and %lu are enough", (unsigned long)limit.rlim_cur,
			needed);
		return;
	}
	host_report_add(report, "open-files", HOST_WARNING,
		"only %lu files may be open at once, and podgate may need %lu",
		(unsigned long)limit.rlim_cur, needed);
	host_report_remedy(report,
		"set LimitNOFILE=1024 in the unit, or `ulimit -n 1024` before `podgate run`");
}

/* The folder of a file, "." for a bare name. False when that is too long. */
static bool folder_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

	if (length >= PATH_MAX)
		return false;
	memcpy(out, path, length);
	out[length] = '\0';
	if (slash == NULL)
		snprintf(out, PATH_MAX, ".");
	return true;
}

/*
 * Where the log will be: its folder, or while that is not made yet the one above. -errno when it
 * can't be written to.
 */
static int find_folder(const char *log_file, char out[PATH_MAX])
{
	char folder[PATH_MAX];

	if (!folder_of(log_file, folder))
		return -ENAMETOOLONG;
	if (access(folder, F_OK) != 0 && !folder_of(folder, out))
		return -ENAMETOOLONG;
	if (access(folder, F_OK) == 0)
		memcpy(out, folder, sizeof(folder));
	return access(out, W_OK | X_OK) == 0 ? 0 : -errno;
}

/* What the log's files have by now, FILE and FILE.1 to FILE.keep. */
static unsigned long long log_bytes(const struct settings *settings)
{
	unsigned long long sum = 0;
	char name[PATH_MAX];
	struct stat found;

	for (unsigned int i = 0; i <= settings->log_keep; i++) {
		const int length = i == 0
			? snprintf(name, sizeof(name), "%s", settings->log_file)
			: snprintf(name, sizeof(name), "%s.%u", settings->log_file, i);

		if (length < (int)sizeof(name) && stat(name, &found) == 0 && S_ISREG(found.st_mode))
			sum += (unsigned long long)found.st_size;
	}
	return sum;
}

/* How many bytes it may still grow by. */
static unsigned long long log_growth(const struct settings *settings)
{
	const unsigned long long most = (unsigned long long)settings->log_size_mib * MIB *
		(settings->log_keep + 1ULL);
	const unsigned long long now = log_bytes(settings);

	if (settings->log_size_mib == 0)
		return (unsigned long long)UNBOUNDED_MIB * MIB;
	return now < most ? most - now : 0;
}

static void check_space(struct host_report *report, const char *folder)
{
	const unsigned long long growth = log_growth(report->settings);
	unsigned long long space;
	struct statvfs found;

	/* proc and its kin have no blocks to be short of */
	if (statvfs(folder, &found) != 0 || found.f_blocks == 0)
		return;
	space = (unsigned long long)found.f_bavail * found.f_frsize;
	if (space >= growth) {
		host_report_add(
			report, "log-space", HOST_OK, "%llu MiB are free for the log", space / MIB);
		return;
	}
	host_report_add(report, "log-space", HOST_WARNING,
		"%llu MiB are free for the log, which may take %s%llu MiB more", space / MIB,
		report->settings->log_size_mib == 0 ? "more than " : "", growth / MIB);
	host_report_remedy(report, "make room, or set log_size_mib and log_keep to less");
}

void host_check_log(struct host_report *report)
{
	const char *file = report->settings->log_file;
	char folder[PATH_MAX];
	struct stat found;
	int err;

	if (file == NULL || strcmp(file, "-") == 0 ||
		(stat(file, &found) == 0 && !S_ISREG(found.st_mode)))
		return;
	err = find_folder(file, folder);
	if (err != 0) {
		host_report_add(report, "log-folder", HOST_FAILED,
			"the log can't be written to %.120s: %s", file, strerror(-err));
		host_report_remedy(report, "make its folder, or set log_file");
		return;
	}
	host_report_add(report, "log-folder", HOST_OK, "the log can be written to %.120s", file);
	check_space(report, folder);
}

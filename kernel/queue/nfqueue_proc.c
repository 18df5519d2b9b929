/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/queue/nfqueue_proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A line is below 80 bytes, a gate has 65 queues at the most; tables longer than this are read as
 * far as it goes.
 */
enum { TABLE_TEXT = 32768, PATH = 64 };

int nfqueue_proc_open(void)
{
	/* Not /proc/net: that is of the network namespace of the process's first thread. */
	const int fd = open(
		"/proc/thread-self/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? fd : -errno;
}

/*
 * One line: queue, port, waiting, copy mode, copy range, kernel_dropped, user_dropped, last id, 1.
 */
static bool read_row(const char *line, struct nfqueue_row *out)
{
	struct nfqueue_row row;

	if (sscanf(line,
		    "%" SCNu16 " %" SCNu32 " %" SCNu32 " %*u %*u %" SCNu32 " %" SCNu32 " %" SCNu32,
		    &row.queue, &row.port, &row.waiting, &row.kernel_dropped, &row.user_dropped,
		    &row.last_id) != 6)
		return false;
	*out = row;
	return true;
}

const char *nfqueue_proc_next(const char *text, struct nfqueue_row *out)
{
	while (*text != '\0') {
		const char *end = strchr(text, '\n');
		const bool read = read_row(text, out);

		text = end != NULL ? end + 1 : text + strlen(text);
		if (read)
			return text;
	}
	return NULL;
}

int nfqueue_proc_find(const char *text, uint16_t queue, struct nfqueue_row *out)
{
	struct nfqueue_row row;

	while ((text = nfqueue_proc_next(text, &row)) != NULL) {
		if (row.queue == queue) {
			*out = row;
			return 0;
		}
	}
	return -ENOENT;
}

int nfqueue_proc_read_all(int fd, char **out)
{
	char *text = malloc(TABLE_TEXT);
	size_t length = 0;
	ssize_t got;

	if (text == NULL)
		return -ENOMEM;
	/*
	 * The kernel gives whole lines, a page at a time; pread() leaves the offset to no other
	 * thread's mercy.
	 */
	while ((got = pread(fd, text + length, TABLE_TEXT - 1 - length, (off_t)length)) > 0)
		length += (size_t)got;
	if (got < 0) {
		const int err = -errno;

		free(text);
		return err;
	}
	text[length] = '\0';
	*out = text;
	return 0;
}

int nfqueue_proc_read(int fd, uint16_t queue, struct nfqueue_row *out)
{
	char *text;
	int err = nfqueue_proc_read_all(fd, &text);

	if (err != 0)
		return err;
	err = nfqueue_proc_find(text, queue, out);
	free(text);
	return err;
}

/*
 * The inode of the socket with this port: /proc/net/netlink has lines of address, family, port,
 * seven others and the inode.
 */
static bool find_inode(uint32_t port, unsigned long *inode)
{
	FILE *file = fopen("/proc/thread-self/net/netlink", "re");
	unsigned int family;
	uint32_t owner;
	char line[256];
	bool found = false;

	if (file == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = sscanf(line, "%*s %u %" SCNu32 " %*s %*s %*s %*s %*s %*s %lu", &family,
				&owner, inode) == 3 &&
			family == NETLINK_NETFILTER && owner == port;
	fclose(file);
	return found;
}

static bool has_socket(const char *pid, const char *socket)
{
	char path[PATH + 256], target[PATH];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%.32s/fd", pid);
	folder = opendir(path);
	if (folder == NULL)
		return false;
	while (!found && (entry = readdir(folder)) != NULL) {
		ssize_t length = readlinkat(
			dirfd(folder), entry->d_name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		found = strcmp(target, socket) == 0;
	}
	closedir(folder);
	return found;
}

static void name_process(const char *pid, char name[NFQUEUE_HOLDER])
{
	char path[PATH], program[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.32s/comm", pid);
	file = fopen(path, "re");
	if (file != NULL) {
		if (fgets(program, sizeof(program), file) != NULL)
			program[strcspn(program, "\n")] = '\0';
		fclose(file);
	}
	snprintf(name, NFQUEUE_HOLDER, "pid %.16s, %s", pid,
		program[0] != '\0' ? program : "name unknown");
}

static bool is_podgate(const char *name)
{
	const char *comma = strchr(name, ',');

	return comma != NULL && strcmp(comma, ", podgate") == 0;
}

void nfqueue_proc_name_holder(uint32_t port, char name[NFQUEUE_HOLDER])
{
	unsigned long inode;
	char socket[PATH], found[NFQUEUE_HOLDER];
	struct dirent *entry;
	DIR *processes;

	name[0] = '\0';
	if (!find_inode(port, &inode))
		return;
	snprintf(socket, sizeof(socket), "socket:[%lu]", inode);
	processes = opendir("/proc");
	if (processes == NULL)
		return;
	/*
	 * The first; but of several the podgate among them: what the service manager keeps for it
	 * is both's.
	 */
	while (!is_podgate(name) && (entry = readdir(processes)) != NULL) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
			!has_socket(entry->d_name, socket))
			continue;
		name_process(entry->d_name, found);
		if (name[0] == '\0' || is_podgate(found))
			memcpy(name, found, sizeof(found));
	}
	closedir(processes);
}

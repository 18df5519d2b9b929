/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_VERDICT_FILE_H
#define ENFORCER_LOG_VERDICT_FILE_H

/*
 * Where the verdict log's lines go: a file that is appended to and rotated by size (FILE, FILE.1,
 * FILE.2...), or standard output. Each line arrives whole or not at all: what a full disk or a
 * stuck pipe cuts short is undone or ended with a newline of its own. Writing to a pipe without a
 * reader gives up after a moment. One thread.
 */

#include <stddef.h>
#include <stdint.h>

struct verdict_file;

/*
 * Opens `path` ("-": standard output), created with mode 0640, its folder with 0750. `rotate_bytes`
 * 0: never rotated; `keep` older files are kept. Returns 0; -ELOOP for a link, or a file with a
 * second name, in a folder where others than root and ourselves may write; or -errno.
 */
int verdict_file_open(
	struct verdict_file **out, const char *path, uint64_t rotate_bytes, unsigned int keep);
/*
 * Opens it and closes it again; a file that was not there is removed. 0, or what
 * verdict_file_open() returns.
 */
int verdict_file_check(const char *path);
void verdict_file_close(struct verdict_file *file); /* NULL is allowed */

/*
 * Writes one line, `length` bytes with its newline. 0; or -errno and nothing of it stays: -ENOSPC,
 * -EPIPE, -ETIMEDOUT...
 */
int verdict_file_write(struct verdict_file *file, const char *line, size_t length);
/*
 * Opens the path again, after logrotate has moved the file away. On failure, -errno, the old file
 * stays in use.
 */
int verdict_file_reopen(struct verdict_file *file);

#endif

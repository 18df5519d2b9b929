/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_TEXT_BYTE_SOURCE_H
#define CONFIG_TEXT_BYTE_SOURCE_H

/*
 * Bytes that can be read more than once and from anywhere: a text in memory or a regular file,
 * which need not fit into memory. A plain value; what it stands for is borrowed.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct byte_source {
	const char *bytes; /* NULL: a file */
	int fd;
	uint64_t length;
	struct timespec modified; /* of a file, when it was opened, as its length */
	/* called as a file is read on; NULL: nobody wants to know */
	void (*progress)(void *context);
	void *context;
};

struct byte_source byte_source_of_text(const char *bytes, size_t length);
struct byte_source byte_source_of_file(int fd, const struct stat *info);

/*
 * Copies `size` bytes that begin at `offset`, fewer at the end. Returns how many; or -errno, which
 * is -ESTALE when the file was changed since it was opened.
 */
ssize_t byte_source_read(const struct byte_source *source, uint64_t offset, void *out, size_t size);

/*
 * A hash of all bytes: tells a touched file from a changed one, and withstands no forger. 0 or
 * -errno. A source that is too large to be read (over 16 GiB) has the hash 0.
 */
int byte_source_hash(const struct byte_source *source, uint64_t *out);

#endif

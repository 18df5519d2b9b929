/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/byte_source.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

enum { HASHED_AT_ONCE = 64 * 1024 }; /* bytes; a multiple of 8 */
#define HASHED_MOST (UINT64_C(16) << 30)

struct byte_source byte_source_of_text(const char *bytes, size_t length)
{
	return (struct byte_source){.bytes = bytes, .fd = -1, .length = length};
}

struct byte_source byte_source_of_file(int fd, const struct stat *info)
{
	return (struct byte_source){
		.fd = fd, .length = (uint64_t)info->st_size, .modified = info->st_mtim};
}

ssize_t byte_source_read(const struct byte_source *source, uint64_t offset, void *out, size_t size)
{
	const uint64_t left = offset < source->length ? source->length - offset : 0;
	const size_t wanted = left < size ? (size_t)left : size;
	struct stat info;
	size_t done = 0;

	if (source->bytes != NULL) {
		memcpy(out, source->bytes + offset, wanted);
		return (ssize_t)wanted;
	}
	if (source->progress != NULL)
		source->progress(source->context);
	while (done < wanted) {
		const ssize_t got = pread(
			source->fd, (char *)out + done, wanted - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ESTALE;
		done += (size_t)got;
	}
	return fstat(source->fd, &info) == 0 && (uint64_t)info.st_size == source->length &&
			info.st_mtim.tv_sec == source->modified.tv_sec &&
			info.st_mtim.tv_nsec == source->modified.tv_nsec
		? (ssize_t)done
		: -ESTALE;
}

/* FNV-1a's step, eight bytes at a time, with a shift that lets high bits reach the low ones. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x100000001b3;
	return hash ^ hash >> 32;
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t length)
{
	uint64_t word;

	for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = mix(hash, word);
	}
	for (; length > 0; bytes++, length--)
		hash = mix(hash, (unsigned char)*bytes);
	return hash;
}

int byte_source_hash(const struct byte_source *source, uint64_t *out)
{
	uint64_t hash = 0xcbf29ce484222325;
	char buffer[HASHED_AT_ONCE];

	if (source->length > HASHED_MOST) {
		*out = 0;
		return 0;
	}
	if (source->bytes != NULL) {
		*out = hash_bytes(hash, source->bytes, (size_t)source->length);
		return 0;
	}
	for (uint64_t offset = 0; offset < source->length; offset += sizeof(buffer)) {
		const ssize_t got = byte_source_read(source, offset, buffer, sizeof(buffer));

		if (got < 0)
			return (int)got;
		hash = hash_bytes(hash, buffer, (size_t)got);
	}
	*out = hash;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/values/arena.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A list of chunks, newest first; only the newest is bumped. A request larger
 * than the next chunk would be gets a chunk of its own *behind* the newest, so
 * that what is left of the newest is not lost. Chunks double up to CHUNK_MAX: a
 * one-pod parse costs 1 KiB, a large one a few dozen chunks.
 */
enum { CHUNK_MIN = 1024, CHUNK_MAX = 256 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, capacity;
	alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	atomic_uint references;
	size_t size; /* bytes taken from the system */
	size_t next_capacity;
	struct chunk *newest;
};

struct arena *arena_create(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		return NULL;
	atomic_init(&arena->references, 1);
	arena->size = sizeof(*arena);
	arena->next_capacity = CHUNK_MIN;
	return arena;
}

struct arena *arena_ref(struct arena *arena)
{
	atomic_fetch_add_explicit(&arena->references, 1, memory_order_relaxed);
	return arena;
}

void arena_unref(struct arena *arena)
{
	struct chunk *chunk, *next;

	if (arena == NULL ||
		atomic_fetch_sub_explicit(&arena->references, 1, memory_order_acq_rel) != 1)
		return;
	for (chunk = arena->newest; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_create(struct arena *arena, size_t capacity)
{
	/*
	 * calloc, not malloc: large chunks come as fresh zero pages that cost nothing until
	 * touched.
	 */
	struct chunk *chunk = calloc(1, sizeof(*chunk) + capacity);

	if (chunk == NULL)
		return NULL;
	chunk->capacity = capacity;
	arena->size += sizeof(*chunk) + capacity;
	return chunk;
}

/* Puts a chunk with room for `size` where arena_alloc() will take from it, and returns it. */
static struct chunk *arena_grow(struct arena *arena, size_t size)
{
	struct chunk *chunk;

	if (size > arena->next_capacity / 2 && arena->newest != NULL) {
		chunk = chunk_create(arena, size);
		if (chunk != NULL) {
			chunk->next = arena->newest->next;
			arena->newest->next = chunk;
		}
		return chunk;
	}
	chunk = chunk_create(arena, size > arena->next_capacity ? size : arena->next_capacity);
	if (chunk != NULL) {
		chunk->next = arena->newest;
		arena->newest = chunk;
		if (arena->next_capacity < CHUNK_MAX)
			arena->next_capacity *= 2;
	}
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct chunk *chunk = arena->newest;
	void *bytes;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = size == 0 ? align : (size + align - 1) / align * align;
	if (chunk == NULL || chunk->capacity - chunk->used < size) {
		chunk = arena_grow(arena, size);
		if (chunk == NULL)
			return NULL;
	}
	bytes = chunk->bytes + chunk->used;
	chunk->used += size;
	return bytes;
}

void *arena_calloc(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : arena_alloc(arena, bytes);
}

void *arena_memdup(struct arena *arena, const void *bytes, size_t size)
{
	void *copy = arena_alloc(arena, size);

	if (copy != NULL && size > 0)
		memcpy(copy, bytes, size);
	return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	const size_t taken = strnlen(text, length);
	char *copy = taken == SIZE_MAX ? NULL : arena_alloc(arena, taken + 1);

	if (copy != NULL)
		memcpy(copy, text, taken); /* the NUL is there: arena memory is zeroed */
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_memdup(arena, text, strlen(text) + 1);
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	va_list again;
	char *text = NULL;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0)
		text = arena_alloc(arena, (size_t)length + 1);
	if (text != NULL)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

size_t arena_size(const struct arena *arena)
{
	return arena->size;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_ARENA_H
#define POLICY_VALUES_ARENA_H

/*
 * Memory for objects that are born together and die together: one parse, one
 * snapshot. An arena is counted, so that objects of one parse may outlive it as
 * long as somebody holds a reference. Allocation is for one thread at a time;
 * references may be taken and dropped by any thread.
 */

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* A new, empty arena with one reference, or NULL when out of memory. */
struct arena *arena_create(void);
struct arena *arena_ref(struct arena *arena); /* returns its argument */
void arena_unref(struct arena *arena);	      /* NULL is allowed; frees with the last reference */

/*
 * `size` bytes of zeroed memory aligned for any type, or NULL when out of memory.
 * They live as long as the arena. A size of 0 gives a valid, distinct pointer.
 */
void *arena_alloc(struct arena *arena, size_t size);
/* NULL when count * size overflows, too */
void *arena_calloc(struct arena *arena, size_t count, size_t size);
void *arena_memdup(struct arena *arena, const void *bytes, size_t size);
char *arena_strndup(struct arena *arena, const char *text, size_t length); /* stops at a NUL byte */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Bytes taken from the system so far: what a limit on a hostile input is held against. */
size_t arena_size(const struct arena *arena);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/failing_alloc.h"

#include <stddef.h>

/* The linker's names for libc's own and for what stands in their place. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);

static bool armed;
static long left; /* that succeed before one fails */

static bool refuse(void)
{
	if (!armed || left-- > 0)
		return false;
	armed = false;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return refuse() ? NULL : __real_reallocarray(memory, count, size);
}

void failing_alloc_arm(long n)
{
	armed = true;
	left = n;
}

bool failing_alloc_disarm(void)
{
	const bool struck = !armed;

	armed = false;
	return struck;
}

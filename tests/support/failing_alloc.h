/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_FAILING_ALLOC_H
#define TESTS_SUPPORT_FAILING_ALLOC_H

/*
 * Allocations that fail when a test wants it: malloc(), calloc() and reallocarray() of the whole
 * program, which podgate_failing_alloc wraps at link time. One thread.
 */

#include <stdbool.h>

/* From now on `n` allocations succeed, the next fails, and all behind it succeed. */
void failing_alloc_arm(long n);
/* None fails any more. Returns whether one did. */
bool failing_alloc_disarm(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_CHILD_PROCESS_H
#define TESTS_SUPPORT_CHILD_PROCESS_H

/*
 * A process of its own to try something in that can't be undone: giving up privileges, filtering
 * system calls. What it finds wrong it says by child_process_require(), and then ends.
 */

enum { CHILD_PROCESS_SIGNALLED = 256 };

/*
 * Runs `body` in a child. Returns its exit code, 0 when it came to its end; or
 * CHILD_PROCESS_SIGNALLED + the signal.
 */
int child_process_run(void (*body)(void));

#define child_process_require(holds) child_process_check((holds) != 0, #holds, __FILE__, __LINE__)
void child_process_check(int holds, const char *text, const char *file, int line);

#endif

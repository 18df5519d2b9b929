/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_EVENT_LOOP_H
#define TESTS_SUPPORT_EVENT_LOOP_H

/*
 * A libuv loop like the daemon's: without an io_uring. With one, libuv 1.50 and later interrupt
 * system calls of the thread that made the loop when another thread runs it.
 */

#include <uv.h>

/*
 * Ends the test when there is no loop to be had. From the first call on no thread of this program
 * gets an io_uring.
 */
void event_loop_init(uv_loop_t *loop);

#endif

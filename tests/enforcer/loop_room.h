/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_ENFORCER_LOOP_ROOM_H
#define TESTS_ENFORCER_LOOP_ROOM_H

/*
 * A libuv loop like the daemon's: without an io_uring. With one, libuv 1.50 and later interrupt system calls of the thread
 * that made the loop when another thread runs it.
 */

#include <uv.h>

/* Ends the test when there is no loop to be had. From the first call on no thread of this program gets an io_uring. */
void loop_room_init(uv_loop_t *loop);

#endif

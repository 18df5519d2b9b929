/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PRIVILEGE_HELPER_PROCESS_H
#define ENFORCER_PRIVILEGE_HELPER_PROCESS_H

/* The helper's own side: what the forked process does. For helper.c and the test. */

#include <stdbool.h>

#include "enforcer/privilege/helper.h"

/*
 * Leaves all of the daemon behind but the socket: descriptors, signals, name, privileges. Says on
 * the socket whether that went well, and if so serves until the daemon closes its end. Does not
 * return.
 */
_Noreturn void helper_process_run(int fd, bool filter);

/* Answers requests until the connection ends or breaks. Reduces nothing. */
void helper_process_serve(int fd);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

/*
 * Tells the service manager how the daemon is: one datagram to the socket that systemd names in
 * $NOTIFY_SOCKET (sd_notify(3)), by hand, as libsystemd for this alone would be dear. Without a
 * service manager nothing happens. For one thread.
 */

#include <stdbool.h>
#include <stdint.h>

/* Whether there is a service manager that wants to be told. */
bool notify_is_wanted(void);

/* "READY=1", "STOPPING=1"...; several, a line each. That it can't be told is said once. */
void notify_service_manager(const char *state);
/* The same, and a descriptor with it, which stays the caller's. */
void notify_service_manager_with(const char *state, int fd);

/*
 * How often, in microseconds, it wants "WATCHDOG=1", or it starts the daemon anew
 * (sd_watchdog_enabled(3)). 0: it does not watch.
 */
uint64_t notify_watchdog_us(void);

#endif

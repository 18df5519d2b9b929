/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_NOTIFY_H
#define ENFORCER_NOTIFY_H

/*
 * Tells the service manager how the daemon is: one datagram to the socket that systemd names in $NOTIFY_SOCKET
 * (sd_notify(3)), by hand, as libsystemd for this alone would be dear. `state` is "READY=1", "STOPPING=1"...
 * Without a service manager it does nothing.
 */
void notify_service_manager(const char *state);

#endif

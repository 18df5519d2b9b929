/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_CLIENT_H
#define SERVICE_CONTROL_CONTROL_CLIENT_H

/*
 * The clients of the control socket: reads their requests a line at a time and within limits, and
 * has each answered before the next is looked at. Long answers come in pieces (stream.h). For
 * control.c, on the loop's thread.
 */

#include <uv.h>

#include "service/control/control_clients.h"

void control_clients_accept(struct control_clients *clients, uv_stream_t *listener);
void control_clients_close(struct control_clients *clients); /* all connections */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_CONTROL_PEER_H
#define SERVICE_CONTROL_CONTROL_PEER_H

/*
 * What is between two daemons beyond what the control socket's file lets through: who the other is,
 * by the kernel's word, and descriptors. For control_client.c; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "service/control/control.h"

/* The user that connected (SO_PEERCRED, unix(7)); (uid_t)-1 when the kernel does not say. */
uid_t control_peer_user(int fd);
/*
 * Whether that is root or the user that we run as: who may judge packets is who could take them
 * anyway.
 */
bool control_peer_is_trusted(uid_t user);
/* Sends a line and the offer's descriptors in one piece, without waiting. 0 or -errno. */
int control_peer_send(int fd, char *line, size_t length, const struct control_offer *offer);

#endif

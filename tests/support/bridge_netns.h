/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_BRIDGE_NETNS_H
#define TESTS_SUPPORT_BRIDGE_NETNS_H

/*
 * A gateway with three pods on one bridge, br_netfilter on: the test program is in the gateway's
 * network namespace, each pod has one of its own. Everything goes with the process.
 *
 * 	br0 10.9.0.254, fd09::254       pod 0: 10.9.0.1, fd09::1        pod 1: 10.9.0.2, fd09::2
 * 	pod 2: 10.9.0.3, fd09::3
 */

#include <stdint.h>

enum { BRIDGE_NETNS_PODS = 3 };

/* A fresh gateway with fresh pods. Always 0: for cmocka's setup. */
int bridge_netns_enter(void **state);

/* Runs a shell command in a pod; it must succeed. */
void bridge_netns_run(int pod, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A socket in the pod's namespace. */
int bridge_netns_socket(int pod, int family, int type, int protocol);
/*
 * A UDP socket bound to a port in the pod, at any address; it may broadcast, and reads wait 0.3 s.
 */
int bridge_netns_udp(int pod, int family, uint16_t port);

/* Sends a datagram of one byte. */
void bridge_netns_send(int socket, const char *to, uint16_t port);
/* How many datagrams come before the socket has been silent for its 0.3 s. */
int bridge_netns_count(int socket);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_ENFORCER_WORLD_H
#define TESTS_ENFORCER_WORLD_H

/*
 * A small world for testing a gate on real packets: a network namespace of the test program's own, three pods whose
 * addresses are on its loopback interface, and iptables rules that queue what they send to each other. It goes with
 * the process.
 *
 *	shop/web 10.1.0.1, fd01::1	shop/db 10.1.0.2, fd01::2	shop/other 10.1.0.3, fd01::3
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "enforcer/gate/gate.h"
#include "policy/snapshot.h"

#define WEB4 "10.1.0.1"
#define DB4 "10.1.0.2"
#define OTHER4 "10.1.0.3"
#define WEB6 "fd01::1"
#define DB6 "fd01::2"

enum world_policy {
	WORLD_OPEN,	/* no policy at all */
	WORLD_RULES,	/* to shop/db, shop/web may send UDP 1000-1099 and TCP 5432 */
	WORLD_CLOSED,	/* to shop/db nobody may send anything */
	WORLD_AUDIT,	/* as CLOSED, in audit mode */
};

enum { WORLD_QUEUE = 8610 };

/*
 * cmocka group setup: enters the namespace. Fails, and says so, without the privilege: these tests prove nothing
 * then.
 */
int world_enter(void **state);

/* Runs `iptables` (and with `six` ip6tables) on table mangle. The test fails when the program does. */
void world_rule(bool six, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_flush_rules(void);

struct snapshot *world_snapshot(enum world_policy policy, uint64_t revision);

struct gate_options world_gate_options(unsigned int workers);
struct gate *world_gate_open(const struct gate_options *options);	/* or the test fails */
/* Sums over all workers. */
struct worker_stats world_stats(const struct gate *gate);
/* Waits until the gate has judged so many packets (or fails after 5 s), then checks that it is not one more. */
void world_wait_judged(const struct gate *gate, uint64_t packets);

/* Sockets bound to a pod's address; `port` 0: any. */
int world_socket(int type, const char *addr, uint16_t port);
void world_send(int socket, const char *addr, uint16_t port, uint32_t number);	/* a datagram with this number in it */
/* The number in the next datagram; or -1 when there is none within `wait_ms`. */
int64_t world_receive(int socket, int wait_ms);
/* 0 when a TCP connection from `from` is accepted; else -ETIMEDOUT after `wait_ms`, or another -errno. */
int world_connect(const char *from, const char *to, uint16_t port, int wait_ms);

#endif

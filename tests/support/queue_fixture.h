/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_QUEUE_FIXTURE_H
#define TESTS_SUPPORT_QUEUE_FIXTURE_H

/*
 * A small world for testing a gate on real packets: a network namespace of the test program's own,
 * three pods whose addresses are on its loopback interface, and iptables rules that queue what they
 * send to each other. It goes with the process.
 *
 * 	shop/web 10.1.0.1, fd01::1	shop/db 10.1.0.2, fd01::2	shop/other 10.1.0.3, fd01::3
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "enforcer/gate/gate.h"
#include "policy/compile/snapshot.h"
#include "process/problem.h"

#define WEB4 "10.1.0.1"
#define DB4 "10.1.0.2"
#define OTHER4 "10.1.0.3"
#define WEB6 "fd01::1"
#define DB6 "fd01::2"

enum queue_fixture_policy {
	QUEUE_FIXTURE_OPEN,   /* no policy at all */
	QUEUE_FIXTURE_RULES,  /* to shop/db, shop/web may send UDP 1000-1099 and TCP 5432 */
	QUEUE_FIXTURE_CLOSED, /* to shop/db nobody may send anything */
	QUEUE_FIXTURE_AUDIT,  /* as CLOSED, in audit mode */
};

enum { QUEUE_FIXTURE_QUEUE = 8610 };

/*
 * cmocka group setup: enters the namespace. Fails, and says so, without the privilege: these tests
 * prove nothing then.
 */
int queue_fixture_enter(void **state);

/*
 * Runs `iptables` (and with `six` ip6tables) on table mangle. The test fails when the program does.
 */
void queue_fixture_rule(bool six, const char *format, ...) __attribute__((format(printf, 2, 3)));
void queue_fixture_flush_rules(void);

struct snapshot *queue_fixture_snapshot(enum queue_fixture_policy policy, uint64_t revision);

/* What a gate is opened with; a test changes what it is about. */
struct queue_fixture_options {
	struct settings settings; /* worker.settings is set when the gate is opened */
	struct worker_options worker;
	struct inheritance *inheritance;
};
struct queue_fixture_options queue_fixture_gate_options(unsigned int workers);
int queue_fixture_gate_try(struct gate **out, const struct queue_fixture_options *options,
	char problem[PROBLEM_SIZE]); /* gate_open() */
/* or the test fails */
struct gate *queue_fixture_gate_open(const struct queue_fixture_options *options);
/* Sums over all workers. */
struct worker_stats queue_fixture_stats(const struct gate *gate);
/*
 * Waits until the gate has judged so many packets (or fails after 5 s), then checks that it is not
 * one more.
 */
void queue_fixture_wait_judged(const struct gate *gate, uint64_t packets);

/* Sockets bound to a pod's address; `port` 0: any. */
int queue_fixture_socket(int type, const char *addr, uint16_t port);
/* a datagram with this number in it */
void queue_fixture_send(int socket, const char *addr, uint16_t port, uint32_t number);
/* The number in the next datagram; or -1 when there is none within `wait_ms`. */
int64_t queue_fixture_receive(int socket, int wait_ms);
/*
 * 0 when a TCP connection from `from` is accepted; else -ETIMEDOUT after `wait_ms`, or another
 * -errno.
 */
int queue_fixture_connect(const char *from, const char *to, uint16_t port, int wait_ms);

#endif

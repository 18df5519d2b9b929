/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TOOLS_PROBE_H
#define TOOLS_PROBE_H

/*
 * podgate-probe: the traffic that the end-to-end tests and the demonstration send through a
 * gateway. One process, one thread. Every subcommand prints what it saw in one line and says it in
 * its exit code, so that a test can tell "the gate dropped it" from "nobody listens" and from "the
 * test itself is broken".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum probe_exit {
	PROBE_REACHED = 0,   /* sent, and the echo came back whole */
	PROBE_NO_ANSWER = 1, /* nothing came back in time: what a denied flow looks like */
	PROBE_PROBLEM = 2,   /* bad arguments, no route, no such socket type */
	/* it passed the gate, but nobody listens: RST, ABORT or ICMP port unreachable */
	PROBE_REFUSED = 3,
};

struct endpoint {
	struct sockaddr_storage address;
	socklen_t length;
	int type, protocol; /* SOCK_*, IPPROTO_* */
};

struct probe_options {
	int timeout_ms; /* 1000 */
	int resend_ms;	/* UDP: send again this often, 0: once */
	int every_ms;	/* hold: between two counters, 50 */
	int stall_ms;	/* hold: this long without an echo is a stall, 300 */
	int for_ms;	/* hold, hostile, flood: end after this long; hold, hostile 0: on SIGTERM */
	uint16_t from_port; /* 0: the kernel's choice */
	size_t size;	    /* bytes of payload, 8 */
	char **arguments;   /* what is left, NULL-terminated */
	int count;
};

/* Returns 0, or PROBE_PROBLEM after a line on standard error. */
int options_parse(struct probe_options *out, int argc, char **argv);
/*
 * PROTOCOL is tcp, udp, sctp or icmp. Returns 0, or PROBE_PROBLEM after a line on standard error.
 */
int endpoint_parse(
	struct endpoint *out, const char *protocol, const char *address, const char *port);
/* A non-blocking socket for `to`, bound to options->from_port if that is set; or -errno. */
int endpoint_socket(const struct endpoint *to, const struct probe_options *options);
int64_t clock_ms(void); /* CLOCK_MONOTONIC */

int command_advertise(int argc, char **argv);
int command_bulk(int argc, char **argv);
int command_cast(int argc, char **argv);
int command_catch(int argc, char **argv);
int command_connect(int argc, char **argv);
int command_crowd(int argc, char **argv);
int command_delay_queue(int argc, char **argv);
int command_flood(int argc, char **argv);
int command_forge(int argc, char **argv);
int command_freeze(int argc, char **argv);
int command_hear(int argc, char **argv);
int command_hold(int argc, char **argv);
int command_hold_queue(int argc, char **argv);
int command_hold_address(int argc, char **argv);
int command_hostile(int argc, char **argv);
int command_keep(int argc, char **argv);
int command_notified(int argc, char **argv);
int command_ping(int argc, char **argv);
int command_rain(int argc, char **argv);
int command_resize(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_volley(int argc, char **argv);

/*
 * SCTP on kernels without it (CONFIG_IP_SCTP unset): the first half of its handshake (RFC 9260,
 * 5.1) over a raw socket. INIT and INIT ACK are all a gate and a connection tracker need to see of
 * a flow and of its reply.
 */
enum { SCTP_PACKET = 36 };
enum sctp_chunk { SCTP_INIT = 1, SCTP_INIT_ACK = 2, SCTP_ABORT = 6 };
struct sctp_packet {
	uint16_t from_port, to_port;
	uint32_t tag;	  /* the receiver's; 0 in an INIT */
	uint32_t own_tag; /* the sender's: the receiver answers with it */
	enum sctp_chunk chunk;
};
void sctp_write(const struct sctp_packet *packet, uint8_t out[SCTP_PACKET]);
/*
 * `bytes` as a raw socket of `family` gives them. Returns false for anything but a whole packet
 * with a good checksum.
 */
bool sctp_read(const uint8_t *bytes, size_t length, int family, struct sctp_packet *out);

#endif

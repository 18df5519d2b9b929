/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Nanoseconds per packet_parse(), by kind of packet, beside what merely copying as many bytes of
 * header takes. The packets differ in their addresses and ports and lie as a queue's messages do,
 * 512 bytes apart. The best of many rounds.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "enforcer/gate/packet.h"
#include "tests/support/packet_builder.h"

enum { PACKETS = 64, STRIDE = 512, REPEATS = 2000, ROUNDS = 50 };

static uint8_t packets[PACKETS][STRIDE];
static uint8_t copies[PACKETS][64];

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t parse_all(size_t length)
{
	struct flow flow = {.protocol = 0};
	uint64_t sum = 0;

	for (size_t i = 0; i < PACKETS; i++) {
		if (packet_parse(packets[i], length, &flow) != PACKET_OK)
			abort();
		sum += flow.dst_port + flow.src.bytes[3];
	}
	return sum;
}

static uint64_t copy_all(size_t length)
{
	for (size_t i = 0; i < PACKETS; i++)
		memcpy(copies[i], packets[i], length < 64 ? length : 64);
	/* or the copies would be seen to be of no use */
	__asm__ volatile("" : : "r"(copies) : "memory");
	return copies[0][0];
}

static double best_ns(uint64_t (*work)(size_t length), size_t length)
{
	volatile uint64_t sink = 0;
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		const double begin = now_ns();
		double each;

		for (int i = 0; i < REPEATS; i++)
			sink = sink + work(length);
		each = (now_ns() - begin) / (REPEATS * (double)PACKETS);
		best = each < best ? each : best;
	}
	return best;
}

static void lay_out(const struct built *packet, size_t address)
{
	for (size_t i = 0; i < PACKETS; i++) {
		memcpy(packets[i], packet->bytes, packet->length);
		packets[i][address] = (uint8_t)i;
	}
}

static void report(const char *kind, const struct built *packet, size_t address)
{
	const size_t length = packet->length < 128 ? packet->length : 128;

	lay_out(packet, address);
	printf("%-44s %6.1f ns   copy %5.1f ns\n", kind, best_ns(parse_all, length),
		best_ns(copy_all, length));
}

int main(void)
{
	struct built tcp4 = {.length = 0}, options4 = tcp4, error4 = tcp4, tcp6 = tcp4,
		     chain6 = tcp4, error6 = tcp4;

	build_ipv4(&tcp4, "10.0.0.1", "10.0.0.2", IPPROTO_TCP, 0, 8);
	build_ports(&tcp4, 40000, 80);
	report("IPv4, TCP", &tcp4, 15);

	build_ipv4(&options4, "10.0.0.1", "10.0.0.2", IPPROTO_UDP, 10, 8);
	build_ports(&options4, 40000, 80);
	report("IPv4 with 40 bytes of options, UDP", &options4, 15);

	build_ipv4(&error4, "192.0.2.1", "10.0.0.1", IPPROTO_ICMP, 0, 8 + 20 + 8);
	build_icmp(&error4, 3);
	build_ipv4(&error4, "10.0.0.1", "10.0.0.2", IPPROTO_TCP, 0, 8);
	build_ports(&error4, 40000, 80);
	report("IPv4, ICMP error about TCP", &error4, 15);

	build_ipv6(&tcp6, "fd00::1", "fd00::2", IPPROTO_TCP, 8);
	build_ports(&tcp6, 40000, 80);
	report("IPv6, TCP", &tcp6, 23);

	build_ipv6(&chain6, "fd00::1", "fd00::2", IPPROTO_HOPOPTS, 80 + 8);
	build_extension(&chain6, IPPROTO_HOPOPTS, IPPROTO_ROUTING, 8);
	build_extension(&chain6, IPPROTO_ROUTING, IPPROTO_DSTOPTS, 24);
	build_extension(&chain6, IPPROTO_DSTOPTS, IPPROTO_AH, 16);
	build_extension(&chain6, IPPROTO_AH, IPPROTO_FRAGMENT, 24);
	build_fragment(&chain6, IPPROTO_SCTP, 0);
	build_ports(&chain6, 7, 9);
	report("IPv6 with five extension headers, SCTP", &chain6, 23);

	build_ipv6(&error6, "fd00::ff", "fd00::1", IPPROTO_ICMPV6, 8 + 40 + 8);
	build_icmp(&error6, 1);
	build_ipv6(&error6, "fd00::1", "fd00::2", IPPROTO_UDP, 8);
	build_ports(&error6, 40000, 53);
	report("IPv6, ICMPv6 error about UDP", &error6, 23);
	return 0;
}

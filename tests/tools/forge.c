/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Packets that only an attacker sends. Nobody answers them: a test looks at the receiver whether
 * they arrived.
 */

enum { FORGED_MOST = 256, TAG = 4, LISTENER_REPORT = 143 };
static const char payload[] = "podgate-forged";

struct forged {
	uint8_t bytes[FORGED_MOST];
	size_t length;
};

static void append(struct forged *packet, const void *bytes, size_t length)
{
	memcpy(packet->bytes + packet->length, bytes, length);
	packet->length += length;
}

/* RFC 1071; `sum` is what was summed up before. */
static uint16_t checksum(const void *bytes, size_t length, uint32_t sum)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)at[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

struct ends {
	int family;
	uint8_t from[16], to[16];
	uint16_t from_port, to_port;
};

static int ends_parse(struct ends *out, const char *from, const char *to)
{
	out->family = strchr(from, ':') != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(out->family, from, out->from) == 1 &&
		inet_pton(out->family, to, out->to) == 1)
		return 0;
	fprintf(stderr, "%s, %s: not two addresses of one family\n", from, to);
	return PROBE_PROBLEM;
}

static void append_ip(struct forged *packet, const struct ends *ends, size_t length)
{
	struct ip four = {.ip_v = 4, .ip_hl = 5, .ip_ttl = 64, .ip_p = IPPROTO_UDP};
	struct ip6_hdr six = {.ip6_flow = htonl(6U << 28), .ip6_nxt = IPPROTO_UDP, .ip6_hlim = 64};

	if (ends->family == AF_INET6) {
		six.ip6_plen = htons((uint16_t)length);
		memcpy(&six.ip6_src, ends->from, 16);
		memcpy(&six.ip6_dst, ends->to, 16);
		append(packet, &six, sizeof(six));
		return;
	}
	four.ip_len = htons((uint16_t)(sizeof(four) + length));
	memcpy(&four.ip_src, ends->from, 4);
	memcpy(&four.ip_dst, ends->to, 4);
	four.ip_sum = checksum(&four, sizeof(four), 0);
	append(packet, &four, sizeof(four));
}

/* The checksum that IPv6 insists on; IPv4 takes 0 for none. */
static uint16_t udp_checksum(const struct ends *ends, const void *datagram, size_t length)
{
	uint8_t addresses[32];

	if (ends->family == AF_INET)
		return 0;
	memcpy(addresses, ends->from, 16);
	memcpy(addresses + 16, ends->to, 16);
	return checksum(datagram, length,
		(uint16_t)~ntohs(
			checksum(addresses, sizeof(addresses), (uint32_t)length + IPPROTO_UDP)));
}

static void append_udp(struct forged *packet, const struct ends *ends)
{
	uint8_t datagram[sizeof(struct udphdr) + sizeof(payload)];
	struct udphdr header = {.source = htons(ends->from_port),
		.dest = htons(ends->to_port),
		.len = htons(sizeof(datagram))};

	memcpy(datagram, &header, sizeof(header));
	memcpy(datagram + sizeof(header), payload, sizeof(payload));
	header.check = udp_checksum(ends, datagram, sizeof(datagram));
	memcpy(datagram, &header, sizeof(header));
	append_ip(packet, ends, sizeof(datagram));
	append(packet, datagram, sizeof(datagram));
}

static int send_icmp(const struct ends *ends, const struct forged *packet, int hops)
{
	const bool six = ends->family == AF_INET6;
	struct sockaddr_in6 from6 = {.sin6_family = AF_INET6}, to6 = from6;
	struct sockaddr_in from4 = {.sin_family = AF_INET}, to4 = from4;
	const void *from = six ? (void *)&from6 : &from4, *to = six ? (void *)&to6 : &to4;
	const socklen_t length = six ? sizeof(from6) : sizeof(from4);
	const int fd = socket(ends->family, SOCK_RAW, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	ssize_t sent;

	memcpy(&from6.sin6_addr, ends->from, 16);
	memcpy(&to6.sin6_addr, ends->to, 16);
	memcpy(&from4.sin_addr, ends->from, 4);
	memcpy(&to4.sin_addr, ends->to, 4);
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof(hops));
	sent = bind(fd, from, length) != 0
		? -1
		: sendto(fd, packet->bytes, packet->length, 0, to, length);
	if (sent < 0)
		perror("forge");
	close(fd);
	return sent < 0 ? PROBE_PROBLEM : PROBE_REACHED;
}

/*
 * FROM TO OTHER PORT OTHER_PORT: FROM says that a datagram from TO's PORT did not reach OTHER's
 * OTHER_PORT.
 */
static int forge_error(char **arguments)
{
	struct forged packet = {.length = 0};
	struct ends ends, quoted;
	uint8_t header[8] = {ICMP_DEST_UNREACH, ICMP_HOST_UNREACH};
	uint16_t sum;

	if (ends_parse(&ends, arguments[0], arguments[1]) != 0 ||
		ends_parse(&quoted, arguments[1], arguments[2]) != 0)
		return PROBE_PROBLEM;
	quoted.from_port = (uint16_t)atoi(arguments[3]);
	quoted.to_port = (uint16_t)atoi(arguments[4]);
	if (ends.family == AF_INET6)
		header[0] = ICMP6_DST_UNREACH;
	append(&packet, header, sizeof(header));
	append_udp(&packet, &quoted);
	sum = checksum(packet.bytes, packet.length, 0); /* ICMPv6's is the kernel's work */
	memcpy(packet.bytes + 2, &sum, sizeof(sum));
	return send_icmp(&ends, &packet, 64);
}

/*
 * FROM TO: a multicast listener report to one address, of which a router makes the hop limit right.
 */
static int forge_report(char **arguments)
{
	struct forged packet = {.length = 0};
	const uint8_t header[8] = {LISTENER_REPORT};
	struct ends ends;

	if (ends_parse(&ends, arguments[0], arguments[1]) != 0)
		return PROBE_PROBLEM;
	append(&packet, header, sizeof(header));
	append(&packet, payload, sizeof(payload));
	return send_icmp(&ends, &packet, 2);
}

/* DEVICE MAC FROM TO PORT: a datagram in a frame with a tag of VLAN 0. */
static int forge_tagged(char **arguments)
{
	struct sockaddr_ll device = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(arguments[0])};
	const int fd = socket(AF_PACKET, SOCK_RAW, 0);
	struct forged frame = {.length = 0};
	uint8_t header[ETH_HLEN + TAG] = {[6] = 2, [11] = 77, [12] = ETH_P_8021Q >> 8, [13] = 0};
	struct ends ends = {.from_port = 4000, .to_port = (uint16_t)atoi(arguments[4])};
	ssize_t sent;

	if (ends_parse(&ends, arguments[2], arguments[3]) != 0 ||
		sscanf(arguments[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &header[0], &header[1],
			&header[2], &header[3], &header[4], &header[5]) != 6)
		return PROBE_PROBLEM;
	header[16] = ends.family == AF_INET6 ? ETH_P_IPV6 >> 8 : ETH_P_IP >> 8;
	header[17] = ends.family == AF_INET6 ? ETH_P_IPV6 & 0xff : ETH_P_IP & 0xff;
	append(&frame, header, sizeof(header));
	append_udp(&frame, &ends);
	sent = sendto(fd, frame.bytes, frame.length, 0, (struct sockaddr *)&device, sizeof(device));
	if (sent < 0)
		perror("forge");
	close(fd);
	return sent < 0 ? PROBE_PROBLEM : PROBE_REACHED;
}

int command_forge(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*run)(char **arguments);
	} kinds[] = {{"error", 5, forge_error}, {"report", 2, forge_report},
		{"tagged", 5, forge_tagged}};

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0 && argc - 2 == kinds[i].arguments)
			return kinds[i].run(argv + 2);
	fputs("usage: podgate-probe forge error FROM TO OTHER PORT OTHER_PORT | report FROM TO | "
	      "tagged DEVICE MAC FROM TO PORT\n",
		stderr);
	return PROBE_PROBLEM;
}

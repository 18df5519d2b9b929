#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Several packets of one new flow wait in an NFQUEUE, and the program accepts all: of UDP all arrive, of ICMP echo the first alone.
# The program gets no error. The others are counted as insert_failed and drop in the kernel's figures of connection tracking, where
# they look like a full table.
#
# Each of the packets has a conntrack entry of its own, as none is confirmed before the verdict. The first to be confirmed wins;
# for the others the kernel looks whether the protocol allows the clash to be resolved (nf_ct_resolve_clash() of
# net/netfilter/nf_conntrack_core.c: l4proto->allow_clash, which UDP and the generic protocols have, and ICMP, SCTP and TCP
# have not), and else drops them. So the second and later pings of a fresh flow are lost where a first verdict takes longer than the
# interval between two pings, and so is an SCTP INIT that is sent again.
#
# Seen, Linux 6.18, iptables 1.8.9 (Debian 12: 1.8.9-2), libnetfilter-queue 1.0.5-3:
#   ICMP echo, one id: 1 of 5 arrive, insert_failed 4
#   UDP, one pair of ports: 5 of 5 arrive, insert_failed 0
#
# Needs root, gcc, libnetfilter-queue-dev, iproute2, iptables, python3. Exit: 0 as above, 1 it behaves otherwise, 2 it could not be tried.

set -eu
[ "$(id -u)" = 0 ] || { echo "NOT RUN: needs root"; exit 2; }
WORK=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
NET=pings-$$
QUEUE=
cleanup() {
	[ -z "$QUEUE" ] || kill "$QUEUE" 2>/dev/null || true
	for n in gw a b; do ip netns del "$NET-$n" 2>/dev/null || true; done
	rm -rf "$WORK"
}
trap cleanup EXIT

# Accepts packets five at a time, and holds them till then.
cat >"$WORK/hold.c" <<'SOURCE'
#include <arpa/inet.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <sys/socket.h>

enum { AT_ONCE = 5 };
static uint32_t ids[AT_ONCE];
static int held;

static int take(struct nfq_q_handle *queue, struct nfgenmsg *general, struct nfq_data *data, void *context)
{
	struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(data);

	(void)general, (void)context;
	if (header == NULL)
		return 0;
	ids[held++] = ntohl(header->packet_id);
	for (int i = 0; held == AT_ONCE && i < AT_ONCE; i++)
		nfq_set_verdict(queue, ids[i], NF_ACCEPT, 0, NULL);
	held %= AT_ONCE;
	return 0;
}

int main(void)
{
	struct nfq_handle *handle = nfq_open();
	struct nfq_q_handle *queue = handle != NULL ? nfq_create_queue(handle, 7, take, NULL) : NULL;
	char buffer[65536] __attribute__((aligned(8)));
	ssize_t n;

	if (queue == NULL || nfq_set_mode(queue, NFQNL_COPY_PACKET, 128) < 0)
		return 2;
	puts("ready");
	fflush(stdout);
	while ((n = recv(nfq_fd(handle), buffer, sizeof(buffer), 0)) >= 0)
		nfq_handle_packet(handle, buffer, (int)n);
	return 0;
}
SOURCE
gcc -o "$WORK/hold" "$WORK/hold.c" -lnetfilter_queue 2>/dev/null || { echo "NOT RUN: gcc or libnetfilter-queue-dev is missing"; exit 2; }

in_ns() { local n=$1; shift; ip netns exec "$NET-$n" "$@"; }
for n in gw a b; do ip netns add "$NET-$n"; done
i=1
for n in a b; do
	ip link add "p$n" netns "$NET-gw" type veth peer name eth0 netns "$NET-$n"
	ip -n "$NET-gw" addr add 10.55.$i.1/24 dev "p$n"
	ip -n "$NET-gw" link set "p$n" up
	ip -n "$NET-$n" addr add 10.55.$i.2/24 dev eth0
	ip -n "$NET-$n" link set eth0 up
	ip -n "$NET-$n" route add default via 10.55.$i.1
	i=$((i + 1))
done
in_ns gw sysctl -qw net.ipv4.ip_forward=1
in_ns b iptables-nft -A INPUT -p icmp --icmp-type echo-request
in_ns b iptables-nft -A INPUT -p udp --dport 9
in_ns gw "$WORK/hold" >"$WORK/out" &
QUEUE=$!
for _ in {1..50}; do grep -q ready "$WORK/out" && break; sleep 0.1; done
in_ns gw iptables-nft -A FORWARD -m conntrack --ctstate NEW -j NFQUEUE --queue-num 7

arrived() { in_ns b iptables-nft -vxnL INPUT | awk -v what="$1" '$0 ~ what { print $1 }'; }
# The columns of /proc/net/stat/nf_conntrack are named in its first line, and there is a row a CPU, in hexadecimal.
insert_failed() {
	in_ns gw python3 -c '
rows = [line.split() for line in open("/proc/net/stat/nf_conntrack")]
print(sum(int(row[rows[0].index("insert_failed")], 16) for row in rows[1:]))'
}
code=0
try() {	# TEXT PATTERN ARRIVING FAILING COMMAND...: sends five
	local text=$1 pattern=$2 wanted="$3 $4" before failed
	shift 4
	before=$(arrived "$pattern") failed=$(insert_failed)
	in_ns a "$@"
	sleep 0.5
	set -- $(($(arrived "$pattern") - before)) $(($(insert_failed) - failed))
	echo "$text: $1 of 5 arrive, insert_failed $2"
	[ "$1 $2" = "$wanted" ] || code=1
}
try "ICMP echo, one id" icmp 1 4 python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff
for sequence in range(5):
    head = struct.pack("!BBHHH", 8, 0, 0, 77, sequence)
    s.sendto(head[:2] + struct.pack("!H", checksum(head)) + head[4:], ("10.55.2.2", 0))'
try "UDP, one pair of ports" dpt:9 5 0 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(5):
    s.sendto(b"x", ("10.55.2.2", 9))'
exit $code

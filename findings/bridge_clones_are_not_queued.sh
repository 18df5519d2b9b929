#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A bridge with br_netfilter, and NFQUEUE in FORWARD with a program that accepts all: the first packet of a flow is lost if the
# bridge floods it. Nothing counts it as lost: neither the queue (/proc/net/netfilter/nfnetlink_queue) nor the program.
#
# A frame whose receiver's port is unknown (after 300 s of silence, or `bridge fdb flush`) is cloned, one clone a port. The clones
# share one conntrack entry that is not confirmed yet. nf_ct_drop_unconfirmed() (net/netfilter/nfnetlink_queue.c) has each such
# clone dropped before it is queued, as confirming one entry from several queued packets was a crash; only the clone that is
# handled last, when it has the entry to itself, gets to the program. It goes out by one port, mostly the wrong one. So a lone
# UDP datagram is gone, and TCP opens a second late. Frames to multicast and broadcast addresses fare the same.
#
# What helps: judging in PREROUTING, where the frame is one still, or leaving it untracked (CT --notrack): the third run.
#
# Seen, Linux 6.18, iptables 1.8.9 (Debian 12: 1.8.9-2), libnetfilter-queue 1.0.5-3:
#   no queue: 20 of 20 arrive
#   NFQUEUE in FORWARD: 0 of 20 arrive
#   NFQUEUE in FORWARD, untracked: 20 of 20 arrive
#
# Needs root, gcc, libnetfilter-queue-dev, iproute2, iptables. Exit: 0 as above, 1 it behaves otherwise, 2 it could not be tried.

set -eu
[ "$(id -u)" = 0 ] || { echo "NOT RUN: needs root"; exit 2; }
WORK=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
NET=clones-$$
QUEUE=
cleanup() {
	[ -z "$QUEUE" ] || kill "$QUEUE" 2>/dev/null || true
	for n in gw a b c; do ip netns del "$NET-$n" 2>/dev/null || true; done
	rm -rf "$WORK"
}
trap cleanup EXIT

cat >"$WORK/accept.c" <<'SOURCE'
#include <arpa/inet.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <sys/socket.h>

static int take(struct nfq_q_handle *queue, struct nfgenmsg *general, struct nfq_data *data, void *context)
{
	struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(data);

	(void)general, (void)context;
	return header == NULL ? 0 : nfq_set_verdict(queue, ntohl(header->packet_id), NF_ACCEPT, 0, NULL);
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
gcc -o "$WORK/accept" "$WORK/accept.c" -lnetfilter_queue 2>/dev/null || { echo "NOT RUN: gcc or libnetfilter-queue-dev is missing"; exit 2; }

in_ns() { local n=$1; shift; ip netns exec "$NET-$n" "$@"; }
for n in gw a b c; do ip netns add "$NET-$n"; done
ip -n "$NET-gw" link add br0 type bridge
ip -n "$NET-gw" link set br0 up
i=1
for n in a b c; do
	ip link add "p$n" netns "$NET-gw" type veth peer name eth0 netns "$NET-$n"
	ip -n "$NET-gw" link set "p$n" master br0 up
	ip -n "$NET-$n" addr add 10.55.0.$i/24 dev eth0
	ip -n "$NET-$n" link set eth0 up
	i=$((i + 1))
done
# The match physdev brings br_netfilter in; conntrack is brought in by a rule that asks for it.
in_ns gw iptables-nft -A FORWARD -m physdev --physdev-is-in -m conntrack --ctstate NEW
in_ns gw sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || { echo "NOT RUN: no br_netfilter"; exit 2; }
sleep 2

# c is the port that was made last, which is the first in the order of the bridge: the clone that is left over is not its own.
in_ns c iptables-nft -A INPUT -p udp --dport 9
mac=$(ip -n "$NET-c" -br link show eth0 | awk '{ print $3 }')
ip -n "$NET-a" neigh replace 10.55.0.3 lladdr "$mac" dev eth0
arrived() { in_ns c iptables-nft -vxnL INPUT | awk '/dpt:9/ { print $1 }'; }
try() {
	local before
	before=$(arrived)
	for _ in {1..20}; do
		in_ns gw bridge fdb del "$mac" dev pc master 2>/dev/null || true
		in_ns a bash -c 'echo x >/dev/udp/10.55.0.3/9'
	done
	sleep 0.5
	seen=$(($(arrived) - before))
	echo "$1: $seen of 20 arrive"
}

code=0
try "no queue"; [ "$seen" = 20 ] || { echo "NOT RUN: the network does not work"; exit 2; }
in_ns gw "$WORK/accept" >"$WORK/out" &
QUEUE=$!
for _ in {1..50}; do grep -q ready "$WORK/out" && break; sleep 0.1; done
in_ns gw iptables-nft -A FORWARD -p udp --dport 9 -j NFQUEUE --queue-num 7
try "NFQUEUE in FORWARD"; [ "$seen" -lt 10 ] || code=1
in_ns gw iptables-nft -t raw -A PREROUTING -p udp --dport 9 -j CT --notrack
try "NFQUEUE in FORWARD, untracked"; [ "$seen" = 20 ] || code=1
exit $code

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Removing a rule with the target CT (`--zone 5`, `--helper ftp`, `--ctevents new`...) drops every packet that waits in an NFQUEUE,
# though another rule sent it there, and it never met the rule that is removed. The program that holds the queue is not told; its
# verdicts on these packets fail with ENOENT, as if they had never been. Removing `-j CT --notrack`, or any other target, drops none.
#
# Such a rule has a template entry of connection tracking, which packets that wait may refer to. Firewalls that load their rules
# anew at each change thereby lose first packets of new flows each time.
#
# Seen, Linux 6.18, iptables 1.8.9 (Debian 12: 1.8.9-2), libnetfilter-queue 1.0.5-3:
#   ACCEPT is removed: 3 packets wait, then 3
#   CT --notrack is removed: 3 packets wait, then 3
#   CT --zone is removed: 3 packets wait, then 0
#   CT --helper is removed: 3 packets wait, then 0
#
# Needs root, gcc, libnetfilter-queue-dev, iproute2, iptables. Exit: 0 as above, 1 it behaves otherwise, 2 it could not be tried.

set -eu
[ "$(id -u)" = 0 ] || { echo "NOT RUN: needs root"; exit 2; }
WORK=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
NET=queues-$$
QUEUE=
cleanup() {
	[ -z "$QUEUE" ] || kill "$QUEUE" 2>/dev/null || true
	for n in gw a; do ip netns del "$NET-$n" 2>/dev/null || true; done
	rm -rf "$WORK"
}
trap cleanup EXIT

# Takes packets and never answers.
cat >"$WORK/hold.c" <<'SOURCE'
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	struct nfq_handle *handle = nfq_open();
	struct nfq_q_handle *queue = handle != NULL ? nfq_create_queue(handle, 7, NULL, NULL) : NULL;

	if (queue == NULL || nfq_set_mode(queue, NFQNL_COPY_META, 0) < 0)
		return 2;
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
SOURCE
gcc -o "$WORK/hold" "$WORK/hold.c" -lnetfilter_queue 2>/dev/null || { echo "NOT RUN: gcc or libnetfilter-queue-dev is missing"; exit 2; }

in_ns() { local n=$1; shift; ip netns exec "$NET-$n" "$@"; }
for n in gw a; do ip netns add "$NET-$n"; done
ip link add pa netns "$NET-gw" type veth peer name eth0 netns "$NET-a"
ip -n "$NET-gw" addr add 10.55.1.1/24 dev pa
ip -n "$NET-gw" link set pa up
ip -n "$NET-a" addr add 10.55.1.2/24 dev eth0
ip -n "$NET-a" link set eth0 up
in_ns gw "$WORK/hold" >"$WORK/out" &
QUEUE=$!
for _ in {1..50}; do grep -q ready "$WORK/out" && break; sleep 0.1; done
in_ns gw iptables-nft -A INPUT -p udp --dport 9 -j NFQUEUE --queue-num 7

waiting() { in_ns gw awk '$1 == 7 { print $3 }' /proc/net/netfilter/nfnetlink_queue; }
code=0
try() {	# TEXT LEFT RULE...
	local text=$1 wanted=$2 before
	shift 2
	in_ns gw iptables-nft -t raw -A PREROUTING "$@" 2>/dev/null || { echo "NOT RUN: the kernel has no such rule: $*"; exit 2; }
	while [ "$(waiting)" -lt 3 ]; do
		in_ns a bash -c 'echo x >/dev/udp/10.55.1.1/9'
		sleep 0.1
	done
	before=$(waiting)
	in_ns gw iptables-nft -t raw -D PREROUTING "$@"
	sleep 0.5
	echo "$text: $before packets wait, then $(waiting)"
	[ "$before $(waiting)" = "3 $wanted" ] || code=1
}
try "ACCEPT is removed" 3 -p tcp --dport 9999 -j ACCEPT
try "CT --notrack is removed" 3 -p tcp --dport 9999 -j CT --notrack
try "CT --zone is removed" 0 -p tcp --dport 9999 -j CT --zone 5
try "CT --helper is removed" 0 -p tcp --dport 21 -j CT --helper ftp
exit $code

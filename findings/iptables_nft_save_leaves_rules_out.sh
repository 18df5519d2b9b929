#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# iptables-nft-save exits with 0 and saves nothing of a table, when one native rule of nft in any chain of that table is none that
# it can write down. Its output is one comment line. A script that saves rules at shutdown and restores them at boot thereby loses
# the whole table, and sees no error. Rules can be added and checked in the same table all the while.
#
# `iptables-nft -S` says the same and exits with 1. Another native rule, of another form, has iptables-nft-save exit with 3 after it has
# printed the table's chains: then the output looks like a table without rules.
#
# What helps: reading one's own chains from nf_tables itself (NFT_MSG_GETRULE, or `nft -j list chain`), and taking an output
# without a COMMIT line for a failure.
#
# Seen, iptables 1.8.9 (Debian 12: 1.8.9-2), nftables 1.0.6, Linux 6.18:
#   before: exit 0, rules 1, COMMIT 1
#   beside a rule that copies the connection's mark: exit 0, rules 0, COMMIT 0
#   a rule is added and found there: yes
#   beside a rule that masks the packet's mark: exit 3, rules 0, COMMIT 0
#
# Needs root, iptables, nftables, util-linux. Exit: 0 as above, 1 it behaves otherwise, 2 it could not be tried.

set -eu
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || { echo "NOT RUN: needs root"; exit 2; }
	command -v nft >/dev/null && command -v iptables-nft-save >/dev/null || { echo "NOT RUN: iptables or nftables is missing"; exit 2; }
	exec unshare --net "$0" inside	# a network namespace that ends with this script
fi

RULE=(FORWARD -p tcp --dport 80 -j ACCEPT)
iptables-nft -t mangle -A "${RULE[@]}"
nft add chain ip mangle PREROUTING '{ type filter hook prerouting priority -150; policy accept; }'

FAILED=0
saved() {	# TEXT EXPECTED
	local out code=0
	out=$(iptables-nft-save -t mangle 2>/dev/null) || code=$?
	out="exit $code, rules $(grep -c '^-A' <<<"$out" || true), COMMIT $(grep -c '^COMMIT' <<<"$out" || true)"
	echo "$1: $out"
	[ "$out" = "$2" ] || FAILED=1
}
saved "before" "exit 0, rules 1, COMMIT 1"
nft add rule ip mangle PREROUTING ct state related,established counter meta mark set ct mark
saved "beside a rule that copies the connection's mark" "exit 0, rules 0, COMMIT 0"
if printf '*mangle\n-A FORWARD -p tcp --dport 81 -j ACCEPT\nCOMMIT\n' | iptables-nft-restore --noflush &&
	iptables-nft -t mangle -C FORWARD -p tcp --dport 81 -j ACCEPT; then
	echo "a rule is added and found there: yes"
else
	echo "a rule is added and found there: no"
	FAILED=1
fi
nft flush chain ip mangle PREROUTING
nft add rule ip mangle PREROUTING meta mark set meta mark and 0xffff
saved "beside a rule that masks the packet's mark" "exit 3, rules 0, COMMIT 0"
exit $FAILED

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# iptables-save of 1.8.11 (Debian 13) writes `-p 2` where that of 1.8.9 (Debian 12) writes `-p igmp`, for the same rule in the same
# kernel: a program that compares what it wrote with what it reads back sees a change that nobody made.
#
# And `-p igmp` is a name that iptables does not know by itself: where there is no /etc/protocols (package netbase, which a minimal
# Debian has not), the rule is refused. Names that iptables knows by itself (tcp, udp, sctp, icmp, ipv6-icmp, esp, ah...) are
# written as names by both. `-p 2` works everywhere.
#
# Seen, Linux 6.18:
#   iptables v1.8.9 (nf_tables): igmp is written as -p igmp, sctp as -p sctp
#   iptables v1.8.11 (nf_tables): igmp is written as -p 2, sctp as -p sctp
#   without /etc/protocols: unknown protocol "igmp" specified; 2 is taken
#
# Uses the iptables that is installed, in namespaces of its own; needs root. Exit: 0 as above for this version, 1 it behaves
# otherwise, 2 it could not be tried.

set -u
[ "$(id -u)" = 0 ] || { echo "NOT RUN: needs root"; exit 2; }
command -v iptables-nft >/dev/null && [ -e /etc/protocols ] || { echo "NOT RUN: needs iptables-nft and netbase"; exit 2; }

try() {
	version=$(iptables-nft --version)
	iptables-nft -t mangle -A FORWARD -p igmp && iptables-nft -t mangle -A FORWARD -p sctp || return 2
	igmp=$(iptables-nft-save -t mangle | sed -n 's/^-A FORWARD \(-p \(igmp\|2\)\)$/\1/p')
	sctp=$(iptables-nft-save -t mangle | sed -n 's/^-A FORWARD \(-p \(sctp\|132\)\)$/\1/p')
	echo "$version: igmp is written as $igmp, sctp as $sctp"
	mount --bind /dev/null /etc/protocols
	refused=$(iptables-nft -t mangle -A FORWARD -p igmp 2>&1 | head -1)
	taken=no
	iptables-nft -t mangle -A FORWARD -p 2 && taken=yes
	echo "without /etc/protocols: ${refused#*: }; 2 is $([ $taken = yes ] || echo not )taken"
	[[ $refused == *'unknown protocol "igmp"'* ]] && [ $taken = yes ] && [ "$sctp" = "-p sctp" ] || return 1
	if printf '1.8.11\n%s\n' "$(sed -E 's/^[^ ]+ v([0-9.]+).*/\1/' <<<"$version")" | sort -VC; then
		[ "$igmp" = "-p 2" ]
	else
		[ "$igmp" = "-p igmp" ]
	fi
}
unshare --net --mount --propagation private bash -c "$(declare -f try)"'; try'

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podgate cleanup and doctor in a network namespace of their own: test_cleanup.sh PODGATE
set -eu

if [ "${2-}" != inside ]; then
	exec unshare --net --mount "$0" "$1" inside
fi
podgate=$1
folder=$(mktemp -d)
listener=
trap '[ -z "$listener" ] || kill "$listener" 2>/dev/null || true; rm -r "$folder"' EXIT
config=$folder/podgate.yaml
printf 'control_socket: %s\n' "$folder/control.sock" >"$config"

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# expect CODE TEXT COMMAND...: its exit code, and what its output must contain
expect() {
	local want=$1 text=$2 got=0 output
	shift 2
	output=$("$@" 2>&1) || got=$?
	[ "$got" = "$want" ] || fail "$*: exit code $got, not $want: $output"
	[[ $output == *"$text"* ]] || fail "$*: no \"$text\" in: $output"
}

leave_behind() {
	for backend in nft legacy; do
		for family in ip ip6; do
			"${family}tables-$backend" -t mangle -N PODGATE
			"${family}tables-$backend" -t mangle -A PODGATE -j RETURN
			"${family}tables-$backend" -t mangle -I FORWARD -j PODGATE
		done
	done
	ipset create podgate-pods4 hash:ip
	ipset create podgate-denied6 hash:ip,port,ip family inet6
	ipset create others hash:ip
	ip link set lo up
	iptables-nft -t mangle -A OUTPUT -j CONNMARK --set-xmark 0x20000001/0x20000001
	echo x >/dev/udp/127.0.0.1/9
	iptables-nft -t mangle -D OUTPUT 1
}

expect 0 "nothing of podgate's was there" "$podgate" cleanup --config "$config"
expect 0 '{"rules":[],"sets":0,"marks":0,"socket":false,"clean":true}' "$podgate" cleanup -o json --config "$config"

leave_behind
iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT
expect 0 '"sets":2,"marks":1,"socket":false,"clean":true}' "$podgate" cleanup -o json --config "$config"
for backend in nft legacy; do
	for family in ip ip6; do
		! "${family}tables-$backend-save" 2>/dev/null | grep -q PODGATE || fail "rules are left: $family $backend"
	done
done
[ "$(ipset list -n)" = others ] || fail "the sets are not as they should be: $(ipset list -n)"
conntrack -L 2>/dev/null | grep -q 'mark=1 ' || fail "the mark of others is gone, or ours is left: $(conntrack -L 2>&1)"
iptables-nft-save 2>/dev/null | grep -q -- '-A INPUT -p tcp' || fail "a rule of others is gone"
expect 0 "nothing of podgate's was there" "$podgate" cleanup --config "$config"

# a daemon that answers; then the socket that it leaves when it is killed
socat "UNIX-LISTEN:$folder/control.sock,fork" /dev/null &
listener=$!
for _ in $(seq 100); do
	[ -S "$folder/control.sock" ] && break
	sleep 0.05
done
ipset create podgate-pods4 hash:ip
expect 2 "a podgate daemon answers at $folder/control.sock" "$podgate" cleanup --config "$config"
[ -n "$(ipset list -n podgate-pods4)" ] || fail "it refused, and removed a set"
expect 0 "removed 1 set" "$podgate" cleanup --force --config "$config"
[ -S "$folder/control.sock" ] || fail "the socket of a daemon that answers is gone"
kill -9 "$listener"
{ wait "$listener"; } 2>/dev/null || true
listener=
expect 0 "removed a control socket" "$podgate" cleanup --config "$config"
[ ! -e "$folder/control.sock" ] || fail "the socket is left"
echo mine >"$folder/control.sock"
expect 0 "nothing of podgate's was there" "$podgate" cleanup --config "$config"
[ -f "$folder/control.sock" ] || fail "a plain file was taken for a socket"

# what stands in the way
unprivileged=(setpriv --bounding-set -net_admin --inh-caps -net_admin)
expect 2 "CAP_NET_ADMIN" "${unprivileged[@]}" "$podgate" cleanup --config "$config"
expect 2 "can't read the settings" "$podgate" cleanup --config "$folder/none"
expect 2 'takes no "now"' "$podgate" cleanup now
expect 2 "text or json" "$podgate" cleanup -o xml

# doctor: 1 for what should be mended, 0 when all is well
expect 1 "CAP_NET_ADMIN is missing" "${unprivileged[@]}" "$podgate" doctor --config "$config"
sysctl -qw net.ipv4.ip_forward=0
expect 1 "remedy: sysctl -w net.ipv4.ip_forward=1" "$podgate" doctor --config "$config"
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=1
expect 0 " ok, 0 warnings, 0 failed" "$podgate" doctor --config "$config"
expect 0 '"warning":0,"failed":0}' "$podgate" doctor -o json --config "$config"
expect 2 "can't read the settings" "$podgate" doctor --config "$folder/none"

# without any iptables nobody can say that no rule is left
mount -t tmpfs none /usr/sbin
expect 1 "install the package iptables" "$podgate" doctor --config "$config"
expect 2 "install the package iptables" "$podgate" cleanup --config "$config"
echo "cleanup and doctor: all as expected"

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A gateway with pods, in network namespaces of its own: sourced by the end-to-end tests and by
# deploy/quickstart.sh. Nothing here touches the calling namespace: every veth is made inside one of
# ours.
#
#   far --- (mtu 1280) --- ext --- gw --- pod, pod, ...      routed: a veth a pod, host routes, the gateway at a /32
#   198.51.100.10     203.0.113.10  |                        bridged: pods on one bridge of the gateway
#                                  lan 192.168.20.10
#
# Every address has an IPv6 twin. net_pod makes pods in 10.88.0.0/24 and fd00:88::/64, with the
# gateway at .1 in both.

NET=			# the prefix of all our namespaces, once net_new was called
NET_TOPOLOGY=routed
NET_NODES=()		# their short names: gw, ext, ...
declare -A NET_V4 NET_V6

net_name() { echo "$NET-$1"; }

# in_ns NODE COMMAND...: only the network namespace changes, so files and /sys stay as they are.
in_ns() {
	local node=$1
	shift
	nsenter --net="/run/netns/$NET-$node" "$@"
}

# For the background, as in `in_ns_exec NODE COMMAND &`: $! is then the command, not a waiting
# shell.
in_ns_exec() {
	local node=$1
	shift
	exec nsenter --net="/run/netns/$NET-$node" "$@"
}

net_node() {
	ip netns add "$NET-$1"
	NET_NODES+=("$1")
	NET_V4[$1]=$2 NET_V6[$1]=$3
	ip -n "$NET-$1" link set lo up
	# A node's own packets would count with those of a scenario.
	net_sysctl "$1" ipv6/conf/default/router_solicitations 0
}

# A sysctl of a network namespace: /proc/sys/net shows that of the opening process.
net_sysctl() {
	in_ns "$1" sh -c 'echo "$2" >"/proc/sys/net/$1"' sh "$2" "$3"
}

# net_link NODE DEVICE NODE DEVICE: a veth pair, up.
net_link() {
	ip link add "$2" netns "$NET-$1" type veth peer name "$4" netns "$NET-$3"
	ip -n "$NET-$1" link set "$2" up
	ip -n "$NET-$3" link set "$4" up
}

net_addr() {	# NODE DEVICE V4/PREFIX V6/PREFIX
	ip -n "$NET-$1" addr add "$3" dev "$2"
	ip -n "$NET-$1" addr add "$4" dev "$2" nodad
}

net_default() {	# NODE V4 V6
	ip -n "$NET-$1" route add default via "$2"
	ip -n "$NET-$1" -6 route add default via "$3"
}

net_router() {
	net_sysctl "$1" ipv4/ip_forward 1
	net_sysctl "$1" ipv6/conf/all/forwarding 1
}

# net_new PREFIX TOPOLOGY: the gateway, the local network, the internet.
net_new() {
	NET=$1-$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n')
	NET_TOPOLOGY=$2
	net_node gw 10.88.0.1 fd00:88::1
	net_node ext 203.0.113.10 2001:db8:113::10
	net_node far 198.51.100.10 2001:db8:51::10
	net_node lan 192.168.20.10 fd00:20::10
	net_router gw
	net_sysctl gw ipv4/conf/all/rp_filter 1
	net_router ext

	net_link gw ext ext gw
	net_addr gw ext 203.0.113.1/24 2001:db8:113::1/64
	net_addr ext gw 203.0.113.10/24 2001:db8:113::10/64
	net_default ext 203.0.113.1 2001:db8:113::1
	net_link gw lan lan gw
	net_addr gw lan 192.168.20.1/24 fd00:20::1/64
	net_addr lan gw 192.168.20.10/24 fd00:20::10/64
	net_default lan 192.168.20.1 fd00:20::1

	net_link ext far far ext
	ip -n "$NET-ext" link set far mtu 1280
	ip -n "$NET-far" link set ext mtu 1280
	net_addr ext far 198.51.100.1/24 2001:db8:51::1/64
	net_addr far ext 198.51.100.10/24 2001:db8:51::10/64
	# No fitting MSS, so that senders to far must learn of its narrow link from ICMP.
	ip -n "$NET-far" route add default via 198.51.100.1 advmss 1460
	ip -n "$NET-far" -6 route add default via 2001:db8:51::1 advmss 1440
	ip -n "$NET-gw" route add 198.51.100.0/24 via 203.0.113.10
	ip -n "$NET-gw" -6 route add 2001:db8:51::/64 via 2001:db8:113::10

	if [ "$NET_TOPOLOGY" = bridged ]; then
		ip -n "$NET-gw" link add br0 type bridge stp_state 0 forward_delay 0
		ip -n "$NET-gw" link set br0 up
		net_addr gw br0 10.88.0.1/24 fd00:88::1/64
	else
		net_addr gw lo 10.88.0.1/32 fd00:88::1/128
	fi
}

# net_pod NODE V4 V6
net_pod() {
	net_node "$1" "$2" "$3"
	local device=veth${#NET_NODES[@]}

	net_link gw "$device" "$1" eth0
	if [ "$NET_TOPOLOGY" = bridged ]; then
		ip -n "$NET-gw" link set "$device" master br0
		# A translated packet may have to go back to its sender: a pod that connects to
		# itself.
		ip -n "$NET-gw" link set "$device" type bridge_slave hairpin on
		net_addr "$1" eth0 "$2/24" "$3/64"
		net_default "$1" 10.88.0.1 fd00:88::1
		return
	fi
	net_addr "$1" eth0 "$2/32" "$3/128"
	ip -n "$NET-gw" addr add fe80::1/64 dev "$device" nodad
	ip -n "$NET-gw" route add "$2/32" dev "$device"
	ip -n "$NET-gw" -6 route add "$3/128" dev "$device"
	ip -n "$NET-$1" route add 10.88.0.1 dev eth0
	ip -n "$NET-$1" route add default via 10.88.0.1
	ip -n "$NET-$1" -6 route add default via fe80::1 dev eth0
}

# Waits until addresses are usable: link-local ones are tentative for a second, and IPv6 neighbours
# need them.
net_settle() {
	local node tries

	for node in "${NET_NODES[@]}"; do
		for ((tries = 0; tries < 60; tries++)); do
			[ -z "$(ip -n "$NET-$node" -6 addr show tentative)" ] && break
			sleep 0.05
		done
	done
}

# Ends the processes in our namespaces, all of which are ours, and removes the namespaces. Safe to
# call twice.
net_delete() {
	local node pids

	[ -n "$NET" ] || return 0
	for node in "${NET_NODES[@]}"; do
		pids=$(ip netns pids "$NET-$node" 2>/dev/null) || continue
		# shellcheck disable=SC2086
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null || true
	done
	for node in "${NET_NODES[@]}"; do
		ip netns del "$NET-$node" 2>/dev/null || true
	done
	NET_NODES=()
}

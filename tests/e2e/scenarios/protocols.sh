# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Every protocol, allowed and denied, at both ends; and both directions of a pod that is isolated in
# only one.

# No gate at all: the network that the other scenarios judge the gate on works.
scenario_network() {
	local protocol from

	for protocol in tcp udp sctp icmp; do
		for from in web plain gw ext lan; do
			allow $from client $protocol 80
			allow client $from $protocol 80
		done
	done
	allow web far udp 80
	allow far web tcp 80
	settle
	icmp_narrow_udp
}

scenario_protocols() {
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 80}, {port: 80, protocol: UDP}, {port: 80, protocol: SCTP}]
		RULES
		policy db db "Ingress, Egress" <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		egress:
		- to: [{ipBlock: {cidr: "$(cidr 203.0.113.0/24 2001:db8:113::/64)"}}]
		  ports: [{port: 80, endPort: 80}, {port: 80, protocol: UDP}, {port: 80, protocol: SCTP}]
		RULES
		policy client client Egress <<-RULES
		egress:
		- to: [{podSelector: {}}]
		RULES
	} | policies
	gate_start || return
	local protocol

	for protocol in tcp udp sctp; do
		allow client web $protocol 80
		deny client web $protocol 81
		deny intruder web $protocol 80
		deny lan web $protocol 80
		allow client db $protocol 81
		deny intruder db $protocol 81
		allow db ext $protocol 80
		deny db ext $protocol 81
		deny db client $protocol 80
		deny client intruder $protocol 80
		deny client ext $protocol 80
		allow web client $protocol 80
		allow intruder plain $protocol 80
	done
	settle "port rules"
	deny client web icmp	# its rules name ports, and ICMP has none
	allow client db icmp
	deny intruder db icmp
	deny db ext icmp
	deny client intruder icmp
	allow web client icmp
	allow lan client icmp
	settle "ICMP"
}

# Neighbour discovery (and ARP) must always reach a pod that nobody may reach.
scenario_neighbours() {
	{
		policy web web "Ingress, Egress" <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
	} | policies
	gate_start || return
	local node

	for node in gw web client; do
		ip -n "$(net_name $node)" neigh flush all
		ip -n "$(net_name $node)" -6 neigh flush all
	done
	allow client web tcp 80
	allow client web icmp
	deny intruder web icmp
	settle "after the neighbour caches were flushed"
}

# Isolation in one direction never breaks the other: replies belong to the flow that they answer.
scenario_replies() {
	{
		policy web web Ingress </dev/null
		policy db db Egress </dev/null
	} | policies
	gate_start || return
	local protocol

	for protocol in tcp udp sctp; do
		allow web client $protocol 80
		allow web ext $protocol 80
		deny client web $protocol 80
		deny ext web $protocol 80
		allow client db $protocol 80
		allow ext db $protocol 80
		deny db client $protocol 80
		deny db ext $protocol 80
	done
	allow web client icmp
	deny client web icmp
	allow client db icmp
	deny db client icmp
	allow web db tcp 80	# from a pod isolated for ingress only, to one isolated for egress only
	deny db web tcp 80	# denied by both
	settle "one-way isolation"
	check "a bulk transfer out of a pod that nobody may reach" quietly in_ns web "$PROBE" bulk "$(addr client)" 80 20
}

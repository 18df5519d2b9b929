# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The gateway itself: it always reaches its pods (kubelet probes); pods reach it unless host_traffic
# is policy.

scenario_host() {
	policy web web "Ingress, Egress" </dev/null | policies
	gate_start || return
	allow gw web tcp 80
	allow gw web udp 80
	allow gw web icmp
	allow web gw tcp 80
	allow web gw udp 80
	deny client web tcp 80
	deny web client tcp 80
	settle "host_traffic: allow"
}

scenario_host_policy() {
	policy web web "Ingress, Egress" </dev/null | policies
	hold from_host gw "$(addr web)" 80
	hold to_host web "$(addr gw)" 80
	gate_start "host_traffic: policy" || return
	check "a connection of the gateway to a pod goes on" flows from_host
	check "a connection of a pod to the gateway that policy denies is cut" stalls to_host
	allow gw web tcp 80	# its replies come in through INPUT
	allow gw web udp 80
	allow gw web icmp
	deny web gw tcp 80
	deny web gw udp 80
	deny web gw icmp
	allow client gw tcp 80
	allow lan gw tcp 80
	settle "host_traffic: policy"
}

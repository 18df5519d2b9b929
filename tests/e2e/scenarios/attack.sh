# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packets that only an attacker sends. A rule of the receiver's own counts those that arrive.

icmp_name() { cidr icmp ipv6-icmp; }
unreachable() { cidr "--icmp-type destination-unreachable" "--icmpv6-type destination-unreachable"; }

# arrives NODE MATCH COMMAND...: true if a packet of the command matches at the node.
arrives() {
	local node=$1 match=$2 packets
	shift 2
	# shellcheck disable=SC2086
	in_ns "$node" "$(tables)" -w 5 -I INPUT $match
	"$@" >"$DIR/forge" 2>&1 || fail "cannot forge: $(cat "$DIR/forge")"
	sleep 0.15
	packets=$(in_ns "$node" "$(tables)" -w 5 -nvxL INPUT 1 | awk '{ print $1 }')
	in_ns "$node" "$(tables)" -w 5 -D INPUT 1
	[ "$packets" -gt 0 ]
}
never_arrives() { ! arrives "$@"; }

# error_from FROM TO OTHER PORT OTHER_PORT: as if TO's datagram from PORT had not reached OTHER.
error_from() { in_ns "$1" "$PROBE" forge error "$(addr "$1")" "$(addr "$2")" "$(addr "$3")" "$4" "$5"; }
report_arrives() { arrives "$2" "-p $(icmp_name) $(unreachable)" error_from "$@"; }
report_never_arrives() { ! report_arrives "$@"; }

# An ICMP error passes with the flow that it reports on if it comes from an end of it or from a
# router. It does not pass from a pod that uses somebody else's flow as an envelope.
scenario_attack_errors() {
	{
		policy web web "Ingress, Egress" <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
		policy db db Egress <<-RULES
		egress:
		- to: [{ipBlock: {cidr: "$(host_cidr lan)"}}]
		RULES
	} | policies
	bridge_sees_all 1
	in_ns lan "$PROBE" connect --from 5555 udp "$(addr ext)" 80 >/dev/null
	report_arrives web lan ext 5555 80 || fail "control: without the gate an error arrives"
	gate_start || return
	in_ns client "$PROBE" connect --from 5555 udp "$(addr web)" 80 >/dev/null
	in_ns db "$PROBE" connect --from 5555 udp "$(addr lan)" 80 >/dev/null
	check "an isolated pod reports on a stranger's flow" report_never_arrives web lan ext 5555 80
	check "an isolated pod reports on another pod's allowed flow" report_never_arrives web lan db 80 5555
	check "a denied pod reports on a flow of its victim's" report_never_arrives intruder web client 80 5555
	check "an end reports on its flow" report_arrives web client web 5555 80
	check "the other end reports on it" report_arrives client web client 80 5555
	check "a router reports on it" report_arrives ext web client 80 5555
	logged "the message is judged as what it is" \
		'.verdict == "deny" and .source.pod == "web" and (.protocol | startswith("ICMP"))'
}

# A router lowers a hop limit of 2 to the 1 that a listener report must have.
scenario_attack_listener() {
	[ "$FAMILY$TOPOLOGY" = 6routed ] || return 0
	local report=(in_ns web "$PROBE" forge report "$(addr web)" "$(addr lan)")

	policy web web Egress </dev/null | policies
	check "control: without the gate it arrives" arrives lan "-p ipv6-icmp --icmpv6-type 143" "${report[@]}"
	gate_start || return
	check "data as a listener report" never_arrives lan "-p ipv6-icmp --icmpv6-type 143" "${report[@]}"
}

# The receiving pod ignores a tag of VLAN 0. So must the gate.
scenario_attack_tagged() {
	[ "$TOPOLOGY" = bridged ] || return 0
	local mac

	mac=$(ip -n "$(net_name web)" -j link show eth0 | jq -r '.[0].address')
	tagged() { in_ns "$1" "$PROBE" forge tagged eth0 "$mac" "$(addr "$1")" "$(addr web)" 81; }
	net_sysctl gw bridge/bridge-nf-filter-vlan-tagged 0
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
	check "control: without the gate it arrives" arrives web "-p udp --dport 81" tagged intruder
	gate_start || return
	check "a denied pod tags its frames" never_arrives web "-p udp --dport 81" tagged intruder
	check "an allowed pod may" arrives web "-p udp --dport 81" tagged client
}

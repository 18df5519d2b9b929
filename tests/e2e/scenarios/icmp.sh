# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# ICMP errors belong to the flow that they report on; fragments to theirs.

# Not with IPv6 over a bridge: br_netfilter joins the fragments there, and the IPv6 layer forgets
# their size (Linux 6.18).
icmp_narrow_udp() {
	[ "$FAMILY$TOPOLOGY" != 6bridged ] || return 0
	check "a datagram too big for a narrow link arrives in pieces" \
		quietly in_ns client "$PROBE" connect --timeout 4000 --resend 200 --size 1400 udp "$(addr far)" 80
}

scenario_icmp_errors() {
	{
		policy client client "Ingress, Egress" <<-RULES
		egress:
		- to: [{podSelector: {matchLabels: {app: web}}}]
		  ports: [{port: 99, protocol: UDP}]
		- to: [{ipBlock: {cidr: "$(cidr 198.51.100.0/24 2001:db8:51::/64)"}}]
		  ports: [{port: 80, protocol: UDP}, {port: 80}]
		RULES
		policy web web "Ingress, Egress" <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 99, protocol: UDP}]
		RULES
	} | policies
	gate_start || return
	in_ns client "$PROBE" connect --timeout "$ALLOW_MS" udp "$(addr web)" 99 >"$DIR/unreachable" 2>&1
	equal "port unreachable comes back for an allowed flow" 3 $?
	in_ns client "$PROBE" connect --timeout "$DENY_MS" udp "$(addr web)" 98 >/dev/null 2>&1
	equal "and nothing for a denied one" 1 $?
	# The router behind the internet host cannot send 1400 bytes on: it says so, and the sender
	# sends less.
	check "packet too big comes back for an allowed flow" \
		quietly in_ns client "$PROBE" bulk --timeout 4000 "$(addr far)" 80 2
	icmp_narrow_udp
	# Without the gate the refused port is refused: the silence above was the gate's.
	gate_end TERM
	gate_cleanup
	in_ns client "$PROBE" connect --timeout "$ALLOW_MS" udp "$(addr web)" 98 >/dev/null 2>&1
	equal "control: without the gate, port 98 is refused" 3 $?
}

scenario_fragments() {
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 80, protocol: UDP}]
		RULES
	} | policies
	gate_start || return
	check "a datagram in pieces" quietly in_ns client "$PROBE" connect --timeout "$ALLOW_MS" --size 6000 udp "$(addr web)" 80
	in_ns client "$PROBE" connect --timeout "$DENY_MS" --size 6000 udp "$(addr web)" 81 >/dev/null
	equal "a datagram in pieces to a denied port" 1 $?
	in_ns intruder "$PROBE" connect --timeout "$DENY_MS" --size 6000 udp "$(addr web)" 80 >/dev/null
	equal "a datagram in pieces from a denied pod" 1 $?
	gate_end TERM
	gate_cleanup
	check "control: without the gate it arrives" quietly in_ns intruder "$PROBE" connect --timeout "$ALLOW_MS" --size 6000 udp "$(addr web)" 80
}

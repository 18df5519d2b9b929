# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a bridge copies: frames whose receiver it does not know, and frames to group addresses.

# Sends one datagram, a flow of its own, to a port where nobody answers: one_datagram FROM TO PORT
one_datagram() { in_ns "$1" bash -c 'exec 3<>"/dev/udp/$0/$1" && echo x >&3' "$(addr "$2")" "$3" 2>/dev/null; }

# Counts in the pod itself what arrives there: count_in POD FROM PORT; counted_in POD; count_in_no_more POD
count_in() { in_ns "$1" "$(tables)" -t raw -A PREROUTING -s "$(addr "$2")" -p udp --dport "$3"; }
counted_in() {
	in_ns "$1" "$(tables)-save" -c -t raw 2>/dev/null | awk '/-A PREROUTING / { gsub(/[\[\]]/, "", $1); split($1, n, ":"); sum += n[1] } END { print sum + 0 }'
}
count_in_no_more() { in_ns "$1" "$(tables)" -t raw -F PREROUTING; }

# The bridge forgets where everybody is; what it does not know it floods.
bridge_forgets() {
	local port mac
	in_ns gw bridge fdb show br br0 dynamic 2>/dev/null | while read -r mac _ port _; do
		in_ns gw bridge fdb del "$mac" dev "$port" master 2>/dev/null
	done
}

# All pods isolated, one allowed: 20 flows of one datagram each, every one flooded. All arrive, at their receiver alone.
scenario_bridge_flooded() {
	[ "$TOPOLOGY" = bridged ] || return 0
	{
		policy web web Ingress <<-RULES
		ingress: [{from: [{namespaceSelector: {matchLabels: {team: other}}}]}]
		RULES
		policy db db Ingress <<-RULES
		ingress: [{from: [{namespaceSelector: {matchLabels: {team: other}}}]}]
		RULES
		policy client client "Ingress, Egress" </dev/null
		policy intruder intruder "Ingress, Egress" other <<-RULES
		egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}, {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {}, podSelector: {matchLabels: {app: plain}}}]}]
		RULES
	} | policies
	gate_start "$@" || return
	local to i
	for to in web db; do
		allow intruder "$to" udp 80; settle "neighbours know each other"	# the control, too
		count_in "$to" intruder 9
		for i in {1..20}; do
			bridge_forgets
			one_datagram intruder "$to" 9
		done
		sleep 0.2
		equal "flooded datagrams that arrive at $to" 20 "$(counted_in "$to")"
		count_in_no_more "$to"
	done
	deny intruder client udp 80; deny intruder client tcp 80
	settle "what is denied stays denied"
	bridge_forgets
	deny intruder client udp 81; settle "when it is flooded, too"
	bridge_forgets
	allow intruder web tcp 80; settle "TCP"
}
scenario_bridge_flooded_unlearned() { scenario_bridge_flooded "learn: false"; }

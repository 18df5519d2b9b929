# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The learned path: the kernel answers a recurring flow class until something changes, and the log
# stays complete.

classes_policy() {	# PORT that clients may connect to
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	  ports: [{port: $1}, {port: 80, protocol: UDP}, {port: 80, protocol: SCTP}]
	RULES
}

answered_allowed() { rule_packets 'match-set podgate-allowed'; }
answered_denied() { rule_packets 'match-set podgate-denied'; }
in_set() { in_ns gw ipset list "podgate-$1$FAMILY" 2>/dev/null | grep -cE "^[0-9a-f.:]+,$2,"; }
learned() { [ "$(in_set "$1" "$2")" -gt 0 ]; }
forgotten() { [ "$(in_ns gw ipset list "podgate-$1$FAMILY" | grep -c timeout' [0-9]*  *packets')" -eq 0 ]; }

teach() {	# PROTOCOL PORT: two connections, one after the other
	allow client web "$1" "$2"
	settle
	allow client web "$1" "$2"
	settle
	within 2 learned allowed "$1:$2" || fail "the class of $1 $2 was not learned"
}

scenario_classes() {
	local before answered

	classes_policy 80
	gate_start || return
	teach tcp 80
	before=$(queued) answered=$(answered_allowed)
	allow client web tcp 80
	settle
	equal "packets queued of a connection of a learned class" "$before" "$(queued)"
	check "the class set let it pass" [ "$(answered_allowed)" -gt "$answered" ]
	teach udp 80
	teach sctp 80
	before=$(queued)
	allow client web udp 80
	allow client web sctp 80
	settle
	equal "the same by UDP and SCTP" "$before" "$(queued)"
	equal "status counts them" 3 "$(status_field ".classes.allowed.ipv$FAMILY")"

	before=$(queued)
	deny intruder web tcp 80
	deny client web tcp 81
	settle
	check "its neighbours are judged by themselves" [ "$(queued)" -gt "$before" ]

	changed classes_policy 81
	check "a change of policy empties the sets" forgotten allowed
	deny client web tcp 80
	allow client web tcp 81
	settle
	equal "status says so" 1 "$(status_field .classes.emptied)"
	teach tcp 81

	gate_end TERM
	check "a clean stop leaves no allowed class" forgotten allowed
	check "and no denied one" forgotten denied
	deny client web tcp 81
	settle
}

# The kernel answers a pod that insists, and the log counts every packet.
scenario_denied_flood() {
	local queued_before told

	classes_policy 80
	gate_start "log_fold_s: 2" || return
	queued_before=$(queued)
	count_arrivals intruder web udp 80
	in_ns intruder "$PROBE" connect --timeout 3000 --resend 5 udp "$(addr web)" 80 >/dev/null
	equal "it was denied" 1 $?
	DENIED+=("intruder web udp 80")
	check "the kernel answered most of them" [ "$(answered_denied)" -ge 100 ]
	check "few reached userspace: $(($(queued) - queued_before))" [ $(($(queued) - queued_before)) -le 100 ]
	told_all() {
		told=$(jq -s '[.[] | select(.verdict == "deny" and .protocol == "UDP") | .repeat] | add' "$DIR/verdicts.jsonl")
		sent=$(arrivals)
		[ "$told" = "$sent" ]
	}
	local sent

	within 8 told_all
	equal "the log tells of each" "$sent" "$told"
	count_no_more
	logged "and how many were the kernel's" '.verdict == "deny" and .in_kernel >= 50'
	logged "and that there may be such" '.verdict == "deny" and .learnable'
}

scenario_allowed_log() {
	local before

	classes_policy 80
	gate_start "log_allowed: yes" "log_fold_s: 1" || return
	teach tcp 80
	before=$(queued)
	allow client web tcp 80
	settle
	equal "packets queued of a connection of a learned class" "$before" "$(queued)"
	logged "the first says that more may pass in the kernel" '.verdict == "allow" and .repeat == 1 and .learnable'
	logged "the set's counter tells of the rest" '.verdict == "allow" and .in_kernel == 1'
	gate_end TERM
	: >"$DIR/verdicts.jsonl"
	gate_start "log_allowed: every" "log_fold_s: 0" || return
	for _ in 1 2 3 4; do
		allow client web tcp 80
		settle
	done
	within 3 eval '[ "$(log_count ".verdict == \"allow\"")" = 4 ]'
	equal "with log_allowed: every, each is a line" 4 "$(log_count '.verdict == "allow"')"
	equal "and none is the kernel's" 0 "$(status_field .classes.learned)"
}

# Packets that audit mode lets pass are logged each time: the kernel never answers them.
scenario_audit_not_learned() {
	local before i

	classes_policy 80
	gate_start "audit: true" || return
	for i in 1 2 3 4; do
		before=$(queued)
		allow intruder web tcp 80
		settle
		equal "connection $i is judged" $((before + 1)) "$(queued)"
	done
	check "no set holds its class" forgotten allowed
}

# A change that touches neither end leaves a learned class and an open connection alone; one that
# touches an end takes the class away.
scenario_change_elsewhere() {
	local before

	classes_policy 80
	gate_start || return
	teach tcp 80
	hold open client "$(addr web)" 80
	before=$(queued)
	for app in one other; do
		changed elsewhere_is "$app"
		check "the class is still learned" learned allowed tcp:80
	done
	allow client web tcp 80
	settle
	equal "packets queued of a class that no change touched" "$before" "$(queued)"
	changed classes_policy 81
	check "the class that a change touches is gone" forgotten allowed
	deny client web tcp 80
	settle
	check "and the connection is cut" stalls open
}
elsewhere_is() {	# APP: a pod that nobody talks to is relabelled and moved, and a policy selects it
	{
		printf '%s\n' "---" "apiVersion: v1" "kind: Pod" \
			"metadata: {name: elsewhere, namespace: shop, labels: {app: $1}}" \
			"status: {podIPs: [{ip: 10.250.0.${#1}}, {ip: \"fd00:250::${#1}\"}]}"
		policy elsewhere other Ingress </dev/null
	} | manifest elsewhere
}

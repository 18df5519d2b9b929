# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The kernel itself drops packets that podgate allowed or has in its queues: podgate counts them,
# and names the causes.

lost_waiting() { [ "$(in_ns gw awk '$1 >= 8610 && $1 < 8620 { sum += $3 } END { print sum + 0 }' /proc/net/netfilter/nfnetlink_queue)" -ge "$1" ]; }
lost_gone() { [ "$(status_field '[.queues[].gone] | add')" -ge "$1" ]; }
lost_clashed() { [ "$(status_field '.flow_table.clashed')" -ge "$1" ]; }

# Three first packets of one flow wait together: of UDP all pass, of SCTP (no allow_clash) the
# first.
scenario_lost_clash() {
	local before dropped

	lost_policies
	gate_start "learn: false" || return
	allow client web sctp 80
	allow client web udp 80
	settle "one by one"
	quietly in_ns gw conntrack -F	# a flow of an earlier run would be no new one
	before=$(status_field .flow_table.clashed)
	dropped=$(status_field .flow_table.dropped)
	gate_freeze
	in_ns_exec client "$PROBE" connect --timeout 3000 --resend 60 --from 7001 udp "$(addr web)" 80 >/dev/null 2>&1 &
	HELD[udp]=$!
	within 3 lost_waiting 3 || fail "no datagrams wait"
	kill -CONT "$GATE"
	wait "${HELD[udp]}"
	equal "UDP: packets that clash" "$before" "$(status_field .flow_table.clashed)"
	unset "HELD[udp]"
	gate_freeze
	in_ns_exec client "$PROBE" connect --timeout 3000 --resend 60 --from 7002 sctp "$(addr web)" 80 >/dev/null 2>&1 &
	HELD[sctp]=$!
	in_ns_exec client "$PROBE" connect --timeout 3000 --from 7002 sctp "$(addr web)" 80 >/dev/null 2>&1 &
	HELD[again]=$!
	within 3 lost_waiting 2 || fail "no INITs wait"
	kill -CONT "$GATE"
	check "SCTP: they are counted" within 4 lost_clashed $((before + 1))
	equal "and are no sign of a full flow table" "$dropped" "$(status_field .flow_table.dropped)"
}
lost_policies() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
}

# A CT rule with a helper goes while packets wait: the kernel drops them all.
scenario_lost_helper() {
	local i

	lost_policies
	gate_start "learn: false" || return
	tables_do -t raw -A OUTPUT -p tcp --dport 21 -j CT --helper ftp || fail "no CT rule"
	gate_freeze
	for i in 1 2 3; do
		in_ns_exec client "$PROBE" connect --timeout 500 udp "$(addr web)" 80 >/dev/null 2>&1 &
		HELD[$i]=$!
	done
	within 3 lost_waiting 3 || fail "no packets wait"
	tables_do -t raw -D OUTPUT -p tcp --dport 21 -j CT --helper ftp
	check "the kernel has dropped them" lost_dropped
	kill -CONT "$GATE"
	check "verdicts that come too late are counted apart" within 4 lost_gone 1
	equal "and are no errors" 0 "$(status_field '[.queues[].errors] | add')"
	check "the log names the causes" within 3 file_has "$DIR/run.err" "a rule with the target CT or an nft ct object was removed"
	holds_end
	allow client web udp 80
	deny intruder web udp 80
	settle "after it"
}
lost_dropped() { ! lost_waiting 1; }

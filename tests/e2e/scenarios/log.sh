# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The verdict log: names, reasons, counts; and the same lines in `podgate watch`.

log_policies() {
	{
		policy web-in web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 80}]
		RULES
		policy db-out db Egress </dev/null
	} | policies
}

scenario_log() {
	log_policies
	gate_start "log_allowed: yes" "log_fold_s: 2" || return
	in_ns_exec gw "$PODGATE" watch --socket "$DIR/control.sock" >"$DIR/watch.out" 2>&1 &
	local watch=$!

	watch_is_connected() { in_ns gw grep -q ' 0001 03 .*/control\.sock' /proc/net/unix; }
	within 5 watch_is_connected || fail "watch does not come to the daemon"
	sleep 0.3
	deny intruder web tcp 80
	deny client web tcp 81
	deny db lan udp 80
	deny lan web icmp
	allow client web tcp 80
	settle
	local flow='.verdict == "deny" and .source.pod == "intruder" and .source.namespace == "other" and .destination.pod == "web"'

	logged "a denied connection, by names" "$flow and .destination.namespace == \"shop\" and .protocol == \"TCP\" and .destination.port == 80"
	logged "its addresses" "$flow and .source.address == \"$(addr intruder)\" and .destination.address == \"$(addr web)\""
	logged "its policy" "$flow and .denied == [\"ingress\"] and (.ingress | tostring | contains(\"web-in\"))"
	logged "a nearest miss in the peer" "$flow and (.ingress | tostring | (contains(\"app\") and contains(\"intruder\")))"
	logged "a nearest miss in the port" \
		'.verdict == "deny" and .source.pod == "client" and .destination.port == 81 and (.ingress | tostring | (contains("80") and contains("port")))'
	logged "an egress denial" '.verdict == "deny" and .source.pod == "db" and .denied == ["egress"] and .protocol == "UDP" and (.egress | tostring | contains("db-out"))'
	logged "an address that is no pod" ".source.address == \"$(addr lan)\" and (.source | has(\"pod\") | not) and (.protocol | startswith(\"ICMP\"))"
	logged "an allowed connection, as asked for" '.verdict == "allow" and .source.pod == "client" and .destination.port == 80'
	logged "interfaces and time in userspace" "$flow and (.interfaces.in | length) > 0 and .user_us >= 0"
	equal "no line has a number twice" 0 "$(jq .seq "$DIR/verdicts.jsonl" | sort | uniq -d | wc -l)"
	check "watch shows the denial" within 4 grep -q 'other/intruder.*shop/web' "$DIR/watch.out"
	kill "$watch"
	wait "$watch" 2>/dev/null
}

# The sum of the repeats in records must equal the packets sent, however they are folded.
scenario_fold() {
	log_policies
	gate_start "log_fold_s: 1" || return
	count_arrivals intruder web udp 80
	in_ns intruder "$PROBE" connect --timeout 1500 --resend 20 udp "$(addr web)" 80 >/dev/null
	equal "it was denied" 1 $?
	DENIED+=("intruder web udp 80")
	fold_adds_up() {
		repeats=$(jq -s '[.[] | select(.verdict == "deny" and .protocol == "UDP") | .repeat] | add' "$DIR/verdicts.jsonl")
		sent=$(arrivals)
		[ "$sent" = "$repeats" ]
	}
	local lines repeats sent

	within 6 fold_adds_up	# the kernel's answers are read every second
	equal "the repeats add up to what was sent" "$sent" "$repeats"
	count_no_more
	lines=$(log_count '.verdict == "deny" and .protocol == "UDP"')
	check "about 75 denied packets are a few lines, not $lines" between 2 "${lines:-0}" 6
	check "and there were many" [ "${repeats:-0}" -ge 30 ]
}

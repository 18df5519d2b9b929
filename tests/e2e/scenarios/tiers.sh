# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Only the first packet of a flow that touches an isolated pod goes to userspace.

scenario_tiers() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	  ports: [{port: 80}]
	RULES
	gate_start || return
	local before

	before=$(queued)
	allow client web tcp 80
	settle
	equal "packets queued of one accepted TCP connection" $((before + 1)) "$(queued)"

	before=$(queued)
	local marked
	marked=$(rule_packets 'connmark --mark 0x2')
	check "bulk transfer" quietly in_ns client "$PROBE" bulk "$(addr web)" 80 50
	check "a bulk transfer queues its first packet at most" [ $(($(queued) - before)) -le 1 ]
	check "a bulk transfer passes on tier 1" [ $(($(rule_packets 'connmark --mark 0x2') - marked)) -ge 100 ]

	before=$(queued)
	allow plain ext tcp 80
	allow lan plain tcp 80
	allow intruder db tcp 80
	allow client db udp 80
	allow intruder client icmp
	settle
	equal "packets queued between pods that no policy selects" "$before" "$(queued)"

	quietly in_ns gw conntrack -F
	before=$(queued)
	deny intruder web tcp 80
	settle
	check "a denied connection is queued" [ "$(queued)" -gt "$before" ]
	equal "conntrack entries of a denied connection" 0 \
		"$(in_ns gw conntrack -L -f "ipv$FAMILY" -s "$(addr intruder)" -d "$(addr web)" 2>/dev/null | wc -l)"
}

# Pinned workers that wait awake, and queues chosen by the CPU, change no verdict.
scenario_tuned() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	  ports: [{port: 80}]
	RULES
	gate_start "learn: false" "queue_cpu_fanout: true" "pin_workers: true" "spin_us: 200" || return
	local task cpus=()

	allow client web tcp 80
	deny client web tcp 81
	deny intruder web tcp 80
	settle "tuned"
	check "the rule is there" tables_has 'queue-cpu-fanout'
	for task in "/proc/$GATE/task"/*; do
		case $(cat "$task/comm") in
		podgate-q8610 | podgate-q8611) cpus+=("$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$task/status")") ;;
		esac
	done
	check "each worker has a CPU: ${cpus[*]}" grep -qE '^[0-9]+ [0-9]+$' <<<"${cpus[*]}"
	check "another one each" [ "$(nproc)" = 1 -o "${cpus[0]}" != "${cpus[1]}" ]
	equal "rules are as they should be" true "$(status_field .rules.intact)"
	equal "repairs" 0 "$(status_field .rules.repairs)"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A start after an earlier one with other settings; and a flow table that another program empties.

other_backend() { if [ "$BACKEND" = nft ]; then echo legacy; else echo nft; fi; }

scenario_switch_backend() {
	stop_policies
	gate_start || return
	hold open client "$(addr web)" 80
	gate_end TERM
	: >"$DIR/verdicts.jsonl"
	gate_config
	sed -i "s/^backend: .*/backend: $(other_backend)/" "$DIR/podgate.yaml"
	gate_launch
	within 10 gate_answers || { fail "no start with the other back end: $(tail -2 "$DIR/run.err")"; return; }
	allow client web tcp 80
	deny intruder web tcp 80
	settle "with the other back end"
	check "the open connection goes on" flows open
	equal "rules left in the first" 0 "$(tables_save -t mangle | grep -c PODGATE)"
}

scenario_switch_queues() {
	stop_policies
	gate_start || return
	gate_end KILL
	gate_start "queue_base: 9100" "queue_length: 4096" || return
	allow client web tcp 80
	deny intruder web tcp 80
	settle "with other queue numbers"
}

# After `conntrack -F`, or where two gateways share the load, podgate first sees a flow in its
# middle.
scenario_flushed_table() {
	{
		policy web web "Ingress, Egress" <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
	} | policies
	gate_start || return
	hold open client "$(addr web)" 80
	local times

	for times in 1 2 3; do
		quietly in_ns gw conntrack -F
		sleep 0.2
	done
	check "an allowed connection survives it" flows open
	deny intruder web tcp 80
	deny web client tcp 80
	settle "and nothing else passes"
}

# A chosen source port, or a flow in the other direction, gains nothing.
scenario_reverse() {
	policy web web Ingress </dev/null | policies
	gate_start || return
	in_ns web "$PROBE" connect --timeout "$ALLOW_MS" --from 4000 udp "$(addr intruder)" 80 >/dev/null
	equal "an isolated pod's own flow" 0 $?
	in_ns intruder "$PROBE" connect --timeout "$DENY_MS" --from 4001 udp "$(addr web)" 4000 >/dev/null
	equal "from another port of the peer to the port it used" 1 $?
	in_ns client "$PROBE" connect --timeout "$DENY_MS" --from 443 tcp "$(addr web)" 80 >/dev/null
	equal "from a port that servers use" 1 $?
	gate_end TERM
	gate_cleanup
	in_ns intruder "$PROBE" connect --timeout "$ALLOW_MS" --from 4001 udp "$(addr web)" 4000 >/dev/null
	equal "control: without the gate, the port is refused" 3 $?
	in_ns client "$PROBE" connect --timeout "$ALLOW_MS" --from 443 tcp "$(addr web)" 80 >/dev/null
	equal "control: without the gate, the connection opens" 0 $?
}

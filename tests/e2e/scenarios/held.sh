# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Another NFQUEUE program behind podgate, such as an intrusion prevention system, holds a first
# packet over a change that denies its flow. The flow enters the kernel's table after the change
# with the mark of an allowed one, and is cut within a second.

HELD_QUEUE=7777
held_rule() {	# -A or -D
	tables_do "$1" FORWARD -p tcp --syn -s "$(addr client)" -d "$(addr web)" --dport 80 -j NFQUEUE --queue-num $HELD_QUEUE
}
held_waiting() { in_ns gw awk -v queue=$HELD_QUEUE '$1 == queue { print $3 }' /proc/net/netfilter/nfnetlink_queue; }
held_is_waiting() { [ "$(held_waiting)" -ge 1 ]; }
held_is_empty() { [ "$(held_waiting)" = 0 ]; }
held_denied() { [ "$(in_ns gw conntrack -L -f "ipv$FAMILY" -p tcp --orig-src "$(addr client)" --orig-dst "$(addr web)" --mark 0x40000000/0x40000000 2>/dev/null | wc -l)" -ge 1 ]; }
held_deny() { policy web web Ingress </dev/null | policies; }

held_over_change() {	# MS
	local delay begin ms sweeps

	stop_policies
	quietly in_ns gw conntrack -D -p tcp --orig-dst "$(addr web)"
	gate_start "sweep_interval_s: 0" || return
	held_rule -A || fail "no rule for the other program"
	in_ns_exec gw "$PROBE" delay-queue $HELD_QUEUE "$1" >"$DIR/delay" 2>&1 &
	delay=$!
	within 3 file_has "$DIR/delay" ready || fail "no other program: $(cat "$DIR/delay")"
	: >"$DIR/hold-held"
	in_ns_exec client "$PROBE" hold --timeout 9000 --stall 300 "$(addr web)" 80 >"$DIR/hold-held" 2>&1 &
	HELD[held]=$!
	check "the first packet is held" within 2 held_is_waiting
	sleep 0.3
	changed held_deny
	check "and still after the change" held_is_waiting
	within 9 held_is_empty || fail "the other program does not let go"
	begin=${EPOCHREALTIME/./}
	check "held for $1 ms: the flow is denied" within 3 held_denied
	ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
	echo "  (held $1 ms; denied $ms ms after it was let go, $(status_field .sweep.sweeps) sweeps)"
	[ -n "${E2E_SANITIZED:-}" ] || check "within a second of its release" [ "$ms" -le 1100 ]
	check "it works no more" within 3 held_is_cut
	# When nothing is held any more, such sweeps end.
	sleep 1
	sweeps=$(held_sweeps)
	sleep 1.5
	equal "sweeps when all is over" "$sweeps" "$(held_sweeps)"
	kill "$delay"
	wait "$delay" 2>/dev/null
	holds_end
	gate_end TERM
	held_rule -D
}
held_sweeps() { status_field .sweep.sweeps; }
held_is_cut() { hold_is held stalled || ! hold_is held open; }
scenario_held_2s() { held_over_change 2000; }
scenario_held_5s() { held_over_change 5000; }

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podgate ends and starts again under load, and no first packet is lost: the queues are handed on.
# Each datagram of the load is a flow of its own, sent once, so a lost one stays lost.
# E2E_HANDOVERS: the number of restarts.

HANDOVERS=${E2E_HANDOVERS:-4}
RAIN_RATE=${E2E_RAIN_RATE:-400}
KEEPER=		# pid of the imitated service manager
RAINS=() CATCHES=()
RAIN_FROM=2000	# source ports from here on have been unused for half a minute: their flows are new

handover_policies() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
}

# Nothing is learned: a worker judges every flow.
handover_config() {	# [WORKERS QUEUE-BASE]
	gate_config "learn: false" "queue_base: ${2:-8610}" "metrics_listen: \"$METRICS\""
	sed -i "s/^workers: .*/workers: ${1:-2}/" "$DIR/podgate.yaml"
}

rain_begins() {
	local port

	for port in 9000 9001; do
		in_ns_exec web "$PROBE" catch $port >"$DIR/catch-$port" &
		CATCHES+=($!)
		within 3 file_has "$DIR/catch-$port" ready || fail "nothing catches at $port"
	done
	allow client web tcp 80	# so that neighbours know each other
	settle "before the rain"
	in_ns_exec client "$PROBE" rain --from "$RAIN_FROM" "$(addr web)" 9000 "$RAIN_RATE" >"$DIR/rain-9000" &
	RAINS+=($!)
	in_ns_exec intruder "$PROBE" rain --from "$RAIN_FROM" "$(addr web)" 9001 "$RAIN_RATE" >"$DIR/rain-9001" &
	RAINS+=($!)
	sleep 0.3
}

# The load ends; sets SENT, CAUGHT, TWICE (of what may pass) and SLIPPED (of what may not).
rain_ends() {
	local pid

	kill "${RAINS[@]}"
	for pid in "${RAINS[@]}"; do wait "$pid"; done
	sleep 0.5
	kill "${CATCHES[@]}"
	for pid in "${CATCHES[@]}"; do wait "$pid"; done
	RAINS=() CATCHES=()
	read -r _ SENT <"$DIR/rain-9000"
	RAIN_FROM=$((2000 + (RAIN_FROM - 2000 + SENT) % 61000))
	read -r _ CAUGHT _ TWICE _ < <(tail -1 "$DIR/catch-9000")
	read -r _ SLIPPED _ < <(tail -1 "$DIR/catch-9001")
}

# The next scenario's policies would cut these ten thousand flows, each with a record, which takes a
# sanitizer a minute.
after_handover_store() { quietly in_ns gw conntrack -F; }
after_handover_direct() { after_handover_store; }
after_handover_none() { after_handover_store; }
after_handover_fails() { after_handover_store; }

rain_reached_all() {	# TEXT
	rain_ends
	check "$1: the load is one ($SENT sent)" [ "$SENT" -gt 100 ]
	equal "$1: first packets of allowed flows that came, of those sent" "$SENT" "$CAUGHT"
	equal "$1: that came twice" 0 "$TWICE"
	equal "$1: first packets of denied flows that came" 0 "$SLIPPED"
}

# --- a service manager that keeps the queues ------------------------------------------------------

kept_pid() { sed -n 's/^started \([0-9]*\) with.*/\1/p' "$DIR/kept" | tail -1; }
kept_ready() { [ "$(grep -c 'podgate: ready: ' "$DIR/run.err")" -ge "$1" ]; }
kept_begins() {	# [COMMAND...]
	: >"$DIR/run.err"
	: >"$DIR/verdicts.jsonl"
	in_ns_exec gw "$PROBE" keep "$DIR/notify.sock" "$@" "$PODGATE" run --config "$DIR/podgate.yaml" \
		>"$DIR/kept" 2>"$DIR/run.err" &
	KEEPER=$!
	within 10 kept_ready 1 || fail "podgate did not start: $(tail -3 "$DIR/run.err")"
}
kept_ends() {
	kill "$KEEPER"
	wait "$KEEPER" 2>/dev/null
	KEEPER=
	check_sanitizers "$DIR/run.err"
}
# Ends the daemon by the signals in turn, TIMES times; the service manager starts it again.
kept_restarts() {	# TIMES SIGNAL...
	local times=$1 i
	shift
	for ((i = 1; i <= times; i++)); do
		kill "-${*:1+i%$#:1}" "$(kept_pid)"
		within 10 kept_ready $((i + 1)) || fail "restart $i: not ready again: $(tail -3 "$DIR/run.err")"
		sleep 0.1
	done
}

# It dies between reading packets and answering them: packets without a message are judged all the
# same.
kept_crash_in_hand() {
	local task tracer pid repeated times workers=()

	pid=$(kept_pid)
	times=$(grep -c 'podgate: ready: ' "$DIR/run.err")
	for task in "/proc/$pid/task"/*; do
		# The queue of a pair of addresses differs from boot to boot.
		[[ $(cat "$task/comm") != podgate-q* ]] || workers+=(-p "${task##*/}")
	done
	strace -qq -e trace=sendto -e inject=sendto:delay_enter=60s "${workers[@]}" >"$DIR/strace" 2>&1 &
	tracer=$!
	sleep 0.5
	kill -KILL "$pid"
	kill -KILL "$tracer"
	wait "$tracer" 2>/dev/null
	within 10 kept_ready $((times + 1)) || fail "not ready again: $(tail -3 "$DIR/run.err")"
	repeated=$(status_field .inherited.repeated)
	check "packets that were read and not answered are repeated ($repeated)" [ "${repeated:-0}" -gt 0 ]
}

scenario_handover_store() {
	handover_policies
	handover_config
	kept_begins
	equal "at first the queues are nobody's" "nobody 0" "$(status_field '.inherited | "\(.from) \(.queues)"')"
	rain_begins
	kept_restarts "$HANDOVERS" KILL TERM
	# Needs a tracer, which not every machine has.
	if command -v strace >/dev/null && [ -z "${E2E_SANITIZED:-}" ]; then kept_crash_in_hand; fi
	equal "where the queues come from" "service manager 4" "$(status_field '.inherited | "\(.from) \(.queues)"')"
	rain_reached_all "$HANDOVERS restarts"
	equal "errors of all queues" 0 "$(status_field '[.queues[].errors] | add')"
	kept_ends
}

# --- directly, from one daemon to the next --------------------------------------------------------

# Starts a successor through the command, and waits until it has taken over or has ended. BEFORE is
# the predecessor.
successor_begins() {	# [COMMAND...]
	BEFORE=$GATE
	: >"$DIR/next.err"
	in_ns_exec gw "$@" "$PODGATE" run --take-over --config "$DIR/podgate.yaml" >"$DIR/run.out" 2>"$DIR/next.err" &
	GATE=$!
}
successor_is_ready() { gate_ended || file_has "$DIR/next.err" "podgate: ready: "; }
before_ended() { ! [ -e "/proc/$BEFORE/exe" ]; }
successor_takes_over() {
	successor_begins
	within 10 successor_is_ready || fail "a successor is not ready: $(tail -3 "$DIR/next.err")"
	if ! within 5 before_ended; then
		fail "the daemon does not end when its successor is ready: $(tail -3 "$DIR/next.err")"
		kill -KILL "$BEFORE"
	fi
	wait "$BEFORE"
	equal "exit code of the one before" 0 $?
	check_sanitizers "$DIR/run.err"
	cat "$DIR/next.err" >"$DIR/run.err"
}
# A successor fails: the predecessor remains the gate, as before.
successor_fails() {	# TEXT
	within 10 gate_ended || fail "$1: the successor does not end"
	wait "$GATE" 2>/dev/null
	GATE=$BEFORE
	check_sanitizers "$DIR/next.err"
	check "$1: the one before answers" gate_answers
	equal "$1: and it is that one" "$GATE" "$(status_field .pid)"
}

# shellcheck disable=SC2016 # awk's $1
bound_queues() { in_ns gw awk '{ print $1 }' /proc/net/netfilter/nfnetlink_queue | sort | paste -sd' '; }

scenario_handover_direct() {
	local i

	handover_policies
	handover_config
	gate_launch
	within 10 gate_settled
	rain_begins
	for ((i = 1; i <= HANDOVERS; i++)); do successor_takes_over; done
	equal "where the queues come from" "predecessor $BEFORE 4" "$(status_field '.inherited | "\(.from) \(.pid) \(.queues)"')"
	check "which is told" grep -q "4 of 4 queues taken over from pid $BEFORE" "$DIR/run.err"

	# With other queues: superfluous ones are emptied and released.
	handover_config 1 8611
	successor_takes_over
	equal "queues that are bound" "8611 8612 8613" "$(bound_queues)"
	handover_config 3
	successor_takes_over
	equal "queues that are bound" "8610 8611 8612 8613 8614" "$(bound_queues)"
	rain_reached_all "$((HANDOVERS + 2)) successors"
	equal "errors of all queues" 0 "$(status_field '[.queues[].errors] | add')"
	check "the control socket is the successor's" gate_answers
	equal "and so is the port of the metrics" 200 "$(page /metrics)"
}

# Successors that fail: the daemon goes on, and nobody notices.
scenario_handover_fails() {
	local program

	handover_policies
	handover_config
	gate_launch
	within 10 gate_settled
	rain_begins
	sed -i "s|\"$DIR/manifests\"|\"$DIR/nowhere\"|" "$DIR/podgate.yaml"
	successor_begins
	successor_fails "without manifests"
	check "it says why: $(tail -1 "$DIR/next.err")" grep -q nowhere "$DIR/next.err"

	# It dies while it holds the queues and its rules, made slow for this, go in.
	handover_config
	mkdir -p "$DIR/slow"
	for program in iptables-nft-restore ip6tables-nft-restore iptables-legacy-restore ip6tables-legacy-restore; do
		printf '#!/bin/sh\n! grep -q "queues wait for it" %s || sleep 2\nexec /usr/sbin/%s "$@"\n' \
			"$DIR/run.err" $program >"$DIR/slow/$program"
		chmod 755 "$DIR/slow/$program"
	done
	successor_begins env PATH="$DIR/slow:$PATH"
	check "the daemon hands over" within 10 file_has "$DIR/run.err" "the queues wait for it"
	sleep 0.3
	kill -KILL "$GATE"
	wait "$GATE" 2>/dev/null
	check "and goes on when the successor dies" within 3 file_has "$DIR/run.err" "ended before it was ready: going on"
	successor_fails "killed"

	in_ns gw "$PODGATE" run --config "$DIR/podgate.yaml" >"$DIR/next.err" 2>&1
	check "who does not ask for it does not take over" grep -q 'another podgate.*enforces.*--take-over' "$DIR/next.err"
	rain_reached_all "successors that fail"
	check "rules and sets are whole" within 5 handover_is_intact
}
handover_is_intact() { [ "$(status_field .rules.intact)" = true ]; }

# The control: the same restarts under the same load, but nobody keeps the queues.
scenario_handover_none() {
	handover_policies
	handover_config
	kept_begins env -u NOTIFY_SOCKET
	rain_begins
	kept_restarts 2 KILL TERM
	equal "where the queues come from" nobody "$(status_field .inherited.from)"
	rain_ends
	check "without a hand-over some are lost ($CAUGHT of $SENT came)" [ "$CAUGHT" -lt "$SENT" ]
	equal "first packets of denied flows that came" 0 "$SLIPPED"
	kept_ends
}

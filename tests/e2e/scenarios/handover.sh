# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podgate ends and begins again under load, and no first packet is lost: the queues are handed on. Each datagram of the
# load is a flow of its own and is sent once, so what is lost stays lost. HANDOVERS: how many times, 8 by default.

HANDOVERS=${E2E_HANDOVERS:-8}
RAIN_RATE=${E2E_RAIN_RATE:-400}
KEEPER=		# pid of what imitates the service manager
RAINS=() CATCHES=()

handover_policies() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
}

# Nothing is learned: every flow is for a worker to judge.
handover_config() { gate_config "learn: false" "$@"; }

rain_begins() {
	local port

	for port in 9000 9001; do
		in_ns_exec web "$PROBE" catch $port >"$DIR/catch-$port" &
		CATCHES+=($!)
		within 3 file_has "$DIR/catch-$port" ready || fail "nothing catches at $port"
	done
	allow client web tcp 80	# so that neighbours know each other
	settle "before the rain"
	in_ns_exec client "$PROBE" rain "$(addr web)" 9000 "$RAIN_RATE" >"$DIR/rain-9000" &
	RAINS+=($!)
	in_ns_exec intruder "$PROBE" rain "$(addr web)" 9001 "$RAIN_RATE" >"$DIR/rain-9001" &
	RAINS+=($!)
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
	read -r _ CAUGHT _ TWICE _ < <(tail -1 "$DIR/catch-9000")
	read -r _ SLIPPED _ < <(tail -1 "$DIR/catch-9001")
}

rain_reached_all() {	# TEXT
	rain_ends
	check "$1: the load is one ($SENT sent)" [ "$SENT" -gt 100 ]
	equal "$1: first packets of allowed flows that came, of those sent" "$SENT" "$CAUGHT"
	equal "$1: that came twice" 0 "$TWICE"
	equal "$1: first packets of denied flows that came" 0 "$SLIPPED"
}

# --- a service manager that keeps the queues -----------------------------------------------------------------------

kept_pid() { sed -n 's/^started \([0-9]*\) with.*/\1/p' "$DIR/kept" | tail -1; }
kept_ready() { [ "$(grep -c '^READY=1$' "$DIR/kept")" -ge "$1" ]; }
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
# So many times: ended by the signals in turn, and begun again by the service manager.
kept_restarts() {	# TIMES SIGNAL...
	local times=$1 i
	shift
	for ((i = 1; i <= times; i++)); do
		kill "-${*:1+i%$#:1}" "$(kept_pid)"
		within 10 kept_ready $((i + 1)) || fail "restart $i: not ready again: $(tail -3 "$DIR/run.err")"
		sleep 0.1
	done
}

scenario_handover_store() {
	handover_policies
	handover_config
	kept_begins
	equal "at first the queues are nobody's" "nobody 0" "$(status_field '.inherited | "\(.from) \(.queues)"')"
	rain_begins
	kept_restarts "$HANDOVERS" KILL TERM
	equal "where the queues come from" "service manager 4" "$(status_field '.inherited | "\(.from) \(.queues)"')"
	rain_reached_all "$HANDOVERS restarts"
	equal "errors of all queues" 0 "$(status_field '[.queues[].errors] | add')"
	kept_ends
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Changes while traffic flows, queues that fill up, logs that cannot be written.

# storm FROM TIMEOUT: connects to web over and over; a line of each exit code in storm-FROM.
storm() {
	in_ns_exec "$1" sh -c 'while [ ! -e "$1" ]; do
			"$2" connect --timeout "$3" tcp "$4" 80 >/dev/null 2>&1
			echo $?
		done' sh "$DIR/storm-over" "$PROBE" "$2" "$(addr web)" >"$DIR/storm-$1"
}

storm_policies() {	# ROUND: always the same for client and intruder, never the same text
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}, {ipBlock: {cidr: 192.0.2.$1/32}}]
		RULES
		[ $(($1 % 2)) = 0 ] || policy "extra-$1" web "Ingress, Egress" </dev/null
		[ $(($1 % 3)) = 0 ] || policy db db Ingress </dev/null
	} | policies
}

# Policies change all the time, but not for two pods: no connection of theirs may notice.
scenario_storm() {
	rm -f "$DIR/storm-over"
	storm_policies 0
	gate_start || return
	hold open client "$(addr web)" 80
	storm client 3000 &
	local stormers=($!) round
	storm intruder 100 &
	stormers+=($!)
	for round in {1..40}; do
		storm_policies "$round"
		sleep 0.0$((RANDOM % 9 + 1))
	done
	sleep 0.5
	touch "$DIR/storm-over"
	wait "${stormers[@]}"
	check "some connections were tried ($(wc -l <"$DIR/storm-client"))" [ "$(wc -l <"$DIR/storm-client")" -ge 20 ]
	equal "allowed connections that failed" 0 "$(grep -vc '^0$' "$DIR/storm-client")"
	check "some denied ones were tried" [ "$(wc -l <"$DIR/storm-intruder")" -ge 5 ]
	equal "denied connections that did not stay denied" 0 "$(grep -vc '^1$' "$DIR/storm-intruder")"
	check "the open connection was never interrupted" uninterrupted open
	DENIED+=("intruder web tcp 80")
}

overflow() {	# fills the queues of a daemon that does not answer
	local i flood=()

	for i in {1..6}; do
		in_ns_exec lan "$PROBE" connect --timeout 500 --resend 1 udp "$(addr web)" 80 >/dev/null 2>&1 &
		flood+=($!)
	done
	wait "${flood[@]}"
}

scenario_overflow() {
	stop_policies
	gate_start "queue_length: 64" || return
	gate_freeze
	overflow
	in_ns intruder "$PROBE" connect --timeout "$DENY_MS" tcp "$(addr web)" 80 >/dev/null
	equal "a full queue drops" 1 $?
	DENIED+=("intruder web tcp 80")
	kill -CONT "$GATE"
	logged "what the kernel dropped is told" '.verdict == "overload" and .repeat > 0'
	allow client web tcp 80
	deny intruder web tcp 80
	settle "after the queue ran full"
}

scenario_overflow_open() {
	stop_policies
	gate_start "queue_length: 64" "queue_full: open" || return
	gate_freeze
	overflow
	kill -CONT "$GATE"
	check "it answers again" within 5 gate_answers
	allow client web tcp 80
	deny intruder web tcp 80
	settle "after the queue ran full, open"
	equal "status says that it fails open" open "$(status_field .fail_modes.queue_full)"
}

# A log that cannot be written makes no packet wait and lets none through.
scenario_log_full() {
	stop_policies
	gate_config "log_file: /dev/full"
	sed -i "\|^log_file: $DIR/verdicts|d" "$DIR/podgate.yaml"
	gate_launch
	within 10 gate_settled
	deny intruder web tcp 80
	allow client web tcp 80
	settle "with a full disk"
	check "status tells of it" within 3 log_error
}
log_error() { [ "$(status_field '.log.error // ""')" != "" ] && [ "$(status_field .log.lost)" -ge 1 ]; }

# Another program moves the log away, and sends SIGHUP.
scenario_log_moved() {
	stop_policies
	gate_start || return
	deny intruder web tcp 80
	settle
	logged "before" '.verdict == "deny" and .source.pod == "intruder"'
	mv "$DIR/verdicts.jsonl" "$DIR/verdicts.old"
	kill -HUP "$GATE"
	within 3 test -e "$DIR/verdicts.jsonl" || fail "no new log file after SIGHUP"
	deny intruder web udp 80
	settle
	logged "after" '.verdict == "deny" and .protocol == "UDP" and .source.pod == "intruder"'
	equal "records of the second in the old file" 0 "$(grep -c '"deny".*"UDP"' "$DIR/verdicts.old")"
}

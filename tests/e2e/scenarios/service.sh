# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podgate under a service manager: its notifications, in the manner of systemd.

told() { grep -q "$1" "$DIR/told"; }
told_times() { grep -c "$1" "$DIR/told"; }
told_more() { [ "$(told_times "$1")" -gt "$2" ]; }	# TEXT THAN

scenario_service() {
	local listener fed

	in_ns_exec gw "$PROBE" notified "$DIR/notify.sock" >"$DIR/told" &
	listener=$!
	within 3 told ready || fail "no ear for podgate"
	stop_policies
	privilege_reset
	gate_config "user: nobody"
	sed -i "s|^log_file: .*|log_file: $DIR/log/verdicts.jsonl|" "$DIR/podgate.yaml"
	gate_launch env NOTIFY_SOCKET="$DIR/notify.sock" WATCHDOG_USEC=2000000
	check "ready is told" within 10 told '^READY=1$'
	check "and no sooner than it is true" gate_answers
	check "what it does is told" within 3 told '^STATUS=Enforcing 1 policies on 5 pods, 2 addresses isolated, revision 1$'
	check "the watchdog is fed" within 5 told_more '^WATCHDOG=1$' 2
	changed privilege_closed
	check "a change is told" within 5 told '^STATUS=.*revision 2$'
	kill -HUP "$GATE"
	check "reading anew is told" within 3 told '^RELOADING=1 MONOTONIC_USEC=[0-9]'
	check "and its end" within 5 told_more '^READY=1$' 1

	gate_freeze
	sleep 0.5
	fed=$(told_times '^WATCHDOG=1$')
	sleep 2.5
	equal "a daemon that stands still feeds no watchdog" "$fed" "$(told_times '^WATCHDOG=1$')"
	kill -CONT "$GATE"
	check "one that goes on does" within 5 told_more '^WATCHDOG=1$' "$fed"

	# With one worker held, and all else as before. Needs a tracer, which not every machine has.
	if command -v strace >/dev/null && [ -z "${E2E_SANITIZED:-}" ]; then service_worker_hangs; fi
	gate_end TERM
	check "stopping is told" within 3 told '^STOPPING=1 '
	equal "exit code" 0 "$GATE_CODE"
	kill "$listener"
	wait "$listener" 2>/dev/null
}

service_worker_hangs() {
	local task worker tracer fed

	for task in "/proc/$GATE/task"/*; do
		[ "$(cat "$task/comm")" != podgate-q8610 ] || worker=${task##*/}
	done
	strace -qq -e trace=recvmmsg -e inject=recvmmsg:delay_exit=60s -p "$worker" >"$DIR/strace" 2>&1 &
	tracer=$!
	holds() { grep -q 'does not answer' "$DIR/run.err"; }
	check "a worker that hangs is told" within 10 holds
	sleep 1
	fed=$(told_times '^WATCHDOG=1$')
	check "status is answered all the same" gate_answers
	sleep 2.5
	equal "a daemon with a worker that hangs feeds no watchdog" "$fed" "$(told_times '^WATCHDOG=1$')"
	kill -KILL "$tracer"
	wait "$tracer" 2>/dev/null
	check "when it goes on, the watchdog is fed" within 5 told_more '^WATCHDOG=1$' "$fed"
	check "which is told, too" grep -q 'all workers answer again' "$DIR/run.err"
}

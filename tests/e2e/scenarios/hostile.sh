# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Hostile clients of the control socket: none of them makes a packet wait for its verdict.

# judged_connections COUNT MS: makes COUNT connections one after the other, each of which needs a
# verdict. Prints the number that failed, and the milliseconds of the slowest.
judged_connections() {
	local i begin took slowest=0 failed=0

	for ((i = 0; i < $1; i++)); do
		begin=${EPOCHREALTIME/./}
		in_ns client "$PROBE" connect --timeout "$2" tcp "$(addr web)" 80 >/dev/null || failed=$((failed + 1))
		took=$(((${EPOCHREALTIME/./} - begin) / 1000))
		[ $took -le $slowest ] || slowest=$took
	done
	echo "$failed $slowest"
}
open_files() { find "/proc/$GATE/fd" -mindepth 1 | wc -l; }

scenario_hostile_clients() {
	local manner clients=() failed slowest packets files kib

	stop_policies
	gate_start "learn: false" || return
	read -r failed slowest < <(judged_connections 20 3000)
	equal "allowed connections that failed in peace" 0 "$failed"
	echo "  (20 connections in peace, the slowest $slowest ms)"
	files=$(open_files) packets=$(queued)
	for manner in garbage slow many huge deaf; do
		in_ns_exec gw "$PROBE" hostile --for 6000 "$DIR/control.sock" $manner >"$DIR/hostile-$manner" 2>&1 &
		clients+=($!)
	done
	sleep 0.5
	hold open client "$(addr web)" 80
	read -r failed slowest < <(judged_connections 100 3000)
	echo "  (100 connections under attack, the slowest $slowest ms)"
	equal "allowed connections that failed under attack" 0 "$failed"
	check "each of them was judged" [ $(($(queued) - packets)) -ge 100 ]
	deny intruder web tcp 80
	settle "under attack"
	check "an open connection goes on" flows open
	wait "${clients[@]}"
	for manner in garbage slow many huge deaf; do
		check "$manner: it did something ($(cat "$DIR/hostile-$manner"))" grep -q "^$manner: [1-9]" "$DIR/hostile-$manner"
	done
	echo "  ($(cat "$DIR"/hostile-* | tr '\n' ' '))"
	check "status is answered again" within 5 gate_answers
	as_before() { [ "$(open_files)" -le "$files" ]; }
	check "no file stays open" within 40 as_before
	kib=$(status_field .rss_kib)
	[ -n "${E2E_SANITIZED:-}" ] || check "$kib KiB resident are not many" [ "$kib" -lt 65536 ]
}

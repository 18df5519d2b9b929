# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The fate of new flows, counted one by one, and of open ones under each fault of the daemon, with
# the gate closed and open. docs/RELIABILITY.md has the table.

FAULT_FLOWS=100		# a volley; fewer than a source may begin before its flows wait apart

fault_policies() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
}

# --- flows that are counted -----------------------------------------------------------------------

# volley_begin NAME FROM TO: FAULT_FLOWS UDP flows, which send when volley asks, with their arrivals
# counted.
declare -A VOLLEY_INPUT=() VOLLEY_PID=() VOLLEY_ENDS=()
volley_begin() {
	local input

	rm -f "$DIR/volley-$1"
	mkfifo "$DIR/volley-$1"
	in_ns_exec "$2" "$PROBE" volley "$(addr "$3")" 80 "$FAULT_FLOWS" <"$DIR/volley-$1" >"$DIR/volley-$1.out" 2>&1 &
	VOLLEY_PID[$1]=$!
	exec {input}>"$DIR/volley-$1"
	VOLLEY_INPUT[$1]=$input
	VOLLEY_ENDS[$1]="$2 $3"
	in_ns "$3" "$(tables)" -t raw -A PREROUTING -s "$(addr "$2")" -p udp --dport 80
}
volley_lines() { [ "$(wc -l <"$DIR/volley-$1.out")" -gt "$2" ]; }
# volley NAME MS: a datagram on each flow; sets REPLY to the number answered in that time.
volley() {
	local before

	before=$(wc -l <"$DIR/volley-$1.out")
	echo "$2" >&"${VOLLEY_INPUT[$1]}"
	within $(($2 / 1000 + 3)) volley_lines "$1" "$before" || fail "volley $1: $(cat "$DIR/volley-$1.out")"
	REPLY=$(tail -1 "$DIR/volley-$1.out")
}
# Prints the arrivals so far.
volley_arrived() {
	local ends

	read -ra ends <<<"${VOLLEY_ENDS[$1]}"
	in_ns "${ends[1]}" "$(tables)-save" -c -t raw |
		awk -v from="-s $(addr "${ends[0]}")" 'index($0, from) { gsub(/[\[\]]/, "", $1); split($1, n, ":"); sum += n[1] } END { print sum + 0 }'
}
volley_end() {
	local ends input=${VOLLEY_INPUT[$1]}

	exec {input}>&-
	kill "${VOLLEY_PID[$1]}" 2>/dev/null	# later processes hold its input open, too
	wait "${VOLLEY_PID[$1]}" 2>/dev/null
	read -ra ends <<<"${VOLLEY_ENDS[$1]}"
	in_ns "${ends[1]}" "$(tables)" -t raw -D PREROUTING -s "$(addr "${ends[0]}")" -p udp --dport 80
	unset "VOLLEY_INPUT[$1]" "VOLLEY_PID[$1]" "VOLLEY_ENDS[$1]"
}
volleys_begin() {
	quietly in_ns gw conntrack -D -p udp	# of earlier volleys: a source port that comes again must be a new flow
	volley_begin denied intruder web
	volley_begin allowed client web
}
volleys_end() {
	volley_end denied
	volley_end allowed
}

# Prints the number of cut flows of the denied volley in the log.
fault_cut() { log_count '.verdict == "revoke" and .source.pod == "intruder" and .protocol == "UDP"'; }
fault_cut_is() { [ "$(fault_cut)" = "$1" ]; }

# --- the daemon goes away -------------------------------------------------------------------------

# fault_away TEXT CLOSED|OPEN COMMAND...: COMMAND ends the daemon. Then new flows are counted, the
# daemon starts again, and the same flows send again.
fault_away() {
	local text="$1, $2" mode=$2 passes=0 queued
	shift 2

	[ "$mode" = closed ] || passes=$FAULT_FLOWS
	fault_policies
	gate_start "daemon_away: $mode" || return
	hold open client "$(addr web)" 80
	"$@"
	volleys_begin
	queued=$(rule_packets NFQUEUE)
	volley denied "$DENY_MS"
	equal "$text: flows that policy denies and that were answered while it is away" $passes "$REPLY"
	volley allowed "$DENY_MS"
	equal "$text: flows that policy allows and that were answered while it is away" $passes "$REPLY"
	equal "$text: packets that met a queue without a listener" $((2 * FAULT_FLOWS)) $(($(rule_packets NFQUEUE) - queued))
	equal "$text: denied packets that arrived" $passes "$(volley_arrived denied)"
	equal "$text: allowed packets that arrived" $passes "$(volley_arrived allowed)"
	gate_start "daemon_away: $mode" || { volleys_end; return; }
	volley denied "$DENY_MS"
	equal "$text: denied flows that send again and are answered" 0 "$REPLY"
	equal "$text: nothing more of them arrived" $passes "$(volley_arrived denied)"
	volley allowed "$ALLOW_MS"
	equal "$text: allowed flows that send again and are answered" "$FAULT_FLOWS" "$REPLY"
	within 3 fault_cut_is $passes
	equal "$text: flows that the log says were cut" $passes "$(fault_cut)"
	check "$text: the open connection was never interrupted" uninterrupted open
	volleys_end
	gate_end TERM
	gate_cleanup
}

fault_both() { fault_away "$1" closed "${@:2}"; fault_away "$1" open "${@:2}"; }

scenario_fault_kill() { fault_both "SIGKILL" gate_end KILL; }
scenario_fault_term() { fault_both "SIGTERM" gate_end TERM; }

# A crash ends it silently. A sanitizer would catch the signal and report it.
scenario_fault_segv() {
	local ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0 TSAN_OPTIONS=${TSAN_OPTIONS:-}:handle_segv=0 UBSAN_OPTIONS=${UBSAN_OPTIONS:-}:handle_segv=0

	export ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS
	fault_both "SIGSEGV" fault_segv
}
fault_segv() {
	gate_end SEGV
	equal "exit code after SIGSEGV" 139 "$GATE_CODE"
}

# A package manager stops the daemon, puts another file in its place, and starts that.
scenario_fault_upgrade() {
	local original=$PODGATE
	local PODGATE=$DIR/podgate.installed	# for all functions called from here

	cp "$original" "$PODGATE"
	fault_both "upgrade" fault_replace "$original"
}
fault_replace() {
	local before
	before=$(stat -c %i "$PODGATE")
	gate_end TERM
	cp "$1" "$DIR/.podgate" && mv "$DIR/.podgate" "$PODGATE"
	check "another file is in its place" [ "$(stat -c %i "$PODGATE")" != "$before" ]
}

# --- memory runs out ------------------------------------------------------------------------------

# A control group of our own, in either version of cgroups, with the daemon alone in it. Where none
# is to be had, the scenario says so, and sends the kernel's signal itself.
CGROUP='' CGROUP_LIMIT=''
cgroup_make() {
	local root name=podgate-e2e-$$
	CGROUP=
	for root in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		if [ -e "$root/memory.limit_in_bytes" ]; then
			CGROUP_LIMIT=memory.limit_in_bytes
		elif grep -qw memory "$root/cgroup.subtree_control" 2>/dev/null; then
			CGROUP_LIMIT=memory.max
		else
			continue
		fi
		mkdir "$root/$name" 2>/dev/null || continue
		[ -e "$root/$name/$CGROUP_LIMIT" ] && { CGROUP=$root/$name; return; }
		rmdir "$root/$name"
	done
	return 1
}
cgroup_kills() {
	cat "$CGROUP/memory.oom_control" "$CGROUP/memory.events" 2>/dev/null | awk '$1 == "oom_kill" { print $2 }'
}
# A process that has just been reaped may still be leaving it.
cgroup_remove() { rmdir "$CGROUP" 2>/dev/null; }

fault_pods() {	# many, of no other scenario
	awk 'BEGIN { for (i = 0; i < 30000; i++) printf "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%d, namespace: many, labels: {app: a%d, n: \"%d\"}}\nspec: {containers: [{name: main, image: example/main:1}]}\nstatus: {phase: Running, podIP: 10.77.%d.%d}\n", i, i, i, i / 250, i % 250 }'
}

scenario_fault_oom() {
	if ! cgroup_make; then
		echo "  (no memory control group to be had here: SIGKILL, which is what the kernel sends, comes from the test)"
		fault_both "out of memory, as if" gate_end KILL
		return
	fi
	fault_both "out of memory" fault_exhaust
	within 3 cgroup_remove || fail "the control group can't be removed"
}
# Moves the daemon in. The memory that it has stays with its old group: only new memory counts.
fault_exhaust() {
	local before

	before=$(cgroup_kills)
	echo $((1024 * 1024)) >"$CGROUP/$CGROUP_LIMIT"
	echo "$GATE" >"$CGROUP/cgroup.procs"
	fault_pods >"$DIR/.many" && mv "$DIR/.many" "$DIR/manifests/many.yaml"	# manifest would read it byte by byte
	within 10 gate_ended 2>/dev/null || fail "1 MiB more was enough for 30000 pods"
	wait "$GATE" 2>/dev/null
	equal "killed, the exit code says" 137 $?
	GATE=
	equal "by the kernel, for want of memory" $((${before:-0} + 1)) "$(cgroup_kills)"
	rm "$DIR/manifests/many.yaml"
}

# --- a queue, or a socket, that has no room -------------------------------------------------------

# The daemon is stopped, so nothing leaves its queues. queue_length packets fit; the rest finds no
# room, and is dropped or passes at once.
fault_full() {	# TEXT CLOSED|OPEN LENGTH [COMMAND...]
	local text="$1, $2" mode=$2 length=$3 room beyond drops before
	shift 3

	fault_policies
	gate_start "queue_full: $mode" "queue_length: $length" "learn: false" "flood_rate: 0" || return
	hold open client "$(addr web)" 80
	[ $# -eq 0 ] || "$@" small
	volleys_begin
	before=$(fault_judged)
	gate_freeze
	volley denied "$DENY_MS"
	fault_beyond denied
	volley allowed "$DENY_MS"
	fault_beyond allowed
	drops=$(fault_drops)
	kill -CONT "$GATE"
	# Now the waiting packets are judged. Flows that passed are cut before they can send much
	# more.
	within 5 fault_emptied
	room=$(($(fault_judged) - before))
	[ $# -eq 0 ] || "$@" large
	if [ "$mode" = closed ]; then
		equal "$text: nothing passed unjudged" "0 0" "${BEYOND[denied]} ${BEYOND[allowed]}"
		equal "$text: packets judged and packets that the kernel counts as dropped" $((2 * FAULT_FLOWS)) $((room + drops))
		equal "$text: as status counts them" "$drops" "$(status_field '[.queues[] | .kernel_dropped + .user_dropped] | add')"
		within 3 fault_told "$drops"
		equal "$text: as the log tells" "$drops" "$(fault_dropped_in_log)"
		beyond=0
	else
		equal "$text: packets judged and packets that passed unjudged" $((2 * FAULT_FLOWS)) $((room + BEYOND[denied] + BEYOND[allowed]))
		equal "$text: packets that were dropped" 0 "$drops"
		check "$text: some passed unjudged" [ "${BEYOND[denied]}" -gt 0 ]
		beyond=${BEYOND[denied]}
		within 2 fault_cut_is "$beyond"
		equal "$text: flows that the log says were cut" "$beyond" "$(fault_cut)"
		check "$text: status counts it" [ "$(status_field .fail_modes.overflows)" -ge 1 ]
		check "$text: the daemon says so" file_has "$DIR/run.err" "may have passed unjudged (queue_full: open)"
	fi
	volley denied "$DENY_MS"
	equal "$text: denied flows that send again and are answered" 0 "$REPLY"
	equal "$text: denied packets that arrived in all" "$beyond" "$(volley_arrived denied)"
	# On a busy machine they may fill the queue again. Flows that got through do not wait the
	# next time.
	for _ in 1 2 3; do
		volley allowed "$ALLOW_MS"
		[ "$REPLY" != "$FAULT_FLOWS" ] || break
	done
	equal "$text: allowed flows that send again and are answered" "$FAULT_FLOWS" "$REPLY"
	check "$text: the open connection was never interrupted" uninterrupted open
	volleys_end
	gate_end TERM
	gate_cleanup
}
fault_judged() { status_field '[.queues[] | .packets] | add'; }
# Prints the arrivals that nobody judged.
declare -A BEYOND=()
fault_beyond() { BEYOND[$1]=$(volley_arrived "$1"); }
# By the kernel's own count.
fault_drops() { in_ns gw awk '{ sum += $6 + $7 } END { print sum + 0 }' /proc/net/netfilter/nfnetlink_queue; }
fault_emptied() { [ "$(status_field '[.queues[] | .waiting] | add')" = 0 ]; }
fault_dropped_in_log() { jq -s '[.[] | select(.verdict == "overload") | .repeat] | add // 0' "$DIR/verdicts.jsonl"; }
fault_told() { [ "$(fault_dropped_in_log)" = "$1" ]; }

scenario_fault_queue_full() {
	fault_full "queue full" closed 64 || return
	fault_full "queue full" open 64 || return
	equal "queue full, open: of the first volley passed what the queue had no room for" $((FAULT_FLOWS - 64)) "${BEYOND[denied]}"
}

# The queue has room; the daemon's socket has none.
scenario_fault_socket_full() {
	fault_full "socket full" closed 4096 fault_socket || return
	fault_full "socket full" open 4096 fault_socket
}
fault_socket() {
	local -A bytes=([small]=16384 [large]=4194304)

	check "the queues' sockets are $1 now" quietly "$PROBE" resize "$GATE" "${bytes[$1]}"
}

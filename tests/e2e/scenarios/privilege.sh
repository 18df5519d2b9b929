# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The rights of the running daemon as the kernel shows them, thread by thread; and its whole life
# with them.

NET_ADMIN=0000000000001000 NET_BOTH=0000000000003000 NOTHING=0000000000000000

# thread_field PID TASK FIELD: as /proc has it, blanks made plain.
thread_field() { sed -n "s/^$3:[[:space:]]*//p" "/proc/$1/task/$2/status" 2>/dev/null | tr -s '\t ' ' '; }
helper() { status_field .privilege.helper; }
gone() { ! [ -d "/proc/$1" ]; }

# Seccomp records of this program in the kernel's log.
seccomp_records() { dmesg 2>/dev/null | grep -F 'type=1326' | grep -cF "exe=\"$(readlink -f "$PODGATE")\""; }

# privilege_start SETTINGS...: with its log in a folder of its own.
privilege_start() {
	gate_config "$@"
	sed -i "s|^log_file: .*|log_file: $DIR/log/verdicts.jsonl|" "$DIR/podgate.yaml"
	gate_launch
	within 10 gate_settled
	gate_answers && return
	fail "podgate did not start: $(tail -3 "$DIR/run.err")"
	return 1
}

# The user nobody can't read the cell's folder until the scenario allows it.
privilege_reset() {
	chmod 711 "$DIR"
	rm -rf "$DIR/log"
}

# rights PID TASK: a thread's user and rights, in one line.
rights() {
	awk -F'[[:space:]]+' '/^(Uid|Gid|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):/ { print $1 (/^[UG]id/ ? $2 $3 $4 $5 : $2) }' \
		"/proc/$1/task/$2/status" | paste -sd' '
}

# each_thread UID GID: every thread of the daemon holds CAP_NET_ADMIN, and nothing else whatever.
each_thread() {
	local task name wanted filters foreign='' workers=0 count=0

	wanted="Uid:$1$1$1$1 Gid:$2$2$2$2 CapInh:$NOTHING CapPrm:$NET_ADMIN CapEff:$NET_ADMIN CapBnd:${BOUNDING:-$NOTHING}"
	wanted="$wanted CapAmb:$NOTHING NoNewPrivs:1 Seccomp:$([ -n "${E2E_SANITIZED:-}" ] && echo 0 || echo 2)"
	filters=$(thread_field "$GATE" "$GATE" Seccomp_filters)	# since Linux 5.9
	# ThreadSanitizer has a thread from before main(), of which the C library does not know.
	[[ $PODGATE != */tsan/* ]] || foreign=$(find "/proc/$GATE/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | sed -n 2p)
	for task in "/proc/$GATE/task"/*; do
		task=${task##*/}
		name=$(thread_field "$GATE" "$task" Name)
		[ "$task" != "$foreign" ] || continue
		count=$((count + 1))
		equal "thread $name" "$wanted" "$(rights "$GATE" "$task")"
		case $name in podgate-q*) ;; *) continue ;; esac
		workers=$((workers + 1))
		[ -n "${E2E_SANITIZED:-}" ] || [ -z "$filters" ] ||
			equal "$name has a filter of its own" $((filters + 1)) "$(thread_field "$GATE" "$task" Seccomp_filters)"
	done
	check "there were more than workers ($count threads)" [ "$count" -ge 6 ]
	equal "workers, by name" "$(status_field '.queues | length')" $workers
	check "one of each kind at least" [ $workers -ge 3 ]
}

# the_helper UID: the process that runs iptables has two capabilities, and is no child of init.
the_helper() {
	local pid
	pid=$(helper)

	check "there is a helper" [ "${pid:-0}" -gt 1 ]
	equal "helper: its name" podgate-rules "$(thread_field "$pid" "$pid" Name)"
	equal "helper: its parent" "$GATE" "$(thread_field "$pid" "$pid" PPid)"
	equal "helper: users" "$1 $1 $1 $1" "$(thread_field "$pid" "$pid" Uid)"
	equal "helper: effective" $NET_BOTH "$(thread_field "$pid" "$pid" CapEff)"
	equal "helper: permitted" $NET_BOTH "$(thread_field "$pid" "$pid" CapPrm)"
	equal "helper: no_new_privs" 1 "$(thread_field "$pid" "$pid" NoNewPrivs)"
	helper_files() { find "/proc/$1/fd" -mindepth 1 -printf '%f\n' | sort -n | tr '\n' ' '; }
	helper_is_idle() { [ "$(helper_files "$1")" = "0 1 2 3 " ]; }	# it has pipes while a program runs
	check "helper: no file of the daemon's ($(helper_files "$pid"))" within 5 helper_is_idle "$pid"
}

# podgate's user on this machine when root starts it: root, or the user podgate.
usual_id() { id "$1" podgate 2>/dev/null || echo 0; }

scenario_privilege_usual() {
	stop_policies
	privilege_reset
	GATE_USER='' privilege_start || return
	allow client web tcp 80
	deny intruder web tcp 80
	settle
	each_thread "$(usual_id -u)" "$(usual_id -g)"
	the_helper 0
	equal "status: capabilities" cap_net_admin "$(status_field '.privilege.capabilities | join(" ")')"
	equal "status: no_new_privs" true "$(status_field .privilege.no_new_privs)"
	equal "status: seccomp" "$([ -n "${E2E_SANITIZED:-}" ] && echo unavailable || echo on)" "$(status_field .privilege.seccomp)"
	check "status says so in words" grep -q '^privilege .*cap_net_admin, seccomp' <(podgate status --socket "$DIR/control.sock")
	check "doctor sees it" grep -q '"check":[[:space:]]*"daemon-privilege"' <(podgate doctor --config "$DIR/podgate.yaml" -o json)
}

# As nobody, without a refused call: changes, repair, rotation, a moved log, bridges, every command,
# stop.
scenario_privilege_life() {
	local uid gid records marks
	uid=$(id -u nobody) gid=$(id -g nobody)

	stop_policies
	privilege_reset
	mkdir "$DIR/log"
	truncate -s 1048570 "$DIR/log/verdicts.jsonl"	# a line more, and it has to be rotated
	records=$(seccomp_records)
	privilege_start "user: nobody" "log_size_mib: 1" "log_fold_s: 1" || return
	each_thread "$uid" "$gid"
	the_helper 0
	check "it sees its own memory ($(status_field .rss_kib) KiB)" [ "$(status_field .rss_kib)" -gt 1000 ]
	equal "status names the user" nobody "$(status_field .privilege.user)"
	[ -n "${E2E_SANITIZED:-}" ] || check "nobody reads its memory" [ "$(stat -c %u "/proc/$GATE/mem")" = 0 ]

	deny intruder web tcp 80
	allow client web tcp 80
	settle "as nobody"
	rotated() { [ -s "$DIR/log/verdicts.jsonl.1" ] && [ "$(stat -c %s "$DIR/log/verdicts.jsonl")" -lt 1000000 ]; }
	check "the log is rotated" within 5 rotated
	equal "the new log is nobody's" "$uid" "$(stat -c %u "$DIR/log/verdicts.jsonl")"
	mv "$DIR/log/verdicts.jsonl" "$DIR/log/verdicts.old"
	kill -HUP "$GATE"
	check "a log moved away is opened anew" within 3 test -e "$DIR/log/verdicts.jsonl"

	check "what is sound is written down" within 5 state_has 2
	equal "the state directory is nobody's" "$uid 700" "$(stat -c '%u %a' "$DIR/state")"
	equal "so are its files" "$uid 600" "$(stat -c '%u %a' "$DIR"/state/manifests.* | sort -u)"

	hold open client "$(addr web)" 80
	changed privilege_closed
	check "a change cuts what it denies" stalls open
	changed stop_policies
	marks=$(tables_save -t mangle | grep -c PODGATE)
	tables_do -t mangle -F
	whole() { [ "$(tables_save -t mangle | grep -c PODGATE)" = "$marks" ]; }
	check "flushed rules are put back" within 10 whole
	if [ "$TOPOLOGY" = bridged ]; then
		bridge_sees_all 0
		mended() { [ "$(status_field .bridges.mended)" -ge 1 ]; }
		check "bridges that do not show their packets are mended" within 10 mended
	fi
	allow client web tcp 80
	deny intruder web udp 80
	settle "after the repair"
	check "explain answers" grep -q ^deny <(podgate explain --socket "$DIR/control.sock" other/intruder shop/web:80)
	check "status waits" quietly podgate status --socket "$DIR/control.sock" --wait 5
	check "the flow table is listed" [ "$(podgate flows --all -o json --socket "$DIR/control.sock" | jq '.flows | length')" -ge 1 ]
	past() { timeout 5 "$PODGATE" watch --since 1h -n 1 -o json --socket "$DIR/control.sock" 2>&1; }
	check "the past is told" grep -q '"verdict"' <(past)
	chown 0:0 "$DIR/log/verdicts.jsonl.1"
	chmod 600 "$DIR/log/verdicts.jsonl.1"
	check "what may not be read is no silence" grep -q "may not read .*verdicts.jsonl.1; give it to that user" <(past)
	local helper
	helper=$(helper)
	gate_end TERM
	equal "exit code" 0 "$GATE_CODE"
	check "the helper ends with the daemon" within 3 gone "$helper"
	check "which said nothing of trouble" [ -z "$(grep -iE 'error|can.t' "$DIR/run.err")" ]
	equal "system calls that were refused" "$records" "$(seccomp_records)"
}
privilege_closed() { policy web web Ingress </dev/null | policies; }

# Started by another user than root, with capabilities: as by a unit with User= and
# AmbientCapabilities=.
scenario_privilege_capable() {
	local somebody=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups --inh-caps "-all,+net_admin,+net_raw"
		--ambient-caps "-all,+net_admin,+net_raw") full

	full=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
	stop_policies
	privilege_reset
	mkdir -m 700 "$DIR/log" "$DIR/run"
	chown nobody "$DIR/log" "$DIR/run"
	GATE_USER='' gate_config	# only root can become another user
	sed -i -e "s|^log_file: .*|log_file: $DIR/log/verdicts.jsonl|" -e "s|^control_socket: .*|control_socket: $DIR/run/control.sock|" \
		"$DIR/podgate.yaml"
	ln -sf run/control.sock "$DIR/control.sock"
	gate_launch "${somebody[@]}"
	within 10 gate_settled
	if [ "$BACKEND" = legacy ]; then
		# Its lock and its list of tables are root's.
		check "iptables-legacy needs a start as root, and it is said" grep -q 'start podgate as root' "$DIR/run.err"
		GATE=
		rm -f "$DIR/control.sock"
		return
	fi
	gate_answers || { fail "podgate did not start: $(tail -3 "$DIR/run.err")"; return; }
	allow client web tcp 80
	deny intruder web tcp 80
	settle "started by nobody"
	check "it says that it can't see all rules of others" grep -q 'warning: the rules of iptables-legacy' "$DIR/run.err"
	BOUNDING=$full each_thread "$(id -u nobody)" "$(id -g nobody)"	# CAP_SETPCAP would be needed; no_new_privs makes it meaningless
	the_helper "$(id -u nobody)"
	tables_do -t mangle -F
	repaired() { tables_save -t mangle | grep -q 'FORWARD -j PODGATE'; }
	check "rules are repaired" within 10 repaired
	gate_end TERM
	equal "exit code" 0 "$GATE_CODE"
	check "the socket is removed" [ ! -e "$DIR/run/control.sock" ]
	rm -f "$DIR/control.sock"
}

scenario_privilege_keep() {
	stop_policies
	privilege_reset
	privilege_start "privileges: keep" || return
	allow client web tcp 80
	deny intruder web tcp 80
	settle "with everything kept"
	equal "capabilities" "$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)" "$(thread_field "$GATE" "$GATE" CapEff)"
	equal "status says so" false "$(status_field .privilege.dropped)"
	equal "and who it is" root "$(status_field .privilege.user)"
	equal "no helper" 0 "$(helper)"
	check "status shouts" grep -q 'ALL PRIVILEGES KEPT' <(podgate status --socket "$DIR/control.sock")
	check "the log warns" grep -q 'privileges: keep' "$DIR/run.err"
}

# seccomp: log passes and logs refused calls; podgate itself makes none.
scenario_privilege_log() {
	[ -z "${E2E_SANITIZED:-}" ] || return 0
	local records

	records=$(seccomp_records)
	stop_policies
	privilege_reset
	privilege_start "seccomp: log" || return
	deny intruder web tcp 80
	allow client web tcp 80
	settle
	changed privilege_closed
	equal "status says so" log "$(status_field .privilege.seccomp)"
	gate_end TERM
	equal "calls that are on no list" "$records" "$(seccomp_records)"
	privilege_start "seccomp: off" || return
	equal "off is off" 0 "$(thread_field "$GATE" "$GATE" Seccomp)"
	equal "and said" off "$(status_field .privilege.seccomp)"
}

# Without the helper no rule is repaired: the daemon ends, to be started again. The helper never
# outlives the daemon.
scenario_privilege_helper() {
	local pid

	stop_policies
	privilege_reset
	privilege_start || return
	hold open client "$(addr web)" 80
	kill -KILL "$(helper)"
	check "the daemon ends" within 5 gate_ended
	wait "$GATE"
	equal "its exit code" 2 $?
	GATE=
	check "it says why" grep -q 'helper process.*has ended' "$DIR/run.err"
	check "the open connection goes on" flows open
	deny intruder web tcp 80
	deny client web tcp 80
	settle "while it is away"
	privilege_start || return
	allow client web tcp 80
	settle "started again"
	check "the open connection was never interrupted" uninterrupted open
	pid=$(helper)
	gate_end KILL
	check "a daemon that is killed takes it along" within 3 gone "$pid"
	privilege_start || return
	pid=$(helper)
	kill -TERM "$pid"	# as a service manager does, to all of a service at once
	gate_end TERM
	equal "ended together, the exit code" 0 "$GATE_CODE"
	check "and the helper is gone" gone "$pid"
}

scenario_privilege_refused() {
	# A process that changed its user can't be traced, as LeakSanitizer would do.
	local -x ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

	stop_policies
	privilege_reset
	gate_config "user: no-such-user"
	local run=("$PODGATE" run --config "$DIR/podgate.yaml")

	refuses "a user that there is not" 'no-such-user.*useradd' "${run[@]}"
	gate_config "user: nobody"
	refuses "a log that nobody could rotate" 'user nobody.*rotated.*chown' "${run[@]}"
	refuses "the same beforehand" 'user nobody.*rotated.*chown' "${run[@]}" -n
	gate_config "user: nobody" "log_size_mib: 0"
	chmod 700 "$DIR/manifests"
	touch "$DIR/verdicts.jsonl"
	chown nobody "$DIR/verdicts.jsonl"
	refuses "manifests that nobody can read" 'manifests.*ermission denied.*let the user' "${run[@]}"
	chmod 755 "$DIR/manifests"
	gate_config "control_group: no-such-group"
	refuses "a group that there is not" 'no-such-group.*groupadd' "${run[@]}"
	gate_config "user: daemon"
	refuses "becoming another without being root" 'another user.*start it as root' \
		setpriv --reuid nobody --inh-caps "-all,+net_admin,+net_raw" --ambient-caps "-all,+net_admin,+net_raw" "${run[@]}"
	rm -f "$DIR/verdicts.jsonl"
}

# By default the socket is root's; a group may be let in.
scenario_privilege_socket() {
	local group somebody=(setpriv --reuid nobody --regid "$(id -g nobody)")

	group=$(getent group daemon | cut -d: -f3)
	asks() { quietly "${somebody[@]}" "$@" "$PODGATE" status --socket "$DIR/control.sock"; }
	stop_policies
	privilege_reset
	privilege_start || return
	equal "the socket" "600 0:0" "$(stat -c '%a %u:%g' "$DIR/control.sock")"
	check "nobody may not ask" [ "$(asks --clear-groups; echo $?)" = 2 ]
	gate_end TERM
	privilege_start "control_group: daemon" || return
	equal "the socket of a group" "660 0:$group" "$(stat -c '%a %u:%g' "$DIR/control.sock")"
	check "nobody may not ask still" [ "$(asks --clear-groups; echo $?)" = 2 ]
	check "a member may" asks --groups "$group"
}

# A file that was written just before the start: only its owner could learn whether its writer is
# done.
scenario_privilege_writer() {
	privilege_reset
	mkdir "$DIR/log"
	privilege_closed
	privilege_start "user: nobody" || return
	deny intruder web tcp 80
	settle "sound"
	check "what is sound is written down" within 5 state_has 2
	gate_end TERM
	exec 8>"$DIR/manifests/policies.yaml"	# half of an export: nothing yet
	privilege_start "user: nobody" 8>&- || return
	check "the file is taken for one that is being written" being_written 1
	deny intruder web tcp 80
	settle "right after the start"
	sleep 2.5				# longer than podgate waits for a recent writer
	deny intruder web tcp 80
	settle "it is empty, and not believed"
	policy web web Ingress >&8 <<-RULES	# more of it, now under podgate's eyes
	ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]
	RULES
	sleep 0.5
	deny intruder web tcp 80
	settle "being written"
	changed eval 'exec 8>&-'
	allow client web tcp 80
	settle "written"
}

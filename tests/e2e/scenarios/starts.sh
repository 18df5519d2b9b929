# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Starts that cannot succeed: one line with the remedy, exit code 2, and not a trace.

# refuses TEXT PATTERN COMMAND...: the line must match PATTERN. run -n refuses the same.
refuses() {
	refuses_once "$@"
	case " ${*:3} " in
	*" run "*) [ -n "$UNCHECKED" ] || refuses_once "$1, by run -n" "$2" "${@:3}" -n ;;
	esac
}
UNCHECKED=	# not empty: about another daemon, which -n does not check

refuses_once() {
	local text=$1 pattern=$2 code before error line lines=0
	shift 2
	before=$(tidy_rules; in_ns gw ipset list -n)
	timeout 10 nsenter --net="/run/netns/$NET-gw" "$@" >"$DIR/refused.out" 2>"$DIR/refused.err"
	code=$?
	error=$(<"$DIR/refused.err")
	equal "$text: exit code (${error::300})" 2 $code
	while IFS= read -r line; do
		case $line in
		"    hint: "* | "podgate: warning: pods share a bridge"*) ;;	# doctor's warning about every bridge is no part of the error
		*) lines=$((lines + 1)) ;;
		esac
	done <<<"$error"
	equal "$text: lines of error (${error::500})" 1 $lines
	check "$text: the line speaks of $pattern: ${error%%$'\n'*}" grep -qiE "$pattern" <<<"${error//$'\n'/ }"
	equal "$text: what is installed after" "$before" "$(tidy_rules; in_ns gw ipset list -n)"
}

scenario_bad_starts() {
	stop_policies
	gate_config
	local run=("$PODGATE" run --config "$DIR/podgate.yaml")

	refuses "without CAP_NET_ADMIN" 'CAP_NET_ADMIN' setpriv --bounding-set -net_admin --inh-caps -net_admin "${run[@]}"
	mkdir -p "$DIR/empty"	# in place of the folders of system programs, for this one process
	refuses "without iptables" 'iptables' unshare --mount sh -c 'for folder in /usr/sbin /sbin /usr/local/sbin; do
		[ -L $folder ] || mount --bind "$1" $folder; done; shift; PATH=/nowhere; exec "$@"' sh "$DIR/empty" "${run[@]}"

	gate_config "queue_lenght: 100"
	refuses "an unknown key" 'queue_lenght.*queue_length' "${run[@]}"
	gate_config "queue_length: many"
	refuses "a value that is no number" 'queue_length' "${run[@]}"
	gate_config "mark_deny: 0x20000000"
	refuses "marks that overlap" 'mark' "${run[@]}"
	gate_config
	sed -i "s|\"$DIR/manifests\"|\"$DIR/nowhere\"|" "$DIR/podgate.yaml"
	refuses "a directory that is not there" "nowhere" "${run[@]}"
	gate_config
	refuses "a config file that is not there" "nothere.yaml" "$PODGATE" run --config "$DIR/nothere.yaml"
	refuses "an unknown option" "no-such-option" "$PODGATE" run --no-such-option
	gate_config "control_socket: /proc/nowhere/control.sock"
	sed -i "\|^control_socket: $DIR/control.sock|d" "$DIR/podgate.yaml"
	refuses "a socket that cannot be made" "control.sock" "${run[@]}"
	gate_config "log_file: /proc/nowhere/log"
	sed -i "\|^log_file: $DIR/verdicts|d" "$DIR/podgate.yaml"
	refuses "a log that cannot be written" "nowhere/log" "${run[@]}"

	gate_config "log_file: \"\""
	sed -i "\|^log_file: $DIR/verdicts|d" "$DIR/podgate.yaml"
	refuses "no name for the log" "log_file" "${run[@]}"
	gate_config "control_group: nobody-has-this-one"
	refuses "a group that is not there" "groupadd" "${run[@]}"
	gate_config
	refuses "a socket with a long name" "control_socket is longer" "${run[@]}" --control_socket "$DIR/$(printf 'x%.0s' {1..120})"
	: >"$DIR/plain"
	refuses "a socket where a file is" "is no socket" "${run[@]}" --control_socket "$DIR/plain"
	refuses "metrics on an address of another machine" "no interface of this machine" "${run[@]}" --metrics_listen 203.0.113.77:9477
	refuses "metrics on a link-local address" "metrics_listen" "${run[@]}" --metrics_listen "[fe80::1]:9477"
	in_ns_exec gw "$PROBE" serve tcp/9479 >"$DIR/listener" &
	local listener=$!
	within 3 grep -q ready "$DIR/listener"
	refuses "metrics where another program listens" "another program listens" "${run[@]}" --metrics_listen 0.0.0.0:9479
	kill $listener
	wait $listener 2>/dev/null

	gate_config
	in_ns_exec gw "$PROBE" hold-queue 8610 >"$DIR/holder" &
	local holder=$!

	within 3 grep -q ready "$DIR/holder"
	refuses "a queue that another program holds" '8610' "${run[@]}"
	kill $holder
	wait $holder 2>/dev/null

	tables_do -t mangle -A PREROUTING -j CONNMARK --set-xmark 0x20000000/0x20000000
	refuses "foreign rules that use our mark" '0x20000000' "${run[@]}"
	tables_do -t mangle -F PREROUTING

	check "run -n accepts a good configuration" quietly podgate run -n --config "$DIR/podgate.yaml"
	check "and one whose folders are still to be made" quietly podgate run -n --config "$DIR/podgate.yaml" \
		--control_socket "$DIR/new/run/control.sock" --log_file "$DIR/newlog/verdicts.jsonl"
	check "of which it makes none" [ ! -e "$DIR/new" -a ! -e "$DIR/newlog" ]
	gate_start "metrics_listen: 127.0.0.1:9479" || return
	check "run -n accepts what a daemon that runs has" quietly podgate run -n --config "$DIR/podgate.yaml"
	check "and that daemon's socket and log stay" gate_answers
	allow client web tcp 80
	settle "after all that, a good start"
}

# A second daemon beside the first: refused, and the first goes on.
scenario_second_daemon() {
	stop_policies
	gate_start || return
	hold open client "$(addr web)" 80
	UNCHECKED=yes
	refuses "a second daemon" "another podgate .pid $GATE, control_socket $DIR/control.sock" \
		"$PODGATE" run --config "$DIR/podgate.yaml"
	# No difference in settings helps: not the socket, nor the queues, the marks, or the back
	# end.
	refuses "a second daemon with settings of its own" "another podgate .pid $GATE, control_socket $DIR/control.sock" \
		"$PODGATE" run --config "$DIR/podgate.yaml" --control_socket "$DIR/second.sock" --queue_base 8700 \
		--mark_allow 0x1000000 --mark_deny 0x2000000 --log_file "$DIR/second.jsonl"
	UNCHECKED=
	podgate run --config "$DIR/podgate.yaml" --control_socket "$DIR/second.sock" --take-over >"$DIR/refused.err" 2>&1
	equal "one that would take the place of a daemon that is not there: exit code" 2 $?
	check "it names the one that is" file_has "$DIR/refused.err" "another podgate (pid $GATE"
	check "cleanup sees it, whatever its settings say" \
		file_has <(podgate cleanup --config <(printf 'control_socket: %s\n' "$DIR/second.sock") 2>&1) "(pid $GATE)"
	allow client web tcp 80
	deny intruder web tcp 80
	settle "the first daemon"
	check "it still answers" gate_answers
	check "its connection was never interrupted" uninterrupted open
}

# Any user may take the address by which daemons see each other: a stranger who has it stops
# nothing.
scenario_claimed_by_a_stranger() {
	stop_policies
	cp "$PROBE" "$DIR/probe"	# where that user may read it
	chmod 755 "$DIR" "$DIR/probe"
	in_ns_exec gw setpriv --reuid 65534 --regid 65534 --clear-groups "$DIR/probe" hold-address podgate >"$DIR/stranger" 2>&1 &
	local stranger=$!

	within 5 file_has "$DIR/stranger" ready || fail "no stranger: $(cat "$DIR/stranger")"
	gate_start || return
	deny intruder web tcp 80
	allow client web tcp 80
	settle "beside a stranger"
	check "it is said" file_has "$DIR/run.err" "abstract socket @podgate"
	kill $stranger
	wait $stranger 2>/dev/null
}

# Pods of one bridge reach each other past iptables unless br_netfilter is on: podgate mends or
# reports it.
scenario_bridge_required() {
	[ "$TOPOLOGY" = bridged ] || return 0
	stop_policies
	gate_config "bridge: require"
	refuses "bridged packets that pass iptables by" 'bridge-nf-call' "$PODGATE" run --config "$DIR/podgate.yaml"
	gate_start "bridge: ignore" || return
	allow intruder web tcp 80
	settle "ignored, the bridge passes everything"
	gate_end TERM
	gate_start "bridge: set" || return
	deny intruder web tcp 80
	allow client web tcp 80
	settle "set"
}

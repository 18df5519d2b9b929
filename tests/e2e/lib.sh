# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The vocabulary of the scenarios: pods, policies, the gate, expectations. Sourced by cell.sh, which
# sets BACKEND (nft, legacy), FAMILY (4, 6), TOPOLOGY (routed, bridged), PODGATE and PROBE (the two
# programs).
#
# The code that every scenario runs starts as few programs as it can: on a small machine, that is
# most of a scenario's time.

. "$(dirname "${BASH_SOURCE[0]}")/net.sh"

PASSED=0 FAILED=0
SCENARIO=none
DIR=			# of this cell: manifests, socket, logs
GATE=			# pid of the running podgate
DENIED=()		# flows that the scenario saw denied: all must pass once the gate is gone
DENY_MS=${E2E_DENY_MS:-350}	# ms without an answer after which a probe counts as denied
ALLOW_MS=${E2E_ALLOW_MS:-4000}
PATIENCE=${E2E_SANITIZED:+3}	# sanitized programs are slow

pass() { PASSED=$((PASSED + 1)); }

fail() {
	FAILED=$((FAILED + 1))
	printf 'FAIL %s/%s/%s %s: %s\n' "$BACKEND" "ipv$FAMILY" "$TOPOLOGY" "$SCENARIO" "$*" | tee -a "$DIR/failures"
}

# check TEXT COMMAND...: passes when the command succeeds.
check() {
	local text=$1
	shift
	if "$@"; then pass; else fail "$text"; fi
}

# equal TEXT WANTED GOT
equal() {
	if [ "$2" = "$3" ]; then pass; else fail "$1: wanted \"$2\", got \"$3\""; fi
}

between() { [ "$1" -le "$2" ] && [ "$2" -le "$3" ]; }
quietly() { "$@" >/dev/null 2>&1; }

# within SECONDS COMMAND...: true as soon as the command is.
within() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000 * ${PATIENCE:-1}))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# Sets REPLY to the whole file; "" if there is none.
read_file() {
	REPLY=
	[ ! -e "$1" ] || IFS= read -r -d '' REPLY <"$1" || return 0
}
file_has() {	# FILE TEXT
	local REPLY
	read_file "$1"
	[[ $REPLY == *"$2"* ]]
}

addr() {
	if [ "$FAMILY" = 4 ]; then echo "${NET_V4[$1]}"; else echo "${NET_V6[$1]}"; fi
}

# The address with the family's widest prefix for an ipBlock, or a block of either family: cidr
# 203.0.113.0/24 2001:db8:113::/64
cidr() { if [ "$FAMILY" = 4 ]; then echo "$1"; else echo "$2"; fi; }
host_cidr() { if [ "$FAMILY" = 4 ]; then echo "$(addr "$1")/32"; else echo "$(addr "$1")/128"; fi; }

# --- the cell -------------------------------------------------------------------------------------

SERVED=(tcp/80 tcp/81 tcp/5432 udp/80 udp/81 sctp/80 sctp/81)

cell_up() {
	[ -n "$DIR" ] || DIR=$(mktemp -d "${TMPDIR:-/tmp}/podgate-e2e.XXXXXX")
	mkdir -p "$DIR/manifests" "$DIR/probes"
	net_new pgt "$TOPOLOGY"
	net_pod web 10.88.0.11 fd00:88::11
	net_pod db 10.88.0.12 fd00:88::12
	net_pod client 10.88.0.13 fd00:88::13
	net_pod intruder 10.88.0.14 fd00:88::14
	net_pod plain 10.88.0.15 fd00:88::15
	net_settle
	# A gateway tracks connections because some rule asks for it, mostly NAT. Here no rule would
	# before podgate's, and connections open before would be picked up in their middle.
	in_ns gw "iptables-$BACKEND" -A OUTPUT -m conntrack --ctstate INVALID
	in_ns gw "ip6tables-$BACKEND" -A OUTPUT -m conntrack --ctstate INVALID
	local node

	for node in "${NET_NODES[@]}"; do
		# A cut connection whose program has ended must not send into the next scenario,
		# which would count it.
		net_sysctl "$node" ipv4/tcp_orphan_retries 1
		in_ns_exec "$node" "$PROBE" serve "${SERVED[@]}" >"$DIR/serve-$node" 2>&1 &
		disown
	done
	for node in "${NET_NODES[@]}"; do
		within 5 file_has "$DIR/serve-$node" ready || fail "no echo server in $node: $(cat "$DIR/serve-$node")"
	done
}

cell_down() {
	# A child that gets the signal before it has reset our traps comes here, too.
	[ "$BASHPID" = $$ ] || return 0
	trap - EXIT
	trap '' INT TERM HUP	# two signals, by a terminal or timeout and by run.sh: it still removes all
	[ -z "$SCENARIO_PID" ] || kill -KILL "$SCENARIO_PID" 2>/dev/null
	[ -z "$GATE" ] || kill -KILL "$GATE" 2>/dev/null
	net_delete
	remove_outside
	if [ -n "$DIR" ] && [ -z "${E2E_KEEP:-}" ]; then rm -rf "$DIR"; fi
}

# Removes what unfinished scenarios left outside of the cell's namespaces.
remove_outside() {
	rmdir /sys/fs/cgroup/{memory/,}podgate-e2e-$$ 2>/dev/null
	[ -z "$DIR" ] || ! mountpoint -q "$DIR/small" || umount "$DIR/small"
}

# Makes a fresh cell after a failed scenario: its processes, rules and files must not reach the next
# one.
cell_anew() {
	[ -z "${E2E_KEEP:-}" ] || cp -a "$DIR" "$DIR-$SCENARIO"
	net_delete
	remove_outside
	NET_V4=() NET_V6=()
	cell_up
}

# --- manifests ------------------------------------------------------------------------------------

# Puts standard input in place by one rename, as editors and kubectl-like tools do.
manifest() {
	local REPLY
	IFS= read -r -d '' REPLY
	printf %s "$REPLY" >"$DIR/.new" && mv "$DIR/.new" "$DIR/manifests/$1.yaml"
}

pod() {	# NAMESPACE NAME LABELS [ANNOTATIONS], both as flow mappings
	printf '%s\n' \
		"---" \
		"apiVersion: v1" \
		"kind: Pod" \
		"metadata: {name: $2, namespace: $1, labels: {$3}, annotations: {${4:-}}}" \
		"spec:" \
		"  containers: [{name: main, image: example/main:1, ports: [{name: http, containerPort: 80}, {name: sql, containerPort: 5432}]}]" \
		"status: {phase: Running, podIP: ${NET_V4[$2]}, podIPs: [{ip: \"${NET_V4[$2]}\"}, {ip: \"${NET_V6[$2]}\"}]}"
}

namespace() {	# NAME [ANNOTATIONS]
	printf '%s\n' \
		"---" \
		"apiVersion: v1" \
		"kind: Namespace" \
		"metadata: {name: $1, labels: {team: $1}, annotations: {${2:-}}}"
}

default_pods() {
	{
		namespace shop
		namespace other
		namespace free
		pod shop web "app: web"
		pod shop db "app: db"
		pod shop client "app: client"
		pod other intruder "app: intruder"
		pod free plain "app: plain"
	} | manifest pods
}

# policy NAME APP TYPES: the spec's rules follow on standard input, indented as under `spec:`.
# Written by `policies`.
policy() {
	local line
	printf '%s\n' \
		"---" \
		"apiVersion: networking.k8s.io/v1" \
		"kind: NetworkPolicy" \
		"metadata: {name: $1, namespace: ${4:-shop}, annotations: {${5:-}}}" \
		"spec:" \
		"  podSelector: {matchLabels: {app: $2}}" \
		"  policyTypes: [$3]"
	while IFS= read -r line; do
		printf '  %s\n' "$line"
	done
}

policies() { manifest policies; }

# --- the gate -------------------------------------------------------------------------------------

podgate() { in_ns gw "$PODGATE" "$@"; }

# The user that the daemon becomes; "": its own choice, which may not use the cell's folder.
GATE_USER=root
gate_config() {	# further settings, a line each
	local settings=(
		"manifests: [\"$DIR/manifests\"]"
		"control_socket: $DIR/control.sock"
		"log_file: $DIR/verdicts.jsonl"
		"state_directory: $DIR/state"
		"backend: $BACKEND"
		"workers: 2"
		"$@"
	)
	[ -z "$GATE_USER" ] || [[ $* =~ (^| )user: ]] || settings+=("user: $GATE_USER")
	printf '%s\n' "${settings[@]}" >"$DIR/podgate.yaml"
}

status_field() {	# a jq path into `podgate status -o json`
	podgate status --socket "$DIR/control.sock" -o json 2>/dev/null | jq -r "$1" 2>/dev/null
}

state_has() { [ "$(status_field .state.files)" = "$1" ]; }	# COUNT of manifest files in the state directory
# Stops the daemon's threads until SIGCONT. On a busy machine a worker may run on for a while after
# kill has returned.
gate_freeze() {
	kill -STOP "$GATE"
	within 3 gate_is_frozen || fail "the daemon does not stop at SIGSTOP"
}
gate_is_frozen() { ! grep -qv '^State:[[:space:]]*T' <(grep -h '^State:' /proc/"$GATE"/task/*/status); }

gate_answers() { quietly podgate status --socket "$DIR/control.sock" -o json || [ $? = 1 ]; }	# 1: it has a problem
gate_is_up() { file_has "$DIR/run.err" "podgate: ready: "; }
gate_settled() { gate_ended || gate_is_up; }	# running or ended

# gate_launch [COMMAND...]: starts podgate, by way of the command, in the background without waiting
# for it.
# shellcheck disable=SC2120 # scenarios pass it
gate_launch() {
	: >"$DIR/run.err"	# at once: the last daemon's words are not this one's
	in_ns_exec gw "$@" "$PODGATE" run --config "$DIR/podgate.yaml" >"$DIR/run.out" 2>"$DIR/run.err" &
	GATE=$!
}

gate_start() {
	: >"$DIR/verdicts.jsonl"
	gate_config "$@"
	gate_launch
	within 10 gate_settled
	if ! within 2 gate_answers; then
		fail "podgate did not start: $(tail -3 "$DIR/run.err")"
		check_sanitizers "$DIR/run.err"
		return 1
	fi
}

gate_ended() { ! [ -e "/proc/$GATE/exe" ]; }	# a zombie has none
gate_end() {	# SIGNAL; sets GATE_CODE
	[ -n "$GATE" ] || return 0
	kill "-$1" "$GATE" 2>/dev/null
	within 10 gate_ended 2>/dev/null || fail "podgate does not end on SIG$1"
	kill -KILL "$GATE" 2>/dev/null
	wait "$GATE" 2>/dev/null
	GATE_CODE=$?
	GATE=
	check_sanitizers "$DIR/run.err"
}

# A sanitizer's report is a failure in any case.
check_sanitizers() {
	file_has "$1" Sanitizer || file_has "$1" "runtime error:" || return 0
	fail "a sanitizer has something to say"
	sed 's/^/    /' "$1" | head -100
}

gate_cleanup() {
	[ -n "${E2E_NO_GATE:-}" ] || podgate cleanup >"$DIR/cleanup.out" 2>&1 || fail "podgate cleanup: $(cat "$DIR/cleanup.out")"
}

# Sets REPLY to the last revision that the daemon reported to be in force.
read_revision() {
	local last

	read_file "$DIR/run.err"
	last=${REPLY##*podgate: revision }
	if [ "$last" = "$REPLY" ]; then REPLY=1; else REPLY=${last%% *}; fi
}

# A change is in force once the daemon reports a revision later than $1.
past_revision() { local REPLY; read_revision; [ "$REPLY" -gt "$1" ]; }
changed() {	# the manifest change follows on the command line
	local REPLY before
	read_revision
	before=$REPLY
	"$@"
	within 5 past_revision "$before" || fail "the change was not taken up within 5 s (revision $before)"
}

# --- probes ---------------------------------------------------------------------------------------

# Each runs in the background; settle waits for them. $1 expected result, $2 from, $3 a node or an
# address, $4 protocol, $5 port.
PROBE_PIDS=() PROBE_WANTED=() PROBE_FLOWS=()
probe() {
	local ms=$ALLOW_MS to=$3 command

	[ "$1" = allow ] || ms=$DENY_MS
	case $to in
	*[.:]*) ;;
	*) if [ "$FAMILY" = 4 ]; then to=${NET_V4[$to]}; else to=${NET_V6[$to]}; fi ;;
	esac
	case $4 in
	icmp) command=(ping --timeout "$ms" "$to") ;;
	*) command=(connect --timeout "$ms" "$4" "$to" "$5") ;;
	esac
	in_ns_exec "$2" "$PROBE" "${command[@]}" >"$DIR/probes/${#PROBE_PIDS[@]}" 2>&1 &
	PROBE_PIDS+=($!) PROBE_WANTED+=("$1") PROBE_FLOWS+=("$2 $3 $4 ${5:-}")
	[ "$1" != deny ] || DENIED+=("$2 $3 $4 ${5:-}")
}
allow() { probe allow "$@"; }
deny() { probe deny "$@"; }

# Waits for the probes in flight and judges each. A refusal is no denial: the packet passed.
settle() {
	local i code

	for i in "${!PROBE_PIDS[@]}"; do
		wait "${PROBE_PIDS[i]}"
		code=$?
		case ${PROBE_WANTED[i]}:$code in
		allow:0 | deny:1) pass ;;
		*) fail "${1:+$1: }${PROBE_FLOWS[i]}: wanted ${PROBE_WANTED[i]}, but: $(cat "$DIR/probes/$i") (exit $code)" ;;
		esac
	done
	PROBE_PIDS=() PROBE_WANTED=() PROBE_FLOWS=()
}

# Every denied flow must pass without the gate: otherwise the network was broken, not the gate at
# work.
control() {
	local flow
	local -A tried=()

	for flow in "${DENIED[@]}"; do
		[ -z "${tried[$flow]:-}" ] || continue	# denied more than once
		tried[$flow]=yes
		# shellcheck disable=SC2086
		allow $flow
	done
	DENIED=()
	settle "control, without the gate"
}

# --- connections that stay open -------------------------------------------------------------------

# hold NAME FROM ADDRESS PORT
declare -A HELD=()
hold() {
	: >"$DIR/hold-$1"
	in_ns_exec "$2" "$PROBE" hold --stall 300 "$3" "$4" >"$DIR/hold-$1" 2>&1 &
	HELD[$1]=$!
	within 3 hold_is "$1" open || fail "hold $1: $(cat "$DIR/hold-$1")"
}
hold_is() {	# NAME STATE: the first word of the last line
	local lines

	mapfile -t lines <"$DIR/hold-$1"
	[ ${#lines[@]} -gt 0 ] && [ "${lines[-1]%% *}" = "$2" ]
}
flows() { within 4 hold_is_flowing "$1"; }
hold_is_flowing() { hold_is "$1" open || hold_is "$1" resumed; }
stalls() { within 4 hold_is "$1" stalled; }
holds_end() {
	local name
	for name in "${!HELD[@]}"; do
		kill "${HELD[$name]}" 2>/dev/null
		wait "${HELD[$name]}" 2>/dev/null
	done
	HELD=()
}
# Ends a held connection; true if it never waited long for an echo.
uninterrupted() {
	local gap

	kill "${HELD[$1]}" 2>/dev/null
	wait "${HELD[$1]}" 2>/dev/null
	unset "HELD[$1]"
	gap=$(sed -n 's/.*longest gap \([0-9]*\) ms/\1/p' "$DIR/hold-$1")
	[ -n "$gap" ] && [ "$gap" -lt 300 ]
}

# --- the kernel's own figures ---------------------------------------------------------------------

tables() { if [ "$FAMILY" = 4 ]; then echo "iptables-$BACKEND"; else echo "ip6tables-$BACKEND"; fi; }
tables_do() { in_ns gw "$(tables)" -w 5 "$@"; }
tables_save() { in_ns gw "$(tables)-save" "$@" 2>/dev/null; }

# Packets that entered any queue since it was bound.
queued() { in_ns gw awk '{ sum += $8 } END { print sum + 0 }' /proc/net/netfilter/nfnetlink_queue; }

# Packets that hit the rule of our chains of verdicts whose text matches $1.
rule_packets() {
	tables_save -c -t mangle | awk -v pattern="$1" '
		/-A PODGATE(-BRIDGED)? / && $0 ~ pattern { gsub(/[\[\]]/, "", $1); split($1, n, ":"); sum += n[1] } END { print sum + 0 }'
}

# Counts packets from one node to a port of another as they arrive, before any rule of podgate's and
# without its help: count_arrivals FROM TO PROTOCOL PORT; arrivals; count_no_more. It does not count
# stray packets of an earlier scenario.
count_arrivals() {
	ARRIVALS=(PREROUTING -s "$(addr "$1")" -d "$(addr "$2")" -p "$3" --dport "$4")
	in_ns gw "$(tables)" -t raw -A "${ARRIVALS[@]}"
}
arrivals() { tables_save -c -t raw | awk '/-A PREROUTING / && !/PODGATE/ { gsub(/[\[\]]/, "", $1); split($1, n, ":"); sum += n[1] } END { print sum + 0 }'; }
count_no_more() { in_ns gw "$(tables)" -t raw -D "${ARRIVALS[@]}"; }

# --- the verdict log ------------------------------------------------------------------------------

# log_has FILTER: some record makes this jq filter true.
log_has() { jq -e -s "any(.[]; $1)" "$DIR/verdicts.jsonl" >/dev/null 2>&1; }
log_count() { jq -s "[.[] | select($1)] | length" "$DIR/verdicts.jsonl" 2>/dev/null; }
logged() {	# TEXT FILTER
	within 4 log_has "$2" || fail "$1: no such record ($2); the last: $(tail -1 "$DIR/verdicts.jsonl" | cut -c1-900)"
	pass
}

# --- a scenario -----------------------------------------------------------------------------------

# bridge_sees_all 0|1: whether bridged packets pass iptables.
bridge_sees_all() {
	[ "$TOPOLOGY" = bridged ] || return 0
	net_sysctl gw bridge/bridge-nf-call-iptables "$1"
	net_sysctl gw bridge/bridge-nf-call-ip6tables "$1"
}

# Removes files of the last scenario; those of the cell stay.
remove_old_files() {
	local file old=()

	for file in "$DIR"/* "$DIR"/.[!.]*; do
		case ${file##*/} in
		serve-* | probes | manifests | failures | '*' | '.[!.]*') ;;
		*) old+=("$file") ;;
		esac
	done
	rm -rf "${old[@]}" "$DIR"/manifests/*
}

# Runs the scenario in a shell of its own, so that it can't end the cell. `outcome` has its result.
run_alone() {
	PASSED=0 FAILED=0
	trap 'echo "$PASSED $FAILED $SCENARIO_ENDED" >"$DIR/outcome"' EXIT
	default_pods
	bridge_sees_all 0	# podgate must switch it on
	"scenario_$1"
	holds_end
	settle
	gate_end TERM
	gate_cleanup
	control
	if declare -F "after_$1" >/dev/null; then "after_$1"; fi	# restores the gateway
	[ "$FAILED" -eq 0 ] || sed 's/^/    run: /' "$DIR/run.err" | tail -5
	SCENARIO_ENDED=yes
}

SCENARIO_PID=		# of that shell
SCENARIO_ENDED=no
run_scenario() {
	local begin=${EPOCHREALTIME/./} code passed=0 failed=0 ended=no

	SCENARIO=$1
	remove_old_files
	run_alone "$1" &
	SCENARIO_PID=$!
	wait "$SCENARIO_PID"
	code=$?
	SCENARIO_PID=
	[ ! -e "$DIR/outcome" ] || read -r passed failed ended <"$DIR/outcome"
	PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
	[ "$ended" = yes ] || fail "did not come to its end (exit code $code)"
	printf '  %-14s %s  %5d ms\n' "$1" "$([ "$failed/$ended" = 0/yes ] && echo ok || echo FAILED)" \
		$(((${EPOCHREALTIME/./} - begin) / 1000))
	[ "$failed/$ended" = 0/yes ] || cell_anew
}

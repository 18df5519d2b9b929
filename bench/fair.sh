#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whether one pod can starve the others: what a pod's TCP connections take while it is quiet, and while another pod floods
# the gateway with new flows at full speed. Quiet and flooded runs take turns; medians of them are shown.
#
#   fair.sh [--rounds 5] [--seconds 4] [--rate 500] [--program PODGATE] [--set 'SETTING: VALUE']... [CONTENDER...]
#
# Contenders: bare (connections are tracked, one rule looks at each; what the flooder sends is dropped by a rule), podgate
# (every connection to userspace: `learn: false`), learned (podgate as it comes). Needs root. Everything happens in network
# namespaces made here. Nothing is bound to a CPU, as nothing is on a gateway: the flooder takes one whole, and the kernel
# carries its packets through the rules on its time. The other CPUs are for the client, the server and podgate.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
PODGATE=$HERE/../build/release/podgate LOAD=$HERE/../build/release/bench/fair_load
ROUNDS=5 SECONDS_EACH=4 RATE=500 SETTINGS=() PORT=80
while [ $# -gt 0 ]; do
	case $1 in
	--rounds) ROUNDS=$2; shift 2 ;;
	--seconds) SECONDS_EACH=$2; shift 2 ;;
	--rate) RATE=$2; shift 2 ;;
	--program) PODGATE=$2; shift 2 ;;
	--set) SETTINGS+=("$2"); shift 2 ;;
	-*) sed -n '4,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || set -- bare podgate learned

. "$HERE/../tests/e2e/net.sh"
DIR=$(mktemp -d "${TMPDIR:-/tmp}/podgate-fair.XXXXXX")
GATE=
finish() {
	trap - EXIT
	[ -z "$GATE" ] || kill -KILL "$GATE" 2>/dev/null
	net_delete
	rm -rf "$DIR"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

pods() {
	local pod

	for pod in server client flooder sink; do
		cat <<-POD
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: $pod, namespace: default, labels: {app: $pod}}
		spec: {containers: [{name: main, image: example/main:1}]}
		status: {phase: Running, podIP: ${NET_V4[$pod]}, podIPs: [{ip: "${NET_V4[$pod]}"}]}
		POD
	done
	cat <<-POLICIES
	---
	apiVersion: networking.k8s.io/v1
	kind: NetworkPolicy
	metadata: {name: server, namespace: default}
	spec:
	  podSelector: {matchLabels: {app: server}}
	  policyTypes: [Ingress]
	  ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: $PORT}]}]
	---
	apiVersion: networking.k8s.io/v1
	kind: NetworkPolicy
	metadata: {name: sink, namespace: default}
	spec:
	  podSelector: {matchLabels: {app: sink}}
	  policyTypes: [Ingress]
	  ingress: [{from: [{podSelector: {matchLabels: {app: flooder}}}]}]
	POLICIES
}

gate_is_up() { in_ns gw "$PODGATE" status --socket "$DIR/control.sock" >/dev/null 2>&1; }
gate_is_over() { ! kill -0 "$GATE" 2>/dev/null; }

gate_up() {	# SETTING...
	local tries

	{
		echo "manifests: [$DIR/manifests.yaml]"
		echo "control_socket: $DIR/control.sock"
		echo "log_file: $DIR/verdicts.jsonl"
		printf '%s\n' "$@" "${SETTINGS[@]}"
	} >"$DIR/podgate.yaml"
	in_ns_exec gw ${FAIR_WRAP:-} "$PODGATE" run --config "$DIR/podgate.yaml" >"$DIR/run.out" 2>"$DIR/run.err" &
	GATE=$!
	for ((tries = 0; tries < 100; tries++)); do
		gate_is_up && return
		gate_is_over && break
		sleep 0.1
	done
	cat "$DIR/run.err" >&2
	exit 1
}

gate_down() {
	kill -TERM "$GATE"
	wait "$GATE" 2>/dev/null
	GATE=
	in_ns gw "$PODGATE" cleanup >/dev/null
}

bare_up() {
	in_ns gw iptables -t mangle -A FORWARD -m conntrack --ctstate ESTABLISHED -j RETURN
	in_ns gw iptables -t mangle -A FORWARD -s "${NET_V4[flooder]}" -d "${NET_V4[server]}" -j DROP
}
bare_down() { in_ns gw iptables -t mangle -F FORWARD; }

# What podgate's threads have used of the CPUs so far: "NAME MILLISECONDS" lines.
threads() {
	[ -z "$GATE" ] || awk '{ name = $2; gsub(/[()]/, "", name); print name, ($14 + $15) * 10 }' /proc/"$GATE"/task/*/stat
}

run() {	# CONTENDER KIND: quiet, denied or allowed
	local flood=

	threads >"$DIR/before"
	case $2 in
	denied) in_ns_exec flooder "$LOAD" flood $((SECONDS_EACH + 1)) "${NET_V4[server]}" >"$DIR/flood" & flood=$! ;;
	allowed) in_ns_exec flooder "$LOAD" flood $((SECONDS_EACH + 1)) "${NET_V4[sink]}" >"$DIR/flood" & flood=$! ;;
	*) echo '{"per_s": 0}' >"$DIR/flood" ;;
	esac
	sleep 0.5
	in_ns client "$LOAD" connect "${NET_V4[server]}" $PORT "$RATE" "$SECONDS_EACH" >"$DIR/result"
	[ -z "$flood" ] || wait "$flood"
	threads >"$DIR/after"
	jq -c --arg contender "$1" --arg kind "$2" --slurpfile flood "$DIR/flood" \
		--arg cpu "$(join "$DIR/before" "$DIR/after" 2>/dev/null | awk '$3 - $2 > 20 { printf "%s=%d ", $1, $3 - $2 }')" \
		'{contender: $contender, kind: $kind} + . + {flood_per_s: $flood[0].per_s, cpu_ms: $cpu}' "$DIR/result" | tee -a "$DIR/results"
	sleep 0.3
}

net_new pgfair routed
net_pod server 10.88.0.11 fd00:88::11
net_pod client 10.88.0.12 fd00:88::12
net_pod flooder 10.88.0.13 fd00:88::13
net_pod sink 10.88.0.14 fd00:88::14
net_settle
pods >"$DIR/manifests.yaml"
in_ns_exec server "$LOAD" accept "${NET_V4[server]}" $PORT >"$DIR/server" &
for ((tries = 0; tries < 100; tries++)); do
	grep -q ready "$DIR/server" && break
	sleep 0.05
done

for contender in "$@"; do
	case $contender in
	bare) bare_up ;;
	podgate) gate_up "learn: false" ;;
	learned) gate_up ;;
	*) echo "no contender $contender" >&2; exit 2 ;;
	esac
	for ((round = 0; round < ROUNDS; round++)); do
		for kind in quiet denied quiet allowed; do
			run "$contender" "$kind"
		done
	done
	case $contender in
	bare) bare_down ;;
	*)
		in_ns gw "$PODGATE" status --socket "$DIR/control.sock" -o json | jq -c '.queues[]'
		gate_down
		;;
	esac
done
jq -s -r 'def median: sort | .[length / 2 | floor];
	group_by(.contender)[] | . as $all | ([.[] | select(.kind == "quiet") | .p99_us] | median) as $quiet
	| ["quiet", "denied", "allowed"][] as $kind | [$all[] | select(.kind == $kind)]
	| [.[0].contender, $kind, ([.[].p50_us] | median), ([.[].p99_us] | median), (([.[].p99_us] | median) / $quiet * 100 | round / 100),
		([.[].max_us] | median), ([.[].failed + .[].unanswered] | add), ([.[].syn_resent] | add), ([.[].flood_per_s] | median)]
	| @tsv' "$DIR/results" |
	{ printf 'contender\tkind\tp50_us\tp99_us\tratio\tmax_us\tfailed\tsyn_resent\tflood/s\n'; cat; } | column -t -s $'\t'

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podgate's benchmark: measures it beside others in network namespaces of its own, and writes a report.
#
#   sudo bench/run.sh [--quick] [--only NAME] [--rounds N] [--out DIR] [--peer NAME=COMMAND] ...
#
#   --quick                about two minutes rather than ten
#   --smoke                a moment of everything, to see that it works
#   --only NAME            just this workload; may be repeated
#   --list                 names the workloads
#   --rounds N             how often each contender takes its turn
#   --out DIR              where the report goes: bench-report
#   --peer NAME=COMMAND    one more contender: a program that answers NFQUEUE number {queue} (also $PODGATE_BENCH_QUEUE),
#                          of length {length}, run in the gateway's network namespace; may be repeated
#   --peer-podgate BUILD   podgate of another build, a folder such as build/release of an older commit, in the
#                          workload churn; may be repeated
#   --backend nft|legacy   which iptables: nft
#   --family 4|6           which internet protocol: 4
#   --no-install           never call apt-get; --no-build: take what build/release holds
#
# The report is DIR/index.html, its figures are in DIR/summary.json, every run is in DIR/runs.json.
# Exit code: 0 measured, 1 something could not be measured (the report says what), 2 it could not begin.

set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
INSTALL=yes BUILD=yes BEGIN=yes
OUT=bench-report
PREFIX=pgbench-$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n')
ARGUMENTS=()
SUITE=			# its pid
WORK=			# its files

. "$ROOT/deploy/packages.sh"

give_up() { echo "bench/run.sh: $*" >&2; exit 2; }

# The tree belongs to whoever cloned it: what is built in it should, too.
as_owner() {
	local owner
	owner=$(stat -c %U "$ROOT")
	if [ "$owner" = root ] || [ "$owner" = UNKNOWN ]; then "$@"; else runuser -u "$owner" -- "$@"; fi
}

build() {
	local log
	log=$(mktemp)
	if (cd "$ROOT" && as_owner cmake --preset release && as_owner cmake --build --preset release -j "$(nproc)" --target \
		podgate podgate-probe podgate-fill-flows podgate-load podgate-null bench_policy bench_packet bench_queue bench_sweep bench_manifest) >"$log" 2>&1; then
		rm -f "$log"
	else
		tail -20 "$log" >&2
		give_up "the build failed; all of it is in $log"
	fi
}

suite() { PYTHONPATH="$ROOT/bench" PYTHONDONTWRITEBYTECODE=1 exec python3 -m suite --root "$ROOT" --prefix "$PREFIX" "$@"; }

# Whatever the suite has left, if it was killed: everything in namespaces of our prefix is ours.
clean_up() {
	local name pids

	trap '' INT TERM HUP
	if [ -n "$SUITE" ] && kill -TERM "$SUITE" 2>/dev/null; then wait "$SUITE"; fi
	ip netns list 2>/dev/null | awk -v prefix="$PREFIX-" 'index($1, prefix) == 1 { print $1 }' | while read -r name; do
		pids=$(ip netns pids "$name" 2>/dev/null)
		# shellcheck disable=SC2086
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
		ip netns del "$name" 2>/dev/null
	done
	[ -z "$WORK" ] || rm -rf "$WORK"
}

while [ $# -gt 0 ]; do
	case $1 in
	--no-install) INSTALL=no ;;
	--no-build) BUILD=no ;;
	-h | --help) sed -n '4,25s/^# \{0,1\}//p' "$0"; exit 0 ;;
	--list) BEGIN=no; ARGUMENTS+=("$1") ;;
	--out) OUT=${2:?--out DIR}; shift ;;
	--only | --rounds | --peer | --peer-podgate | --backend | --family) ARGUMENTS+=("$1" "${2:?$1 needs a value}"); shift ;;
	--quick | --smoke) ARGUMENTS+=("$1") ;;
	*) echo "bench/run.sh: no such option: $1" >&2; sed -n '6p' "$0" >&2; exit 2 ;;
	esac
	shift
done
if [ $BEGIN = no ]; then suite "${ARGUMENTS[@]}"; fi

[ "$(id -u)" = 0 ] || give_up "needs root: network namespaces, packet filters"
if [ $INSTALL = yes ]; then
	packages_install build run bench || give_up "the packages above are needed"
elif [ -n "$(packages_missing build run bench)" ]; then
	give_up "missing packages: $(packages_missing build run bench | tr '\n' ' ')"
fi
[ $BUILD = no ] || build
unshare -n true 2>/dev/null || give_up "network namespaces are not to be had here"

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
WORK=$(mktemp -d "${TMPDIR:-/tmp}/podgate-bench.XXXXXX") || exit 2
suite --work "$WORK" --out "$OUT" "${ARGUMENTS[@]}" &
SUITE=$!
wait "$SUITE"
CODE=$?
SUITE=
[ ! -d "$OUT" ] || chown -R --reference="$ROOT" "$OUT"
exit $CODE

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The end-to-end matrix: every scenario on {nft, legacy} x {IPv4, IPv6} x {routed, bridged}, cells
# side by side.
#
#   run.sh [--quarter] [--backend nft] [--family 4] [--topology routed] [--jobs 3] [SCENARIO...]
#   run.sh --cell nft/4/routed[/asan] ...   just this cell, with the sanitized program of build/asan;
#                                           may be repeated
#
# --quarter: a cell takes every fourth scenario, so that each runs in two cells that have nothing in
# common (cell.sh). Needs root. Everything happens in network namespaces made for it. Last line: N
# passed, M failed.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
BACKENDS="nft legacy" FAMILIES="4 6" TOPOLOGIES="routed bridged" WANTED=()
JOBS=$(($(nproc) + 1))	# a cell waits for a third of its time
while [ $# -gt 0 ]; do
	case $1 in
	--quarter) export E2E_QUARTER=1; shift ;;
	--backend) BACKENDS=$2; shift 2 ;;
	--family) FAMILIES=$2; shift 2 ;;
	--topology) TOPOLOGIES=$2; shift 2 ;;
	--jobs) JOBS=$2; shift 2 ;;
	--cell) WANTED+=("$2"); shift 2 ;;
	-*) sed -n '4,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	*) break ;;
	esac
done
[ "$(id -u)" = 0 ] || { echo "tests/e2e/run.sh: needs root, for network namespaces: sudo $0" >&2; exit 2; }

OUT=$(mktemp -d "${TMPDIR:-/tmp}/podgate-matrix.XXXXXX")
CELLS=()
trap 'rm -rf "$OUT"' EXIT
# A cell that gets a signal removes all that it made; so wait for that.
trap 'kill "${CELLS[@]}" 2>/dev/null; wait; exit 130' INT TERM HUP

running() { local pid n=0; for pid in "${CELLS[@]}"; do [ -d "/proc/$pid" ] && n=$((n + 1)); done; echo $n; }

if [ ${#WANTED[@]} -eq 0 ]; then
	for backend in $BACKENDS; do
		for family in $FAMILIES; do
			for topology in $TOPOLOGIES; do WANTED+=("$backend/$family/$topology"); done
		done
	done
	# The first and the last cell have most to do, the scenarios about the process (cell.sh):
	# begin with both.
	WANTED=("${WANTED[-1]}" "${WANTED[@]:0:${#WANTED[@]}-1}")
fi
for cell in "${WANTED[@]}"; do
	while [ "$(running)" -ge "$JOBS" ]; do sleep 0.2; done
	IFS=/ read -r backend family topology build <<<"$cell"
	E2E_SANITIZED=$build PODGATE=$([ -n "$build" ] && echo "$HERE/../../build/$build/podgate" || echo "${PODGATE:-}") \
		"$HERE/cell.sh" "$backend" "$family" "$topology" "$@" >"$OUT/$backend-ipv$family-$topology${build:+-$build}" 2>&1 </dev/null &
	CELLS+=($!)
done
wait "${CELLS[@]}"

passed=0 failed=0
for cell in "$OUT"/*; do
	echo "== $(basename "$cell")"
	cat "$cell"
	line=$(tail -1 "$cell")
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
	else
		echo "FAIL $(basename "$cell"): did not come to its end"
		failed=$((failed + 1))
	fi
done
echo "the slowest scenarios:"
awk '$NF == "ms" { ms[$1] += $(NF - 1); cells[$1]++ } END { for (name in ms) printf "  %-18s %6d ms a cell\n", name, ms[name] / cells[name] }' "$OUT"/* |
	sort -k2nr | head -8
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One cell of the end-to-end matrix: cell.sh BACKEND FAMILY TOPOLOGY [SCENARIO...]. Needs root;
# everything happens in network namespaces made here. PODGATE, PROBE and WITNESS name the programs;
# E2E_KEEP=1 keeps the directory with logs, and a copy of it for each scenario that failed.
# E2E_SCENARIOS names another folder of scenarios.

set -u
BACKEND=$1 FAMILY=$2 TOPOLOGY=$3
shift 3
HERE=$(cd "$(dirname "$0")" && pwd)
PODGATE=${PODGATE:-$HERE/../../build/release/podgate}
PROBE=${PROBE:-$HERE/../../build/release/tests/podgate-probe}
WITNESS=${WITNESS:-$HERE/../../build/release/tests/podgate-witness}

for program in "$PODGATE" "$PROBE" "$WITNESS"; do
	[ -x "$program" ] || { echo "no $program: build it, or set PODGATE, PROBE and WITNESS" >&2; exit 2; }
done

. "$HERE/lib.sh"
for file in "${E2E_SCENARIOS:-$HERE/scenarios}"/*.sh; do
	. "$file"
done

trap cell_down EXIT
trap 'exit 130' INT TERM HUP
cell_up

# Scenarios about the daemon as a process run in two opposite cells, and in those of sanitizers.
ABOUT_THE_PROCESS='^(bad_starts|second_daemon|claimed_by_a_stranger|hostile_clients|service|privilege_.*|metrics_.*|fault_.*|tamper.*|log_disk_full|log_slow_reader|log_rotates)$'
# With E2E_QUARTER a cell takes every fourth scenario. The cell that has nothing in common with it
# takes the same, so each scenario meets both back ends, both families and both topologies.
opposites() { [[ $BACKEND/$FAMILY/$TOPOLOGY =~ ^($1|$2)$ ]]; }
if opposites nft/4/routed legacy/6/bridged; then TURN=0
elif opposites nft/4/bridged legacy/6/routed; then TURN=1
elif opposites nft/6/routed legacy/4/bridged; then TURN=2
else TURN=3; fi
wanted() {	# NAME PLACE
	if [ -n "${E2E_QUARTER:-}" ]; then
		[ $(($2 % 4)) = $TURN ]
	elif [ -z "${E2E_SANITIZED:-}" ] && [[ $1 =~ $ABOUT_THE_PROCESS ]]; then
		[ $TURN = 0 ]
	fi
}
if [ $# -eq 0 ]; then
	mapfile -t all < <(declare -F | sed -n 's/^declare -f scenario_//p')
	left=()
	for place in "${!all[@]}"; do
		if wanted "${all[place]}" "$place"; then set -- "$@" "${all[place]}"; else left+=("${all[place]}"); fi
	done
	[ ${#left[@]} -eq 0 ] || echo "left to other cells: ${left[*]}"
fi
REFUSED=$(seccomp_records)
for name in "$@"; do
	if ! declare -F "scenario_$name" >/dev/null; then
		echo "no scenario $name" >&2
		exit 2
	fi
	run_scenario "$name"
done
# No scenario here makes podgate try a forbidden system call.
check "no system call was refused" [ "$(seccomp_records)" -le "$REFUSED" ]
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]

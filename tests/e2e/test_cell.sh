#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A scenario that ends badly is one failure, and the next scenario gets a fresh cell. Needs root.
# Last line: N passed, M failed.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/podgate-cell.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
PASSED=0 FAILED=0

wants() {	# TEXT PATTERN
	if grep -qE -- "$2" "$WORK/out"; then
		PASSED=$((PASSED + 1))
	else
		echo "FAIL $1: no line $2"
		FAILED=$((FAILED + 1))
	fi
}

cp "$HERE"/scenarios/*.sh "$WORK/"
cat >"$WORK/test_cell.sh" <<-'SCENARIOS'
	scenario_cell_unbound() {
		stop_policies
		gate_start || return
		deny intruder web tcp 80
		settle
		tables_do -I FORWARD -j DROP
		mkdir "$DIR/log"
		ln -s nowhere "$DIR/control.sock.old"
		mount -t tmpfs -o size=64k podgate-e2e "$DIR/log" && umount "$DIR/log"
		: "$E2E_NOTHING_IS_CALLED_THIS"
	}
	scenario_cell_exit() { touch "$DIR/left"; exit 7; }
	scenario_cell_killed() { kill -KILL "$BASHPID"; }
	scenario_cell_fails() {
		ln -s run/control.sock "$DIR/control.sock"
		fail "on purpose"
	}
	scenario_cell_clean() {
		check "no file of an earlier scenario" [ -z "$(cd "$DIR" && ls -A | grep -vE '^(serve-.*|probes|manifests|failures)$')" ]
		check "no rule of one" [ -z "$(tables_save -t filter | grep DROP$)" ]
		stop_policies
		gate_start || return
		allow client web tcp 80
		deny intruder web tcp 80
		settle
	}
SCENARIOS
E2E_SCENARIOS=$WORK "$HERE/cell.sh" nft 4 routed cell_unbound cell_clean cell_exit cell_killed cell_fails cell_clean >"$WORK/out" 2>&1 </dev/null
wants "a variable that is not set" 'cell_unbound: did not come to its end'
wants "the exit code is told" 'cell_exit: did not come to its end \(exit code 7\)'
wants "a shell that is killed" 'cell_killed: did not come to its end \(exit code 137\)'
wants "failures of a scenario count" 'cell_fails: on purpose'
wants "the scenarios after it are whole" '^  cell_clean +ok'
wants "the last line adds up" '^[0-9]+ passed, 4 failed$'
[ "$FAILED" -eq 0 ] || sed 's/^/    /' "$WORK/out"
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]

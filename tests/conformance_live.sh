#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Replays cases as live changes to ONE running daemon, in a network namespace of its own (needs
# root): the sequences NAME-step1, NAME-step2... in their order; with --all every other case, too,
# as a change from the one before it. It puts a manifest in place by rename, as tools do, and lets
# the daemon notice. Once `status` says that the change is in force, `podgate test` asks the daemon,
# which answers by the snapshot that judges packets. The last line is "N passed, M failed", counted
# in cases. Exit code: 0 all passed, 1 some failed, 2 could not be done.
set -euo pipefail

usage="usage: conformance_live.sh [--all] BINARY DIR..."
if [ -z "${PODGATE_OWN_NETNS:-}" ]; then
	unshare --net true || { echo "conformance_live.sh: a network namespace is needed (run this as root)" >&2; exit 2; }
	PODGATE_OWN_NETNS=1 exec unshare --net -- "$0" "$@"
fi
all=false
[ "${1:-}" != --all ] || { all=true; shift; }
binary=${1:?$usage}
shift
[ $# -gt 0 ] || { echo "$usage" >&2; exit 2; }
[ -x "$binary" ] || { echo "conformance_live.sh: $binary is no program" >&2; exit 2; }

LIMIT_MS=20000	# for one change: far more than it needs, for busy machines
work=$(mktemp -d)
daemon=
stop() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
	[ -z "$daemon" ] || wait "$daemon" || true
	rm -rf "$work"
}
trap stop EXIT

give_up() {
	echo "conformance_live.sh: $1" >&2
	sed 's/^/    /' "$work/daemon.log" >&2
	exit 2
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# Prints "revision pending", or nothing when the daemon does not answer.
state() {
	"$binary" status -o json --socket "$work/control.sock" 2>/dev/null |
		sed -nE 's/.*"revision": ?([0-9]+), ?"pending": ?(true|false).*/\1 \2/p'
}

# Sets REPLY to the last revision in the daemon's log; it starts with 1. Asking would take longer.
read_revision() {
	local log last
	IFS= read -r -d '' log <"$work/daemon.log" || true
	last=${log##*podgate: revision }
	if [ "$last" = "$log" ]; then REPLY=1; else REPLY=${last%% *}; fi
}

start_daemon() {
	local end
	ip link set lo up
	mkdir "$work/manifests"
	printf 'debounce_ms: 20\nuser: root\n' >"$work/settings.yaml"
	"$binary" run --config "$work/settings.yaml" --control-socket "$work/control.sock" --state-directory "$work/state" \
		--manifests "$work/manifests" --log-file "$work/verdicts.jsonl" --workers 1 >"$work/daemon.log" 2>&1 &
	daemon=$!
	end=$(($(now_ms) + LIMIT_MS))
	until [[ "$(state)" == *" false" ]]; do
		kill -0 "$daemon" 2>/dev/null || { daemon=; give_up "the daemon did not start"; }
		[ "$(now_ms)" -lt "$end" ] || give_up "the daemon does not answer"
		sleep 0.05
	done
}

# Puts the case's manifests in place and waits until they are in force. Equal bytes are no change.
apply() {
	local target="$work/manifests/manifests.yaml" before now='' end
	[ ! -e "$target" ] || ! cmp -s "$1/manifests.yaml" "$target" || return 0
	read_revision
	before=$REPLY
	cp "$1/manifests.yaml" "$work/manifests/.new"
	mv "$work/manifests/.new" "$target"
	end=$(($(now_ms) + LIMIT_MS))
	while read_revision; [ "$REPLY" = "$before" ] || now=$(state); [ "${now% *}" = "$before" ] || [ "${now#* }" != false ]; do
		kill -0 "$daemon" 2>/dev/null || { daemon=; give_up "the daemon died on $1"; }
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.01
	done
}

# Prints the cases in order: each sequence from its first step on.
cases() {
	find "$@" -type f -name manifests.yaml -printf '%h\n' | sort -V |
		if $all; then cat; else grep -E -- '-step[0-9]+$' || true; fi
}

. "$(dirname "$0")/rows.sh"

passed=0 failed=0
start_daemon
while IFS= read -r case; do
	count_rows "$case/expected.tsv"
	rows=$REPLY
	if ! apply "$case"; then
		echo "the change was not in force after $LIMIT_MS ms" >"$work/output"
	elif "$binary" test --socket "$work/control.sock" "$case/expected.tsv" >"$work/output" 2>&1 &&
		all_passed "$rows" "$work/output"; then
		passed=$((passed + 1))
		continue
	fi
	failed=$((failed + 1))
	echo "FAILED $case"
	sed 's/^/    /' "$work/output"
done < <(cases "$@")

kill "$daemon"
code=0
wait "$daemon" || code=$?
daemon=
[ "$code" -eq 0 ] || give_up "the daemon ended with exit code $code"
echo "$passed passed, $failed failed"
[ $((passed + failed)) -gt 0 ] || { echo "conformance_live.sh: no case was found in $*" >&2; exit 2; }
[ "$failed" -eq 0 ]

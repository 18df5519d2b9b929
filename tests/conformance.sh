#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs `podgate test` on every case below the named folders. A case is a folder with a
# manifests.yaml and an expected.tsv. The last line is "N passed, M failed", counted in cases. Exit
# code: 0 all passed, 1 some failed, 2 no case was there to run.
set -euo pipefail

usage="usage: conformance.sh BINARY DIR..."
binary=${1:?$usage}
shift
[ $# -gt 0 ] || { echo "$usage" >&2; exit 2; }
[ -x "$binary" ] || { echo "conformance.sh: $binary is no program" >&2; exit 2; }

list=$(mktemp) output=$(mktemp)
trap 'rm -f "$list" "$output"' EXIT
find "$@" -type f -name manifests.yaml -printf '%h\0' | sort -zV >"$list"

. "$(dirname "$0")/rows.sh"

passed=0 failed=0
while IFS= read -r -d '' case; do
	code=0
	"$binary" test -f "$case/manifests.yaml" "$case/expected.tsv" >"$output" 2>&1 || code=$?
	# A case passes by two signs: the exit code, and every row compared.
	count_rows "$case/expected.tsv"
	if [ "$code" -eq 0 ] && all_passed "$REPLY" "$output"; then
		passed=$((passed + 1))
		continue
	fi
	failed=$((failed + 1))
	echo "FAILED $case (exit code $code, $REPLY rows)"
	sed 's/^/    /' "$output"
done <"$list"

echo "$passed passed, $failed failed"
[ $((passed + failed)) -gt 0 ] || { echo "conformance.sh: no case was found in $*" >&2; exit 2; }
[ "$failed" -eq 0 ]

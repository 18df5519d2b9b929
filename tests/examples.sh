#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/examples/ is right: each folder by itself, all of them together, and without a finding of
# `podgate check`.
set -euo pipefail

binary=${1:?usage: examples.sh BINARY DIR}
examples=${2:?usage: examples.sh BINARY DIR}
failed=0 seen=0

expect() {	# TEXT COMMAND...: the command must succeed
	local what=$1 output
	shift
	if ! output=$("$@" 2>&1); then
		echo "FAILED $what"
		echo "$output"
		failed=1
	fi
}

for folder in "$examples"/*/; do
	seen=$((seen + 1))
	expect "test $folder" "$binary" test -f "$folder" "$folder/expected.tsv"
	expect "test $folder among all" "$binary" test -f "$examples" "$folder/expected.tsv"
	expect "check $folder" "$binary" check "$folder"
done
echo "$seen examples tried"
[ "$seen" -gt 0 ] && [ "$failed" -eq 0 ]

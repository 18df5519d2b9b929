#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/MANIFESTS.md explains every finding's code in config/, and names no other; a test expects
# each code.
set -euo pipefail
cd "$(dirname "$0")/../.."

page=docs/MANIFESTS.md
codes=$(grep -ohE '"(tab|template|unreadable|[a-z0-9]+(-[a-z0-9]+)+)"' config/*/*.c | tr -d '"' | sort -u)
explained=$(sed -n '/^### /,$p' $page | grep -E '^\| `' | cut -d'|' -f2 | grep -oE '`[a-z0-9-]+`' | tr -d '`' | sort -u)
[ -n "$codes" ] && [ -n "$explained" ] || { echo "nothing was found: this test looked in the wrong place"; exit 1; }

fail=0
for code in $(comm -23 <(echo "$codes") <(echo "$explained")); do
	echo "$page does not explain $code"; fail=1
done
for code in $(comm -13 <(echo "$codes") <(echo "$explained")); do
	echo "$page explains $code, which no reader reports"; fail=1
done
for code in $codes; do
	grep -qE "\\b$code\\b" tests/config/*/*.c || { echo "no test in tests/config expects $code"; fail=1; }
done
echo "$(wc -w <<<"$codes") codes held against the page and the tests"
exit $fail

#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Folders form a one-way chain (docs/ARCHITECTURE.md): fails on a project include that runs against it.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A may=(
	[policy]="policy"
	[config]="config policy"
	[conntrack]="conntrack policy"
	[enforcer]="enforcer conntrack config policy"
	[cli]="cli enforcer conntrack config policy"
)
fail=0 seen=0
for folder in "${!may[@]}"; do
	while IFS=: read -r file line include; do
		target=${include#*\"}
		target=${target%%\"*}
		seen=$((seen + 1))
		case " ${may[$folder]} " in
		*" ${target%%/*} "*) ;;
		*) echo "$file:$line: $folder/ may not include $target"; fail=1 ;;
		esac
	done < <(grep -nH '^#include "' "$folder"/*.[ch] || true)
done
# Only enforcer and cli log, make threads or hold privilege; policy does no I/O at all. (That its tests make no threads is
# why they are not run with ThreadSanitizer.)
if grep -nE '^#include <(pthread|syslog|sys/capability|uv)\.h>' policy/*.[ch] conntrack/*.[ch] tests/policy/*.[ch] tests/fuzz/*.[ch]; then
	echo "policy/, its tests, fuzzers and conntrack/ make no threads and write no log"; fail=1
fi
if grep -nE '\b(fopen|open|socket|fprintf|printf|puts|clock_gettime|time) ?\(' policy/*.c | grep -v '__attribute__'; then
	echo "policy/ does no I/O and reads no clock"; fail=1
fi
[ "$seen" -gt 0 ] || { echo "no include was found: this test looked in the wrong place"; fail=1; }
echo "$seen project includes held against the chain"
exit $fail

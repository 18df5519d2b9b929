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
# The rooms of enforcer/, likewise: what lies in enforcer/ itself puts them together, and may include all of them.
declare -A room_may=(
	[process]=""
	[http]=""
	[rules]="process"
	[queue]="process"
	[privilege]="rules process"
	[places]="process"
	[gate]="places queue process"
	[records]="gate rules process"
	[control]="records process"
	[host]="control http queue rules process"
	[enforcement]="host places records gate privilege rules process"
	[views]="enforcement places control records gate privilege process"
	[metrics]="views enforcement records http process"
)
fail=0 seen=0

# check FOLDER PREFIX ALLOWED: what FOLDER's files include of PREFIX lies in one of the folders ALLOWED there.
check() {
	local file line include target

	while IFS=: read -r file line include; do
		target=${include#*\"}
		target=${target%%\"*}
		seen=$((seen + 1))
		[ "${target#"$2"}" != "$target" ] || [ -z "$2" ] || continue
		target=${target#"$2"}
		case " $3 " in
		*" ${target%%/*} "*) ;;
		*) echo "$file:$line: $1/ may not include $2$target"; fail=1 ;;
		esac
	done < <(grep -nHr --include='*.[ch]' '^#include "' "$1")
}

for folder in "${!may[@]}"; do
	check "$folder" "" "${may[$folder]}"
done
for room in enforcer/*/; do
	room=$(basename "$room")
	if [ -n "${room_may[$room]+known}" ]; then
		check "enforcer/$room" enforcer/ "$room ${room_may[$room]}"
	else
		echo "enforcer/$room/: no room that this test knows"; fail=1
	fi
done
# Only enforcer and cli log, make threads or hold privilege; policy does no I/O at all. (That its tests make no threads is
# why they are not run with ThreadSanitizer.)
if grep -nE '^#include <(pthread|syslog|sys/capability|uv)\.h>' policy/*.[ch] conntrack/*.[ch] tests/policy/*.[ch] tests/fuzz/*.[ch]; then
	echo "policy/, its tests, fuzzers and conntrack/ make no threads and write no log"; fail=1
fi
if grep -nE '\b(fopen|open|socket|fprintf|printf|puts|clock_gettime|time) ?\(' policy/*.c | grep -v '__attribute__'; then
	echo "policy/ does no I/O and reads no clock"; fail=1
fi
if grep -nrE '\bassert_(not_)?in_range\(' tests --include='*.c'; then
	echo "cmocka 2 deprecates this: assert_between() of tests/between.h"; fail=1
fi
if grep -nrE '^[a-z].*[ *]stop\(' tests --include='*.c'; then
	echo "cmocka 2 has a macro of that name"; fail=1
fi
[ "$seen" -gt 0 ] || { echo "no include was found: this test looked in the wrong place"; fail=1; }
echo "$seen project includes held against the chain"
exit $fail

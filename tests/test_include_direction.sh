#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rooms use each other in one direction. The CMakeLists.txt of a room names the rooms that it uses.
# This test fails on an include of any other room, and on a named room that no include needs.
set -euo pipefail
cd "$(dirname "$0")/.."

fail=0 seen=0
complain() {
	echo "$1"
	fail=1
}

# Prints "ROOM USED USED..." lines, as podgate_room() has them.
uses=$(cat ./*/CMakeLists.txt | awk '
	/^podgate_room\(/ { sub(/^podgate_room\(/, ""); open = 1; line = "" }
	open { line = line " " $0 }
	open && /\)/ {
		sub(/\).*/, "", line); sub(/[ \t]LIBRARIES .*/, "", line); sub(/[ \t]USES /, " ", line)
		$0 = line; $1 = $1; print; open = 0
	}')
declare -A may=() used=()
while read -r room others; do
	may[$room]="$others"
done <<<"$uses"
may[cli]="${!may[*]}"	# it may use all

# Every folder with C files of the product is a room.
for folder in $(find . -name '*.c' -printf '%P\n' | grep -vE '^(tests|bench|docs|build|debian)/' | xargs -n1 dirname | sort -u); do
	[ -n "${may[$folder]+known}" ] || complain "$folder/ is no room: add podgate_room($folder ...) to a CMakeLists.txt"
done
for room in "${!may[@]}"; do
	while IFS=: read -r file line include; do
		target=${include#*\"}
		target=$(dirname "${target%%\"*}")
		seen=$((seen + 1))
		[ "$target" != "$room" ] || continue
		case " ${may[$room]} " in
		*" $target "*) used[$room:$target]=1 ;;
		*) complain "$file:$line: $room may not include $target" ;;
		esac
	done < <(grep -nH '^#include "' "$room"/*.[ch])
	[ "$room" != cli ] || continue
	for other in ${may[$room]}; do
		[ -n "${used[$room:$other]:-}" ] || complain "$room says that it uses $other, and includes nothing of it"
	done
done

# policy/, conntrack/ and the readers in config/ make no threads and write no log. So the tests of
# policy/ and of these readers do not run with ThreadSanitizer.
if grep -nrE '^#include <(pthread|syslog|sys/capability|uv)\.h>' policy conntrack config/text config/kube tests/policy tests/config/text tests/config/kube tests/fuzz --include='*.[ch]'; then
	complain "policy/, conntrack/, the readers in config/, their tests and fuzzers make no threads"
fi
if grep -nrE '\b(fopen|open|socket|fprintf|printf|puts|clock_gettime|time) ?\(' policy --include='*.c' | grep -v '__attribute__'; then
	complain "policy/ does no I/O and reads no clock"
fi
if grep -nrE '\bassert_(not_)?in_range\(' tests --include='*.c'; then
	complain "cmocka 2 deprecates this: assert_between() of tests/between.h"
fi
if grep -nrE '^[a-z].*[ *]stop\(' tests --include='*.c'; then
	complain "cmocka 2 has a macro of that name"
fi
[ "$seen" -gt 0 ] || complain "no include was found: this test looked in the wrong place"
echo "$seen project includes held against the rooms"
exit $fail

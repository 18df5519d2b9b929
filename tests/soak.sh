#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podgate under everything at once: connections, policies and pods that come and go, restarts,
# kills, flushed rules. A naive evaluator judges each datagram, too (tests/witness/). At the end
# nothing may be left over: memory, descriptors, marks, members of sets.
#
#   tests/soak.sh [--minutes 5] [--hours N] [--seconds N] [--seed N]
#                 [--backend nft] [--family 4] [--topology routed]
#
# Needs root. Everything happens in network namespaces made for it, which it removes. Last line: N
# passed, M failed.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
BACKEND=nft FAMILY=4 TOPOLOGY=routed SECONDS_WANTED=300 SEED=$RANDOM
while [ $# -gt 0 ]; do
	case $1 in
	--seconds) SECONDS_WANTED=$2 ;;
	--minutes) SECONDS_WANTED=$(($2 * 60)) ;;
	--hours) SECONDS_WANTED=$(($2 * 3600)) ;;
	--backend) BACKEND=$2 ;;
	--family) FAMILY=$2 ;;
	--topology) TOPOLOGY=$2 ;;
	--seed) SEED=$2 ;;
	*) sed -n '8s/^# *//p' "$0" >&2; exit 2 ;;
	esac
	shift 2 || { sed -n '8s/^# *//p' "$0" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "tests/soak.sh: needs root, for network namespaces: sudo $0" >&2; exit 2; }
PODGATE=${PODGATE:-$HERE/../build/release/podgate}
PROBE=${PROBE:-$HERE/../build/release/tests/podgate-probe}
WITNESS=${WITNESS:-$HERE/../build/release/tests/podgate-witness}
for program in "$PODGATE" "$PROBE" "$WITNESS"; do
	[ -x "$program" ] || { echo "no $program: build it, or set PODGATE, PROBE and WITNESS" >&2; exit 2; }
done

. "$HERE/e2e/lib.sh"
. "$HERE/e2e/scenarios/change.sh"
. "$HERE/e2e/scenarios/tidy.sh"
SCENARIO=soak RANDOM=$SEED

trap cell_down EXIT
trap 'exit 130' INT TERM HUP
cell_up
LIVES=0 RESTARTS=0 REPAIRS=0

# --- what it may not leak, life by life -----------------------------------------------------------

RSS_KIB_MOST=4096	# that one life may grow by, once it has warmed up
FDS_MOST=4
figures() { RSS=$(status_field .rss_kib) FDS=$(find "/proc/$GATE/fd" -type l | wc -l); }
life_begins() {
	gate_start "debounce_ms: 5" "learn_allowed_s: 30" || exit 1
	LIVES=$((LIVES + 1)) WARM=$((SECONDS + 5)) RSS_BEGIN=
}
life_goes_on() {
	[ -z "$RSS_BEGIN" ] && [ $SECONDS -ge $WARM ] || return 0
	figures
	RSS_BEGIN=$RSS FDS_BEGIN=$FDS
}
life_ends() {
	[ -n "$RSS_BEGIN" ] || return 0
	figures
	check "memory grew from $RSS_BEGIN to $RSS KiB in one life" [ "$RSS" -le $((RSS_BEGIN + RSS_KIB_MOST)) ]
	check "descriptors grew from $FDS_BEGIN to $FDS in one life" [ "$FDS" -le $((FDS_BEGIN + FDS_MOST)) ]
	echo "  life $LIVES: resident $RSS_BEGIN to $RSS KiB, descriptors $FDS_BEGIN to $FDS, $(status_field '"\(.publish.changes) changes, \(.sweep.sweeps) sweeps, \(.log.lines) lines, \(.log.lost) lost"')"
}

# --- what happens to it ---------------------------------------------------------------------------

# announce WORD: tells the witness, and goes on when it has heard.
announce() {
	local before
	before=$(grep -c "^$1 at" "$DIR/witness")
	echo "$1" >&"$WORDS"
	within 5 heard "$1" "$before" || fail "the witness does not listen"
}
heard() { [ "$(grep -c "^$1 at" "$DIR/witness")" -gt "$2" ]; }

restart() {	# SIGNAL
	life_ends
	announce away
	gate_end "$1"
	sleep 0.$((RANDOM % 5))
	life_begins
	announce back
	RESTARTS=$((RESTARTS + 1))
}

tamper() {	# COMMAND...
	local repairs

	repairs=$(status_field .rules.repairs)
	announce open
	"$@"
	within 5 is_repaired "$repairs" || fail "not repaired: $*"
	within 5 is_swept_since "$(status_field .sweep.sweeps)" || fail "no sweep after the repair: $*"
	announce shut
	REPAIRS=$((REPAIRS + 1))
}
is_repaired() { [ "$(status_field .rules.repairs)" -gt "$1" ]; }
is_swept_since() { [ "$(status_field .sweep.sweeps)" -gt "$1" ]; }

happen() {
	case $((RANDOM % 6)) in
	0) restart TERM ;;
	1) restart KILL ;;
	2) tamper tables_do -t mangle -F ;;
	3) tamper tables_do -t mangle -D FORWARD 1 ;;
	4) tamper tables_do -t mangle -I FORWARD -j ACCEPT ;;
	5) kill -HUP "$GATE" ;;
	esac
}

# --- all of it ------------------------------------------------------------------------------------

mkfifo "$DIR/words"
exec {WORDS}<>"$DIR/words"
life_begins
mapfile -t ends < <(witness_ends)
"$WITNESS" --socket "$DIR/control.sock" --manifests "$DIR/manifests" --for $((SECONDS_WANTED * 1000)) --pause 100 --seed "$SEED" "${ends[@]}" \
	<"$DIR/words" >"$DIR/witness" 2>&1 &
witness=$!
end=$((SECONDS + SECONDS_WANTED - 10)) next=$((SECONDS + 8))
while [ $SECONDS -lt $end ] && kill -0 $witness 2>/dev/null; do
	sleep 0.5
	life_goes_on
	[ $SECONDS -ge $next ] || continue
	happen
	next=$((SECONDS + 4 + RANDOM % 8))
done
wait $witness
code=$?
equal "each datagram was judged rightly: $(head -40 "$DIR/witness")" 0 $code
life_ends
tail -3 "$DIR/witness" | sed 's/^/  /'
echo "  $LIVES lives, $RESTARTS restarts, $REPAIRS repairs, seed $SEED"

# --- what is left ---------------------------------------------------------------------------------

rm -f "$DIR"/manifests/*
nothing_isolated() { [ "$(status_field '.isolated + .rules.sets.ipv4 + .rules.sets.ipv6 + .classes.allowed.ipv4 + .classes.allowed.ipv6 + .classes.denied.ipv4 + .classes.denied.ipv6')" = 0 ]; }
check "no member of a set is left without policies: $(in_ns gw ipset list -t | grep -E 'Name|entries' | tr '\n' ' ')" within 10 nothing_isolated
equal "members of all sets" 0 "$(in_ns gw ipset list -t | awk '/Number of entries/ { sum += $NF } END { print sum + 0 }')"
equal "flows that are marked as denied" 0 "$(in_ns gw conntrack -L 2>/dev/null | sed -n 's/.* mark=\([0-9]*\).*/\1/p' | awk '{ if (int($1 / 1073741824) % 2) n++ } END { print n + 0 }')"
gate_end TERM
gate_cleanup
equal "flows with a mark of ours, after cleanup" 0 "$(tidy_marks $TIDY_DEFAULT)"
equal "sets, after cleanup" "" "$(in_ns gw ipset list -n)"
check "rules, after cleanup" [ -z "$(tidy_rules | grep PODGATE)" ]
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podgate-load and podgate-null at work, in a network namespace of their own, where everything is on
# lo: test_load.sh PODGATE-LOAD PODGATE-NULL JSON_GET. Counts are held against each other; times
# never.
set -eu

if [ "${4-}" != inside ]; then
	exec unshare --net "$0" "$1" "$2" "$3" inside
fi
load=$1 null=$2 json_get=$3
folder=$(mktemp -d)
servers=()
trap '[ ${#servers[@]} -eq 0 ] || kill -KILL "${servers[@]}" 2>/dev/null || true; rm -r "$folder"' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# start NAME COMMAND...: in the background, until it says that it is ready.
start() {
	local name=$1 tries
	shift
	"$@" >"$folder/$name" 2>"$folder/$name.err" &
	pid=$!
	servers+=("$pid")
	for ((tries = 0; tries < 600; tries++)); do
		[ "$(head -1 "$folder/$name")" != ready ] || return 0
		kill -0 "$pid" 2>/dev/null || fail "$*: $(cat "$folder/$name.err")"
		sleep 0.05
	done
	fail "$*: not ready"
}

# ended NAME PID: it ended by itself or is told to, with code 0 and one line after "ready".
ended() {
	local code=0
	wait "$2" || code=$?
	[ "$code" = 0 ] || fail "$1: exit code $code: $(cat "$folder/$1.err")"
	[ "$(wc -l <"$folder/$1")" = 2 ] || fail "$1: not one line: $(cat "$folder/$1")"
	sed -n 2p "$folder/$1" >"$folder/$1.json"
}
stop() {
	kill -TERM "$2"
	ended "$1" "$2"
}

# client NAME ARGUMENTS...: podgate-load to its end, with code 0 and one line.
client() {
	local name=$1
	shift
	"$load" "$@" >"$folder/$name.json" 2>"$folder/$name.err" || fail "$*: exit code $?: $(cat "$folder/$name.err")"
	[ "$(wc -l <"$folder/$name.json")" = 1 ] || fail "$*: not one line: $(cat "$folder/$name.json")"
}

get() {
	local name=$1
	shift
	"$json_get" "$@" <"$folder/$name.json" || fail "$name has no $*: $(cat "$folder/$name.json")"
}
# is NAME VALUE KEY...
is() {
	local name=$1 want=$2
	shift 2
	[ "$(get "$name" "$@")" = "$want" ] || fail "$name: $* is not $want: $(cat "$folder/$name.json")"
}
# holds NAME OPERATOR VALUE KEY...
holds() {
	local name=$1 operator=$2 want=$3
	shift 3
	test "$(get "$name" "$@")" "$operator" "$want" || fail "$name: $* is not $operator $want: $(cat "$folder/$name.json")"
}
# refused TEXT ARGUMENTS...: exit code 2, and a sentence with TEXT in it.
refused() {
	local text=$1 code=0 output
	shift
	output=$("$@" 2>&1 >/dev/null) || code=$?
	[ "$code" = 2 ] || fail "$*: exit code $code, not 2"
	[[ $output == *"$text"* ]] || fail "$*: no \"$text\" in: $output"
}

ip link set lo up
for tries in {1..60}; do
	[ -n "$(ip -6 addr show tentative)" ] || break
	sleep 0.05
done
# Whole ranges are local without being assigned; the servers get addresses of them, too.
ip route add local 10.100.0.0/16 dev lo
ip -6 route add local fd09:100::/64 dev lo
from4=10.100.0.1,100 from6=fd09:100::1,100 to4=10.100.7.7 to6=fd09:100::7:7

# --- sink and flows -------------------------------------------------------------------------------

start sink "$load" sink --expect 3000 5000-5003
sink=$pid
client flows4 flows --from $from4 --to $to4 --port 5000-5003 --count 2000
client flows6 flows --from $from6 --to $to6 --port 5000-5003 --count 1000
ended sink "$sink"
is flows4 2000 sent
is flows4 0 errors
is flows6 1000 sent
is sink 3000 received
holds sink -ge "$(get flows4 start_ns)" first_ns
holds sink -ge "$(get sink first_ns)" last_ns

# Each is a flow of its own: so the kernel counts as many of them, and one address pair will do.
iptables -w -t mangle -A OUTPUT -p udp -m conntrack --ctstate NEW -j ACCEPT
ip6tables -w -t mangle -A OUTPUT -p udp -m conntrack --ctstate NEW -j ACCEPT
start sink "$load" sink --idle 2000 5000
client flows flows --from 10.100.0.1 --to $to4 --port 5000 --count 700 --burst 7
client flows6 flows --from fd09:100::1 --to $to6 --port 5000 --count 300
ended sink "$pid"
is sink 1000 received
[ "$(conntrack -C)" = 1000 ] || fail "1000 flows are $(conntrack -C) to the kernel"
iptables -t mangle -F
ip6tables -t mangle -F

start sink "$load" sink 5000
client flows flows --from $from4 --to $to4 --port 5000 --seconds 0.2 --rate 1000 --burst 1
holds flows -le 200 sent
stop sink "$pid"
is sink "$(get flows sent)" received
refused "only 64512 different flows" "$load" flows --from 10.100.0.1 --to $to4 --port 5000 --count 64513
refused "different families" "$load" flows --from 10.100.0.1 --to $to6 --port 5000 --count 1
refused "either --count or --seconds" "$load" flows --from 10.100.0.1 --to $to4 --port 5000
refused "there is no option" "$load" sink --nothing 5000
refused "at most 1024" "$load" sink 1-2000
refused "usage" "$load"

# --- connect and accept ---------------------------------------------------------------------------

start accept "$load" accept --threads 2 80-83
accept=$pid
iptables -w -A INPUT -m conntrack --ctstate INVALID -j ACCEPT	# has conntrack look
conntrack -F 2>/dev/null
client connect4 connect --from $from4 --to $to4 --port 80-83 --count 300
# None waits in TIME_WAIT, and conntrack has seen each end.
closed=$(conntrack -L -p tcp 2>/dev/null | grep -c ' CLOSE ')
[ "$closed" = 300 ] || fail "closed are $closed: $(conntrack -L -p tcp 2>&1 | tail -3)"
waiting=$(awk '$4 == "06"' /proc/net/tcp /proc/net/tcp6)
[ -z "$waiting" ] || fail "in TIME_WAIT: $waiting"
client connect6 connect --from $from6 --to $to6 --port 80-83 --count 200 --parallel 7 --threads 3
client sample connect --from $from4 --to $to4 --port 80 --count 20 --sample
client paced connect --from $from4 --to $to4 --port 80 --seconds 0.2 --rate 500
for name in connect4:300 connect6:200 sample:20; do
	is "${name%:*}" "${name#*:}" connections
	is "${name%:*}" "${name#*:}" connect_ns count
	is "${name%:*}" 0 failed
	is "${name%:*}" 0 timeouts
done
holds paced -le 100 connections
holds paced -ge 1 connections
# A run without an end of its own, told to end.
"$load" connect --from $from4 --to $to4 --port 80-83 --seconds 60 >"$folder/endless.json" &
endless=$!
servers+=("$endless")
for tries in {1..600}; do	# until it has its handler for SIGTERM, bit 14
	caught=$(awk '$1 == "SigCgt:" { print $2 }' "/proc/$endless/status")
	[ $((16#$caught & 1 << 14)) = 0 ] || break
	sleep 0.05
done
sleep 0.3
kill -TERM "$endless"
wait "$endless" || fail "connect after SIGTERM: exit code $?"
holds endless -ge 1 connections
stop accept "$accept"
# What was open when it was told to end may or may not have been accepted.
total=$((520 + $(get paced connections) + $(get endless connections)))
holds accept -ge $total accepted
holds accept -le $((total + 64)) accepted
is accept 0 errors

client refusals connect --from $from4 --to $to4 --port 90 --count 30
is refusals 30 failed
is refusals 0 connections
grep -q 'Connection refused' "$folder/refusals.err" || fail "why they failed is not told"
iptables -w -A INPUT -p tcp --dport 91 -j DROP
client silence connect --from $from4 --to $to4 --port 91 --count 3 --timeout 1400
is silence 3 timeouts
is silence 0 failed
is silence 3 syn_retransmits	# after a second each
iptables -F
refused "each needs one" "$load" connect --from $from4 --to $to4 --port 80 --count 1 --parallel 2 --threads 3

# --- pour and drain, pingpong and latency and echo ------------------------------------------------

start drain "$load" drain 90
drain=$pid
client pour4 pour --to $to4 --port 90 --seconds 0.2
client pour6 pour --to $to6 --port 90 --seconds 0.2 --streams 3
stop drain "$drain"
holds pour4 -ge 1 bytes
holds pour6 -ge 1 bytes
is drain 4 connections
holds drain -ge 1 bytes
refused "Connection refused" "$load" pour --to $to4 --port 90 --seconds 0.2

# In turns: all that a turn has sent is acknowledged when it ends, so the turns' bytes are those
# that came.
start drain "$load" drain 90
drain=$pid
printf '120\n30\n1' | "$load" pour --turns --to $to4 --port 90 >"$folder/turns" || fail "pour --turns: exit code $?"
[ "$(head -1 "$folder/turns")" = ready ] || fail "pour --turns was not ready: $(cat "$folder/turns")"
[ "$(wc -l <"$folder/turns")" = 4 ] || fail "three turns: $(cat "$folder/turns")"
bytes=0
for turn in 1 2 3; do
	sed -n $((turn + 1))p "$folder/turns" >"$folder/turn.json"
	holds turn -ge 1 bytes
	get turn gbit_s >/dev/null
	holds turn -ge 0 retransmits	# TCP probes when the drain is not let run for a while
	bytes=$((bytes + $(get turn bytes)))
done
sleep 0.3	# the drain reads what is acknowledged, and then the end
stop drain "$drain"
is drain 1 connections
is drain $bytes bytes
start drain "$load" drain 90
for line in "" ten 0 -5 "5 5" 60001 0.5; do
	refused "$line: a turn is a number of milliseconds from 1 to 60000" "$load" pour --turns --to $to4 --port 90 <<<"$line"
done
# A line that is too long is not taken for two.
refused "000000000000001: a turn is" "$load" pour --turns --to $to4 --port 90 <<<0000000000000010
refused "either --seconds or --turns" "$load" pour --to $to4 --port 90
refused "either --seconds or --turns" "$load" pour --turns --seconds 1 --to $to4 --port 90
# Told to end between two turns, and while its connection breaks.
mkfifo "$folder/lines"
"$load" pour --turns --to $to4 --port 90 <"$folder/lines" >"$folder/turns" &
pour=$!
servers+=("$pour")
exec {lines}<>"$folder/lines"	# also to read: so a word may come before who is to read it
echo 20 >&$lines
for ((tries = 0; tries < 600; tries++)); do
	[ "$(wc -l <"$folder/turns")" != 2 ] || break
	sleep 0.05
done
kill -TERM "$pour"
wait "$pour" || fail "pour --turns after SIGTERM: exit code $?"
[ "$(wc -l <"$folder/turns")" = 2 ] || fail "one turn: $(cat "$folder/turns")"
"$load" pour --turns --to $to4 --port 90 <"$folder/lines" >"$folder/broken" 2>"$folder/broken.err" &
pour=$!
servers+=("$pour")
echo 60000 >&$lines
for ((tries = 0; tries < 600; tries++)); do
	[ ! -s "$folder/broken" ] || break
	sleep 0.05
done
stop drain "$pid"
code=0
wait "$pour" || code=$?
[ $code = 2 ] || fail "pour --turns without its drain: exit code $code, not 2"
grep -q 'Connection reset by peer\|Broken pipe' "$folder/broken.err" || fail "why it ended is not told: $(cat "$folder/broken.err")"
exec {lines}>&-

start echo "$load" echo 7-8
echo=$pid
trips=0
for to in $to4 $to6; do
	for proto in udp tcp; do
		for shape in "--window 1" "--window 16 --size 300"; do
			# shellcheck disable=SC2086
			client pingpong pingpong --to $to --port 7 --seconds 0.3 --proto $proto $shape
			holds pingpong -ge 1 round_trips
			is pingpong "$(get pingpong round_trips)" rtt_ns count
			is pingpong 0 lost
			[ $proto = tcp ] || trips=$((trips + $(get pingpong round_trips)))
		done
	done
done
client latency4 latency --from $from4 --to $to4 --port 7-8 --seconds 0.3 --rate 500 --timeout 5000
client latency6 latency --from $from6 --to $to6 --port 7-8 --seconds 0.3 --rate 500 --timeout 5000
for name in latency4 latency6; do
	holds $name -ge 1 sent
	holds $name -le 150 sent
	is $name "$(get $name sent)" answered
	is $name 0 lost
	trips=$((trips + $(get $name sent)))
done
stop echo "$echo"
holds echo -ge $trips datagrams
is echo 0 lost
is echo 4 connections
client unanswered latency --from $from4 --to $to4 --port 9 --seconds 0.1 --rate 100 --timeout 200
is unanswered 0 answered
is unanswered "$(get unanswered sent)" lost

# --- the contenders -------------------------------------------------------------------------------

for tables in iptables ip6tables; do
	$tables -w -t mangle -A OUTPUT -p udp --dport 5000 -j NFQUEUE --queue-balance 30:31
done
for mode in "floor" "floor --burst 16" fair recv-send; do
	# shellcheck disable=SC2086
	start null "$null" $mode --queue 30:31 --length 4096
	contender=$pid
	start sink "$load" sink --expect 2600 5000
	sink=$pid
	client live flows --from $from4 --to $to4 --port 5000 --count 600 --rate 20000
	# As it is measured: all of it is queued before the contender sees any.
	kill -STOP "$contender"
	client flows4 flows --from $from4 --to $to4 --port 5000 --count 1000
	client flows6 flows --from $from6 --to $to6 --port 5000 --count 1000
	kill -CONT "$contender"
	ended sink "$sink"
	stop null "$contender"
	is sink 2600 received
	is null 2600 packets
	is null 0 errors
	case $mode in
	recv-send) is null 2600 bursts ;;
	*) holds null -le 2600 bursts ;;
	esac
done
refused "--queue FIRST[:LAST] is missing" "$null" floor
refused "there is no option" "$null" fair --queue 1 --burst 4
refused "usage" "$null" nothing
start null "$null" floor --queue 30
refused "is held by another program" "$null" fair --queue 30
stop null "$pid"
echo "all of it was sent, carried and counted"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podgate in a minute: builds it, sets up a gateway with fourteen pods, lets podgate enforce
# docs/examples on it, and tries which pod reaches which. All of it is in network namespaces of its
# own: this machine's own network is not touched.
#
#   sudo deploy/quickstart.sh [--bridged] [-6] [--keep] [--no-install]
#   sudo deploy/quickstart.sh --remove NAME      removes the rest of an earlier --keep
#
#   --bridged      puts the pods on one Linux bridge, instead of each on a link of its own
#   -6             tries IPv6 instead of IPv4
#   --keep         leaves everything up to play with
#   --no-install   never calls apt-get: prints the missing packages, and ends
#
# It builds the product without tests (cmake --preset product, in build/product), and a program that
# makes connections. PODGATE_BUILD=FOLDER takes both from an existing build.

set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${PODGATE_BUILD:-$ROOT/build/product}
PODGATE=$BUILD/podgate
PROBE=$BUILD/tests/podgate-probe
TOPOLOGY=routed FAMILY=4 KEEP=no INSTALL=yes
DEMO=			# the folder of this demonstration
WATCH=			# pid of `podgate watch`
FIGURES=0 SURPRISES=0

. "$ROOT/deploy/packages.sh"
. "$ROOT/tests/e2e/net.sh"

usage() { sed -n '4,17s/^# \{0,1\}//p' "$0"; }
BOLD='' RED='' GREEN='' PLAIN=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	BOLD=$'\e[1m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
fi
step() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
give_up() { echo "quickstart: $*" >&2; exit 2; }

# --- building -------------------------------------------------------------------------------------

# The tree belongs to the user who cloned it: so should the files built in it.
as_owner() {
	local owner
	owner=$(stat -c %U "$ROOT")
	case $owner in
	root | UNKNOWN) "$@" ;;
	*) runuser -u "$owner" -- "$@" ;;
	esac
}

build() {
	if [ $INSTALL = yes ]; then
		packages_install build run || give_up "the packages above are needed"
	elif [ -n "$(packages_missing build run)" ]; then
		give_up "missing packages: $(packages_missing build run | tr '\n' ' ')"
	fi
	if [ -n "${PODGATE_BUILD:-}" ]; then
		[ -x "$PODGATE" ] && [ -x "$PROBE" ] ||
			give_up "PODGATE_BUILD=$PODGATE_BUILD has no podgate or no tests/podgate-probe"
		echo "taken from $PODGATE_BUILD: $("$PODGATE" version | head -1)"
		return
	fi
	local log
	log=$(mktemp)
	echo "building with $(nproc) CPUs: a minute or two the first time..."
	if (cd "$ROOT" && as_owner cmake --preset product -DPODGATE_PROBE=ON &&
		as_owner cmake --build --preset product -j "$(nproc)" \
			--target podgate podgate-probe) >"$log" 2>&1; then
		rm -f "$log"
		echo "built $("$PODGATE" version | head -1)"
	else
		tail -20 "$log"
		give_up "the build failed; its output is in $log.
If a package of deploy/packages.txt was updated meanwhile, remove build/product and try again"
	fi
}

# --- the gateway ----------------------------------------------------------------------------------

# "namespace/name V4 V6" for each Pod of the examples.
list_pods() {
	awk '
		/^---/ { name = space = v4 = v6 = ""; meta = 0 }
		/^metadata:/ { meta = 1 }
		/^spec:/ { meta = 0 }
		meta && /^  name:/ { name = $2 }
		meta && /^  namespace:/ { space = $2 }
		/^    - ip:/ {
			if ($3 ~ /:/) v6 = $3; else v4 = $3
			if (v4 != "" && v6 != "") print space "/" name, v4, v6
		}
	' "$ROOT"/docs/examples/*/pods.yaml
}

rows() { cat "$ROOT"/docs/examples/*/expected.tsv | grep -v '^#'; }

# The namespace of an end of a row: shop/web is in "shop-web", addresses belong to ext and lan.
node_of() {
	case $1 in
	*/*) echo "${1/\//-}" ;;
	203.0.113.* | 2001:db8:113:*) echo ext ;;
	*) echo lan ;;
	esac
}

address_of() {
	local node
	case $1 in
	*/*)
		node=$(node_of "$1")
		if [ $FAMILY = 4 ]; then echo "${NET_V4[$node]}"; else echo "${NET_V6[$node]}"; fi
		;;
	*) echo "$1" ;;
	esac
}

set_up() {
	local pod v4 v6 node listen

	net_new pgdemo $TOPOLOGY
	DEMO=/run/$NET
	mkdir -p "$DEMO/manifests" "$DEMO/seen"
	while read -r pod v4 v6; do
		net_pod "$(node_of "$pod")" "$v4" "$v6"
	done < <(list_pods)
	net_settle
	mapfile -t listen < <({
		rows | awk -F'\t' '{ print tolower($3) "/" $4 }'
		echo tcp/8080
	} | sort -u)
	for node in "${NET_NODES[@]}"; do
		setsid nsenter --net="/run/netns/$NET-$node" "$PROBE" serve "${listen[@]}" \
			>"$DEMO/serve-$node" 2>&1 </dev/null &
		disown
	done
	for node in "${NET_NODES[@]}"; do
		until grep -q ready "$DEMO/serve-$node"; do
			# Look again: it may have become ready since the line above.
			[ ! -s "$DEMO/serve-$node" ] || grep -q ready "$DEMO/serve-$node" ||
				give_up "no server in $node: $(cat "$DEMO/serve-$node")"
			sleep 0.05
		done
	done
}

picture() {
	cat <<-PICTURE
	  ${#NET_NODES[@]} network namespaces, $TOPOLOGY:

	    internet 203.0.113.10 ---+
	                             +--- gateway 10.88.0.1 --- 14 pods, 10.88.0.11 to .43
	    local net 192.168.20.10 -+    podgate runs here
	PICTURE
}

# Keeps its output, because the folder of the demonstration is removed.
did_not_start() {
	local kept

	kept=$(mktemp -d "${TMPDIR:-/tmp}/podgate-quickstart.XXXXXX")
	cp -r "$DEMO/podgate.log" "$DEMO/podgate.yaml" "$DEMO/manifests" "$kept/"
	in_ns gw "$PODGATE" doctor --config "$DEMO/podgate.yaml" >"$kept/doctor" 2>&1
	sed 's/^/  /' "$DEMO/podgate.log"
	echo "  findings of \`podgate doctor\`:"
	grep -vE '^(ok|[0-9]+ ok) ' "$kept/doctor" | sed 's/^/  /'
	give_up "podgate did not start. See in $kept
its log, its settings and the output of \`podgate doctor\`.
If a signal ended it, try \`seccomp: off\` in its settings. dmesg (type=1326) has the refused system call"
}

start_podgate() {
	local folder tries

	for folder in "$ROOT"/docs/examples/*/; do
		mkdir "$DEMO/manifests/$(basename "$folder")"
		cp "$folder"/*.yaml "$DEMO/manifests/$(basename "$folder")"
	done
	cat >"$DEMO/podgate.yaml" <<-CONFIG
	manifests: ["$DEMO/manifests"]
	log_file: $DEMO/verdicts.jsonl
	state_directory: $DEMO/state
	control_socket: $DEMO/control.sock
	user: root	# not the user podgate, who may not write in this folder
	CONFIG
	setsid nsenter --net="/run/netns/$NET-gw" "$PODGATE" run --config "$DEMO/podgate.yaml" \
		>"$DEMO/podgate.log" 2>&1 </dev/null &
	disown
	for ((tries = 0; tries < 100; tries++)); do
		"$PODGATE" status --socket "$DEMO/control.sock" >"$DEMO/status" 2>/dev/null && break
		sleep 0.1
	done
	[ -s "$DEMO/status" ] || did_not_start
	head -4 "$DEMO/status" | sed 's/^/  /'
	setsid "$PODGATE" watch --socket "$DEMO/control.sock" >"$DEMO/watch" 2>&1 </dev/null &
	WATCH=$!
	disown
	sleep 0.3
}

# --- trying ---------------------------------------------------------------------------------------

# try ID FROM TO PROTOCOL PORT: one real connection; "allow" or "deny" into seen/ID.
try() {
	local ms=2500
	[ "${6:-allow}" = allow ] || ms=500
	in_ns "$(node_of "$2")" "$PROBE" connect --timeout $ms "${4,,}" "$(address_of "$3")" "$5" \
		>/dev/null 2>&1
	case $? in
	0) echo allow ;;
	1) echo deny ;;
	*) echo error ;;
	esac >"$DEMO/seen/$1"
}

is_of_family() {	# do the ends of a row have the family that we try?
	case "$1 $2" in
	*[0-9].[0-9]*) [ $FAMILY = 4 ] ;;
	*:*) [ $FAMILY = 6 ] ;;
	esac
}

# Tries all rows, into seen/$1-ID.
try_rows() {
	local from to protocol port expected id=0 tries=()

	while IFS=$'\t' read -r from to protocol port expected; do
		is_of_family "$from" "$to" || continue
		[ "$1" = with ] || expected=allow
		try "$1-$id" "$from" "$to" "$protocol" "$port" "$expected" &
		tries+=($!)
		id=$((id + 1))
	done < <(rows)
	wait "${tries[@]}"
}

show_rows() {
	local from to protocol port expected without with mark id=0 skipped=0

	printf '  %-22s %-22s %-9s %-9s %-8s %s\n' from to port without expected seen
	while IFS=$'\t' read -r from to protocol port expected; do
		if ! is_of_family "$from" "$to"; then
			skipped=$((skipped + 1))
			continue
		fi
		without=$(cat "$DEMO/seen/without-$id") with=$(cat "$DEMO/seen/with-$id") mark=
		id=$((id + 1))
		FIGURES=$((FIGURES + 1))
		if [ "$with" != "$expected" ] || [ "$without" != allow ]; then
			SURPRISES=$((SURPRISES + 1)) mark="  ${RED}<-- not as expected${PLAIN}"
		fi
		printf '  %-22s %-22s %-9s %-9s %-8s %s%s\n' "$from" "$to" "$port/${protocol,,}" \
			"$without" "$expected" "$with" "$mark"
	done < <(rows)
	[ $skipped -eq 0 ] || echo "  ($skipped rows about the other address family: try" \
		"$([ $FAMILY = 4 ] && echo with || echo without) -6)"
}

# Tries every pod with every other. `podgate test` then compares the results with the policies.
show_pairs() {
	local pods from to id=0 tries=()

	mapfile -t pods < <(list_pods | cut -d' ' -f1)
	for from in "${pods[@]}"; do
		for to in "${pods[@]}"; do
			[ "$from" != "$to" ] || continue
			try "pair-$id" "$from" "$to" TCP 8080 deny &
			tries+=($!)
			id=$((id + 1))
			# Not all at once: a slow machine would answer too late.
			if [ $((id % 40)) -eq 0 ]; then wait "${tries[@]}"; tries=(); fi
		done
	done
	wait "${tries[@]}"
	id=0
	for from in "${pods[@]}"; do
		for to in "${pods[@]}"; do
			[ "$from" != "$to" ] || continue
			printf '%s\t%s\tTCP\t8080\t%s\n' "$from" "$to" "$(cat "$DEMO/seen/pair-$id")"
			id=$((id + 1))
		done
	done >"$DEMO/seen.tsv"
	FIGURES=$((FIGURES + id))
	if "$PODGATE" test -f "$DEMO/manifests" "$DEMO/seen.tsv" >"$DEMO/test"; then
		echo "  all $id pairs of pods on port 8080:" \
			"$(grep -c 'allow$' "$DEMO/seen.tsv") connect," \
			"$(grep -c 'deny$' "$DEMO/seen.tsv") do not;"
		echo "  \`podgate test\` expects the same of each pair: $(tail -1 "$DEMO/test")"
	else
		SURPRISES=$((SURPRISES + 1))
		sed 's/^/  /' "$DEMO/test"
	fi
}

show_denials() {
	echo "  \$ podgate watch"
	sleep 1
	grep -v '^$' "$DEMO/watch" | head -8 | sed 's/^/  /'
	echo "  ... $(wc -l <"$DEMO/watch") lines"
	echo
	echo "  \$ podgate explain messaging/camera messaging/broker:8181/tcp"
	"$PODGATE" explain --socket "$DEMO/control.sock" messaging/camera messaging/broker:8181/tcp |
		sed 's/^/  /'
	kill "$WATCH" 2>/dev/null
	WATCH=
}

# --- the end --------------------------------------------------------------------------------------

take_down() {
	# A child that gets the signal before it has reset our traps comes here, too.
	[ "$BASHPID" = $$ ] || return 0
	trap - EXIT
	local demo=$DEMO
	[ -z "$WATCH" ] || kill "$WATCH" 2>/dev/null
	net_delete
	[ -z "$demo" ] || rm -rf "$demo"
}

remove() {	# NAME, as --keep printed it
	case $1 in
	pgdemo-??????) ;;
	*)
		give_up "\"$1\" is no demonstration; kept ones:" \
			"$(ip netns list | sed -n 's/^\(pgdemo-......\)-gw.*/\1/p' | tr '\n' ' ')"
		;;
	esac
	NET=$1 DEMO=/run/$1
	mapfile -t NET_NODES < <(ip netns list | sed -n "s/^$1-\([^ ]*\).*/\1/p")
	[ ${#NET_NODES[@]} -gt 0 ] || give_up "there is no demonstration $1"
	take_down
	echo "removed $1"
}

tell_how_to_play() {
	trap - EXIT
	cat <<-KEPT

	Everything is left up. To play with it, as root:
	  ip netns exec $NET-gw $PODGATE status --socket $DEMO/control.sock
	  $PODGATE watch --socket $DEMO/control.sock
	  ip netns exec $NET-messaging-camera $PROBE connect tcp $(address_of messaging/broker) 8181
	  edit $DEMO/manifests/broker/policies.yaml, and try again: a change is in force at once
	To remove it:
	  sudo $ROOT/deploy/quickstart.sh --remove $NET
	KEPT
}

main() {
	while [ $# -gt 0 ]; do
		case $1 in
		--bridged) TOPOLOGY=bridged ;;
		-6) FAMILY=6 ;;
		--keep) KEEP=yes ;;
		--no-install) INSTALL=no ;;
		--remove) remove "${2:-}"; return ;;
		-h | --help) usage; return ;;
		*) usage >&2; exit 2 ;;
		esac
		shift
	done
	[ "$(id -u)" = 0 ] || give_up "network namespaces need root: sudo $0"

	step "1. Build"
	build
	trap take_down EXIT
	trap 'exit 130' INT TERM HUP
	step "2. A gateway, its pods, and the networks around it"
	set_up
	picture
	try_rows without
	step "3. podgate enforces docs/examples"
	start_podgate
	step "4. Which pod reaches which: real connections over IPv$FAMILY, with and without podgate"
	try_rows with
	show_rows
	show_pairs
	step "5. The log and an explanation"
	show_denials
	if [ $SURPRISES -eq 0 ]; then
		step "${GREEN}All $FIGURES connections as expected."
	else
		step "${RED}$SURPRISES of $FIGURES connections not as expected."
	fi
	if [ $KEEP = yes ]; then tell_how_to_play; else take_down; fi
	[ $SURPRISES -eq 0 ]
}

main "$@"

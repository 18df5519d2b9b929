#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podgate.service, as installed, under a systemd of its own: PID 1 of namespaces made for it, over
# the machine's files, which it does not change. Hardening, user, watchdog and the store that keeps
# the queues are the real ones here. tests/e2e has an imitation of the store, which it can make
# fail.
#
#   tests/systemd.sh [--backend nft]
#
# Needs root, cgroup2, overlayfs and systemd; says NOT RUN where a systemd can't start. Last line: N
# passed, M failed.

set -u
HERE=$(cd "$(dirname "$0")" && pwd)
BACKEND=nft FAMILY=4 TOPOLOGY=routed
[ "${1:-}" != --backend ] || { BACKEND=${2:-}; shift 2; }
[ $# -eq 0 ] || { sed -n '8s/^# *//p' "$0" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "tests/systemd.sh: needs root, for namespaces: sudo $0" >&2; exit 2; }
PODGATE=${PODGATE:-$HERE/../build/release/podgate}
PROBE=${PROBE:-$HERE/../build/release/tests/podgate-probe}
for program in "$PODGATE" "$PROBE"; do
	[ -x "$program" ] || { echo "no $program: build it, or set PODGATE and PROBE" >&2; exit 2; }
done
BUILD=$(cd "$(dirname "$PODGATE")" && pwd)

. "$HERE/e2e/lib.sh"
. "$HERE/e2e/scenarios/handover.sh"
SCENARIO=systemd
QUEUES=4	# two workers, one of replies, one of floods
GROUP=		# control group of the system
HOLDER=		# pid of unshare: the system ends with it
INIT=		# pid of its systemd, seen from here

# --- a system -------------------------------------------------------------------------------------

# A systemd that is PID 1 raises fs.file-max, which belongs to the whole machine, in a container
# too. Only the network's settings are its own here.
system_keeps_settings() {	# PROC
	mount --bind "$1/sys" "$1/sys" && mount -o remount,bind,ro "$1/sys" &&
		mount --bind "$1/sys/net" "$1/sys/net" && mount -o remount,bind,rw "$1/sys/net"
}
# Inside the namespaces: the machine's files below, a layer above them for changes, and systemd with
# one target. An installed podgate is invisible in there: its unit in /usr/local would go before the
# tested one.
system_inside() {	# FOLDER BUILD
	local root=$1/root target

	mount --make-rprivate / && mount -t tmpfs -o mode=755 system "$1" && mkdir "$1/upper" "$1/work" "$root" &&
		mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$root" &&
		rm -rf "$root/etc/systemd/system" "$root/etc/podgate" "$root"/{usr/,}lib/systemd/system/*.wants &&
		rm -rf "$root"/usr/local/{lib/systemd,lib/sysusers.d/podgate.conf,sbin/podgate,etc/podgate} "$root"/var/{log,lib}/podgate &&
		mkdir -p "$root/etc/systemd/system" &&
		mount -t proc proc "$root/proc" && system_keeps_settings "$root/proc" && mount -t sysfs -o ro sysfs "$root/sys" &&
		mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" && mount --rbind /dev "$root/dev" &&
		mount -t tmpfs -o mode=755 run "$root/run" || return
	echo "mounted"	# from here on a failure is not the machine's
	chroot "$root" cmake --install "$2" --prefix /usr >/dev/null && chroot "$root" systemd-sysusers || return
	# No unit of the machine itself starts in there: it would set sysctls, or mount.
	for target in gate sysinit basic local-fs network-pre multi-user; do echo '[Unit]' >"$root/etc/systemd/system/$target.target"; done
	printf '[Unit]\nRequires=systemd-journald.socket\n' >"$root/etc/systemd/system/gate.target"
	: >"$root/etc/machine-id"
	container=podgate exec chroot "$root" /lib/systemd/systemd --system --unit=gate.target --show-status=0
}
state_is_written() {
	[ "$(system stat -c '%U %a' /var/lib/podgate)" = "podgate 700" ] && system sh -c 'ls /var/lib/podgate/manifests.[1-9]*' >/dev/null 2>&1
}
system() { nsenter -t "$INIT" -m -p -n -u -i -C -r -w "$@"; }
system_init() { INIT=$(pgrep -P "$HOLDER" -x systemd); }
system_runs() { [[ $(system systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }
system_begins() {
	local groups

	groups=$(findmnt -nt cgroup2 -o TARGET | head -1)
	GROUP=$groups/$NET
	mkdir "$DIR/system" && [ -n "$groups" ] && mkdir "$GROUP" || return
	# Only its own control group moves, and becomes the root of the tree that systemd sees.
	sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$GROUP" nsenter --net="/run/netns/$NET-gw" \
		unshare -m -p -u -i -C --fork --kill-child bash -c "$(declare -f system_keeps_settings system_inside)"'; system_inside "$@"' bash "$DIR/system" "$BUILD" \
		>"$DIR/system.log" 2>&1 </dev/null &
	HOLDER=$!
	disown
	within 10 system_init && within 20 system_runs
}
group_is_empty() { ! grep -q "populated 1" "$GROUP/cgroup.events"; }
system_ends() {
	[ "$BASHPID" = $$ ] || return 0
	[ -z "$INIT" ] || kill -KILL "$INIT" 2>/dev/null	# the kernel ends all others in there
	[ -z "$HOLDER" ] || kill -KILL "$HOLDER" 2>/dev/null
	if [ -n "$GROUP" ] && [ -d "$GROUP" ]; then
		within 5 group_is_empty
		find "$GROUP" -depth -type d -exec rmdir {} \;
	fi
	cell_down
}

# --- the unit -------------------------------------------------------------------------------------

unit() { system systemctl "$1" podgate "${@:2}"; }
property() { unit show --value -p "$1"; }
is_active() { [ "$(property ActiveState)/$(property SubState)" = active/running ]; }
came_anew() { is_active && [ "$(property MainPID)" != "$1" ] && [ "$(property MainPID)" != 0 ]; }	# PID before
stores() { [ "$(property NFileDescriptorStore)" = "$1" ]; }
status_line() { system sed -n "s/^$1:[[:space:]]*//p" "/proc/$(property MainPID)/status"; }
configure() { printf '%s\n' "$@" >"$FILES/etc/podgate/podgate.yaml"; }
configure_well() { configure "backend: $BACKEND" "workers: 2" "learn: false" "$@"; }
logged_by_unit() { system journalctl -q -u podgate -o cat | grep -q "$1"; }

unit_starts() {
	check "the machine's settings are out of its reach" eval '! system sh -c ": >>/proc/sys/fs/file-max" 2>/dev/null'
	check "it starts" unit start
	check "and is active: $(property ActiveState)" is_active
	check "the journal has what it says" within 3 logged_by_unit "ready: 5 pods, 1 policies"
	check "systemctl shows what it does: $(property StatusText)" eval '[[ "$(property StatusText)" == "Enforcing 1 policies on 5 pods"* ]]'
	equal "it runs as podgate" "$(system id -u podgate)" "$(status_line Uid | cut -f1)"
	equal "with CAP_NET_ADMIN alone" 0000000000001000 "$(status_line CapEff)"
	equal "and can't have more" 0000000000001000 "$(status_line CapPrm)"
	equal "gains no privileges" 1 "$(status_line NoNewPrivs)"
	equal "its system calls are filtered" 2 "$(status_line Seccomp)"
	equal "it has its queues" $QUEUES "$(status_field '.queues | length')"
	check "the store has a socket for each" within 3 stores $QUEUES
	allow client web tcp 80
	deny intruder web tcp 80
	settle
	logged "a denial" '.verdict == "deny" and .source.pod == "intruder" and .destination.pod == "web"'
	check "the state directory is podgate's, and nobody else's" within 5 state_is_written
	equal "the log is podgate's, and nobody else's" "podgate 640" "$(system stat -c '%U %a' /var/log/podgate/verdicts.jsonl)"
}

# Each datagram is a flow, sent once. None is lost, whatever ends the daemon, and no denied one
# passes.
unit_restarts() {
	local i before

	rain_begins
	for i in 1 2 3; do
		check "restart $i" unit restart
		before=$(property MainPID)
		unit kill --kill-whom=main --signal=KILL
		check "killed, it comes back" within 8 came_anew "$before"
	done
	rain_reached_all "systemctl restart, and SIGKILL, three times each"
	equal "the queues were inherited from" "$QUEUES service manager" "$(status_field '"\(.inherited.queues) \(.inherited.from)"')"
}

unit_reloads() {
	local log=$FILES/var/log/podgate/verdicts.jsonl

	mv "$log" "$log.1"
	check "it reloads" unit reload
	check "and opens its log anew" within 3 [ -e "$log" ]
	policy web web Ingress <<-RULES >"$FILES/etc/podgate/manifests/policies.yaml"
	ingress:
	- from: [{podSelector: {matchLabels: {app: db}}}]
	RULES
	check "a change is taken up" within 5 logged_by_unit "revision 2 in force"
	deny client web tcp 81
	allow db web tcp 81
	settle "after a change"
}

# systemd replaces a hung daemon.
unit_is_watched() {
	local before

	mkdir "$FILES/etc/systemd/system/podgate.service.d"
	printf '[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\n' >"$FILES/etc/systemd/system/podgate.service.d/watchdog.conf"
	system systemctl daemon-reload
	check "with a watchdog of 2 s it runs" unit restart
	before=$(property MainPID)
	sleep 3
	equal "and is left alone" "$before" "$(property MainPID)"
	unit kill --kill-whom=main --signal=STOP
	check "until it stands still" within 12 came_anew "$before"
	check "which the journal says" logged_by_unit "[Ww]atchdog timeout"
	allow db web tcp 80
	deny intruder web tcp 80
	settle "after the watchdog"
}

unit_refuses() {
	configure_well "workerz: 2"
	check "it does not start by a configuration with a mistake" eval '! unit restart 2>/dev/null'
	check "and the journal has its place" logged_by_unit "podgate.yaml:4.*workerz"
	deny intruder web tcp 80
	settle "without a daemon"
	configure_well
	check "mended, it starts by itself" within 8 is_active
	printf 'kind: NetworkPolicy\nspec: {podSelectr: {}}\n' >"$FILES/etc/podgate/manifests/broken.yaml"
	check "it starts with a policy that has a mistake" unit restart
	equal "which status shows" 1 "$(status_field .manifests.broken_files)"
	allow db web tcp 80
	deny intruder web tcp 80
	settle "beside a broken policy"
	rm "$FILES/etc/podgate/manifests/broken.yaml"
}

unit_stops() {
	check "it stops" unit stop
	equal "without a mistake" success "$(property Result)"
	check "the store lets go of the queues" within 3 stores 0
	deny intruder web tcp 80
	deny db web tcp 80
	settle "stopped: the rules stay, and nobody judges"
	check "cleanup" system podgate cleanup
	allow db web tcp 80
	settle "after cleanup"
	control
}

trap system_ends EXIT
trap 'exit 130' INT TERM HUP
cell_up
if ! system_begins; then
	if file_has "$DIR/system.log" mounted; then
		fail "what was mounted did not begin: $(tail -3 "$DIR/system.log")"
	else
		echo "NOT RUN systemd: a systemd of its own can't begin here: $(tail -1 "$DIR/system.log" 2>/dev/null)"
	fi
	echo "$PASSED passed, $FAILED failed"
	[ "$FAILED" -eq 0 ]
	exit
fi
FILES=/proc/$INIT/root
ln -s "$FILES/run/podgate/control.sock" "$DIR/control.sock"
ln -s "$FILES/var/log/podgate/verdicts.jsonl" "$DIR/verdicts.jsonl"
default_pods
handover_policies
cp "$DIR"/manifests/* "$FILES/etc/podgate/manifests/"
configure_well
for step in starts restarts reloads is_watched refuses stops; do
	begin=${EPOCHREALTIME/./} failed=$FAILED
	"unit_$step"
	[ "$FAILED" -eq "$failed" ] || system journalctl -q -u podgate -o cat | tail -15 | sed 's/^/    /'
	printf '  unit_%-12s %s  %5d ms\n' "$step" "$([ "$FAILED" -eq "$failed" ] && echo ok || echo FAILED)" \
		$(((${EPOCHREALTIME/./} - begin) / 1000))
done
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Does the same as a newcomer, on other Debians than this machine: makes a fresh clone of this tree
# in a minimal system, and runs deploy/quickstart.sh and the tests.
#
#   sudo tests/distributions.sh [--suite trixie]... [--quick | --full] [--cache DIR] [--keep]
#
#   --suite NAME   bookworm, trixie or forky; may be repeated; all three unless given
#   --quick        the demonstration and tests/run.sh --quick (the default)
#   --full         the demonstration and all of tests/run.sh; then both again from /usr/local
#   --cache DIR    keeps base systems and packages there, for the next time
#   --keep         leaves the systems where they are, and says where
#
# Each system is a folder, entered in namespaces of its own for mounts and processes, which go with
# it. Packages come from the archive that this machine's own apt uses. Traffic stays in network
# namespaces. Only committed files are tested. Last line: N passed, M failed.

set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
SUITES=() FORM=quick CACHE='' KEEP=no
PASSED=0 FAILED=0 NOT_RUN=()
SUITE=
INSIDE=			# pid of unshare: all processes of the system end with it

usage() { sed -n '4,18s/^# \{0,1\}//p' "$0"; }
while [ $# -gt 0 ]; do
	case $1 in
	--suite) SUITES+=("${2:?--suite NAME}"); shift ;;
	--quick) FORM=quick ;;
	--full) FORM=full ;;
	--cache) CACHE=${2:?--cache DIR}; shift ;;
	--keep) KEEP=yes ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
[ ${#SUITES[@]} -gt 0 ] || SUITES=(bookworm trixie forky)
[ "$(id -u)" = 0 ] || { echo "tests/distributions.sh: needs root, for chroot and namespaces: sudo $0" >&2; exit 2; }
[ -z "$CACHE" ] || { mkdir -p "$CACHE" && CACHE=$(cd "$CACHE" && pwd); } || exit 2
WORK=$(mktemp -d "${TMPDIR:-/tmp}/podgate-distributions.XXXXXX")

clean_up() {
	[ "$BASHPID" = $$ ] || return 0
	trap - EXIT
	trap '' INT TERM HUP
	leave
	if [ $KEEP = yes ]; then echo "kept: $WORK"; else rm -rf --one-file-system "$WORK"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

passes() {
	PASSED=$((PASSED + ${2:-1}))
	echo "ok   $SUITE: $1"
}
fails() {	# TEXT [LOG [HOW-MANY]]
	FAILED=$((FAILED + ${3:-1}))
	[ -z "${2:-}" ] || tail -60 "$2" | sed 's/^/    /'
	echo "FAIL $SUITE: $1"
}
not_run() {
	NOT_RUN+=("$1")
	echo "NOT RUN distributions: $1"
}

# --- a base system --------------------------------------------------------------------------------

# The Debian archive that this machine gets its packages from.
archive() {
	apt-get indextargets --format '$(REPO_URI) $(LABEL) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
		awk '$2 == "Debian" && $3 == "main" { sub(/\/$/, "", $1); print $1; exit }'
}
proxy() {
	local found=''

	eval "$(apt-config shell found Acquire::http::Proxy)"
	echo "${found:-${http_proxy:-}}"
}
archive_answers() { /usr/lib/apt/apt-helper download-file "$ARCHIVE/dists/$SUITE/InRelease" "$WORK/InRelease" >/dev/null 2>&1; }

bootstrap() {	# FOLDER
	local script=/usr/share/debootstrap/scripts/$SUITE more=()

	[ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid	# newer than this debootstrap
	[[ $ARCHIVE != https:* ]] || more=(--include=ca-certificates)
	http_proxy=$(proxy) debootstrap --variant=minbase "${more[@]}" "$SUITE" "$1" "$ARCHIVE" "$script"
}

# A base system is kept for a week: apt brings later changes.
base_system() {	# FOLDER
	local kept=$CACHE/podgate-$SUITE.tar.gz

	mkdir "$1"
	if [ -n "$CACHE" ] && [ -n "$(find "$kept" -mtime -7 2>/dev/null)" ]; then
		tar -C "$1" -xzf "$kept" && return
		rm -rf "$1" && mkdir "$1"
	fi
	bootstrap "$1" >"$WORK/debootstrap" 2>&1 || return
	if [ -n "$CACHE" ]; then
		tar -C "$1" -czf "$kept.new" . && mv "$kept.new" "$kept"
		rm -f "$kept.new"
	fi
}

furnish() {	# FOLDER
	local via

	via=$(proxy)
	echo "deb $ARCHIVE $SUITE main" >"$1/etc/apt/sources.list"
	[ -z "$via" ] || echo "Acquire::http::Proxy \"$via\";" >"$1/etc/apt/apt.conf.d/90proxy"
	# An archive may be a snapshot of an earlier day, which is fine here.
	printf 'Acquire::Retries "3";\nAcquire::Check-Valid-Until "false";\nDpkg::Options:: "--force-unsafe-io";\n' >"$1/etc/apt/apt.conf.d/90podgate"
	cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
	# root may clone the tree, whoever owns it.
	printf '[safe]\n\tdirectory = *\n' >"$WORK/gitconfig"
	GIT_CONFIG_GLOBAL=$WORK/gitconfig git clone -q --no-hardlinks "$ROOT" "$1/root/podgate"
}

# --- inside ---------------------------------------------------------------------------------------

# Its root is a mount point, as `ip netns exec` and overlays need it. Nothing of this is visible
# outside.
# shellcheck disable=SC2317 # run by bash -c
enter() {	# FOLDER CACHE COMMAND...
	local root=$1 cache=$2
	shift 2
	mount --bind "$root" "$root" && mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
		mount --rbind /dev "$root/dev" && mount -t tmpfs -o mode=755 run "$root/run" || exit 125
	if [ -n "$cache" ]; then mount --bind "$cache" "$root/var/cache/apt/archives" || exit 125; fi
	# pivot_root, not chroot: in a chroot nobody may make a user namespace, as some tests do.
	cd "$root" && if pivot_root . . 2>/dev/null; then umount -l .; root=.; fi
	exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		TERM=dumb /bin/sh -c 'cd /root/podgate && exec "$@"' sh "$@"
}

# inside LOG COMMAND...: in the clone.
inside() {
	local log=$1 archives='' code
	shift
	if [ -n "$CACHE" ]; then archives=$CACHE/$SUITE-archives && mkdir -p "$archives/partial"; fi
	unshare --mount --propagation private --pid --ipc --fork --kill-child \
		bash -c "$(declare -f enter)"'; enter "$@"' bash "$SYSTEM" "$archives" "$@" >"$log" 2>&1 </dev/null &
	INSIDE=$!
	wait "$INSIDE"
	code=$?
	INSIDE=
	return $code
}
leave() {
	[ -n "$INSIDE" ] || return 0
	kill -KILL "$INSIDE" 2>/dev/null
	wait "$INSIDE" 2>/dev/null
	INSIDE=
}

# step TEXT COMMAND...
step() {
	local text=$1 begin=$SECONDS log=$WORK/$SUITE.step
	shift
	if inside "$log" "$@"; then passes "$text ($((SECONDS - begin)) s)"; else fails "$text" "$log"; return 1; fi
}

# counted TEXT COMMAND...: a runner that ends with "N passed, M failed".
counted() {
	local text=$1 begin=$SECONDS log=$WORK/$SUITE.step line
	shift
	inside "$log" "$@"
	grep '^NOT RUN' "$log" | sed "s/^/     $SUITE: /"
	line=$(tail -1 "$log")
	if ! [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		fails "$text did not come to its end" "$log"
	elif [ "${BASH_REMATCH[2]}" -gt 0 ]; then
		grep -E '^(FAIL|failures|.*\*\*\*|\[  (FAILED|ERROR)|\[   LINE|\s+[0-9]+ - .*\()' "$log" | sed 's/^/    /'
		PASSED=$((PASSED + BASH_REMATCH[1]))
		fails "$text: $line" '' "${BASH_REMATCH[2]}"
		[ -z "${PODGATE_LOGS:-}" ] || cp "$log" "$PODGATE_LOGS/$SUITE.$(date +%s)"
	else
		passes "$text: $line ($((SECONDS - begin)) s)" "${BASH_REMATCH[1]}"
	fi
}

# --- what is tried --------------------------------------------------------------------------------

# As README says: the user, and an installation in /usr/local.
in_use() {
	step "podgate is installed in /usr/local" sh -ec 'useradd --system podgate; cmake --install build/product; podgate version' || return
	step "in use: the demonstration" deploy/quickstart.sh --no-install
	counted "in use: the unit" tests/systemd.sh
	counted "in use: end to end" tests/e2e/run.sh --cell nft/4/routed
}

try_suite() {
	local begin=$SECONDS
	SUITE=$1 SYSTEM=$WORK/$1

	printf '\n=== %s, %s\n' "$SUITE" "$FORM"
	archive_answers || { not_run "$SUITE: $ARCHIVE does not answer"; return; }
	base_system "$SYSTEM" && furnish "$SYSTEM" || { fails "no base system" "$WORK/debootstrap"; return; }
	passes "a base system ($((SECONDS - begin)) s)"
	step "the demonstration, from a fresh clone: deploy/quickstart.sh" deploy/quickstart.sh || return
	if [ "$FORM" = quick ]; then
		counted "tests/run.sh --quick" tests/run.sh --quick
	else
		counted "tests/run.sh" tests/run.sh
		in_use
	fi
	echo "     $SUITE: $((SECONDS - begin)) s in all"
	[ $KEEP = yes ] || rm -rf --one-file-system "$SYSTEM"
}

# The shell reads all of it before it begins: this file may change during the hour of a run.
main() {
	ARCHIVE=$(command -v apt-get >/dev/null && archive)
	if ! command -v debootstrap >/dev/null; then
		not_run "debootstrap is not installed"
	elif [ -z "$ARCHIVE" ]; then
		not_run "this machine's apt knows no archive of Debian's"
	elif ! unshare --mount --pid --fork true 2>/dev/null; then
		not_run "namespaces can't be made here"
	else
		[ -z "$(git -C "$ROOT" status --porcelain 2>/dev/null)" ] || echo "note: this tree has more than what is committed, and that is not tried"
		for suite in "${SUITES[@]}"; do
			try_suite "$suite"
		done
	fi
	echo
	[ ${#NOT_RUN[@]} -eq 0 ] || printf 'NOT RUN distributions: %s\n' "${NOT_RUN[@]}"
	echo "$PASSED passed, $FAILED failed"
	[ "$FAILED" -eq 0 ]
}
main; exit

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs every test that this machine can run, from a fresh clone on a fresh Debian:
#
#   sudo tests/run.sh [--quick] [--no-install] [--only SECTION] [--list]
#
#   --quick        one build, its tests, one cell of the end-to-end matrix
#   --no-install   never calls apt-get: a missing package is a failure
#   --only NAME    only this section (and the builds that it needs); may be repeated
#   --list         names the sections
#
# Tests that cannot run are listed as NOT RUN, and again at the end. Last line: N passed, M failed.

set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd)
cd "$ROOT" || exit 2
QUICK=no INSTALL=yes ONLY=()
PASSED=0 FAILED=0
BAD=()			# sections with failures, for the summary
NOT_RUN=()
SECTION=
WORK=$(mktemp -d "${TMPDIR:-/tmp}/podgate-tests.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM HUP

. "$ROOT/deploy/packages.sh"

SECTIONS=(packages release asan tsan fuzz cases examples scripts manuals install clone e2e systemd
	quickstart bench)
QUICK_SECTIONS=(packages release cases examples e2e)

section() {
	SECTION=$1
	printf '\n=== %s: %s (%s s so far)\n' "$1" "$2" "$SECONDS"
}

passes() { PASSED=$((PASSED + ${1:-1})); }
fails() {
	FAILED=$((FAILED + ${1:-1}))
	BAD+=("$SECTION")
	[ -z "${2:-}" ] || echo "FAIL $SECTION: $2"
}
not_run() {
	NOT_RUN+=("$SECTION: $1")
	echo "NOT RUN $SECTION: $1"
}

# try TEXT COMMAND...: one test; its output is shown only when it fails.
try() {
	local text=$1
	shift
	if "$@" >"$WORK/out" 2>&1 </dev/null; then
		passes
		echo "ok   $text"
	else
		tail -40 "$WORK/out"
		fails 1 "$text"
	fi
}

# counted COMMAND...: a runner that ends with "N passed, M failed".
counted() {
	local code line

	"$@" </dev/null 2>&1 | tee "$WORK/out"
	code=${PIPESTATUS[0]}
	line=$(tail -1 "$WORK/out")
	if [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passes "${BASH_REMATCH[1]}"
		if [ "${BASH_REMATCH[2]}" -gt 0 ]; then fails "${BASH_REMATCH[2]}"; return; fi
		[ "$code" -eq 0 ] || fails 1 "all passed, but exit code $code: $*"
	else
		fails 1 "did not come to its end (exit code $code): $*"
	fi
}

# --- building -------------------------------------------------------------------------------------

# build NAME CMAKE-ARGUMENTS...: configures by the preset of that name, or by the arguments, and
# builds, once a run. With TARGET it builds only that.
declare -A BUILT=()
# Takes half the time of make; a build directory keeps its generator.
! command -v ninja >/dev/null || export CMAKE_GENERATOR=Ninja
build() {
	local name=$1
	shift
	[ -z "${BUILT[$name]:-}" ] || return "${BUILT[$name]}"
	[ $# -gt 0 ] || set -- --preset "$name"
	if cmake "$@" >"$WORK/build" 2>&1 </dev/null &&
		cmake --build "build/$name" -j "$(nproc)" ${TARGET:+--target "$TARGET"} \
			>>"$WORK/build" 2>&1 </dev/null; then
		BUILT[$name]=0
		passes
		echo "ok   built build/$name"
	else
		BUILT[$name]=1
		grep -E 'error|Error|warning' "$WORK/build" | head -30
		fails 1 "build/$name does not build"
	fi
	return "${BUILT[$name]}"
}

# unit_tests NAME CTEST-ARGUMENTS...: ctest in build/NAME; each of its tests counts. Some tests
# wait, so one more than CPUs run at once.
unit_tests() {
	local all bad

	ctest --test-dir "build/$1" --output-on-failure -j $(($(nproc) + 1)) "${@:2}" \
		</dev/null >"$WORK/out" 2>&1
	if [[ $(grep 'tests passed' "$WORK/out") =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]
	then
		bad=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
		passes $((all - bad))
		echo "ctest in build/$1: $((all - bad)) of $all passed"
		if [ "$bad" -gt 0 ]; then
			grep -vE ' Passed |^ +Start ' "$WORK/out" | tail -80
			fails "$bad"
		fi
	else
		tail -20 "$WORK/out"
		fails 1 "ctest in build/$1 did not run"
	fi
}

# --- sections -------------------------------------------------------------------------------------

run_packages() {
	section packages "what building and testing needs"
	local missing

	if [ $INSTALL = yes ] && [ "$(id -u)" = 0 ]; then
		packages_install build run test bench && packages_install_clang_runtime
	fi
	missing=$(packages_missing build run test bench | tr '\n' ' ')
	if [ -z "$missing" ]; then passes; else fails 1 "missing: $missing"; fi
	$(command -v gcc || echo cc) --version | head -1
	cmake --version | head -1
	uname -srm
}
run_release() { section release "gcc, optimised"; build release && unit_tests release; }
# Each build runs the tests that it can add something to; tests/CMakeLists.txt explains the labels.
# release runs all of them.
run_asan() {
	section asan "clang, AddressSanitizer and UndefinedBehaviorSanitizer"
	build asan && unit_tests asan -LE 'tree|kernel|long'
}
run_tsan() {
	section tsan "gcc, ThreadSanitizer, on what has threads"
	build tsan || return
	TSAN_OPTIONS=suppressions=$ROOT/tests/tsan.supp unit_tests tsan -LE 'tree|alone|long'
}
# The other tests of the fuzz build are those of asan. Each fuzzer gets a CPU of its own.
run_fuzz() {
	section fuzz "libFuzzer: the seeds, and 20 s more on each"
	TARGET=fuzzers build fuzz && unit_tests fuzz -R '^fuzz/' -j "$(nproc)"
}
run_cases() {
	section cases "a case for each feature of NetworkPolicy: podgate test"
	build release || return
	counted tests/conformance.sh build/release/podgate tests/cases
}
run_examples() {
	section examples "docs/examples say what they mean"
	local folder
	build release || return
	for folder in docs/examples/*/; do
		try "podgate check $folder" build/release/podgate check "$folder"
		counted build/release/podgate test -f "$folder" "$folder/expected.tsv"
	done
}
run_scripts() {
	section scripts "shell; the layout of the C files"
	local script scripts=(tests/*.sh tests/e2e/*.sh tests/e2e/scenarios/*.sh deploy/*.sh
		bench/*.sh .ci/run)
	for script in "${scripts[@]}"; do
		try "bash -n $script" bash -n "$script"
	done
	if command -v shellcheck >/dev/null; then
		try shellcheck shellcheck -S warning -x -e SC1090,SC1091,SC2034,SC2154 \
			"${scripts[@]}"
	else
		not_run "shellcheck is not installed (optional)"
	fi
	# Versions of clang-format break lines differently: one of them decides.
	if [[ $(clang-format --version 2>/dev/null) =~ version\ 14\. ]]; then
		try "clang-format: the layout of the C files" c_files_are_laid_out
	else
		not_run "layout: there is no clang-format 14 (Debian 12's)"
	fi
}
c_files_are_laid_out() {
	find . -name '*.[ch]' -not -path './build/*' -print0 |
		xargs -0 clang-format --dry-run -Werror
}
run_manuals() {
	section manuals "mandoc has nothing to say against them"
	local page
	build release || return
	command -v mandoc >/dev/null || { not_run "mandoc is not installed"; return; }
	# As built: in docs/man some pages lack their tables.
	for page in build/release/docs/*.[1-8]; do
		try "mandoc -T lint $page" mandoc -T lint -W warning "$page"
	done
	try "podgate(8) knows every command and option" manual_is_whole
}
# Every option of `podgate COMMAND --help` must be in the page. The options of run are those of
# podgate.conf(5), made from the same table.
manual_is_whole() {
	local command option page
	page=$(mandoc -T utf8 build/release/docs/podgate.8 | sed 's/.\x08//g')
	for command in $(build/release/podgate --help | awk '/^  [a-z]/ { print $1 }'); do
		grep -q "podgate $command" <<<"$page" || { echo "no command $command"; return 1; }
		case $command in run | help) continue ;; esac
		for option in $(build/release/podgate "$command" --help |
			grep -oE '(^| |\[)--?[a-z0-9][a-z-]*' | tr -d ' ['); do
			grep -qE -- "(^|[[:space:]]|\[)$option" <<<"$page" ||
				{ echo "$command: no $option"; return 1; }
		done
	done
}
run_install() {
	section install "cmake --install"
	# As a package is built: it may not ask for anything that only the tests need.
	build product || return
	local file prefix=$WORK/prefix
	local unit=$prefix/lib/systemd/system/podgate.service

	try "no test is built" [ ! -e build/product/tests/policy_test_cidr ]
	try "neither cmocka nor libnetfilter_conntrack is asked for" \
		eval '! grep -qE "CMOCKA|NFCT" build/product/CMakeCache.txt'
	try "cmake --install --prefix" cmake --install build/product --prefix "$prefix"
	for file in sbin/podgate share/man/man8/podgate.8 share/man/man5/podgate.conf.5 \
		share/man/man5/podgate-manifests.5 share/man/man7/podgate-metrics.7 \
		share/doc/podgate/README.md share/doc/podgate/LICENSE \
		share/doc/podgate/CHANGELOG.md share/doc/podgate/MANIFESTS.md share/doc/podgate/ARCHITECTURE.md \
		share/doc/podgate/LIMITS.md lib/systemd/system/podgate.service \
		lib/sysusers.d/podgate.conf etc/podgate/podgate.yaml; do
		try "$file" test -s "$prefix/$file"
	done
	try "the unit names the installed program" \
		grep -q "^ExecStart=$prefix/sbin/podgate run --config /etc/podgate/podgate.yaml" "$unit"
	if command -v systemd-analyze >/dev/null; then
		try "systemd finds no mistake in the unit" systemd-analyze verify --man=no "$unit"
		try "the unit's exposure is below 3" \
			systemd-analyze security --offline=true --threshold=29 "$unit"
	else
		not_run "systemd-analyze is not installed: the unit's exposure"
	fi
	try "the installed configuration is a good one" "$prefix/sbin/podgate" run -n \
		--config "$prefix/etc/podgate/podgate.yaml" \
		--manifests "$prefix/etc/podgate/manifests"
	try "podgate.yaml shows every default truly" defaults_hold "$prefix"
	echo "# mine" >>"$prefix/etc/podgate/podgate.yaml"
	try "installing again" cmake --install build/product --prefix "$prefix"
	try "keeps the operator's configuration" \
		grep -q '^# mine' "$prefix/etc/podgate/podgate.yaml"
	try "uninstall" cmake --build build/product --target uninstall
	try "leaves nothing but the configuration" \
		diff <(echo ./etc/podgate/podgate.yaml) <(cd "$prefix" && find . -type f)
	try "DESTDIR is a stage, and /etc/podgate is in it" staged "$WORK/stage"
	try "another folder for the configuration is one place, too" \
		one_place "$WORK/other" "$WORK/conf"
}
staged() {
	local unit=$1/usr/local/lib/systemd/system/podgate.service

	DESTDIR=$1 cmake --install build/product &&
		test -s "$1/etc/podgate/podgate.yaml" && test -d "$1/etc/podgate/manifests" &&
		grep -q "^ExecStart=/usr/local/sbin/podgate run --config /etc/podgate/podgate.yaml" \
			"$unit" &&
		grep -qx 'ConfigurationDirectory=podgate' "$unit"
}
# The daemon, the commands, the unit, the installed configuration and the pages must name the same
# folder.
one_place() {
	local etc=$2/podgate unit=$1/prefix/lib/systemd/system/podgate.service help

	cmake -S . -B "$1" -DCMAKE_INSTALL_PREFIX="$1/prefix" -DCMAKE_INSTALL_SYSCONFDIR="$2" \
		-DPODGATE_TESTS=OFF -DPODGATE_BENCH=OFF &&
		cmake --build "$1" && cmake --install "$1" || return
	test -s "$etc/podgate.yaml" && test -d "$etc/manifests" &&
		grep -qF -- "- $etc/manifests" "$etc/podgate.yaml" ||
		{ echo "configuration"; return 1; }
	grep -q "^ExecStart=.* run --config $etc/podgate.yaml$" "$unit" ||
		{ echo "unit"; return 1; }
	help=$("$1/podgate" run --help | tr -s ' \n\t' ' ')
	grep -qF "default $etc/podgate.yaml" <<<"$help" &&
		grep -qF "default $etc/manifests" <<<"$help" || { echo "run"; return 1; }
	printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: here}\n' \
		>"$etc/manifests/here.yaml"
	grep -qF "in 1 file, 1 object" <("$1/podgate" check) || { echo "check"; return 1; }
	! grep -rl --exclude=CHANGELOG.md /etc/podgate "$1"/prefix/share "$1/prefix/lib" ||
		{ echo "still says /etc/podgate"; return 1; }
}
# Each value in the example configuration must be the option's default in `podgate run --help`.
defaults_hold() {
	local help name value
	help=$("$1/sbin/podgate" run --help | tr -s ' \n' ' ')
	while IFS=': ' read -r name value; do
		grep -qP -- "--${name//_/-} (?:(?!--).)*default \\Q$value\\E\\)" <<<"$help" ||
			{ echo "$name: $value is not the default"; return 1; }
	done < <(grep -E '^[a-z_0-9]+: .' "$1/etc/podgate/podgate.yaml" | tr -d '"')
}
run_clone() {
	section clone "a fresh clone builds"
	if ! git rev-parse --git-dir >/dev/null 2>&1; then
		not_run "this tree is no git clone"
		return
	fi
	if [ -z "$(git status --porcelain)" ] && [ "${BUILT[release]:-}" = 0 ]; then
		passes
		echo "ok   this tree is as a fresh clone of it, and was built"
		return
	fi
	clone_builds() (
		git clone -q . "$WORK/clone" && cd "$WORK/clone" || return 1
		cmake --preset product && cmake --build --preset product -j "$(nproc)" &&
			./build/product/podgate version
	)
	try "git clone, cmake --preset product, cmake --build" clone_builds
	[ -z "$(git status --porcelain)" ] ||
		echo "note: the clone has the committed files only; this tree has more"
}

can_make_namespaces() { [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null; }
# Runs each scenario twice, in opposite cells: once as installed, once under AddressSanitizer or
# ThreadSanitizer.
run_e2e() {
	section e2e "real traffic: {nft, legacy} x {IPv4, IPv6} x {routed, bridged}"
	local cells=(--cell nft/4/routed)
	build release || return
	can_make_namespaces || { not_run "needs root and network namespaces"; fails; return; }
	counted tests/e2e/test_cell.sh
	if [ $QUICK = no ]; then
		build asan && build tsan || return
		cells=(--quarter --cell legacy/6/bridged/asan --cell nft/4/routed
			--cell nft/4/bridged/tsan --cell legacy/6/routed
			--cell nft/6/routed/asan --cell legacy/4/bridged
			--cell legacy/4/routed/tsan --cell nft/6/bridged)
	fi
	TSAN_OPTIONS=suppressions=$ROOT/tests/tsan.supp counted tests/e2e/run.sh "${cells[@]}"
}
# podgate.service under a systemd of its own, which finds faults that an imitation forgives.
run_systemd() {
	section systemd "the unit as it is installed, under a real systemd"
	local line
	build release || return
	can_make_namespaces || { not_run "needs root and network namespaces"; fails; return; }
	counted tests/systemd.sh
	line=$(grep '^NOT RUN' "$WORK/out")
	[ -z "$line" ] || not_run "${line#NOT RUN systemd: }"
}
run_quickstart() {
	section quickstart "the demonstration"
	can_make_namespaces || { not_run "needs root and network namespaces"; fails; return; }
	try "deploy/quickstart.sh" deploy/quickstart.sh --no-install
	try "deploy/quickstart.sh --bridged -6" env PODGATE_BUILD="$ROOT/build/release" \
		deploy/quickstart.sh --no-install --bridged -6
}
# No time is compared with a target: a machine that tests does not measure well.
run_bench() {
	section bench "the benchmark suite: a moment of everything"
	local out=$WORK/bench-report
	build release || return
	can_make_namespaces || { not_run "needs root and network namespaces"; fails; return; }
	ip netns list | cut -d" " -f1 >"$WORK/namespaces"	# left by an earlier, killed run
	try "bench/run.sh --smoke: everything can be measured" \
		bench/run.sh --smoke --no-install --no-build --out "$out"
	try "every figure has a value" bench_is_whole "$out"
	try "bench/run.sh leaves no namespace behind" bench_left_nothing
}
bench_is_whole() {
	jq -e 'length == 21 and
		all(.[]; (.value | type) == "number" and (.met | type) == "boolean")' \
		"$1/summary.json" && test -s "$1/index.html"
}
bench_left_nothing() {
	! ip netns list | cut -d" " -f1 | grep pgbench- | grep -vxFf "$WORK/namespaces"
}

# --------------------------------------------------------------------------------------------------

while [ $# -gt 0 ]; do
	case $1 in
	--quick) QUICK=yes ;;
	--no-install) INSTALL=no ;;
	--only) ONLY+=("${2:?--only SECTION}"); shift ;;
	--list) printf '%s\n' "${SECTIONS[@]}"; exit 0 ;;
	*) sed -n '4,13s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	esac
	shift
done
[ $QUICK = no ] || SECTIONS=("${QUICK_SECTIONS[@]}")
[ ${#ONLY[@]} -eq 0 ] || SECTIONS=("${ONLY[@]}")

TOOK=()
for name in "${SECTIONS[@]}"; do
	declare -F "run_${name//-/_}" >/dev/null ||
		{ echo "no section $name; see --list" >&2; exit 2; }
	begin=$SECONDS
	"run_${name//-/_}"
	TOOK+=("$(printf '%5s s  %s' $((SECONDS - begin)) "$name")")
done

printf '\n=== %s s\n' "$SECONDS"
printf '%s\n' "${TOOK[@]}"
[ ${#NOT_RUN[@]} -eq 0 ] || printf 'NOT RUN %s\n' "${NOT_RUN[@]}"
[ ${#BAD[@]} -eq 0 ] ||
	printf 'failures in %s\n' "$(printf '%s\n' "${BAD[@]}" | sort -u | tr '\n' ' ')"
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" -eq 0 ]

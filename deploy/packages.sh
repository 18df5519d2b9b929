# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by quickstart.sh and tests/run.sh: finds the missing packages of packages.txt and installs
# them (Debian and derivatives).

# packages_missing FOR...: prints names, one a line.
packages_missing() {
	local list use package file
	list=$(dirname "${BASH_SOURCE[0]}")/packages.txt

	while read -r use package file; do
		case " $* " in *" $use "*) ;; *) continue ;; esac
		# Multiarch puts some headers into a folder for the architecture.
		if [ ! -e "$file" ] && [ ! -e "${file/include/include/$(uname -m)-linux-gnu}" ]; then echo "$package"; fi
	done < <(grep -v '^#' "$list")
}

# packages_install FOR...: installs the missing packages, and prints them. Fails if some are still
# missing.
packages_install() {
	local missing

	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "missing here: ${missing[*]}"
	if ! command -v apt-get >/dev/null; then
		echo "this is no Debian: install what corresponds to these packages by hand" >&2
		return 1
	fi
	echo "installing with apt-get..."
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
		</dev/null >/dev/null || return 1
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} -eq 0 ] || { echo "still missing: ${missing[*]}" >&2; return 1; }
}

# Debian names the packages of clang's sanitizers by its version, and only recommends them.
packages_install_clang_runtime() {
	local version

	echo 'int main(void) { return 0; }' | clang -x c -fsanitize=address,fuzzer-no-link -o /dev/null - 2>/dev/null && return 0
	version=$(clang -dumpversion | cut -d. -f1) || return 1
	echo "missing here: libclang-rt-$version-dev"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "libclang-rt-$version-dev" </dev/null >/dev/null
}

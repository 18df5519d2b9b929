# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Reads the outcome of a case, for conformance.sh and conformance_live.sh.

# Sets REPLY to the number of lines that are not blank. A program for it would take longer than the
# case.
count_rows() {
	local line
	REPLY=0
	while IFS= read -r line || [ -n "$line" ]; do
		[[ ! $line =~ [^[:space:]] ]] || REPLY=$((REPLY + 1))
	done <"$1"
}
# True if the program's last line says that all these rows, at least one, were compared and passed.
all_passed() {	# ROWS OUTPUT
	local lines
	mapfile -t lines <"$2"
	[ "$1" -gt 0 ] && [ ${#lines[@]} -gt 0 ] && [ "${lines[-1]}" = "$1 passed, 0 failed" ]
}

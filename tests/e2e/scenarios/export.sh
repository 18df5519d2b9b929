# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# An export into the watched folder (kubectl get ... >FILE): under way, failed, empty. A closed gate
# stays closed.

export_policies() {	# RULES of db: web first
	policy web web Ingress <<-RULES
	ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]
	RULES
	policy db db Ingress <<<"$1"
}
export_denied() {	# WHEN: all that the policies of before deny
	deny intruder web tcp 80
	deny intruder db tcp 80
	deny client db tcp 80
	allow client web tcp 80
	settle "$1"
}
# Intruder tries one connection after the other until a signal; each that opens is a line.
export_intrude() {
	while [ -e "$DIR/intruding" ]; do
		in_ns_exec intruder "$PROBE" connect --timeout 150 tcp "$1" 80 >/dev/null 2>&1 && echo "$EPOCHREALTIME opened" >>"$DIR/intruded"
	done
}
export_closed() { export_policies "" | policies; }
being_written() { [ "$(status_field .manifests.being_written)" = "$1" ]; }
emptied() { [ "$(status_field .manifests.emptied_files)" = "$1" ]; }

scenario_export() {
	local pids=() file=$DIR/manifests/policies.yaml text

	export_policies "" | policies
	gate_start || return
	export_denied "before"
	hold web client "$(addr web)" 80
	: >"$DIR/intruding"
	: >"$DIR/intruded"
	export_intrude "$(addr web)" & pids+=($!)
	export_intrude "$(addr db)" & pids+=($!)

	exec 8>"$file"		# empty from now on, as long as kubectl asks the server
	check "a file that is being written is told" within 3 being_written 1
	sleep 1.5		# longer than any wait for a change
	export_denied "truncated"
	text=$(export_policies "ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]")
	printf '%s\n' "${text%$'\n---'*}" >&8		# all of web, nothing of db: well-formed
	sleep 1.5
	podgate status --socket "$DIR/control.sock" >"$DIR/status" 2>&1
	check "status says it" grep -q "1 being written" "$DIR/status"
	export_denied "half written"
	printf -- '---%s\n' "${text##*$'\n---'}" >&8
	changed eval 'exec 8>&-'
	allow client db tcp 80
	allow client web tcp 80
	deny intruder web tcp 80
	deny intruder db tcp 80
	settle "written"
	check "that is over" within 3 being_written 0

	printf 'apiVersion: v1\nitems: []\nkind: List\n' >"$file"	# kubectl's output with an expired token
	check "a List of nothing is told" within 3 emptied 1
	check "the log tells, too" file_has "$DIR/run.err" "the file holds no object any more; the 2 that it held stay in force"
	sleep 0.5
	deny intruder web tcp 80
	deny intruder db tcp 80
	allow client db tcp 80
	settle "a List of nothing"
	: >"$file"		# and its output when the server is away
	sleep 0.5
	deny intruder web tcp 80
	settle "an empty file"
	check "open connections notice nothing" uninterrupted web

	rm "$DIR/intruding"
	wait "${pids[@]}"
	equal "connections that should not have opened" "" "$(cat "$DIR/intruded")"
	changed eval 'echo "# podgate: empty" >"$DIR/manifests/policies.yaml"'
	allow intruder web tcp 80
	settle "that it is empty is meant"
	check "nothing is left to tell" within 3 emptied 0
	changed export_closed
	deny intruder web tcp 80
	settle "closed again"
	changed rm "$file"
	allow intruder web tcp 80
	settle "removed"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Policies, labels, namespaces and pods change all the time, and flows go between all pods all the
# time. A naive evaluator judges each datagram by the policies that podgate reported in force
# (tests/witness/).

CHANGE_MS=${E2E_CHANGE_MS:-5000}

# witness_ends: the network, for podgate-witness.
witness_ends() {
	local node

	for node in web db client intruder plain; do echo "pod,$node,/run/netns/$NET-$node,$(addr $node)"; done
	echo "host,lan,/run/netns/$NET-lan,$(addr lan)"
}

scenario_change_under_load() {
	local code ends

	rm "$DIR/manifests/pods.yaml"
	gate_start "debounce_ms: 5" || return
	mapfile -t ends < <(witness_ends)
	"$WITNESS" --socket "$DIR/control.sock" --manifests "$DIR/manifests" --for "$CHANGE_MS" --seed "$RANDOM" "${ends[@]}" \
		>"$DIR/witness" 2>&1 </dev/null
	code=$?
	equal "nothing passed and nothing was lost that should not: $(head -12 "$DIR/witness")" 0 $code
	tail -3 "$DIR/witness" | sed 's/^/  /'
	check "there were changes" [ "$(witness_figure changes)" -ge $((CHANGE_MS / 400)) ]
	check "much passed" [ "$(witness_figure arrived)" -ge $((CHANGE_MS / 20)) ]
	check "much was dropped" [ $(($(witness_figure sent) - $(witness_figure arrived))) -ge $((CHANGE_MS / 20)) ]
	check "podgate enforced as many changes" [ "$(status_field .publish.changes)" -ge "$(witness_figure changes)" ]
	witness_agrees
}
witness_figure() { grep -oE "\<$1 [0-9]+" "$DIR/witness" | tail -1 | grep -oE '[0-9]+$'; }
# In the end the running daemon judges as it would from the files alone.
witness_agrees() {
	local from to rows=()

	for from in web db client intruder plain lan; do
		for to in web db client intruder plain lan; do
			[ $from = $to ] || rows+=("$(addr $from)	$(addr $to)	UDP	7001	allow" "$(addr $from)	$(addr $to)	UDP	7002	allow")
		done
	done
	printf '%s\n' "${rows[@]}" >"$DIR/rows.tsv"
	check "the daemon judges as the files have it" within 5 witness_agrees_now
}
witness_agrees_now() {
	local files
	files=$(podgate test -f "$DIR/manifests" "$DIR/rows.tsv" | tail -1)
	[ -n "$files" ] && [ "$files" = "$(podgate test --socket "$DIR/control.sock" "$DIR/rows.tsv" | tail -1)" ]
}

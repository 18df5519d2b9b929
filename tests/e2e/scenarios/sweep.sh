# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A long flow table: one change affects all of it.

sweep_policies() {	# CIDR that reaches db
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
		policy db db Ingress <<-RULES
		ingress:
		- from: [{ipBlock: {cidr: $1}}]
		RULES
	} | policies
}

sweep_marked() {	# how many flows to db have this bit of podgate's
	in_ns gw conntrack -L -f ipv4 -p tcp --orig-dst "${NET_V4[db]}" --orig-port-dst 5432 --mark "$1/$1" 2>/dev/null | wc -l
}

sweep_has() { [ "$(status_field ".sweep.$1")" = "$2" ]; }	# revoked or restored, by the last sweep

# 100 000 flows are revoked by one change, and given back by the next; first packets of others are
# judged all the while, and an open connection does not notice.
scenario_sweep_many() {
	local many=100000 rss

	[ -z "${E2E_SANITIZED:-}" ] || many=10000
	sweep_policies 10.0.0.0/8
	quietly in_ns gw conntrack -F
	handover_config
	in_ns gw "$(dirname "$PROBE")/podgate-fill-flows" "$many" "${NET_V4[db]}" 5432 || fail "the flow table could not be filled"
	gate_start || return
	hold open client "$(addr web)" 80
	rss=$(status_field .rss_kib)
	rain_begins
	changed sweep_policies 192.0.2.0/24
	check "one sweep revokes them all" within 5 sweep_has revoked "$many"
	equal "flows that the kernel drops now" "$many" "$(sweep_marked 0x40000000)"
	echo "  ($many flows revoked in $(status_field .sweep.ms) ms)"
	changed sweep_policies 10.0.0.0/8
	check "and the next gives them back" within 5 sweep_has restored "$many"
	equal "flows that the kernel still drops" 0 "$(sweep_marked 0x40000000)"
	echo "  ($many flows given back in $(status_field .sweep.ms) ms)"
	rain_reached_all "while $many flows were swept"
	check "the open connection was never interrupted" uninterrupted open
	equal "packets dropped for want of room" 0 "$(status_field '[.queues[] | .kernel_dropped + .user_dropped] | add')"
	[ -n "${E2E_SANITIZED:-}" ] || check "the daemon grew by $(($(status_field .memory.peak_kib) - rss)) KiB at the most" \
		[ $(($(status_field .memory.peak_kib) - rss)) -le 32768 ]
	gate_end TERM
	# A pod could have any number of flows cut: the log counts those that it has no room for,
	# like any loss.
	equal "flows revoked and packets denied, as the log tells or counts as missing" $((many + $(sweep_denied))) "$(sweep_told)"
}
after_sweep_many() { quietly in_ns gw conntrack -F; }
sweep_denied() { cut -d' ' -f2 "$DIR/rain-9001"; }
# Not flows of pods: an earlier scenario's connections may be cut at start.
sweep_told() {
	jq -s '[.[] | if .event == "lost" then .count
		elif (.destination.pod == "db" and .source.pod == null) or .destination.port == 9001 then .repeat else 0 end] | add' "$DIR/verdicts.jsonl"
}

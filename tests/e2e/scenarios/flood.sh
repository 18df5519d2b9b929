# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One pod begins flows as fast as it can. The scenario counts packets, not times: its claims hold on
# a slow machine, too.

FLOOD_CONNECTIONS=25
FLOOD_MS=500

flood_policies() {	# web takes client on its port; db takes what plain sends
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 80}]
		RULES
		policy db db Ingress <<-RULES
		ingress:
		- from: [{namespaceSelector: {matchLabels: {team: free}}}]
		RULES
	} | policies
}

# Of the queues with a role: flood_field '.flood' .packets
queue_field() { status_field "[.queues[] | select($1) | $2] | add"; }
common='(.flood or .reply) | not'
flood_lost() { [ "$(queue_field .flood '.kernel_dropped + .user_dropped')" -gt 0 ]; }
flood_settled() { [ "$(queue_field .flood .waiting)" = 0 ]; }

# Floods from one pod to another, over and over, until the queue of floods has lost something. Sets
# FLOODED to the number of flows.
flood_until_lost() {	# FROM TO
	local rounds sent

	FLOODED=0
	for ((rounds = 0; rounds < 20; rounds++)); do
		sent=$(in_ns "$1" "$PROBE" flood --for "$FLOOD_MS" "$(addr "$2")") || fail "the flood did not run"
		FLOODED=$((FLOODED + sent))
		flood_lost && return
	done
	fail "$FLOODED flows of one pod have not filled a queue of 64"
}

flood_in_background() {	# FROM TO
	(while [ ! -e "$DIR/flood-over" ]; do
		in_ns "$1" "$PROBE" flood --for 100 "$(addr "$2")"
	done) >"$DIR/flood-sent" 2>&1 &
	FLOODER=$!
}

flood_is_on() { [ "$(queue_field .flood .packets)" -gt 1000 ]; }
flood_end() {
	touch "$DIR/flood-over"
	wait "$FLOODER"
	within 20 flood_settled || fail "the queue of floods does not empty"
}

syns_resent() { in_ns client awk '/^Tcp: [0-9]/ { print $13 }' /proc/net/snmp; }

# Prints the number of failed connections, one after the other; all should pass.
connections_lost() {	# FROM TO PORT
	local i lost=0

	for ((i = 0; i < FLOOD_CONNECTIONS; i++)); do
		quietly in_ns "$1" "$PROBE" connect --timeout "$ALLOW_MS" tcp "$(addr "$2")" "$3" || lost=$((lost + 1))
	done
	echo $lost
}

# While one pod's queue overflows, another pod's connections all succeed at the first try, each
# judged in userspace.
flood_beside() {	# FROM TO
	local before resent

	rm -f "$DIR/flood-over"
	gate_start "queue_length: 64" "flood_rate: 100" "learn: false" || return
	flood_in_background "$1" "$2"
	within 10 flood_is_on || fail "the flood does not come to its queue"
	resent=$(syns_resent)
	before=$(queue_field "$common" .allowed)
	equal "connections of another pod that failed" 0 "$(connections_lost client web 80)"
	equal "its SYNs that had to be sent again" 0 $(($(syns_resent) - resent))
	check "it was judged in the common queues" [ $(($(queue_field "$common" .allowed) - before)) -ge "$FLOOD_CONNECTIONS" ]
	equal "what those lost" 0 "$(queue_field "$common" '.kernel_dropped + .user_dropped')"
	flood_end
	flood_until_lost "$1" "$2"
	within 20 flood_settled || fail "the queue of floods does not empty"
	logged "the kernel's drops are told" '.verdict == "overload" and .flood == true and .repeat > 0'
	equal "drops that were told of the common queues" 0 "$(log_count '.verdict == "overload" and (.flood | not)')"
}

scenario_flood_denied() {
	flood_policies
	flood_beside intruder web
	equal "flows of the flooder that were let pass" 0 "$(queue_field .flood .allowed)"
	check "they were denied" [ "$(queue_field .flood .denied)" -gt 1000 ]
	deny intruder web tcp 80
	allow client web tcp 80
	settle "after the flood"
}

scenario_flood_allowed() {
	flood_policies
	flood_beside plain db
	equal "flows of the flooder that were denied" 0 "$(queue_field .flood .denied)"
	check "they were let pass" [ "$(queue_field .flood .allowed)" -gt 1000 ]
	allow plain db udp 80
	deny intruder db tcp 80
	settle "after the flood"
}

# The packets that entered the queue, by the kernel's count, were judged. The kernel dropped and
# counted the rest of the sent ones.
scenario_flood_counted() {
	flood_policies
	gate_start "queue_length: 64" "flood_rate: 100" "learn: false" || return
	local arrived counted

	in_ns gw "$(tables)" -t raw -A PREROUTING -s "$(addr intruder)" -d "$(addr web)" -p udp
	flood_until_lost intruder web
	within 20 flood_settled || fail "the queue of floods does not empty"
	arrived=$(arrivals)
	in_ns gw "$(tables)" -t raw -D PREROUTING -s "$(addr intruder)" -d "$(addr web)" -p udp
	counted=$(status_field '[.queues[] | .packets + .kernel_dropped + .user_dropped] | add')
	equal "packets judged and packets dropped of $arrived" "$arrived" "$counted"
	check "some of them in the common queues, as of everybody" [ "$(queue_field "$common" .packets)" -ge 20 ]
	equal "none of which was lost" 0 "$(queue_field "$common" '.kernel_dropped + .user_dropped')"
}

# A source that is only fast loses nothing while the gateway keeps up, because there is no cap: all
# connections succeed, most through the queue of floods.
scenario_flood_fast_source() {
	flood_policies
	gate_start "flood_rate: 100" "learn: false" || return
	local round reached=0

	for round in {1..10}; do
		reached=$((reached + $(in_ns plain "$PROBE" crowd --timeout "$ALLOW_MS" "$(addr db)" 80 100)))
	done
	equal "connections of a fast source that came about" 1000 "$reached"
	check "most of them waited apart" [ "$(queue_field .flood .allowed)" -gt 300 ]
	equal "what its queue lost" 0 "$(queue_field .flood '.kernel_dropped + .user_dropped')"
	allow plain db tcp 80
	settle "after a fast source"
}

# The rules of the queue are repaired like any other, and nothing of them is left at the end.
scenario_flood_rules() {
	flood_policies
	gate_start || return
	equal "the rate in force" 1000 "$(status_field .rules.flood_rate)"
	tables_save -t mangle | grep -v podgate-pods-1000 | in_ns gw "$(tables)-restore"
	check "a rule that went is back" within 10 flood_repaired
	check "the limit is there again" tables_has podgate-pods-1000
	gate_end TERM
	gate_start "flood_rate: 0" || return
	equal "no rate in force" 0 "$(status_field .rules.flood_rate)"
	equal "queues of floods" null "$(queue_field .flood .queue)"
	check "and no rule" tables_has_not hashlimit
	allow client web tcp 80
	deny intruder web tcp 80
	settle "without a queue for floods"
}
after_flood_rules() { check "no table of the kernel's is left" tables_are_forgotten; }
tables_has() { tables_save -t mangle | grep -q -- "$1"; }
tables_has_not() { ! tables_has "$1"; }
flood_repaired() { [ "$(status_field .rules.repairs)" -ge 1 ]; }
tables_are_forgotten() { [ -z "$(in_ns gw sh -c 'cd /proc/net && ls ipt_hashlimit ip6t_hashlimit 2>/dev/null' | grep podgate)" ]; }

# The log under one pod's flood of denials: every denial of another pod has a line, not only a
# count.
flood_log_policies() {
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
		policy db db Egress <<-RULES
		egress: []
		RULES
	} | policies
}

# Prints the number of intruder's denials without a line, of 40 at as many ports.
quiet_denials_untold() {
	jq -s --arg from "$(addr intruder)" '40 - ([.[] | select(.source.address? == $from and .destination.port >= 6000
		and .destination.port < 6040) | .destination.port] | unique | length)' "$DIR/verdicts.jsonl"
}

flood_log() {	# TEXT
	local i

	rm -f "$DIR/flood-over"
	flood_in_background db plain
	sleep 0.5
	for ((i = 0; i < 40; i++)); do
		in_ns intruder "$PROBE" connect --timeout 30 udp "$(addr web)" $((6000 + i)) >/dev/null
	done
	touch "$DIR/flood-over"
	wait "$FLOODER"
	within 20 flood_settled
	sleep 1.5
	check "$1: it was a flood, and the log lost lines of it ($(status_field .log.lost))" [ "$(status_field .log.lost)" -gt 1000 ]
	equal "$1: denials of another pod that the log does not tell of" 0 "$(quiet_denials_untold)"
}

scenario_flood_log() {
	flood_log_policies
	gate_start "log_fold_s: 10" || return
	flood_log "floods wait apart"
	gate_end TERM
	gate_start "log_fold_s: 10" "flood_rate: 0" || return
	flood_log "floods do not wait apart"
}

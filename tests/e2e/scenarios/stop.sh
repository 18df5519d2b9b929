# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The daemon stops and comes back: nothing new passes meanwhile, and no allowed flow suffers.

stop_policies() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
}

stop_and_restart() {	# SIGNAL
	stop_policies
	gate_start || return
	hold open client "$(addr web)" 80
	gate_end "$1"
	check "an allowed connection goes on after $1" flows open
	deny client web tcp 80
	deny intruder web tcp 80
	allow plain ext tcp 80
	allow client db tcp 80
	settle "after $1"
	gate_start || return
	allow client web tcp 80
	deny intruder web tcp 80
	settle "started again after $1"
	check "the open connection was never interrupted" uninterrupted open
}

scenario_stop_term() {
	stop_and_restart TERM
	equal "exit code on SIGTERM" 0 "$GATE_CODE"
}

scenario_stop_kill() { stop_and_restart KILL; }

# daemon_away: open fails open; flows that slipped in are judged when the daemon is back.
scenario_stop_open() {
	stop_policies
	gate_start "daemon_away: open" || return
	deny intruder web tcp 80
	settle "while the daemon is there"
	gate_end KILL
	allow intruder web tcp 80
	settle "daemon away, open"
	hold slipped intruder "$(addr web)" 80
	hold allowed client "$(addr web)" 80
	gate_start "daemon_away: open" || return
	check "what slipped in is cut" stalls slipped
	check "and nothing else" flows allowed
}

# The directory changes while the daemon is away: its content at the start counts.
scenario_stop_change() {
	stop_policies
	gate_start || return
	hold open client "$(addr web)" 80
	gate_end KILL
	policy web web Ingress </dev/null | policies
	gate_start || return
	check "a connection that was marked allowed is cut at start" stalls open
}

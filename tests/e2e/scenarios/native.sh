# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Rules that only the nft program understands, in the tables of iptables-nft: iptables-nft-save then
# prints one line a table and exits with 0. podgate reads its rules from the kernel, so nothing
# changes.

# The mangle table as the kernel has it in the back end of this cell, a line a rule.
native_lists() {
	if [ "$BACKEND" = nft ]; then in_ns gw nft -a list table "$(tamper_family)" mangle 2>/dev/null; else tables_save -t mangle; fi
}
native_jumps() { native_lists | grep -cE '(jump |-j )PODGATE( |$)'; }
native_foreign() { in_ns gw nft list table "$(tamper_family)" mangle 2>/dev/null | grep -c 'set ct mark'; }
# Deletes the first rule of FORWARD, or puts one before it, by the kernel's own words.
native_drop_jump() {
	local handle

	[ "$BACKEND" = nft ] || { tables_do -t mangle -D FORWARD 1; return; }
	handle=$(native_lists | sed -n 's/.*jump PODGATE .*# handle \([0-9]*\)$/\1/p' | head -1)
	in_ns gw nft delete rule "$(tamper_family)" mangle FORWARD handle "$handle"
}
native_add() { in_ns gw nft "$1 rule $(tamper_family) mangle $2"; }
native_put() {
	local family

	family=$(tamper_family)
	in_ns gw nft "add table $family mangle
		add chain $family mangle PREROUTING { type filter hook prerouting priority -150; policy accept; }
		add rule $family mangle PREROUTING ct state related,established counter meta mark set ct mark
		add table $family raw
		add chain $family raw OUTPUT { type filter hook output priority -300; policy accept; }
		add rule $family raw OUTPUT meta mark set meta mark and 0xffff"
}

native_repaired() {	# TEXT COMMAND...
	local text=$1 before
	shift
	before=$(tamper_repairs)
	"$@" || fail "$text: it could not be done"
	within 5 tamper_mended "$before" || fail "$text: not repaired"
	equal "$text: one jump" 1 "$(native_jumps)"
	check "$text: intact again" [ "$(status_field .rules.intact)" = true ]
}

scenario_native_rules() {
	stop_policies
	gate_start || return
	native_put || fail "the foreign rules could not be made"
	[ "$BACKEND" != nft ] || check "iptables-nft-save lists nothing of the table" file_lacks_rules
	sleep 3.2	# three looks
	equal "repairs of rules that nobody changed" 0 "$(tamper_repairs)"
	equal "jumps into our chain" 1 "$(native_jumps)"
	equal "intact, says status" true "$(status_field .rules.intact)"
	allow client web tcp 80
	deny intruder web tcp 80
	settle "beside foreign rules"
	native_repaired "the jump is deleted" native_drop_jump
	if [ "$BACKEND" = nft ]; then
		native_repaired "a native rule is added to our chain" native_add insert "PODGATE counter return"
		native_repaired "our chain is flushed" in_ns gw nft flush chain "$(tamper_family)" mangle PODGATE
		native_repaired "a native rule comes before our jump" native_add insert "FORWARD meta mark set ct mark"
		native_repaired "a second jump is added" native_add add "FORWARD counter jump PODGATE"
	fi
	gate_end TERM
	deny intruder web tcp 80
	settle "stopped"
	gate_start || return
	equal "jumps after a restart" 1 "$(native_jumps)"
	allow client web tcp 80
	deny intruder web tcp 80
	settle "started beside foreign rules"
	gate_end KILL
	gate_cleanup
	equal "what cleanup leaves of ours" 0 "$(in_ns gw nft list ruleset 2>/dev/null | grep -c PODGATE)"
	equal "and in mangle" 0 "$(native_lists | grep -c PODGATE)"
	check "the foreign rules stay" [ "$(native_foreign)" -ge 1 ]
	allow intruder web tcp 80
	settle "after cleanup"
}
file_lacks_rules() { [ -z "$(tables_save -t mangle | grep -e '^-A')" ]; }
after_native_rules() {
	quietly in_ns gw nft delete table "$(tamper_family)" mangle
	quietly in_ns gw nft delete table "$(tamper_family)" raw
}

# Another program undoes every repair: podgate repairs each time, with one jump, and status shows a
# problem.
native_undo() {
	while :; do
		quietly native_drop_jump
		sleep 0.3
	done
}
native_says() { [[ $(status_field .problem) == *"again and again"* ]]; }
scenario_native_undone() {
	local undo

	stop_policies
	gate_start || return
	[ "$BACKEND" != nft ] || native_put
	native_undo &
	undo=$!
	within 15 native_says || fail "status does not say that repairs are undone: $(status_field .problem)"
	equal "intact, says status" false "$(status_field .rules.intact)"
	kill "$undo"
	wait "$undo" 2>/dev/null
	check "a while after the last one it is over" within 12 native_is_over
	equal "jumps into our chain" 1 "$(native_jumps)"
	check "the log tells of few of them" [ "$(grep -c 'another program changed our rules' "$DIR/run.err")" -le 7 ]
	allow client web tcp 80
	deny intruder web tcp 80
	settle "after it"
}
native_is_over() { [ "$(status_field '[.rules.intact, .problem] | tostring')" = '[true,null]' ]; }
after_native_undone() { after_native_rules; }

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Another program changes our rules and sets in every way: podgate notices, repairs, reports and
# counts it, and cuts the flows that slipped in meanwhile.

tamper_repairs() { status_field '.rules.repairs + .bridges.mended'; }
tamper_mended() { [ "$(tamper_repairs)" -gt "$1" ]; }

# A connection that the gate would deny, while it may be open. On a busy machine the repair may come
# first: then it never opens.
tamper_slip() {
	: >"$DIR/hold-slipped"
	in_ns_exec intruder "$PROBE" hold --stall 300 "$(addr web)" 80 >"$DIR/hold-slipped" 2>&1 &
	HELD[slipped]=$!
	within 5 file_has "$DIR/hold-slipped" "open" || fail "nothing is known of a connection that slips in"
	if hold_is slipped open || hold_is slipped stalled; then return; fi
	wait "${HELD[slipped]}"
	unset "HELD[slipped]"
}

# tamper TEXT FOUND OPENS COMMAND...: FOUND must be in the log, OPENS says whether new flows pass
# until the repair.
tamper() {
	local text=$1 found=$2 opens=$3 before begin ms
	shift 3
	before=$(tamper_repairs)
	rm -f "$DIR/hold-slipped"
	begin=${EPOCHREALTIME/./}
	"$@" || fail "$text: it could not be done"
	[ "$opens" = no ] || tamper_slip
	within 5 tamper_mended "$before" || fail "$text: not repaired"
	ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
	TAMPER_MS+=("$ms")	# with the tampering itself and our question; told, not asserted: the machine may be busy
	check "$text: the log says what was found" grep -qE "(another program changed our rules|bridge).*$found" "$DIR/run.err"
	if [ -n "${HELD[slipped]:-}" ]; then
		check "$text: what slipped in is cut" stalls slipped
		kill "${HELD[slipped]}" 2>/dev/null
		wait "${HELD[slipped]}" 2>/dev/null
		unset "HELD[slipped]"
		TAMPER_SLIPPED=$((TAMPER_SLIPPED + 1))
	fi
	if [ "$found" = "not the first rule" ]; then tables_do -t mangle -D FORWARD -j ACCEPT; fi	# it stays, after ours: it is theirs
	check "$text: the rules are as they were" [ "$TAMPER_RULES" = "$(tidy_rules)" ]
}

tamper_chain_rule() { echo $(($(tables_save -t mangle | grep -n -- '-A PODGATE' | grep -n NFQUEUE | head -1 | cut -d: -f1))); }
tamper_set() { if [ "$FAMILY" = 4 ]; then echo podgate-pods4; else echo podgate-pods6; fi; }
tamper_family() { if [ "$FAMILY" = 4 ]; then echo ip; else echo ip6; fi; }
# iptables-nft-save lists it like the one that was there. What others had in it (tamper's own
# ACCEPT) goes with it.
tamper_unhook() {
	local chain

	chain="$(tamper_family) mangle FORWARD"
	in_ns gw nft "delete chain $chain; add chain $chain; add rule $chain counter jump PODGATE"
}
# As if an admin had moved all rules to the other back end.
tamper_move() {
	local other

	other=$(tables | sed "s/$BACKEND/$(other_backend)/")
	tables_save -t mangle | grep -v hashlimit | in_ns gw "$other-restore" --noflush && tables_do -t mangle -F && tables_do -t mangle -X PODGATE
}

scenario_tamper() {
	local TAMPER_RULES TAMPER_MS=() TAMPER_SLIPPED=0 first

	stop_policies
	gate_start "sweep_interval_s: 0" || return
	hold open client "$(addr web)" 80
	TAMPER_RULES=$(tidy_rules)
	first=$(tamper_chain_rule)
	tamper "the table is flushed" "gone|ends after" yes tables_do -t mangle -F
	tamper "the jump is deleted" "jump into our chain is gone" yes tables_do -t mangle -D FORWARD 1
	tamper "a rule comes before our jump" "not the first rule" yes tables_do -t mangle -I FORWARD -j ACCEPT
	tamper "a rule is replaced" "rule [0-9]+ of our chain is" yes tables_do -t mangle -R PODGATE "$first" -j RETURN
	tamper "rules are reordered" "rule [0-9]+ of our chain is" no tamper_reorder
	tamper "a rule is added" "rule [0-9]+ of our chain is" yes tables_do -t mangle -I PODGATE 1 -j RETURN
	tamper "an address leaves a set" "$(tamper_set)" yes in_ns gw ipset del "$(tamper_set)" "$(addr web)"
	tamper "a set is flushed" "$(tamper_set)" yes in_ns gw ipset flush "$(tamper_set)"
	tamper "the rules move to the other back end" "gone" no tamper_move
	if [ "$BACKEND" = nft ]; then
		tamper "the table is put to sleep" "is dormant" yes in_ns gw nft add table "$(tamper_family)" mangle "{ flags dormant; }"
		tamper "the chain of our jump loses its hook" "has no hook" yes tamper_unhook
	fi
	check "the open connection was never interrupted" uninterrupted open
	# Open connections go on unseen meanwhile, and are then unknown to the kernel: see
	# docs/RELIABILITY.md.
	if [ "$TOPOLOGY" = bridged ]; then
		tamper "the set of groups is flushed" "podgate-groups" no in_ns gw ipset flush "podgate-groups$FAMILY"
		tamper "the set of those near by is flushed" "podgate-near" no in_ns gw ipset flush "podgate-near$FAMILY"
		tamper "the jump of PREROUTING is deleted" "jump into our chain is gone" no tables_do -t mangle -D PREROUTING 1
		tamper "the table raw is flushed" "gone|ends after" no tables_do -t raw -F
		tamper "br_netfilter is switched off" "switched on" yes bridge_sees_all 0
	fi
	equal "repairs, all counted" ${#TAMPER_MS[@]} "$(tamper_repairs)"
	check "$TAMPER_SLIPPED connections slipped in" [ "$TAMPER_SLIPPED" -ge 3 ]
	echo "  (repaired after ${TAMPER_MS[*]} ms)"
	allow client web tcp 80
	deny intruder web tcp 80
	settle "after all that"
}
# The first two rules change places.
tamper_reorder() {
	local rule

	rule=$(tables_save -t mangle | sed -n 's/^-A PODGATE //p' | head -1)
	tables_do -t mangle -D PODGATE 1
	# shellcheck disable=SC2086
	eval tables_do -t mangle -I PODGATE 2 $rule
}

# A full flow table evicts unanswered flows, or drops new ones before any rule of ours sees them.
# Its size belongs to the whole machine, so the scenario fills it, with flows that no policy covers.
tamper_room() { [ "$(status_field '.flow_table | .dropped + .evicted')" -gt 0 ]; }
scenario_tamper_flow_table() {
	local most rounds

	most=$(</proc/sys/net/netfilter/nf_conntrack_max)

	if [ "$most" -gt 300000 ]; then
		echo "  (a flow table for $most flows is too large to be filled here)"
		return
	fi
	stop_policies
	gate_start || return
	hold open client "$(addr web)" 80
	for ((rounds = 0; rounds < 20; rounds++)); do
		in_ns plain "$PROBE" flood --for 500 "$(addr lan)" >/dev/null
		tamper_room && break
	done
	check "a full flow table is in status" tamper_room
	check "and in the daemon's log" file_has "$DIR/run.err" "the kernel's flow table is full"
	check "the open connection goes on" flows open
	quietly in_ns gw conntrack -F
	check "that it has room again is said, too" within 5 file_has "$DIR/run.err" "the kernel's flow table has room again"
	allow client web tcp 80
	deny intruder web tcp 80
	settle "with room"
}

# A pod's network namespace goes, with its interface, amid traffic. The next one has its address.
scenario_tamper_netns_gone() {
	stop_policies
	gate_start || return
	hold gone client "$(addr web)" 80
	local lines
	net_node lost 10.88.0.99 fd00:88::99
	net_link gw vlost lost eth0
	net_addr lost eth0 10.88.0.99/32 fd00:88::99/128
	ip -n "$NET-gw" route add 10.88.0.99/32 dev vlost
	ip -n "$NET-gw" -6 route add fd00:88::99/128 dev vlost
	changed tamper_lost_pod
	lines=$(wc -l <"$DIR/run.err")
	ip netns del "$NET-lost"
	within 3 tamper_link_gone || fail "the interface stays"
	changed rm "$DIR/manifests/lost.yaml"
	check "podgate answers" gate_answers
	equal "complaints about it" 0 "$(tail -n +$((lines + 1)) "$DIR/run.err" | grep -cE 'warning|error|trying again')"
	check "another pod's connection goes on" flows gone
	allow client web tcp 80
	deny intruder web tcp 80
	settle "after a namespace went"
	check "it was never interrupted" uninterrupted gone
}
tamper_lost_pod() {
	{
		pod shop lost "app: lost"
		policy lost lost Ingress </dev/null
	} | manifest lost
}
tamper_link_gone() { ! quietly ip -n "$NET-gw" link show vlost; }

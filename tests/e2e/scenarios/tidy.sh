# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# podgate's rules and sets go without a trace; those of others are never touched.

# Rules and chains, without counters: an empty table and its default policies are no trace.
tidy_rules() {
	in_ns gw sh -c 'for tool in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
			echo "## $tool"
			$tool-save 2>/dev/null
		done' | awk '
		/^\*/ { table = $0; next }
		/^##/
		/^-A|^:.* - |^:.* DROP/ { sub(/ \[[0-9:]*\]$/, ""); print table, $0 }'
}
# tidy_marks LOW: the number of flows with one of the two mark bits that begin at LOW.
tidy_marks() {
	in_ns gw conntrack -L 2>/dev/null | sed -n 's/.* mark=\([0-9]*\).*/\1/p' |
		awk -v low="$1" '{ if (int($1 / low) % 4) n++ } END { print n + 0 }'
}
TIDY_DEFAULT=536870912	# 0x20000000

tidy_foreign() {
	tables_do -N FOREIGN
	tables_do -A FORWARD -j FOREIGN
	tables_do -A FOREIGN -p tcp -m tcp --dport 9999 -m comment --comment "somebody else's" -j DROP
	tables_do -t mangle -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
	tables_do -t mangle -A PREROUTING -j CONNMARK --set-xmark 0x15/0xff
	in_ns gw ipset create foreign hash:ip
	in_ns gw ipset add foreign 192.0.2.7
}

cleanup_code() {
	quietly podgate cleanup --config "$DIR/podgate.yaml"
	echo $?
}

scenario_cleanup() {
	bridge_sees_all 1	# so that the flow that begins before podgate is tracked from its beginning
	tidy_foreign
	local before between

	before=$(tidy_rules)
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
	hold denied intruder "$(addr web)" 80
	gate_start || return
	hold allowed client "$(addr web)" 80
	check "the denied connection is cut" stalls denied
	deny intruder web tcp 80
	settle
	check "connections carry our marks" [ "$(tidy_marks $TIDY_DEFAULT)" -ge 2 ]
	between=$(tidy_rules | grep -v PODGATE)
	equal "rules of others while podgate runs" "$before" "$between"
	check "others' mark bits stay" [ "$(in_ns gw conntrack -L 2>/dev/null | sed -n 's/.* mark=\([0-9]*\).*/\1/p' | awk '$1 % 256 == 21' | wc -l)" -ge 2 ]
	check "cleanup beside a running daemon is refused" [ "$(cleanup_code)" = 2 ]
	deny intruder web tcp 80
	settle "after a cleanup that was refused"
	gate_end TERM
	gate_cleanup
	equal "rules and chains after cleanup" "$before" "$(tidy_rules)"
	equal "sets after cleanup" foreign "$(in_ns gw ipset list -n | sort | tr '\n' ' ' | sed 's/ $//')"
	equal "members of a foreign set" 192.0.2.7 "$(in_ns gw ipset list foreign | tail -1)"
	equal "flows with our marks after cleanup" 0 "$(tidy_marks $TIDY_DEFAULT)"
	check "the cut connection goes on" flows denied
	check "the allowed one does" flows allowed
	check "cleanup of nothing is fine" quietly podgate cleanup
}
after_cleanup() {
	tables_do -F FORWARD
	tables_do -F FOREIGN
	tables_do -X FOREIGN
	tables_do -t mangle -F
	in_ns gw ipset destroy foreign
}

# Marks from the settings go as well.
scenario_cleanup_marks() {
	stop_policies
	gate_start "mark_allow: 0x100" "mark_deny: 0x200" || return
	hold allowed client "$(addr web)" 80
	hold denied client "$(addr db)" 80
	changed stop_policies_db
	check "cut by its own mark" stalls denied
	check "flows carry it" [ "$(tidy_marks 256)" -ge 2 ]
	gate_end TERM
	check "cleanup" quietly podgate cleanup --config "$DIR/podgate.yaml"
	equal "flows with our marks after cleanup" 0 "$(tidy_marks 256)"
	check "the cut connection goes on" flows denied
}
stop_policies_db() {
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
		policy db db Ingress </dev/null
	} | policies
}

# Another program flushes the table: podgate notices, repairs and counts it.
scenario_repair() {
	stop_policies
	gate_start || return
	local whole

	whole=$(tables_save -t mangle | grep -c PODGATE)
	tables_do -t mangle -F
	repaired() { [ "$(tables_save -t mangle | grep -c PODGATE)" = "$whole" ]; }
	check "flushed rules are back within 10 s" within 10 repaired
	tables_do -t mangle -D FORWARD 1
	check "a removed jump is back within 10 s" within 10 repaired
	allow client web tcp 80
	deny intruder web tcp 80
	settle "after the repair"
}

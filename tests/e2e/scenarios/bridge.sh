# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Frames that a bridge copies: those to an unknown receiver, and those to group addresses.

# one_datagram FROM TO PORT: sends one datagram, a flow of its own, to a port where nobody answers.
# shellcheck disable=SC2016 # the inner shell's
one_datagram() { in_ns "$1" bash -c 'exec 3<>"/dev/udp/$0/$1" && echo x >&3' "$(addr "$2")" "$3" 2>/dev/null; }

# count_in POD FROM PORT; counted_in POD; count_in_no_more POD: counts arrivals in the pod itself.
count_in() { in_ns "$1" "$(tables)" -t raw -A PREROUTING -s "$(addr "$2")" -p udp --dport "$3"; }
counted_in() {
	in_ns "$1" "$(tables)-save" -c -t raw 2>/dev/null | awk '/-A PREROUTING / { gsub(/[\[\]]/, "", $1); split($1, n, ":"); sum += n[1] } END { print sum + 0 }'
}
count_in_no_more() { in_ns "$1" "$(tables)" -t raw -F PREROUTING; }

# The bridge forgets every port; it floods frames to unknown receivers.
bridge_forgets() {
	local port mac
	in_ns gw bridge fdb show br br0 dynamic 2>/dev/null | while read -r mac _ port _; do
		in_ns gw bridge fdb del "$mac" dev "$port" master 2>/dev/null
	done
}

# All pods isolated, one allowed: 20 flows of one datagram each, all flooded. All arrive, at their
# receiver alone.
scenario_bridge_flooded() {
	[ "$TOPOLOGY" = bridged ] || return 0
	{
		policy web web Ingress <<-RULES
		ingress: [{from: [{namespaceSelector: {matchLabels: {team: other}}}]}]
		RULES
		policy db db Ingress <<-RULES
		ingress: [{from: [{namespaceSelector: {matchLabels: {team: other}}}]}]
		RULES
		policy client client "Ingress, Egress" </dev/null
		policy intruder intruder "Ingress, Egress" other <<-RULES
		egress: [{to: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}, {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {}, podSelector: {matchLabels: {app: plain}}}]}]
		RULES
	} | policies
	gate_start "$@" || return
	local to
	all_are_known
	sleep 1.3	# a look at the sets each second
	for to in web db plain; do
		allow intruder "$to" udp 80; settle "neighbours know each other"	# the control, too
		count_in "$to" intruder 9
		for _ in {1..20}; do
			bridge_forgets
			one_datagram intruder "$to" 9
		done
		sleep 0.2
		equal "flooded datagrams that arrive at $to" 20 "$(counted_in "$to")"
		count_in_no_more "$to"
	done
	deny intruder client udp 80; deny intruder client tcp 80
	settle "what is denied stays denied"
	bridge_forgets
	deny intruder client udp 81; settle "when it is flooded, too"
	bridge_forgets
	allow intruder web tcp 80; settle "TCP"
}
scenario_bridge_flooded_unlearned() { scenario_bridge_flooded "learn: false"; }

# --- groups ---------------------------------------------------------------------------------------

groups() {
	if [ "$FAMILY" = 4 ]; then echo 10.88.0.255 224.0.0.1 224.0.0.251 239.1.1.1 255.255.255.255; else echo ff02::1 ff02::fb ff05::77 ff0e::99; fi
}
joined() { if [ "$FAMILY" = 4 ]; then echo 224.0.0.251 239.1.1.1; else echo ff02::fb ff05::77 ff0e::99; fi; }

# hearing PORT POD...: the pods listen. heard POD: the datagrams that came, in any order.
HEARING=()
hearing() {
	local port=$1 pod
	shift
	for pod in "$@"; do
		: >"$DIR/heard-$pod"
		# shellcheck disable=SC2046
		in_ns_exec "$pod" "$PROBE" hear --for 30000 "$FAMILY" eth0 "$port" $(joined) >>"$DIR/heard-$pod" 2>&1 &
		HEARING+=($!)
		disown
	done
	for pod in "$@"; do
		within 3 file_has "$DIR/heard-$pod" ready || fail "$pod does not listen: $(cat "$DIR/heard-$pod")"
	done
}
hearing_ends() {
	local pid
	for pid in "${HEARING[@]}"; do kill "$pid" 2>/dev/null; done
	HEARING=()
}
heard() { sed -n 's/^heard //p' "$DIR/heard-$1" | sort | tr '\n' ' ' | sed 's/ $//'; }
heard_nothing_yet() { local pod; for pod in web db client plain; do [ ! -e "$DIR/heard-$pod" ] || echo ready >"$DIR/heard-$pod"; done; }

# cast FROM PORT [OPTION...]: to all groups; waits until it must have arrived.
cast() {
	# shellcheck disable=SC2046
	in_ns "$1" "$PROBE" cast "${@:3}" eth0 "$(addr "$1")" "$2" $(groups) || fail "$1 cannot send to groups"
	sleep 0.4
}

# Every pod shows the gateway its port, by using it.
all_are_known() { local pod; for pod in web db client intruder plain; do quietly in_ns "$pod" "$PROBE" ping "$(addr gw)"; done; sleep 0.3; }

group_policies() {
	{
		policy web web Ingress <<-RULES
		ingress: [{from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 9999, protocol: UDP}]}]
		RULES
		policy db db Egress <<-RULES
		egress: [{to: [{ipBlock: {cidr: "$(cidr 0.0.0.0/0 ::/0)", except: ["$(cidr 10.88.0.0/24 fd00:88::/64)"]}}]}]
		RULES
	} | policies
}

# Each port gets the packets that the pods behind it admit, whatever other pods admit.
scenario_bridge_groups() {
	[ "$TOPOLOGY" = bridged ] || return 0
	group_policies
	gate_start "log_fold_s: 0" || return
	local all
	all=$(groups)
	deny intruder web udp 80; allow intruder plain udp 80; settle "before"
	all_are_known
	hearing 9999 web client plain
	cast intruder 9999
	equal "what a denied pod sends to groups does not reach the isolated one" "" "$(heard web)"
	equal "and reaches the others" "$all" "$(heard plain)"
	heard_nothing_yet
	cast client 9999
	equal "what an admitted pod sends does" "$all" "$(heard web)"
	heard_nothing_yet
	cast client 9999 --from 53
	equal "and so does the next, at once" "$all" "$(heard web)"
	heard_nothing_yet
	cast db 9999
	equal "a pod that may not reach its neighbours does not reach them by groups" "||" "$(heard web)|$(heard client)|$(heard plain)"
	hearing_ends
	local group
	for group in $all; do
		logged "a group's denial has its address and its receiver" ".verdict==\"deny\" and .group==\"$group\" and .source.pod==\"intruder\" and .destination.pod==\"web\" and (.denied|index(\"ingress\"))"
		logged "and the sender's, too" ".verdict==\"deny\" and .group==\"$group\" and .source.pod==\"db\" and (.denied|index(\"egress\"))"
	done
	# A pod that becomes isolated meanwhile gets nothing from then on.
	hearing 9999 plain web
	heard_nothing_yet
	plain_too() { { cat "$DIR/manifests/policies.yaml"; policy plain plain Ingress free </dev/null; } | policies; }
	changed plain_too
	cast intruder 9999
	equal "a pod isolated a moment ago gets nothing" "" "$(heard plain)"
	gate_end TERM
	cast client 9999
	equal "nor does anybody while podgate is away" "|" "$(heard web)|$(heard plain)"
	gate_cleanup
	heard_nothing_yet
	cast intruder 9999
	equal "without podgate everything arrives" "$all" "$(heard web)"
	hearing_ends
}

scenario_bridge_groups_allowed() {
	[ "$TOPOLOGY" = bridged ] || return 0
	group_policies
	gate_start "group_traffic: allow" || return
	deny intruder web udp 80; settle "unicast"
	hearing 9999 web
	cast intruder 9999
	equal "group_traffic: allow" "$(groups)" "$(heard web)"
	hearing_ends
}

# No pod is isolated: nothing is judged, nothing queued.
scenario_bridge_groups_free() {
	[ "$TOPOLOGY" = bridged ] || return 0
	policies </dev/null
	gate_start || return
	local before
	before=$(queued)
	hearing 9999 web
	cast intruder 9999
	equal "without isolated pods" "$(groups)" "$(heard web)"
	equal "nothing was queued" "$before" "$(queued)"
	hearing_ends
}

has_address_of() { ip -n "$(net_name "$1")" -6 -o addr show dev eth0 scope global | grep -q "$2"; }
lose_addresses_of() { local pod; for pod in web db client intruder plain; do ip -n "$(net_name "$pod")" -6 addr flush dev eth0 to "$1::/64"; done; }

# A pod is no router and no DHCP server; a machine behind a router's port may be.
scenario_bridge_router() {
	[ "$TOPOLOGY" = bridged ] || return 0
	local port=veth8 prefix=2001:db8:bad	# intruder's
	policy web web "Ingress, Egress" </dev/null | policies
	gate_start "log_fold_s: 0" || return
	deny intruder web udp 80; settle "before"
	if [ "$FAMILY" = 6 ]; then
		in_ns intruder "$PROBE" advertise eth0 $prefix::
		sleep 1.5
		check "no pod takes an address of a pod's advertisement" eval "! has_address_of web $prefix && ! has_address_of plain $prefix"
		logged "it is logged" '.verdict=="deny" and .protocol=="ICMPv6" and .destination.address=="ff02::1"'
	else
		hearing 68 web
		in_ns intruder "$PROBE" cast --from 67 eth0 "$(addr intruder)" 68 255.255.255.255
		sleep 0.3
		equal "a pod is no DHCP server" "" "$(heard web)"
	fi
	gate_end TERM
	gate_start "router_ports: $port, uplink" || return
	if [ "$FAMILY" = 6 ]; then
		in_ns intruder "$PROBE" advertise eth0 $prefix::
		check "a router's advertisement arrives" within 3 has_address_of web $prefix
		check "everywhere" within 3 has_address_of plain $prefix
	else
		in_ns intruder "$PROBE" cast --from 67 eth0 "$(addr intruder)" 68 255.255.255.255
		sleep 0.3
		equal "a DHCP server's answer arrives" 255.255.255.255 "$(heard web)"
	fi
	hearing_ends
	deny intruder web udp 80; settle "and nothing else does"
	lose_addresses_of $prefix
}

# Multicast router discovery (RFC 4286; 151 to 153) is group traffic like any other: an isolated pod
# gets the packets that its policies admit.
scenario_bridge_multicast_routers() {
	[ "$FAMILY/$TOPOLOGY" = 6/bridged ] || return 0
	local types="151 152 153" node
	policy web web "Ingress, Egress" </dev/null | policies
	gate_start "log_fold_s: 0" || return
	deny intruder web udp 80; settle "before"
	all_are_known
	for node in web plain; do
		in_ns_exec "$node" /usr/bin/python3 -c "$ICMP6_HEAR" $types >"$DIR/icmp6-$node" 2>&1 & disown
	done
	within 3 file_has "$DIR/icmp6-web" ready && within 3 file_has "$DIR/icmp6-plain" ready || fail "nobody hears ICMPv6"
	in_ns intruder /usr/bin/python3 -c "$ICMP6_CAST" "${NET_V6[intruder]}" $types
	check "a pod that is not isolated gets each" within 3 eval '[ "$(grep -c "^1" "$DIR/icmp6-plain")" = 3 ]'
	equal "an isolated pod gets none" 0 "$(grep -c "^1" "$DIR/icmp6-web")"
	logged "it is logged" '.verdict=="deny" and .protocol=="ICMPv6" and .group=="ff02::6a" and .destination.pod=="web"'
}
ICMP6_HEAR='
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, "ff02::6a") + (socket.if_nametoindex("eth0")).to_bytes(4, sys.byteorder))
s.settimeout(4)
print("ready", flush=True)
try:
    while True:
        kind = s.recv(1500)[0]
        if str(kind) in sys.argv[1:]:
            print(kind, flush=True)
except TimeoutError:
    pass
'
ICMP6_CAST='
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.bind((sys.argv[1], 0))
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
for kind in sys.argv[2:]:
    s.sendto(bytes([int(kind), 20, 0, 0, 0, 125, 0, 2]), ("ff02::6a", 0, 0, socket.if_nametoindex("eth0")))
'

# No policy covers an address of a pod that no manifest names: podgate must report it.
scenario_bridge_unnamed() {
	[ "$TOPOLOGY" = bridged ] || return 0
	local other
	other=$(cidr 10.88.0.111 fd00:88::111)
	policy web web "Ingress, Egress" <<-RULES | policies
	ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]
	RULES
	gate_start || return
	deny intruder web tcp 80; allow client web tcp 80; settle "by the address that the manifest names"
	all_are_known
	# shellcheck disable=SC2046
	ip -n "$(net_name web)" addr add "$other$(cidr /24 /64)" dev eth0 $([ "$FAMILY" = 4 ] || echo nodad)
	quietly in_ns gw "$PROBE" ping "$other"
	check "status tells of it" within 4 unnamed_told "$other"
	check "and the log" within 4 file_has "$DIR/run.err" "shop/web has the address $other, which no manifest names"
	# shellcheck disable=SC2016 # eval's
	check "and doctor" eval 'podgate doctor --config "$DIR/podgate.yaml" 2>&1 | grep -q "address $other"'
	ip -n "$(net_name web)" addr del "$other$(cidr /24 /64)" dev eth0
}
# The gateway remembers the address, and the next scenario's daemon would report it.
after_bridge_unnamed() { quietly ip -n "$(net_name gw)" neigh flush dev br0; }
unnamed_told() { [[ $(status_field '.problems[]') == *"shop/web has the address $1,"* ]]; }

# The rules about bridges come with the first bridge and go with the last, so nobody else pays for
# them.
scenario_bridge_comes() {
	[ "$TOPOLOGY" = routed ] || return 0
	policy web web Ingress </dev/null | policies
	gate_start || return
	equal "rules for bridges without one" 0 "$(tables_save | grep -c 'physdev')"
	ip -n "$(net_name gw)" link add br9 type bridge
	check "they come with a bridge" within 4 bridge_rules_are 2
	hold open client "$(addr plain)" 80
	ip -n "$(net_name gw)" link del br9
	check "and go with it" within 4 bridge_rules_are 0
	check "nobody is interrupted" uninterrupted open
	deny intruder web tcp 80; allow intruder plain tcp 80; settle "afterwards"
	equal "that is no repair" 0 "$(status_field .rules.repairs)"
}
bridge_rules_are() { [ "$(tables_save | grep -c -- '-A PREROUTING .*physdev-is-in.*PODGATE-')" = "$1" ]; }

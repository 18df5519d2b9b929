# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Services and masquerading: a flow is judged by the pods at its ends, whatever the translated
# addresses.

nat_vip() { cidr "10.96.0.1$1" "fd00:96::1$1"; }
nat_to() { if [ "$FAMILY" = 4 ]; then echo "$(addr "$1"):$2"; else echo "[$(addr "$1")]:$2"; fi; }

nat_rules() {
	tables_do -t nat -A PREROUTING -d "$(nat_vip 0)" -p tcp --dport 80 -j DNAT --to-destination "$(nat_to db 5432)"
	tables_do -t nat -A PREROUTING -d "$(nat_vip 1)" -p tcp --dport 80 -j DNAT --to-destination "$(nat_to client 80)"
	tables_do -t nat -A POSTROUTING -s "$(addr client)" -d "$(addr client)" -j MASQUERADE
	tables_do -t nat -A POSTROUTING -s "$(cidr 10.88.0.0/24 fd00:88::/64)" -o ext -j MASQUERADE
}

nat_policies() {
	{
		policy db db Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 5432}]
		RULES
		policy client client "Ingress, Egress" <<-RULES
		egress:
		- to: [{podSelector: {matchLabels: {app: db}}}]
		  ports: [{port: sql}]
		- to: [{ipBlock: {cidr: "$(cidr 203.0.113.0/24 2001:db8:113::/64)"}}]
		  ports: [{port: 80}]
		RULES
	} | policies
}

scenario_nat() {
	bridge_sees_all 1	# bridged pods answer one another past the gateway, which must translate that back
	nat_rules
	nat_policies
	gate_start || return
	allow client "$(nat_vip 0)" tcp 80
	deny intruder "$(nat_vip 0)" tcp 80
	allow client db tcp 5432
	deny client db tcp 80
	allow client ext tcp 80
	deny client ext tcp 81
	deny client lan tcp 80
	allow intruder ext tcp 80
	allow client "$(nat_vip 1)" tcp 80	# itself
	deny intruder "$(nat_vip 1)" tcp 80
	allow plain ext udp 80
	settle "by pod addresses"
	logged "the denied service flow names the pod behind it" \
		'.verdict == "deny" and .source.pod == "intruder" and .destination.pod == "db" and .destination.port == 5432'
}
after_nat() { tables_do -t nat -F; }

scenario_nat_existing() {
	bridge_sees_all 1	# bridged pods answer one another past the gateway, which must translate that back
	nat_rules
	nat_policies
	hold service client "$(nat_vip 0)" 80
	hold stranger intruder "$(nat_vip 0)" 80
	hold self client "$(nat_vip 1)" 80
	hold out client "$(addr ext)" 80
	hold wrong_port client "$(addr ext)" 81
	gate_start || return
	check "a translated connection that policy denies is cut" stalls stranger
	check "a masqueraded connection that policy denies is cut" stalls wrong_port
	check "a translated connection that policy allows goes on" flows service
	check "a connection to oneself through a service goes on" flows self
	check "a masqueraded connection that policy allows goes on" flows out
}
after_nat_existing() { tables_do -t nat -F; }

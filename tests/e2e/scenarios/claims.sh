# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The owner of an address: impossible addresses, those that several pods claim, those that the
# kernel refuses.

claims_policies() {
	policy web web Ingress <<-RULES
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
	policy db db Ingress </dev/null
}

claims_told() { file_has "$DIR/run.err" "$1"; }
odd_addresses() { [ "$(status_field .addresses.odd)" = "$1" ]; }

# A pod of another namespace with addresses that no pod can have: its own mistake, and nobody
# else's.
claims_odd_pod() {
	printf '%s\n' "apiVersion: v1" "kind: Pod" \
		"metadata: {name: odd, namespace: other, labels: {app: odd}, annotations: {podgate.io/ips: \"10.88.0.77,fe80::77,0.0.0.0,fd00:88::77,224.0.0.1\"}}" \
		"---" "apiVersion: v1" "kind: Pod" \
		"metadata: {name: gateways, namespace: other, labels: {app: odd}}" \
		"status: {phase: Running, podIPs: [{ip: 127.0.0.1}, {ip: \"::\"}, {ip: \"$1\"}]}" \
		"---" "apiVersion: networking.k8s.io/v1" "kind: NetworkPolicy" "metadata: {name: odd, namespace: other}" \
		"spec: {podSelector: {matchLabels: {app: odd}}}" | manifest odd
}

scenario_impossible_addresses() {
	local gateway

	gateway=$(in_ns gw ip -o "-$FAMILY" addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
	claims_policies | policies
	gate_start || return
	changed claims_odd_pod "$gateway"
	check "the log tells of fe80::77" within 3 claims_told "fe80::77 is a link-local address, which no pod can have: pod other/odd"
	check "and of 0.0.0.0" claims_told "0.0.0.0 is the unspecified address"
	check "and of the gateway's own address $gateway" within 3 claims_told "has the address $gateway, which is this gateway's own"
	check "status tells of it, too" within 3 odd_addresses 1
	allow client web tcp 80
	deny intruder web tcp 80
	settle "beside a pod with impossible addresses"
	# This change was never enforced once: close web to all.
	changed policies < <(policy web web Ingress </dev/null)
	deny client web tcp 80
	allow intruder db tcp 80
	settle "a change beside it"
	check "nothing is amiss" [ "$(status_field .problem)" = null ]
	check "the pod's other addresses are isolated" in_ns gw ipset -q test "podgate-pods$FAMILY" \
		"$(cidr 10.88.0.77 fd00:88::77)"

	# The gateway gets an address that a pod claims, and loses it.
	changed in_ns gw ip address add "$(cidr 10.88.0.77/32 fd00:88::77/128)" dev lo
	check "the log tells of the address that the gateway has got" within 3 claims_told "pod other/odd has the address $(cidr 10.88.0.77 fd00:88::77)"
	changed in_ns gw ip address del "$(cidr 10.88.0.77/32 fd00:88::77/128)" dev lo
	check "the pod's address is isolated again" in_ns gw ipset -q test "podgate-pods$FAMILY" "$(cidr 10.88.0.77 fd00:88::77)"

	gate_end TERM
	gate_start || return	# in that state
	check "it says so at the start" claims_told "fe80::77 is a link-local address"
	deny client web tcp 80
	settle "started in that state"
	rm "$DIR/manifests/odd.yaml"
	check "the claim is over" within 5 odd_addresses 0
}

claims_thief() {	# LABELS OF METADATA: a pod that was never scheduled, with web's addresses by annotation
	printf '%s\n' "apiVersion: v1" "kind: Pod" \
		"metadata: {name: thief, namespace: other, labels: {app: thief}, creationTimestamp: \"2026-11-30T00:00:00Z\", $1" \
		"  annotations: {podgate.io/ips: \"${NET_V4[web]},${NET_V6[web]},${NET_V4[client]},${NET_V6[client]}\"}}" \
		"status: {phase: Pending}" | manifest thief
}

claims_twin() {	# TERMINATING
	printf '%s\n' "apiVersion: v1" "kind: Pod" \
		"metadata: {name: twin, namespace: other, labels: {app: twin}, creationTimestamp: \"2026-11-30T00:00:00Z\"$1}" \
		"status: {phase: Running, podIPs: [{ip: \"${NET_V4[web]}\"}, {ip: \"${NET_V6[web]}\"}]}" | manifest twin
}

# A tenant's annotation takes no address from another pod; of two pods with one address the policies
# of both hold.
scenario_claimed_addresses() {
	claims_policies | policies
	gate_start || return
	allow client web tcp 80
	deny intruder web tcp 80
	settle "before"

	changed claims_thief "uid: 1ee36f8d-6a33-4b3c-8a6e-4f1d3c0d9a10,"
	check "the log says that it does not count" within 3 claims_told "pod other/thief gets no address of an annotation"
	allow client web tcp 80
	deny intruder web tcp 80
	settle "an annotation in an export"

	changed claims_thief ""
	check "the log says whose the address is" within 3 claims_told "the status of pod shop/web ("
	check "status, too" within 3 odd_addresses 4
	allow client web tcp 80
	deny intruder web tcp 80
	settle "an annotation in a manifest written by hand"
	changed rm "$DIR/manifests/thief.yaml"

	changed claims_twin ""
	check "the log names both pods" within 3 claims_told "pods shop/web and other/twin ("
	check "status has it" within 3 odd_addresses 2
	allow client web tcp 80
	deny intruder web tcp 80
	settle "a pod without policies has the same address"
	changed policies < <(claims_policies; policy twin twin Ingress other <<-RULES
	ingress:
	- from: [{podSelector: {matchLabels: {app: intruder}}}]
	RULES
	)
	deny client web tcp 80
	deny intruder web tcp 80
	settle "a pod with a policy of its own has the same address"
	logged "the denial names the policy that it is of" '.verdict == "deny"'
	changed claims_twin ", deletionTimestamp: \"2026-11-30T01:00:00Z\""
	allow client web tcp 80
	deny intruder web tcp 80
	settle "one that is terminating yields"
	check "and is not told of" within 3 odd_addresses 0
}

# The kernel's set can't be replaced, because somebody's rule holds the name, and has room for one
# address only. podgate isolates the addresses that fit, and enforces everybody's changes.
scenario_refused_entries() {
	local set="podgate-pods$FAMILY" type=hash:ip family=inet

	[ "$FAMILY" = 4 ] || type=hash:net family=inet6
	claims_policies | policies
	gate_start "sweep_interval_s: 1" "link_local: allow" || return
	deny client db tcp 80
	settle "before"
	in_ns gw ipset create "podgate-fill$FAMILY" $type family $family
	in_ns gw ipset create holder list:set
	in_ns gw ipset add holder "podgate-fill$FAMILY"
	in_ns gw ipset create tiny $type family $family maxelem 1
	in_ns gw ipset swap tiny "$set"
	check "the log says that the kernel has no room" within 10 claims_told "the kernel does not take 1 isolated address"
	check "status, too" within 5 grep -q "does not take 1 isolated address" <(status_field .problem)
	# web sorts first, and is in the set.
	allow client web tcp 80
	deny intruder web tcp 80
	settle "with room for one"
	changed policies < <(policy web web Ingress </dev/null; policy db db Ingress </dev/null)
	deny client web tcp 80
	settle "a change with room for one"
	gate_end TERM
	gate_launch	# status shows a problem, so its exit code is 1
	check "it starts" within 10 gate_is_up
	check "a start says it" within 5 claims_told "the kernel does not take 1 isolated address"
	deny client web tcp 80
	settle "a start with room for one"
	in_ns gw ipset destroy holder
	check "with room for all it says that it is mended" within 10 claims_told "mended: the kernel does not take 1 isolated address"
	deny client web tcp 80
	deny client db tcp 80
	settle "with room for all"
	in_ns gw ipset destroy tiny
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The daemon of a small gateway: 100 pods and 100 policies in under 12 MiB.

memory_pods() {
	local i

	for i in {1..100}; do
		cat <<-POD
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: pod-$i, namespace: many, labels: {app: app-$i, tier: t$((i % 7))}}
		spec: {containers: [{name: main, image: example/main:1, ports: [{name: http, containerPort: 80}]}]}
		status: {phase: Running, podIP: 10.99.0.$i, podIPs: [{ip: 10.99.0.$i}, {ip: "fd00:99::$i"}]}
		---
		apiVersion: networking.k8s.io/v1
		kind: NetworkPolicy
		metadata: {name: policy-$i, namespace: many}
		spec:
		  podSelector: {matchLabels: {app: app-$i}}
		  policyTypes: [Ingress, Egress]
		  ingress: [{from: [{podSelector: {matchLabels: {tier: t$((i % 5))}}}, {ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.$i/32]}}], ports: [{port: 80}, {port: 8000, endPort: 8$((100 + i))}]}]
		  egress: [{to: [{podSelector: {matchExpressions: [{key: tier, operator: In, values: [t1, t2, t$((i % 7))]}]}}]}]
		POD
	done
}

scenario_memory() {
	memory_pods | manifest many
	stop_policies
	gate_start || return
	allow client web tcp 80
	deny intruder web tcp 80
	settle
	equal "policies in force" 101 "$(status_field .policies)"
	local kib
	kib=$(status_field .rss_kib)
	echo "  (resident: $kib KiB)"
	# A sanitizer's shadow is not the daemon's memory.
	[ -n "${E2E_SANITIZED:-}" ] || check "$kib KiB resident are under 12 MiB" [ "$kib" -lt 12288 ]
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Audit mode: its denials pass and are logged; those of the enforced rest stay denials.

audit_expect() {	# TEXT: the flow passes and is logged as it should be
	allow intruder web tcp 80
	settle "$1"
	logged "$1" '.verdict == "audit-deny" and .source.pod == "intruder" and .destination.pod == "web" and .denied == ["ingress"]'
}

audit_policies() {	# ANNOTATIONS of web's policy
	{
		policy web web Ingress shop "${1:-}" <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
		policy db db Ingress </dev/null
	} | policies
}

scenario_audit_gateway() {
	audit_policies
	gate_start "audit: true" || return
	audit_expect "gateway in audit mode"
	check "status says so" [ -n "$(podgate status --socket "$DIR/control.sock" | grep -i audit)" ]
	allow client db tcp 80
	settle "every policy"
}

scenario_audit_policy() {
	audit_policies 'podgate.io/audit: "true"'
	gate_start || return
	audit_expect "policy in audit mode"
	deny client db tcp 80
	settle "the other policy is enforced"
	check "status says so" [ -n "$(podgate status --socket "$DIR/control.sock" | grep -i audit)" ]
	hold open intruder "$(addr web)" 80
	changed audit_policies
	check "enforced, it cuts what it let pass" stalls open
	deny intruder web tcp 80
	allow client web tcp 80
	settle "enforced"
}

# A tenant may be the author of an annotation.
scenario_audit_annotations_off() {
	audit_policies 'podgate.io/audit: "true"'
	gate_start "audit_annotations: off" || return
	deny intruder web tcp 80
	settle "the annotation counts for nothing"
	check "check says so" eval '[[ $(podgate check --config "$DIR/podgate.yaml" 2>&1) == *"audit_annotations: off"* ]]'
	check "status counts it" [ "$(status_field .manifests.findings)" -ge 1 ]
}

scenario_audit_namespace() {
	audit_policies
	relabel_namespace() { sed -i "s/{name: shop, labels: {team: shop}, annotations: {.*}}/{name: shop, labels: {team: shop}, annotations: {$1}}/" "$DIR/manifests/pods.yaml"; }
	relabel_namespace 'podgate.io\/audit: "true"'
	gate_start || return
	audit_expect "namespace in audit mode"
	allow client db tcp 80
	settle "all of its policies"
	changed relabel_namespace ""
	deny intruder web tcp 80
	settle "enforced"
}

scenario_audit_pod() {
	audit_policies
	reannotate_pod() { sed -i "s/{name: web, namespace: shop, labels: {app: web}, annotations: {.*}}/{name: web, namespace: shop, labels: {app: web}, annotations: {$1}}/" "$DIR/manifests/pods.yaml"; }
	reannotate_pod 'podgate.io\/audit: "true"'
	gate_start || return
	audit_expect "pod in audit mode"
	deny client db tcp 80
	settle "its neighbour is enforced"
	changed reannotate_pod ""
	deny intruder web tcp 80
	settle "enforced"
}

# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Connections that are open at a judgement: at start, and on every later change.

live_web_from() {	# the apps that reach web
	local app
	{
		policy web web Ingress <<-RULES
		ingress:
		- from:
		  - ipBlock: {cidr: 192.0.2.0/24}
		$(for app in "$@"; do echo "  - {podSelector: {matchLabels: {app: $app}}, namespaceSelector: {}}"; done)
		RULES
	} | policies
}

# Bridged flows are tracked before podgate starts only where the bridge shows them. Otherwise they
# are picked up in their middle.
scenario_existing() {
	bridge_sees_all 1
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		RULES
		policy db db Egress </dev/null
	} | policies
	hold allowed client "$(addr web)" 80
	hold denied intruder "$(addr web)" 80
	hold own web "$(addr client)" 81
	hold out db "$(addr ext)" 80
	hold answered ext "$(addr db)" 80
	hold other ext "$(addr plain)" 80
	gate_start || return
	check "an open connection that ingress denies is cut at start" stalls denied
	check "an open connection that egress denies is cut at start" stalls out
	check "an open connection that policy allows goes on" flows allowed
	check "an isolated pod's own open connection goes on" flows own
	check "a connection into a pod that may not reach out goes on" flows answered
	check "a connection that no policy is about goes on" flows other
	logged "the cut is in the log" '.verdict == "revoke" and .source.pod == "intruder" and .destination.pod == "web"'
	local name

	for name in allowed own answered other; do
		check "$name was never interrupted" uninterrupted $name
	done
}

scenario_live_policy() {
	live_web_from client intruder
	gate_start || return
	hold allowed client "$(addr web)" 80
	hold denied intruder "$(addr web)" 80
	changed live_web_from client
	check "an open connection is cut when a change denies it" stalls denied
	check "and the one still allowed goes on" flows allowed
	logged "the cut names the policy" \
		'.verdict == "revoke" and .source.pod == "intruder" and (.ingress | tostring | contains("web"))'
	allow client web tcp 80
	deny intruder web tcp 80
	settle "new connections after the change"
	changed live_web_from client intruder
	check "it goes on when the change is taken back" flows denied
	check "the allowed one was never interrupted" uninterrupted allowed
	changed rm "$DIR/manifests/policies.yaml"
	allow lan web tcp 80
	settle "after the policy was removed"
}

# Labels of pods and namespaces decide as much as policies do.
scenario_live_labels() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}, {namespaceSelector: {matchLabels: {team: other}}}]
	RULES
	gate_start || return
	hold pod client "$(addr web)" 80
	hold namespace intruder "$(addr web)" 80
	relabel() { sed -i "$1" "$DIR/manifests/pods.yaml"; }
	changed relabel 's/app: client/app: former/'
	check "a pod's connection is cut with its label" stalls pod
	check "another's is not" flows namespace
	changed relabel 's/name: other, labels: {team: other}/name: other, labels: {team: none}/'
	check "a namespace's connections are cut with its label" stalls namespace
	deny client web tcp 80
	deny intruder web tcp 80
	settle "after the labels changed"
	changed relabel 's/app: former/app: client/'
	allow client web tcp 80
	settle "with its label back"
}

# A pod is replaced by another with its address: the newcomer inherits nothing.
scenario_live_address() {
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
	gate_start || return
	hold client client "$(addr web)" 80
	teach tcp 80
	readdress() { sed -i 's/{name: client, namespace: shop, labels: {app: client}/{name: next, namespace: shop, labels: {app: next}/' "$DIR/manifests/pods.yaml"; }
	changed readdress
	check "the predecessor's connection is cut" stalls client
	deny client web tcp 80
	settle "the newcomer at the same address"
}

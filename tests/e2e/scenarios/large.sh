# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# An export of a large cluster in one List, 20 MB of it; and a file that is too large to be read.

# The other pods are on no network here; the policy is the list's last item.
large_export() {	# APP that may reach web
	printf 'apiVersion: v1\nitems:\n'
	awk 'BEGIN { for (i = 0; i < 25000; i++) printf "- apiVersion: v1\n  kind: Pod\n  metadata:\n    annotations:\n" \
		"      example.io/note: \"%0600d\"\n    labels:\n      app: filler\n    name: filler-%d\n    namespace: free\n" \
		"  status:\n    phase: Running\n    podIP: 172.%d.%d.%d\n", i, i, 16 + int(i / 65536), int(i / 256) % 256, i % 256 }'
	printf '%s\n' "- apiVersion: networking.k8s.io/v1" "  kind: NetworkPolicy" "  metadata: {name: web, namespace: shop}" \
		"  spec:" "    podSelector: {matchLabels: {app: web}}" "    ingress:" \
		"    - from: [{podSelector: {matchLabels: {app: $1}}}]" "kind: List" "metadata: {resourceVersion: \"\"}"
}

scenario_large() {
	large_export client >"$DIR/manifests/policies.yaml"
	gate_start || return
	equal "pods of the export" 25005 "$(status_field .pods)"
	allow client web tcp 80
	deny intruder web tcp 80
	settle "an export of 25 000 pods"

	large_export db >"$DIR/.export"
	changed mv "$DIR/.export" "$DIR/manifests/policies.yaml"
	deny client web tcp 80
	allow db web tcp 80
	settle "another one"

	large_export client | head -n -3 >"$DIR/.export"	# kubectl was cut off in the policy: the list has no kind either
	mv "$DIR/.export" "$DIR/manifests/policies.yaml"
	check "an export that was cut off is told" within 10 shows_error policies.yaml
	deny client web tcp 80
	allow db web tcp 80
	deny intruder web tcp 80
	settle "one that was cut off"

	truncate -s 17G "$DIR/manifests/huge.yaml"	# of holes
	check "status shows a file that is too large" within 10 large_is_problem
	check "and so does the log" file_has "$DIR/run.err" "18253611008 bytes are more than the 17179869184 that are read"
	deny intruder web tcp 80
	settle "a file that is too large"
	rm "$DIR/manifests/huge.yaml"
}
large_is_problem() {
	podgate status --socket "$DIR/control.sock" >"$DIR/status" 2>&1
	grep -q "^PROBLEM .*no version of it was ever whole" "$DIR/status"
}

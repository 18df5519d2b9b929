# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Compares podgate's answers with reality: live flows with the pods' own sockets, hits with counted
# packets, the replayed log with the files.

views_vip() { cidr 10.96.0.20 fd00:96::20; }

views_policies() {
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 80}, {port: 80, protocol: UDP}]
		RULES
		policy db db "Ingress, Egress" <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: sql}]
		egress:
		- to: [{podSelector: {}}]
		RULES
		policy stray nobody Ingress </dev/null
	} | policies
}

views() { podgate "$@" --socket "$DIR/control.sock"; }

# "ADDRESS:PORT ADDRESS:PORT", a line each: the established TCP connections of these nodes as their
# own kernels have them.
views_sockets() {
	local node
	for node in "$@"; do
		in_ns "$node" ss -Htn state established | awk '{ print $3, $4 }' | tr -d '[]' | sed 's/%[a-z0-9]*//g'
	done | sort
}

# The same from `podgate flows`: the address that the source sent to, also a service's.
views_listed() {	# OPTIONS of flows
	views flows -o json "$@" | jq -r '.flows[] | select(.protocol == "TCP" and .state == "established") |
		"\(.source.address):\(.source.port) \((.via // .destination).address):\((.via // .destination).port)"' | sort
}

views_flow() {	# FILTER: the flows that match it
	views flows -o json --limit 0 | jq -c ".flows[] | select($1)"
}

scenario_views_flows() {
	local before silent
	bridge_sees_all 1	# bridged pods answer one another past the gateway, which must translate that back
	tables_do -t nat -A PREROUTING -d "$(views_vip)" -p tcp --dport 80 -j DNAT --to-destination "$(nat_to db 5432)"
	views_policies
	quietly in_ns gw conntrack -F	# flows of other scenarios would be listed, too
	hold stranger intruder "$(addr web)" 80		# cut at start
	silent=$SECONDS
	gate_start || return
	hold direct client "$(addr web)" 80
	hold twin client "$(addr web)" 80
	hold service client "$(views_vip)" 80
	hold free intruder "$(addr plain)" 80		# nobody isolates these
	allow client web udp 80
	settle
	check "the flow that was cut at start stalls" stalls stranger

	equal "the listed flows are those that the pods have open" "$(views_sockets client)" "$(views_listed --allow --ns shop)"
	equal "with those that were cut" "$(views_sockets client intruder | grep -v " $(addr plain):")" "$(views_listed)"
	equal "and with those that no policy is about" "$(views_sockets client intruder)" "$(views_listed --all)"
	equal "a pod's own, isolated or not" "$(views_sockets intruder)" "$(views_listed --pod other/intruder)"
	equal "the cut one alone" "$(views_sockets intruder | grep " $(addr web):")" "$(views_listed --deny)"

	local direct='.source.pod == "client" and .destination.pod == "web" and .protocol == "TCP"'
	equal "two of one kind" 2 "$(views_flow "$direct" | wc -l)"
	equal "the rule that admits them" '["allow","allowed","ingress[0]","web"]' \
		"$(views_flow "$direct" | jq -c '[.verdict, .mark, .ingress.rule, .ingress.policy.name]' | sort -u)"
	equal "a service's flow names the pod behind it, and the service" "[\"db\",5432,\"$(views_vip)\",80]" \
		"$(views_flow '.via != null' | jq -c '[.destination.pod, .destination.port, .via.address, .via.port]')"
	equal "a UDP flow" '["client","web",80,true]' \
		"$(views_flow '.protocol == "UDP"' | jq -c '[.source.pod, .destination.pod, .destination.port, .replied]')"
	equal "only UDP" 1 "$(views flows -o json --protocol udp | jq '.flows | length')"
	equal "the cut one" '["deny","revoked","peer"]' "$(views_flow '.source.pod == "intruder"' | jq -c '[.verdict, .mark, .ingress.miss]')"
	check "in words" [ "$(views flows | grep -cE "other/intruder:[0-9]+ +shop/web:80 +TCP +[a-z-]+ +CUT +ingress: no rule; nearest shop/web ingress\[0\]")" = 1 ]
	equal "a limit says what it leaves out" '[1,true]' "$(views flows -o json --limit 1 --all | jq -c '[(.flows | length), .left_out >= 5]')"
	equal "what is not there is refused" "podgate: there is no pod shop/wbe; did you mean shop/web?" "$(views flows --pod shop/wbe 2>&1)"

	before=$(views flows -o json | jq .revision)
	changed rm "$DIR/manifests/policies.yaml"
	check "a listing tells of the policies in force" [ "$(views flows -o json | jq .revision)" -gt "$before" ]
	equal "without policies no flow is podgate's" 0 "$(views flows -o json | jq '.flows | length')"
	equal "all are open" '["open"]' "$(views flows -o json --all | jq -c '[.flows[] | select(.judged) | .egress.verdict, .ingress.verdict] | unique')"
	# TCP tries again after twice the time it waited last, so at most after as long as it has
	# been silent.
	check "what was cut goes on" within $((SECONDS - silent + 4)) hold_is_flowing stranger
}
after_views_flows() { tables_do -t nat -F; }

views_policy() { views policies -o json | jq -c ".policies[] | select(.name == \"$1\") | $2"; }

# Every denied packet is a hit, by worker or kernel; and policies keep their hits when they change.
scenario_views_policies() {
	local sent
	views_policies
	gate_start "log_fold_s: 2" || return
	equal "whom it selects, and how it isolates" '[["web"],["ingress"],{"ingress":1,"egress":0},"enforced"]' \
		"$(views_policy web '[.pods.names, .isolates, .rules, .mode]')"
	equal "both directions" '[["ingress","egress"],{"ingress":1,"egress":1}]' "$(views_policy db '[.isolates, .rules]')"
	equal "where it stands" "\"$DIR/manifests/policies.yaml\"" "$(views_policy web .file)"
	equal "the policy at its line" "metadata: {name: db, namespace: shop, annotations: {}}" \
		"$(sed -n "$(views_policy db .line)p" "$DIR/manifests/policies.yaml")"
	equal "nothing was denied yet" 0 "$(views_policy web .hits.denied)"
	equal "a policy that selects nobody is pointed out" "3 policies; 1 selects no pod (podgate check says more)" "$(views policies | tail -1)"
	equal "in its row" 1 "$(views policies | grep -c '^shop/stray .* NONE ')"
	equal "only those that select a pod" '["db"]' "$(views policies -o json --pod shop/db | jq -c '[.policies[].name]')"
	equal "of another namespace there is none" 0 "$(views policies -o json --ns other | jq '.policies | length')"

	count_arrivals intruder web udp 81
	in_ns intruder "$PROBE" connect --timeout 1500 --resend 10 udp "$(addr web)" 81 >/dev/null
	DENIED+=("intruder web udp 81")
	all_counted() { sent=$(arrivals) && [ "$(views_policy web .hits.denied)" = "$sent" ]; }
	within 6 all_counted
	equal "each denied packet is a hit" "$sent" "$(views_policy web .hits.denied)"
	check "and there were many: $sent" [ "$sent" -ge 50 ]
	equal "no other policy's" 0 "$(views_policy db .hits.denied)"
	check "with its time" [ "$(views_policy web .hits.last | tr -d '"' | cut -c1-13)" = "$(date -u +%Y-%m-%dT%H)" ]
	count_no_more
	allow client web tcp 80
	settle
	equal "what is allowed is no hit" "$sent" "$(views_policy web .hits.denied)"

	hold kept client "$(addr web)" 80
	changed live_web_from nobody
	check "a change cuts it" stalls kept
	equal "hits outlive a change of the policy" "$sent" "$(views_policy web .hits.denied)"
	cuts_counted() { [ "$(views_policy web .hits.cut)" = "$(log_count '.verdict == "revoke" and .destination.pod == "web"')" ]; }
	check "and tell of each flow that was cut" within 4 cuts_counted
	check "of which there was one at least" [ "$(views_policy web .hits.cut)" -ge 1 ]
}

views_numbers() { jq -c '[.time, .seq]' "$@"; }
# watch_past FILE OPTIONS...: the output of a watch from long ago, until it ends with the daemon.
watch_past() {
	local file=$1
	shift
	in_ns_exec gw "$PODGATE" watch --socket "$DIR/control.sock" -o json --since 1h "$@" >"$file" 2>/dev/null &
	WATCHES+=($!)
}

scenario_views_since() {
	WATCHES=()
	views_policies
	quietly in_ns gw conntrack -F	# flows of other scenarios would be cut at start, and logged
	gate_start "log_fold_s: 0" "log_allowed: every" || return
	for _ in 1 2 3; do
		deny intruder web tcp 80
		allow client web tcp 80
		deny client web tcp 81
		settle
	done
	# as logrotate does: the file is moved away, and the daemon told
	within 4 eval '[ "$(wc -l <"$DIR/verdicts.jsonl")" -ge 9 ]'
	mv "$DIR/verdicts.jsonl" "$DIR/verdicts.jsonl.1"
	kill -HUP "$GATE"
	within 4 test -e "$DIR/verdicts.jsonl"
	deny intruder web tcp 80
	settle
	within 4 eval '[ "$(wc -l <"$DIR/verdicts.jsonl")" -ge 1 ]'
	gate_end TERM
	gate_launch	# a second run, whose numbers start again in the same file
	within 10 gate_answers
	watch_past "$DIR/watch-early"
	deny intruder web tcp 80
	allow client web tcp 80
	settle
	watch_past "$DIR/watch-all"
	watch_past "$DIR/watch-deny" --deny
	watch_past "$DIR/watch-allow" --allow --ns shop
	watch_past "$DIR/watch-pod" --pod other/intruder
	watch_past "$DIR/watch-policy" --policy shop/db
	sleep 0.5
	deny intruder web tcp 80
	deny client web tcp 81
	deny db lan tcp 80
	settle
	sleep 0.5
	gate_end TERM
	wait "${WATCHES[@]}" 2>/dev/null

	local written=("$DIR/verdicts.jsonl.1" "$DIR/verdicts.jsonl")
	check "there was much to tell: $(cat "${written[@]}" | wc -l)" [ "$(cat "${written[@]}" | wc -l)" -ge 15 ]
	equal "a watch from long ago shows each line once" "$(views_numbers "${written[@]}")" "$(views_numbers "$DIR/watch-all")"
	equal "one that began before they were written, too" "$(views_numbers "${written[@]}")" "$(views_numbers "$DIR/watch-early")"
	equal "only denials" "$(jq -c 'select(.verdict != "allow") | [.time, .seq]' "${written[@]}")" "$(views_numbers "$DIR/watch-deny")"
	equal "only what passed, of one namespace" \
		"$(jq -c 'select(.verdict == "allow" and (.source.namespace == "shop" or .destination.namespace == "shop")) | [.time, .seq]' "${written[@]}")" \
		"$(views_numbers "$DIR/watch-allow")"
	equal "only of one pod" "$(jq -c 'select(.source.pod == "intruder" or .destination.pod == "intruder") | [.time, .seq]' "${written[@]}")" \
		"$(views_numbers "$DIR/watch-pod")"
	equal "only of one policy" "$(jq -c 'select(.egress.policy.name == "db" or ([.egress.isolated_by[], .ingress.isolated_by[]] | any(.name == "db"))) | [.time, .seq]' "${written[@]}")" \
		"$(views_numbers "$DIR/watch-policy")"
	check "of which there is one" [ "$(wc -l <"$DIR/watch-policy")" = 1 ]
	rm -f "$DIR/verdicts.jsonl.1"
}

# A table of 100 000 flows is listed again and again, whole; connections are judged all the while.
scenario_views_many() {
	local lister judged=0 before rss line many=100000

	[ -z "${E2E_SANITIZED:-}" ] || many=10000	# a listing of as many lines takes a minute then
	{
		policy db db Ingress <<-RULES
		ingress:
		- from: [{ipBlock: {cidr: 10.0.0.0/8}}, {podSelector: {matchLabels: {app: client}}}]
		RULES
	} | policies
	gate_start "learn: false" "sweep_interval_s: 0" || return
	hold steady client "$(addr db)" 5432
	in_ns gw "$(dirname "$PROBE")/podgate-fill-flows" "$many" "${NET_V4[db]}" 5432 || fail "the flow table could not be filled"
	rss=$(status_field .rss_kib)
	before=$(queued)
	for _ in 1 2 3; do views flows --limit 0; done >"$DIR/listed" 2>&1 &
	lister=$!
	while kill -0 "$lister" 2>/dev/null; do
		allow client db tcp 5432
		settle "while the table is listed"
		judged=$((judged + 1))
	done
	wait "$lister"
	equal "each listing came to its end" 3 "$(grep -c "in the kernel's table$" "$DIR/listed")"
	line=$(grep -m1 "in the kernel's table$" "$DIR/listed")
	check "and told of all: $line" [ "${line%% *}" -gt "$many" ]
	equal "with a line each" "$(awk "/in the kernel's table\$/ { sum += \$1 } END { print sum }" "$DIR/listed")" "$(grep -vcE "^from |in the kernel's table$" "$DIR/listed")"
	check "of those that were made" [ "$(grep -c ' shop/db:5432 ' "$DIR/listed")" -ge $((3 * (many + 1))) ]
	check "$judged connections were judged meanwhile" [ "$judged" -ge 10 ]
	check "each by a worker" [ $(($(queued) - before)) -ge "$judged" ]
	check "no packet was dropped" [ "$(status_field '[.queues[] | .kernel_dropped + .user_dropped] | add')" = 0 ]
	check "a connection that is open was never interrupted" uninterrupted steady
	[ -n "${E2E_SANITIZED:-}" ] || check "and the daemon grew by $(($(status_field .rss_kib) - rss)) KiB" [ $(($(status_field .rss_kib) - rss)) -le 4096 ]
	# A client that asks and does not read delays nobody.
	in_ns gw "$PODGATE" flows --limit 0 --socket "$DIR/control.sock" -o json | { sleep 2; cat >/dev/null; } &
	lister=$!
	changed policies <<<"# podgate: empty"
	equal "a change waits for no reader" 0 "$(status_field .policies)"
	kill "$lister" 2>/dev/null
	wait "$lister" 2>/dev/null
}
after_views_many() { quietly in_ns gw conntrack -F; }

# status shows the times of a change; and doctor asks the daemon, too.
scenario_views_status() {
	views_policies
	gate_start || return
	changed live_web_from client
	check "a change: from its first sign on disk, through new flows, to live ones" \
		[ "$(status_field '.publish | .read_ms > 0 and .judged_ms > 0 and .judged_ms <= .total_ms and .worst.total_ms == .total_ms')" = true ]
	check "in words" [ "$(views status | grep -cE 'seen on disk, read [0-9.]+ ms later|new flows judged by it after [0-9.]+ ms, live flows cut after [0-9.]+ ms')" = 2 ]
	check "memory, now and at most" [ "$(status_field '.rss_kib > 1000 and .memory.peak_kib >= .rss_kib and .memory.snapshot_kib > 0')" = true ]
	podgate doctor --config "$DIR/podgate.yaml" -o json >"$DIR/doctor.json"
	finding() { jq -r ".checks[] | select(.check == \"$1\") | .state" "$DIR/doctor.json"; }
	equal "doctor asks the daemon" "ok ok ok ok" "$(finding daemon) $(finding daemon-rules) $(finding daemon-queues) $(finding daemon-log)"
	equal "and knows its queues and sets" "ok ok ok" "$(finding queues) $(finding sets) $(finding other-backend)"
	equal "each finding says why it matters" 0 "$(jq '[.checks[] | select(.why == "")] | length' "$DIR/doctor.json")"
	tables_do -t mangle -F PODGATE
	within 6 eval '[ "$(status_field .rules.repairs)" -ge 1 ]'
	podgate doctor --config "$DIR/podgate.yaml" -o json >"$DIR/doctor.json"
	equal "somebody's hands on the rules are a finding" "warning" "$(finding daemon-rules)"
	podgate doctor --config "$DIR/podgate.yaml" >/dev/null
	equal "and findings make the exit code 1" 1 $?
}

# ipv6: off: IPv6 passes, and podgate says so.
scenario_ipv6_off() {
	local verdict=deny code

	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
	gate_start "ipv6: off" || return
	[ "$FAMILY" = 4 ] || verdict=allow
	"$verdict" intruder web tcp 80
	allow client web tcp 80
	settle
	podgate explain --socket "$DIR/control.sock" "$(addr intruder)" "$(cidr "$(addr web)" "[$(addr web)]"):80" >"$DIR/explained"
	code=$?
	equal "explain's exit code" "$([ $verdict = deny ] && echo 1 || echo 0)" $code
	check "explain says what happens: $(head -1 "$DIR/explained")" grep -q "^$verdict " "$DIR/explained"
	equal "and why" "$([ $verdict = deny ] && echo 0 || echo 1)" "$(grep -c 'setting ipv6 is off' "$DIR/explained")"
	equal "only IPv4 addresses are told to be isolated" 1 "$(status_field .isolated)"
}

# A node_name that no pod has: nothing is enforced, and podgate reports it with the existing names.
scenario_node_name() {
	sed -i 's/^spec:$/spec:\n  nodeName: gw-1/' "$DIR/manifests/pods.yaml"
	views_policies
	gate_start "node_name: gw1" || return
	allow intruder web tcp 80
	settle "with a misspelt node_name"
	check "the log says so" file_has "$DIR/run.err" "no pod has the spec.nodeName that node_name says, gw1; there are: gw-1"
	check "status says so" grep -q "^PROBLEM .*there are: gw-1" <(views status)
	equal "status, for programs" true "$(status_field .idle)"
	check "doctor says so" grep -q "^failed .*there are: gw-1" <(podgate doctor --config "$DIR/podgate.yaml")
	gate_end TERM
	gate_start "node_name: gw-1" || return
	deny intruder web tcp 80
	settle "with the right one"
	equal "then all is well" "false 0" "$(status_field '"\(.idle) \(.problems | length)"')"
}

# A gate that protects nobody reports it, until it does; commands with other settings warn.
scenario_idle() {
	local settings=$DIR/other.yaml asked

	rm -f "$DIR/manifests/policies.yaml"
	gate_start || return
	check "the log says that nothing is enforced" file_has "$DIR/run.err" "podgate: warning: enforcing nothing: no NetworkPolicy in $DIR/manifests"
	asked=$(views status)
	equal "status: exit code" 1 $?
	equal "status: its first words" "ENFORCING NOTHING" "${asked:0:17}"
	check "status names the folder" grep -q "^PROBLEM *enforcing nothing: no NetworkPolicy in $DIR/manifests" <<<"$asked"
	equal "status, for programs" true "$(status_field .idle)"
	check "doctor calls it a failure" grep -q '^failed *daemon-idle' <(podgate doctor --config "$DIR/podgate.yaml")
	allow intruder web tcp 80
	settle "without policies"

	changed views_policies
	asked=$(views status)
	equal "status, with a policy: exit code ($asked)" 0 $?
	equal "status, for programs, with a policy" "false 0" "$(status_field '"\(.idle) \(.problems | length)"')"
	deny intruder web tcp 80
	settle "with a policy"
	check "the log says that it is over" file_has "$DIR/run.err" "podgate: over: enforcing nothing"

	# As in an installation whose daemon reads another folder than its commands.
	mkdir "$DIR/elsewhere"
	cp "$DIR"/manifests/* "$DIR/elsewhere/"
	sed "s|$DIR/manifests|$DIR/elsewhere|" "$DIR/podgate.yaml" >"$settings"
	for asked in "check" "matrix" "explain shop/client shop/web:80"; do
		# shellcheck disable=SC2086 # words
		podgate $asked --config "$settings" >"$DIR/asked" 2>&1
		check "podgate ${asked%% *} says that the daemon reads another folder" \
			file_has "$DIR/asked" "warning: the running podgate enforces the manifests in $DIR/manifests, and the settings name $DIR/elsewhere"
		# shellcheck disable=SC2086
		podgate $asked --config "$DIR/podgate.yaml" >"$DIR/asked" 2>&1
		check "podgate ${asked%% *} with the daemon's settings does not" [ "$(grep -c "warning: the running" "$DIR/asked")" = 0 ]
	done
	check "doctor says it, too" grep -q "^warning *daemon-source *the running podgate enforces" <(podgate doctor --config "$settings")
}

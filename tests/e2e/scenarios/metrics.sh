# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Metrics for Prometheus, /healthz, /readyz: they are true and well formed, and no client can do
# harm.

SCRAPE=$HERE/../tools/scrape.py
if [ "$FAMILY" = 4 ]; then METRICS=127.0.0.1:9477; else METRICS='[::1]:9477'; fi

# page PATH [CURL-OPTIONS]: leaves its text in $DIR/page; prints the status, 000 when there is none.
page() {
	local path=$1
	shift
	in_ns gw curl -sS --max-time 12 -o "$DIR/page" -w '%{http_code}' "$@" "http://$METRICS$path" 2>>"$DIR/curl.err"
}
page_is() { [ "$(page "$1")" = "$2" ] && [[ $(cat "$DIR/page") == *"$3"* ]]; }	# PATH CODE TEXT
# Figures may be a tenth of a second old: not these.
scrape() { sleep 0.12 && [ "$(page /metrics)" = 200 ] && mv "$DIR/page" "$DIR/scrape"; }
# metric SAMPLE: as written there. metric_sum NAME [LABEL="VALUE"]: over all with this label.
metric() { scrape && awk -v sample="$1 " 'index($0, sample) == 1 { print $NF }' "$DIR/scrape"; }
metric_sum() { scrape && awk -v name="$1" -v label="${2:-}" '$1 ~ "^" name "([{]|$)" && index($1, label) { sum += $NF } END { print sum + 0 }' "$DIR/scrape"; }
hits() { metric "podgate_policy_hits_total{policy=\"$1\",direction=\"$2\",verdict=\"$3\"}"; }

DEPLOY=$HERE/../../deploy
# holds ARGUMENTS: true if scrape.py finds no fault.
holds() {
	local found
	found=$("$SCRAPE" "$@") || fail "scrape.py: $found"
	check "scrape.py says nothing" [ -z "$found" ]
}

metrics_policies() {
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: client}}}]
		  ports: [{port: 80}]
		RULES
		policy db-out db Egress </dev/null
	} | policies
}

scenario_metrics() {
	quietly in_ns gw conntrack -F	# flows of other scenarios would be cut, too, by other policies
	metrics_policies
	gate_start "metrics_listen: \"$METRICS\"" || return
	check "the server answers" within 5 scrape
	cp "$DIR/scrape" "$DIR/first"
	holds check "$DIR/first" + page "${PODGATE%/*}/docs/podgate-metrics.7" "$DIR/first" \
		+ used "$DEPLOY/grafana-dashboard.json" "$DIR/first" + used "$DEPLOY/prometheus-alerts.yaml" "$DIR/first"
	if command -v promtool >/dev/null; then
		check "promtool: $(promtool check metrics <"$DIR/first" 2>&1)" quietly promtool check metrics <"$DIR/first"
		"$SCRAPE" rules "$DEPLOY/grafana-dashboard.json" >"$DIR/rules.json"
		check "promtool parses the dashboard's queries" quietly promtool check rules "$DIR/rules.json"
		check "promtool parses the alerts" quietly promtool check rules "$DEPLOY/prometheus-alerts.yaml"
	fi
	local sent before told

	equal "content type" "text/plain; version=0.0.4; charset=utf-8" \
		"$(in_ns gw curl -sS -o "$DIR/page" -w '%{content_type}' "http://$METRICS/metrics")"
	equal "HEAD" 200 "$(page /metrics -I)"
	equal "POST" 405 "$(page /metrics -X POST)"
	equal "another page" 404 "$(page /metrics/more)"
	check "alive" page_is /healthz 200 ok
	check "ready" page_is /readyz 200 ok

	# The packets sent, counted without podgate, equal the policies' hits, however few reached
	# userspace.
	count_arrivals intruder web udp 80
	in_ns intruder "$PROBE" connect --timeout 1500 --resend 5 udp "$(addr web)" 80 >/dev/null
	equal "it was denied" 1 $?
	DENIED+=("intruder web udp 80")
	adds_up() {
		sent=$(arrivals)
		told=$(hits shop/web ingress deny)
		[ "$sent" = "$told" ]
	}
	within 6 adds_up
	equal "hits of the policy are what was sent" "$sent" "$told"
	check "and it was much: $sent" [ "${sent:-0}" -ge 100 ]
	equal "in userspace and in the kernel together" "$sent" $(($(metric_sum podgate_packets_total verdict=\"deny) + \
		$(metric 'podgate_class_answered_packets_total{verdict="deny"}')))
	check "the kernel answered most" [ "$(metric 'podgate_class_answered_packets_total{verdict="deny"}')" -gt 50 ]
	count_no_more

	before=$(metric_sum podgate_packets_total verdict=\"allow)
	allow client web tcp 80
	settle
	equal "an allowed connection is one packet" $((before + 1)) "$(metric_sum podgate_packets_total verdict=\"allow)"
	equal "all packets that were queued" "$(queued)" "$(metric_sum podgate_packets_total)"
	equal "as status has them" "$(status_field '[.queues[].packets] | add')" "$(metric_sum podgate_packets_total)"
	deny db lan tcp 80
	settle
	check "an egress denial hits its policy" [ "$(hits shop/db-out egress deny)" -ge 1 ]
	equal "and not in ingress" "" "$(hits shop/db-out ingress deny)"

	hold cut client "$(addr web)" 80
	changed metrics_narrow
	check "a connection is cut" stalls cut
	# The connection made and ended before is still in the flow table: it is cut, too.
	within 3 eval '[ "$(hits shop/web ingress revoke)" = "$(status_field .sweep.revoked_total)" ]'
	equal "cut flows are counted" "$(status_field .sweep.revoked_total)" "$(metric podgate_flows_revoked_total)"
	equal "and hit their policy" "$(metric podgate_flows_revoked_total)" "$(hits shop/web ingress revoke)"
	check "there was one" [ "$(metric podgate_flows_revoked_total)" -ge 1 ]
	equal "a change was timed" 1 "$(metric podgate_time_to_enforce_seconds_count)"
	equal "and so was its publishing" 1 "$(metric podgate_time_to_publish_seconds_count)"
	equal "it took some milliseconds" 1 "$(awk '/^podgate_time_to_enforce_seconds_sum/ { print ($2 > 0.0001 && $2 < 5) }' "$DIR/scrape")"
	equal "the revision is that of status" "$(status_field .revision)" "$(metric podgate_revision)"
	equal "pods" "$(status_field .pods)" "$(metric podgate_pods)"
	equal "policies" "$(status_field .policies)" "$(metric podgate_policies)"
	equal "isolated addresses" "$(status_field .isolated)" "$(metric podgate_isolated_addresses)"
	equal "addresses in the sets" "$(status_field ".rules.sets.ipv$FAMILY")" "$(metric "podgate_set_addresses{family=\"ipv$FAMILY\"}")"
	equal "the back end" 1 "$(metric_sum podgate_rules_info "backend=\"$BACKEND")"
	equal "enforcing" 1 "$(metric 'podgate_mode{mode="enforcing"}')"
	check "memory is the kernel's figure" between $(($(awk '/^VmRSS/ { print $2 }' "/proc/$GATE/status") * 900)) \
		"$(metric process_resident_memory_bytes)" $(($(awk '/^VmRSS/ { print $2 }' "/proc/$GATE/status") * 1150))
	check "and so are the descriptors" between $(($(find "/proc/$GATE/fd" -type l | wc -l) - 3)) \
		"$(metric process_open_fds)" $(($(find "/proc/$GATE/fd" -type l | wc -l) + 3))

	changed rm "$DIR/manifests/policies.yaml"
	scrape
	equal "the series of deleted policies are gone" "" "$(grep '^podgate_policy_hits_total{policy="shop' "$DIR/scrape")"
	holds check "$DIR/scrape" + grown "$DIR/first" "$DIR/scrape"
}
metrics_narrow() {
	{
		policy web web Ingress <<-RULES
		ingress:
		- from: [{podSelector: {matchLabels: {app: nobody}}}]
		RULES
		policy db-out db Egress </dev/null
	} | policies
}

# Without the setting there is neither port nor thread nor library.
scenario_metrics_off() {
	metrics_policies
	gate_start || return
	equal "nobody listens" 000 "$(page /metrics)"
	check "no thread" [ "$(grep -l podgate-http "/proc/$GATE"/task/*/comm 2>/dev/null | wc -l)" = 0 ]
	check "no library" [ "$(grep -c microhttpd "/proc/$GATE/maps")" = 0 ]
}

# podgate where libmicrohttpd is not installed: an empty file lies over it, in a mount namespace of
# its own.
without_library() {
	in_ns gw unshare -m sh -c 'for file in $("$(command -v ldconfig || echo /sbin/ldconfig)" -p | sed -n "s/.*libmicrohttpd.so.12.* => //p"); do
		mount --bind /dev/null "$(readlink -f "$file")" || exit 9; done; exec "$@"' sh "$PODGATE" "$@"
}

# podgate reports an address that it can't bind before it changes anything, with a remedy.
scenario_metrics_refused() {
	local holder
	metrics_policies
	gate_config "metrics_listen: \"$METRICS\""
	check "the configuration is a good one" quietly podgate run -n --config "$DIR/podgate.yaml"
	in_ns_exec gw "$PROBE" serve tcp/9477 >"$DIR/holder" 2>&1 &
	holder=$!
	within 5 grep -q ready "$DIR/holder" || fail "nobody holds the port"
	check "run -n refuses a port that is taken" eval '! podgate run -n --config "$DIR/podgate.yaml" 2>"$DIR/check.err"'
	check "and says so: $(tail -1 "$DIR/check.err")" grep -q 'error: metrics_listen: another program listens .* set another port' "$DIR/check.err"
	gate_launch
	check "but not without the library" eval '! without_library run -n --config "$DIR/podgate.yaml" 2>"$DIR/check.err"'
	check "which is named: $(tail -1 "$DIR/check.err")" grep -q 'metrics_listen needs libmicrohttpd.so.12 .*install it' "$DIR/check.err"
	check "it does not start on a port that is taken" within 10 gate_ended
	gate_end TERM
	check "and says so" grep -q 'error: metrics_listen: another program listens .* set another port' "$DIR/run.err"
	check "no rules were made" eval '! tables_save | grep -q PODGATE'
	kill "$holder"
	wait "$holder" 2>/dev/null
	gate_start "metrics_listen: \"$METRICS\"" || return
	check "it starts when the port is free" within 5 page_is /readyz 200 ok
	# A restart gets its own port, whatever was connected at its end.
	gate_end KILL
	gate_start "metrics_listen: \"$METRICS\"" || return
	check "and after it was killed" within 5 page_is /readyz 200 ok
}

# /readyz alone shows why manifests are not in force.
scenario_metrics_ready() {
	broken_good | policies
	printf 'kind: NetworkPolicy\nspec: {podSelectr: {}}\n' >"$DIR/manifests/new.yaml"
	gate_start "metrics_listen: \"$METRICS\"" || return
	check "a file that was never whole is in the way" within 5 page_is /readyz 503 "1 manifest file is broken"
	equal "and podgate_ready says so" 0 "$(metric podgate_ready)"
	check "it is alive all the same" page_is /healthz 200 ok
	rm "$DIR/manifests/new.yaml"
	check "ready without it" within 5 page_is /readyz 200 ok
	equal "and podgate_ready says so" 1 "$(metric podgate_ready)"
	broken_good | sed 's/podSelector: {matchLabels: {app: client}}/podSelectr: {}/' | policies
	check "status shows a mistake" within 5 shows_error policies.yaml ".*podSelectr"
	check "a file that was whole once is not in the way" page_is /readyz 200 ok
	equal "but counted" 1 "$(metric podgate_manifest_files_broken)"
	broken_good | policies
	check "status forgets it" within 5 shows_none

	# Our chain is flushed, and a rule that uses our mark keeps it from being put back.
	tables_do -t mangle -I OUTPUT -j MARK --set-mark 0
	tables_do -t mangle -R OUTPUT 1 -j CONNMARK --set-mark 0x20000000
	tables_do -t mangle -F PODGATE
	check "rules that can't be put back are in the way" within 8 page_is /readyz 503 "mark"
	equal "and podgate_rules_intact says so" 0 "$(metric podgate_rules_intact)"
	tables_do -t mangle -D OUTPUT 1
	check "ready when they are back" within 8 page_is /readyz 200 ok
	equal "intact" 1 "$(metric podgate_rules_intact)"
	check "a repair was counted" [ "$(metric podgate_rules_repairs_total)" -ge 1 ]
}
after_metrics_ready() { quietly tables_do -t mangle -D OUTPUT -j CONNMARK --set-mark 0x20000000 || true; }

declare -A FROZEN=()
freeze() {	# THREAD: stops one thread of the daemon
	: >"$DIR/freeze-$1"
	in_ns_exec gw "$PROBE" freeze "$GATE" "$1" >"$DIR/freeze-$1" 2>&1 &
	FROZEN[$1]=$!
	within 3 grep -q frozen "$DIR/freeze-$1" || fail "freeze $1: $(cat "$DIR/freeze-$1")"
}
thaw() {
	kill "${FROZEN[$1]}"
	wait "${FROZEN[$1]}" 2>/dev/null
	unset "FROZEN[$1]"
}

# Each thread is stopped in turn and named; work that does not need it goes on.
scenario_metrics_alive() {
	local base thread

	metrics_policies
	gate_start "metrics_listen: \"$METRICS\"" || return
	check "alive" within 5 page_is /healthz 200 ok
	base=$(status_field '.queues[0].queue')
	for thread in podgate-log podgate-learn podgate; do freeze "$thread"; done
	allow client web tcp 80
	deny intruder web tcp 80
	allow client web tcp 80
	settle "with no thread but the workers"
	equal "no metrics without the main loop" 503 "$(page /metrics)"
	check "which says why" page_is /metrics 503 "main loop does not answer"
	check "not ready" page_is /readyz 503 "main loop does not answer"
	check "not yet dead" page_is /healthz 200 ok
	for thread in 0 1 2; do freeze "podgate-q$((base + thread))"; done
	in_ns_exec client "$PROBE" connect --timeout 14000 --resend 200 udp "$(addr web)" 81 >/dev/null 2>&1 &
	local client=$!

	check "a stuck worker is named" within 20 page_is /healthz 503 "the worker of queue"
	for thread in 0 1 2; do [ -z "${FROZEN[podgate-q$((base + thread))]:-}" ] || thaw "podgate-q$((base + thread))"; done
	wait "$client"
	check "then the learner" within 20 page_is /healthz 503 "learner"
	thaw podgate-learn
	check "then the log" within 20 page_is /healthz 503 "verdict log"
	thaw podgate-log
	check "then the main loop" within 20 page_is /healthz 503 "main loop"
	check "no metrics all that time" page_is /metrics 503 "main loop"
	thaw podgate
	check "and all is well" within 5 page_is /healthz 200 ok
	check "ready" page_is /readyz 200 ok
	check "with metrics" scrape
	allow client web tcp 80
	deny intruder web tcp 80
	settle "after all"
	DENIED+=("client web udp 81")
}

# CPU time of the thread that serves, in hundredths of a second.
http_ticks() { cat "/proc/$GATE"/task/*/stat | awk '/\(podgate-http\)/ { print $14 + $15 }'; }

# All kinds of bad clients at once, from the network and from the gateway itself.
scenario_metrics_hostile() {
	local pesterers=() stormers=() ticks seconds=6 where

	metrics_policies
	if [ "$FAMILY" = 4 ]; then where=0.0.0.0; else where='[::]'; fi
	gate_start "metrics_listen: \"$where:9477\"" || return
	check "the server answers" within 5 scrape
	rm -f "$DIR/storm-over"
	storm client 4000 & stormers+=($!)
	storm intruder 100 & stormers+=($!)
	ticks=$(http_ticks)
	in_ns_exec lan "$HERE/../tools/pester.py" "$(addr gw)" 9477 $seconds >"$DIR/pester-lan" 2>&1 & pesterers+=($!)
	in_ns_exec plain "$HERE/../tools/pester.py" "$(addr gw)" 9477 $seconds >"$DIR/pester-plain" 2>&1 & pesterers+=($!)
	sleep 1
	check "the main loop answers meanwhile" gate_answers
	changed metrics_narrow
	changed metrics_policies
	wait "${pesterers[@]}"
	ticks=$(($(http_ticks) - ticks))
	touch "$DIR/storm-over"
	wait "${stormers[@]}"
	check "there were many: $(cat "$DIR/pester-lan")" [ "$(awk '{ for (i = 2; i <= NF; i += 2) n += $i; print n }' "$DIR/pester-lan")" -gt 100 ]
	echo "  ($ticks/100 s of CPU in $seconds s; $(cat "$DIR/pester-lan"); $(wc -l <"$DIR/storm-client") connections meanwhile)"
	check "they cost $ticks/100 s of CPU in $seconds s" [ "$ticks" -lt $((seconds * 60)) ]
	check "the daemon is as before" within 8 scrape
	check "ready" within 8 page_is /readyz 200 ok
	check "some connections were made meanwhile: $(wc -l <"$DIR/storm-client")" [ "$(grep -c '^0$' "$DIR/storm-client")" -ge 5 ]
	equal "denied ones that passed" 0 "$(grep -c '^0$' "$DIR/storm-intruder")"
	check "the descriptors are given back" within 8 eval '[ "$(metric process_open_fds)" -lt 60 ]'
	DENIED+=("intruder web tcp 80")
}

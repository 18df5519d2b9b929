# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A mistake in a manifest never opens a closed gate, and podgate reports it.

broken_good() {
	policy web web Ingress <<-RULES
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
	policy db db Ingress </dev/null
}

# In status, and with its place in the daemon's own log.
shows_error() { [ "$(status_field .manifests.errors)" -gt 0 ] && grep -qE "$1:[0-9]+:[0-9]+: ${2:-}" "$DIR/run.err"; }
shows_none() { [ "$(status_field .manifests.errors)" = 0 ]; }

scenario_broken() {
	broken_good | policies
	gate_start || return
	printf 'kind: NetworkPolicy\nspec:\n  egress:\n  - to\n    - ipBlock:\n        cidr: 0.0.0.0/0\n' | policies
	check "status shows a file that does not parse" within 5 shows_error policies.yaml
	allow client web tcp 80
	deny intruder web tcp 80
	deny client db tcp 80
	settle "a file that does not parse"

	broken_good | sed 's/podSelector: {matchLabels: {app: client}}/podSelectr: {matchLabels: {app: client}}/' | policies
	check "status shows a misspelt field" within 5 shows_error policies.yaml ".*podSelectr"
	allow client web tcp 80
	deny intruder web tcp 80
	deny client db tcp 80
	settle "one broken object of two"

	broken_good | policies
	check "status forgets a mistake that is mended" within 5 shows_none
	allow client web tcp 80
	deny intruder web tcp 80
	settle "mended"
}

# Policies that never were sound: their readable parts isolate and admit.
broken_first_policies() {
	policy web web Ingress <<-RULES
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}, {podSelector: {matchLabel: {app: intruder}}}]
	- form: [{namespaceSelector: {}}]
	RULES
	policy db db Ingres </dev/null
}
scenario_broken_first() {
	broken_first_policies | policies
	gate_start || return
	allow client web tcp 80		# a rule that can be read
	deny intruder web tcp 80	# two that can't
	allow web client tcp 80		# of web the type can be read
	deny client db tcp 80		# of db it can't: both
	deny db client tcp 80
	allow intruder client tcp 80
	settle "policies that never were sound"
	equal "objects in force in part" 2 "$(status_field .manifests.partial_objects)"
	podgate status --socket "$DIR/control.sock" >"$DIR/status" 2>&1
	check "status names the problem" grep -q "^PROBLEM .*2 objects with errors" "$DIR/status"
	check "so does the log" file_has "$DIR/run.err" "policy shop/web has errors: it isolates the pods that its selector matches"
	podgate explain --socket "$DIR/control.sock" shop/client shop/db:80 >"$DIR/explain" 2>&1
	check "explain tells of errors" grep -q "isolated  by shop/db \[has errors\]" "$DIR/explain"
	podgate policies --socket "$DIR/control.sock" >"$DIR/listing" 2>&1
	check "policies does" grep -q "shop/web \[has errors\]" "$DIR/listing"

	# Without a readable selector: the namespace.
	{ broken_first_policies; policy all any Ingress </dev/null; } |
		sed '/name: all/,$s/podSelector:.*/podSelector: [any]/' >"$DIR/.closed"
	changed policies <"$DIR/.closed"
	deny web client tcp 80
	deny intruder client tcp 80
	allow client intruder tcp 80
	settle "a selector that can't be read"
	changed default_policies_gone
	allow intruder web tcp 80
	settle "removed"
}
default_policies_gone() { rm "$DIR/manifests/policies.yaml"; }

# A pod with an unreadable label: any policy may select it.
broken_pods() { default_pods && sed -i "s/app: $1}/app: $1, role: [a]}/" "$DIR/manifests/pods.yaml"; }
scenario_broken_pod() {
	broken_pods web
	policy web web Ingress <<-RULES | policies
	ingress:
	- from: [{podSelector: {matchLabels: {app: client}}}]
	RULES
	gate_start || return
	allow client web tcp 80		# by a label that can be read
	deny intruder web tcp 80
	deny web client tcp 80
	settle "a pod that can't be read"
	check "the log tells" file_has "$DIR/run.err" "pod shop/web has errors: those of its labels, addresses and ports count that can be read, and it is isolated"
	changed default_pods
	allow web client tcp 80
	deny intruder web tcp 80
	settle "mended"
	broken_pods web
	check "broken again, it stays as it was" within 5 shows_error pods.yaml
	allow web client tcp 80
	deny intruder web tcp 80
	settle "broken again"
}

scenario_broken_open() {
	broken_first_policies | policies
	gate_start "broken_objects: open" || return
	allow intruder web tcp 80
	allow client db tcp 80
	settle "broken_objects: open"
	check "an error it is" [ "$(status_field .manifests.errors)" -gt 0 ]
}

# Unreadable manifests at a restart: closed, as while it ran.
broken_now() { broken_good | sed 's/podSelector: {matchLabels: {app: client}}/podSelectr: {matchLabels: {app: client}}/' | policies; }
broken_listed() { echo '{"apiVersion": "v1", "kind": "List", "items": []}' >"$DIR/manifests/policies.yaml"; }
broken_syntax() { printf 'kind: NetworkPolicy\nspec:\n  egress:\n  - to\n    - ipBlock:\n        cidr: 0.0.0.0/0\n' | policies; }
broken_closed() {	# TEXT
	deny intruder web tcp 80
	deny client db tcp 80
	allow client web tcp 80
	settle "$1"
}
recalled() { [ "$(status_field .manifests.recalled_objects)" = "$1" ]; }

scenario_broken_restart() {
	local how signal=TERM

	for how in broken_now broken_syntax broken_listed; do
		broken_good | policies
		gate_start || return
		broken_closed "sound"
		check "the objects of both files are written down" within 5 state_has 2
		case $how in
		broken_now)	# while it runs
			$how
			within 3 shows_error policies.yaml ||:
			gate_end $signal
			;;
		*)	# while it is away
			gate_end $signal
			$how
			;;
		esac
		gate_start || return
		broken_closed "$how, and a restart after SIG$signal"
		check "$how: the log tells of the state" file_has "$DIR/run.err" "that it held when it was sound, last on 20"
		case $how in broken_now) recalled 1 ;; *) recalled 2 ;; esac || fail "$how: $(status_field .manifests) recalled"
		podgate status --socket "$DIR/control.sock" >"$DIR/status" 2>&1
		check "$how: status tells" grep -q "^state  *[12] objects* .* in force as" "$DIR/status"
		broken_good | policies
		check "$how: mended" within 5 shows_none
		gate_end TERM
		signal=KILL
	done

	# A file removed while it was away is removed, as while it runs.
	rm "$DIR/manifests/policies.yaml"
	gate_start || return
	allow intruder web tcp 80
	settle "a file that was removed"
	check "so is its record" within 5 state_has 1
	equal "nobody else may look" "drwx------" "$(stat -c %A "$DIR/state")"
	equal "nor into its files" "-rw-------" "$(stat -c %A "$DIR"/state/manifests.* | sort -u)"
}

scenario_broken_takeover() {
	local next

	broken_good | policies
	gate_start || return
	broken_closed "sound"
	hold web client "$(addr web)" 80
	check "the objects are written down" within 5 state_has 2
	broken_now
	within 3 shows_error policies.yaml ||:
	in_ns_exec gw "$PODGATE" run --take-over --config "$DIR/podgate.yaml" >"$DIR/next.out" 2>"$DIR/next.err" &
	next=$!
	check "the successor is ready" within 10 file_has "$DIR/next.err" "podgate: ready: "
	wait "$GATE" 2>/dev/null
	GATE=$next
	broken_closed "taken over beside a broken policy"
	check "the open connection noticed nothing" uninterrupted web
	check "the log tells of the state" file_has "$DIR/next.err" "1 object that it held when it was sound, last on 20"
}

# A damaged record, an unusable folder.
scenario_broken_state() {
	local record

	broken_good | policies
	gate_start || return
	check "the objects are written down" within 5 state_has 2
	gate_end TERM
	record=$(grep -l 'NetworkPolicy' "$DIR"/state/manifests.*)
	sed -i 's/"client"/"intruder"/' "$record"
	broken_now
	gate_start || return
	check "the log tells of the record" file_has "$DIR/run.err" "its checksum is wrong: it is damaged, or cut off. It is set aside as $record.broken"
	check "it is set aside" [ -e "$record.broken" ]
	deny intruder web tcp 80	# the readable part of the policy closes
	deny client db tcp 80
	settle "a damaged record"
	gate_end TERM
	rm -rf "$DIR/state"
	: >"$DIR/state"		# no folder
	broken_good | policies
	gate_start || return
	broken_closed "without a state directory"
	check "status tells" [ "$(status_field .state.problem)" != null ]
	check "the log tells" file_has "$DIR/run.err" "can't use the state directory $DIR/state: Not a directory"
	gate_end TERM
	rm "$DIR/state"
	sed -i "s|^state_directory:.*|state_directory: ''|" "$DIR/podgate.yaml"
	gate_launch
	within 10 gate_settled
	broken_closed "none wanted"
	equal "status says so" "" "$(status_field .state.directory)"
	check "none is made" [ ! -e "$DIR/state" ]
}

# 9 to the power of 9 strings, in a few hundred bytes.
broken_bomb() {
	local level last=a

	echo 'a: &a [x, x, x, x, x, x, x, x, x]'
	for level in b c d e f g h i; do
		echo "$level: &$level [*$last, *$last, *$last, *$last, *$last, *$last, *$last, *$last, *$last]"
		last=$level
	done
}

# Files that are no manifests, beside good ones, at start and while running.
scenario_strange_files() {
	broken_good | policies
	head -c 4096 /dev/urandom >"$DIR/manifests/random.yaml"
	broken_bomb >"$DIR/manifests/bomb.yaml"
	gate_start || return
	check "status counts the noise and the bomb" [ "$(status_field .manifests.broken_files)" -ge 2 ]
	check "the log tells of the noise" grep -q 'random.yaml' "$DIR/run.err"
	check "the log tells of the bomb" grep -q 'bomb.yaml' "$DIR/run.err"

	mkfifo "$DIR/manifests/fifo.yaml"	# nobody ever writes to it
	ln -s /dev/zero "$DIR/manifests/endless.yaml"
	ln -s loop.yaml "$DIR/manifests/loop.yaml"
	mkdir "$DIR/manifests/folder.yaml"
	head -c 20000 /dev/zero | tr '\0' '[' >"$DIR/manifests/deep.json"
	printf 'kind: Pod\nmetadata: {name: "\xff\xfe"}\n' >"$DIR/manifests/latin.yaml"
	head -c 100000000 /dev/zero | tr '\0' 'x' >"$DIR/manifests/huge.yaml"
	sleep 1
	check "it answers beside all that" within 10 gate_answers
	allow client web tcp 80
	deny intruder web tcp 80
	settle "beside all that"
	changed stop_policies
	allow client db tcp 80
	deny intruder web tcp 80
	settle "and takes up a good change"
	rm -rf "$DIR"/manifests/{fifo,endless,loop,folder,latin,huge,random,bomb}.yaml "$DIR/manifests/deep.json"
	check "all is well when they are gone" within 10 shows_none
}

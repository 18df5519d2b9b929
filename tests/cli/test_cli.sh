#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# test_cli.sh PODGATE JSON_GET FAKE_DAEMON: the command as a person and a script meet it, without a
# daemon: its words, exit codes, JSON, and what it says to bad input. Golden texts lie beside this
# file.
set -uo pipefail

PODGATE=$1 JSON_GET=$2 FAKE_DAEMON=$3
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/podgate-cli.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 2
cp "$HERE/world.yaml" .
failed=0 passed=0

fail() {
	echo "FAIL: $*"
	failed=$((failed + 1))
}

# run CODE COMMAND...: runs podgate; its output is in out and err.
run() {
	local code=$1
	shift
	"$PODGATE" "$@" >out 2>err </dev/null
	local seen=$?
	if [ "$seen" -eq "$code" ]; then
		passed=$((passed + 1))
	else
		fail "podgate $*: exit code $seen, not $code"
		cat out err
	fi
}

# golden FILE: what was printed is what the file says.
golden() {
	if diff -u "$HERE/$1" out; then
		passed=$((passed + 1))
	else
		fail "$1 differs"
	fi
}

# says FILE TEXT: the text is in out or err.
says() {
	if grep -qF -- "$2" "$1"; then
		passed=$((passed + 1))
	else
		fail "\"$2\" is not in:"
		cat "$1"
	fi
}

# json WANTED KEY...: out is one JSON document, and KEYs lead to WANTED.
json() {
	local wanted=$1 seen
	shift
	seen=$("$JSON_GET" "$@" <out)
	if [ "$seen" = "$wanted" ]; then
		passed=$((passed + 1))
	else
		fail "JSON $*: \"$seen\", not \"$wanted\""
		cat out
	fi
}

empty() {
	if [ -s "$1" ]; then
		fail "$1 is not empty:"
		cat "$1"
	else
		passed=$((passed + 1))
	fi
}

# --- podgate itself
run 2
says err "usage: podgate COMMAND"
empty out
run 0 help
says out "explain"
run 0 --help
says out "usage: podgate COMMAND"
run 0 --version
says out "podgate "
run 0 version -o json
json "$("$PODGATE" version | sed 's/podgate //')" version
run 2 version --nonsense
run 2 explian
says err 'there is no command "explian"; did you mean explain?'
run 2 frobnicate
says err "podgate help lists those there are"
run 2 help frobnicate
for word in start stop reload stat logs list lint config -v; do
	run 2 "$word"
	says err "there is no command \"$word\": "
done
run 2 logs
says err "podgate watch shows verdicts, journalctl -u podgate"
run 2 run --conf x.yaml
says err "write --config FILE"
run 2 run --log-level debug
says err "log_allowed says which verdicts are logged"
for command in run check explain test matrix status flows policies watch doctor cleanup version; do
	run 0 "$command" --help
	says out "usage: podgate $command"
	run 0 help "$command"
	says out "usage: podgate $command"
done
for command in check explain test matrix; do
	run 2 "$command" --nonsense
	run 2 "$command" -f world.yaml -o xml
	says err 'takes text or json, not "xml"'
	run 2 "$command" -f
done

# --- explain
run 1 explain -f world.yaml lab/intruder shop/db:5432
golden explain_denied.txt
empty err
run 0 explain -f world.yaml shop/web shop/db:pg
golden explain_allowed.txt
run 0 explain -f world.yaml shop/db shop/db:1
says out "a pod always reaches itself"
run 1 explain -f world.yaml 198.51.100.1 10.0.0.2/icmp
says out "no NetworkPolicy can name ICMP"
run 1 explain -o json -f world.yaml lab/intruder shop/db:5432
json deny flows 0 verdict
json 1 flows "#"
json peer flows 0 ingress miss
json world.yaml flows 0 ingress file
json 48 flows 0 ingress line
json true ok
run 2 explain -f world.yaml shop/wbe shop/db:1
says err "did you mean shop/web?"
run 2 explain -f world.yaml shop/web shop/db
says err "which port? shop/db declares pg 5432/TCP"
run 2 explain -f world.yaml shop/web
says err "explain takes a SOURCE and a DESTINATION"
run 2 explain -f missing.yaml shop/web shop/db:1
says err "can't read missing.yaml"
run 2 explain --socket "$WORK/no.sock" shop/web shop/db:1
says err "no podgate runs at"
empty out
"$PODGATE" explain -f - shop/web shop/db:5432 <world.yaml >out 2>err || fail "explain -f -"
says out "(<stdin>:41:9)"

run 2 explain -f world.yaml shop/web shop/db 5432
says err "a port belongs to the latter: shop/db:5432"
run 2 explain world.yaml shop/web shop/db:5432
says err "manifests follow -f: podgate explain -f world.yaml shop/web shop/db:5432"

# --- test
printf 'shop/web\tshop/db\tTCP\t5432\tallow\nlab/intruder\tshop/db\tTCP\tpg\tdeny\n' >right.tsv
printf '# a comment\nlab/intruder\tshop/db\tTCP\t5432\tallow\n\nshop/web\tfd00::2\tTCP\t5432\tallow\n' >wrong.tsv
run 0 test -f world.yaml right.tsv
[ "$(cat out)" = "2 passed, 0 failed" ] || fail "test: $(cat out)"
run 1 test -f world.yaml wrong.tsv
golden test_mismatch.txt
run 1 test -o json -f world.yaml wrong.tsv
json 1 passed
json 1 failed
json 2 mismatches 0 line
json deny mismatches 0 seen
json allow mismatches 0 expected
json peer mismatches 0 flow ingress miss
printf '198.51.100.1\tshop/db\tICMP\t-\tdeny\nshop/web\tshop/db\tSCTP\t5432\tdeny\n' >icmp.tsv
run 0 test -f world.yaml icmp.tsv
printf 'shop/web\tshop/dbs\tTCP\t1\tallow\nshop/web\tshop/db\tTCP\t5432\tallow\n' >unknown.tsv
run 2 test -f world.yaml unknown.tsv
says out "unknown.tsv:1:1: error: shop/web shop/dbs TCP 1 there is no pod shop/dbs; did you mean shop/db?"
[ "$(tail -1 out)" = "1 passed, 1 failed" ] || fail "test: $(tail -1 out)"
bad_row() { # TEXT ROW
	printf "$2" >bad.tsv
	run 2 test -f world.yaml bad.tsv
	says err "$1"
	empty out
}
bad_row "bad.tsv:2:1: error: a row has 5 fields, not 4" '# x\na/b\tc/d\tTCP\t1\n'
bad_row "bad.tsv:1:1: error: a row has 5 fields, not 6" 'a/b\tc/d\tTCP\t1\tallow\tx\n'
bad_row "bad.tsv:1:9: error: \"XTP\" is no protocol" 'a/b\tc/d\tXTP\t1\tallow\n'
bad_row "bad.tsv:1:13: error: \"70000\" is no port" 'a/b\tc/d\tTCP\t70000\tallow\n'
bad_row "bad.tsv:1:13: error: \"0\" is no port" 'a/b\tc/d\tTCP\t0\tallow\n'
bad_row "bad.tsv:1:15: error: \"yes\" is no expectation" 'a/b\tc/d\tTCP\t1\tyes\n'
bad_row "bad.tsv:1:1: error: the source is empty" '\tc/d\tTCP\t1\tallow\n'
bad_row "a NUL byte" 'a/b\tc/d\000\tTCP\t1\tallow\n'
run 2 test -f world.yaml missing.tsv
says err "can't read missing.tsv"
run 2 test -f world.yaml
says err "test takes one EXPECTED.tsv"
run 2 test -f world.yaml right.tsv wrong.tsv
run 2 test world.yaml right.tsv
says err "manifests follow -f: podgate test -f world.yaml right.tsv"
run 2 test -f world.yaml .
run 2 test --socket "$WORK/no.sock" right.tsv
: >nothing.tsv
run 2 test -f world.yaml nothing.tsv
says err "nothing.tsv has no row: nothing was tested"
printf '# only this\n\n' >nothing.tsv
run 2 test -f world.yaml nothing.tsv
{ printf '\357\273\277'; cat right.tsv; } >marked.tsv
run 0 test -f world.yaml marked.tsv
sed 's/\t5432\t/\t05432\t/' right.tsv >octal.tsv
run 2 test -f world.yaml octal.tsv
says err '"05432" is no port'
run 2 run --no-such-option
says err "there is no option --no-such-option"
run 2 run --log_fold_s 1e3 -n
says err "log_fold_s must be a whole number from 0 to 3600, and this is 1e3"

# --- check: what is passed over, and folders with nothing for podgate
mkdir nothing texts
cp world.yaml texts/world.txt
for folder in nothing texts; do
	run 1 check "$folder"
	says out "$folder: warning: there is no manifest here"
	says out "end in .yaml, .yml or .json"
	says out "0 errors, 1 warning in 0 files, 0 objects"
done
printf '%s\n' 'apiVersion: apps/v1' 'kind: Deployment' 'metadata: {name: a}' --- 'apiVersion: apps/v1' 'kind: Deployment' \
	'metadata: {name: b}' --- 'apiVersion: v1' 'kind: Service' 'metadata: {name: c}' >others.yaml
run 1 check others.yaml
says out "others.yaml: warning: there is no Namespace, Pod or NetworkPolicy in these manifests"
says out "passed over: 2 Deployment (apps), 1 Service"
run 1 check -o json others.yaml
json Deployment passed_over 0 kind
json 2 passed_over 0 count
json apps passed_over 0 group
json 2 passed_over "#"
{ cat others.yaml; echo ---; cat world.yaml; } >both.yaml
"$PODGATE" check both.yaml >out 2>err
says out "passed over: 2 Deployment (apps), 1 Service"

# --- check: addresses as podman kube generate writes them
printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata:' '  name: kp' '  labels: {app: kp}' '  annotations:' \
	'    podgate.io/ip/kp-c: 10.9.9.9' '    bind-mount-options/kp-c: z' >podman.yaml
run 0 explain -f podman.yaml 192.0.2.1 default/kp:80
says out "default/kp (10.9.9.9)"
"$PODGATE" check podman.yaml >out 2>err
if grep -q "knows no annotation" out; then fail "podgate.io/ip/kp-c: $(cat out)"; fi
printf '%s\n' 'apiVersion: v1' 'kind: Pod' 'metadata: {name: kp, annotations: {podgate.io/adress: 10.9.9.9}}' >adress.yaml
run 1 check adress.yaml
says out "did you mean 'podgate.io/ip'?"
sed -i s/adress/nonsense/ adress.yaml
run 1 check adress.yaml
says out "there are podgate.io/ip, podgate.io/ips and podgate.io/audit"

# --- cleanup without the right to it: one line
if command -v setpriv >/dev/null && [ "$(id -u)" = 0 ]; then
	setpriv --bounding-set -net_admin --inh-caps -net_admin "$PODGATE" cleanup >out 2>err
	[ $? = 2 ] || fail "cleanup without CAP_NET_ADMIN does not fail"
	[ "$(wc -l <err)" = 1 ] || fail "cleanup without CAP_NET_ADMIN: $(cat err)"
	says err "takes CAP_NET_ADMIN: run it as root"
fi

# --- matrix
run 0 matrix -f world.yaml
golden matrix.txt
run 0 matrix world.yaml
golden matrix.txt
run 0 matrix -f world.yaml --port 5432 --ns shop -6
says out "TCP 5432, IPv6"
run 0 matrix -f world.yaml --port /icmp -o json
json ICMP protocol
json 3 pods "#"
json 9 pairs "#"
json none pairs 1 reach
json db pods 1 name
run 0 matrix -f world.yaml -o json --port 53/udp
json UDP protocol
json 53 port
for port in x 0 65536 80/tpc 80/icmp -1 ""; do
	run 2 matrix -f world.yaml --port "$port"
done
run 2 matrix -f world.yaml --ns nowhere
says err "there is no namespace nowhere"
run 2 matrix -f world.yaml extra
run 2 matrix --config "$WORK/missing.yaml"

# --- check
run 0 check world.yaml
[ "$(cat out)" = "0 errors, 0 warnings in 1 file, 5 objects" ] || fail "check: $(cat out)"
printf 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: typo\n  namespace: shop\nspec:\n  podSelector: {\n    matchLabels: {app: dbb}}\n' >typo.yaml
run 1 check world.yaml typo.yaml
golden check_findings.txt
run 1 check -f world.yaml -f typo.yaml -o json
json 1 warnings
json selector-matches-no-pod findings 0 code
json "did you mean app=db? (1 pod)" findings 0 hint
json 8 findings 0 line
printf 'kind: NetworkPolicy\nspec:\n  egress:\n  - to\n    - x: y\n' >broken.yaml
run 1 check broken.yaml
says out "broken.yaml:4:5: error: 'to' has no colon after it"
run 2 check missing.yaml
run 2 check world.yaml missing.yaml
says err "can't read missing.yaml: No such file or directory"
empty out
run 2 check --config "$WORK/missing.yaml"
mkdir folder && cp world.yaml folder/ && cp typo.yaml folder/b.yml && cp broken.yaml folder/.hidden.yaml
run 1 check folder
says out "0 errors, 1 warning in 2 files"

# An answer without the policy that could not be read would be wrong: refused, and said.
for command in "explain shop/web shop/db:1" "test right.tsv" "matrix"; do
	# shellcheck disable=SC2086
	run 2 $command -f world.yaml -f broken.yaml
	says err "'to' has no colon after it"
	says err "the manifests have 1 error"
	empty out
done

# --- what needs a daemon: its options, and what is said when none answers
for command in status flows policies watch; do
	run 2 "$command" --nonsense
	says err "there is no option --nonsense"
	run 2 "$command" --socket
	says err "--socket needs a value"
	run 2 "$command" --sock "$WORK/no.sock"	# a long name may be shortened
	says err "no podgate runs at $WORK/no.sock"
	run 2 "$command" -o xml
	says err 'takes text or json, not "xml"'
	run 2 "$command" extra
	says err "$command takes no \"extra\"; see podgate $command --help"
	run 2 "$command" --socket "$WORK/no.sock"
	says err "no podgate runs at $WORK/no.sock; start it with podgate run, or name its --socket"
	run 2 "$command" --socket "$WORK/no.sock" -o json
	empty out
	run 2 "$command" --config "$WORK/missing.yaml"
	says err "can't read the settings"
done
for limit in x -1 1.5 "" 99999999999999999999; do
	run 2 flows --limit "$limit"
	says err '--limit needs a number of flows, 0 for all'
done
run 2 flows --namespace shop --limit 5 --socket "$WORK/no.sock"
says err "no podgate runs at"
run 2 status --wait-revision x
says err '--wait-revision needs a number, not "x"'
for since in x 10 "" 10x yesterday 2026-02-31 "$(printf '1\033h')"; do
	run 2 watch --since "$since"
	says err '--since takes so long ago (10m, 1h30m) or a time'
done
run 2 watch --since 2400-01-01
says err "--since 2400-01-01 is not in the past"
run 2 watch --since 10m --socket "$WORK/no.sock"
says err "no podgate runs at"
for count in x 0 -5; do
	run 2 watch -n "$count"
	says err "-n needs a number of lines"
done
# A daemon's answer is foreign text, too: nothing of it moves a cursor.
answer() { # LINES: what a daemon at fake.sock says to whoever asks
	rm -f fake.sock
	"$FAKE_DAEMON" fake.sock "$1" &
	FAKE=$!
	for _ in $(seq 100); do [ -S fake.sock ] && break; sleep 0.02; done
}
answer '{"ok":true,"revision":7}\n{"judged":true,"verdict":"allow","mark":"allowed","protocol":"TCP","state":"x\\u001b[2J","source":{"address":"1.2.3.4","port":1},"destination":{"address":"5.6.7.8","port":2},"egress":{"verdict":"open"},"ingress":{"verdict":"open"}}\n{"end":true,"seen":1,"listed":1,"left_out":0,"skipped":0}\n'
run 0 flows --socket fake.sock
says out '1.2.3.4:1  5.6.7.8:2  TCP       x\x1b[2J  allowed  open: no policy isolates'
says out "1 flow of 1 in the kernel's table"
wait "$FAKE"
answer '{"ok":true,"revision":7}\n{"judged":false}\n{"end":true,"seen":5,"listed":1,"left_out":3,"error":"it takes too long"}\n'
run 2 flows --socket fake.sock
says err "podgate: it takes too long"
wait "$FAKE"
answer '{"ok":true,"revision":7}\n{"judged":false}\n{"end":true,"seen":5,"listed":1,"left_out":3}\n'
run 0 flows -o json --socket fake.sock
json 7 revision
json 1 flows "#"
json false flows 0 judged
json 3 left_out
wait "$FAKE"
answer '{"ok":true,"revision":7,"in_force":0}\n{"end":true,"listed":0}\n'
run 0 policies -o json --socket fake.sock
json 0 policies "#"
json 0 in_force
wait "$FAKE"
answer '{"ok":true,"revision":7}\n{"judged":false}\n'
run 2 flows --socket fake.sock
says err "podgate: podgate closed the connection"
wait "$FAKE"
answer '{"ok":false,"error":"there is no pod shop/wbe; did you mean shop/web?"}\n'
run 2 policies --pod shop/wbe --socket fake.sock
says err "podgate: there is no pod shop/wbe; did you mean shop/web?"
empty out
wait "$FAKE"
answer '{"ok":true,"watching":true}\n{"time":"2026-11-23T23:59:59.000000Z","seq":1,"event":"lost","count":2}\n{"time":"2026-11-24T00:00:01.000000Z","seq":2,"verdict":"overload","repeat":3}\n'
run 0 watch --since 9d -n 2 --socket fake.sock
[ "$(cat out)" = "2026-11-23
23:59:59.000 2 lines lost here
2026-11-24
00:00:01.000 OVERLOAD   packets dropped by the kernel, a queue being full  (3 times)" ] || fail "watch --since: $(cat out)"
wait "$FAKE"
answer '{"ok":true,"version":"1","pid":1,"revision":3,"mode":"audit","problem":"x\\u001b[2J","rules":{"intact":true,"repairs":0},"queues":[],"log":{},"manifests":{}}\n'
run 1 doctor --socket fake.sock
says out "the whole gateway is in audit mode: nothing is denied, what would be is logged"
says out 'x\x1b[2J'
says out "why:    in audit mode nothing is denied"
wait "$FAKE"

# --- what a terminal would obey never reaches it
evil=$(printf 'evil\033[2J\xc2\x9b\xff\xe2\x80\xae.yaml')
cp broken.yaml "$evil"
run 1 check "$evil"
says out 'evil\x1b[2J\x9b\xff\u202e.yaml:4:5'
run 1 check -o json "$evil"
json 1 errors
if LC_ALL=C grep -q "$(printf '[\033\377]')" out; then
	fail "a control character got into JSON"
fi
run 2 explain -f world.yaml "$(printf 'a\033]0;x\007')" shop/db:1
says err 'a\x1b]0;x\x07'

# --- colour only on a terminal, and never with NO_COLOR; a full disk is no success
if LC_ALL=C grep -q "$(printf '\033')" out err; then
	fail "colour without a terminal"
fi
if [ -w /dev/full ]; then
	"$PODGATE" matrix -f world.yaml >/dev/full 2>err && fail "a full disk is called a success"
	says err "can't write the result"
fi
if command -v script >/dev/null; then
	script -qec "'$PODGATE' explain -f world.yaml lab/intruder shop/db:5432" /dev/null >out </dev/null
	says out "$(printf '\033[1;31mdeny')"
	NO_COLOR=1 script -qec "'$PODGATE' explain -f world.yaml lab/intruder shop/db:5432" /dev/null >out </dev/null
	if LC_ALL=C grep -q "$(printf '\033')" out; then
		fail "colour in spite of NO_COLOR"
	fi
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

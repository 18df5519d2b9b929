# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The log stays complete when its disk or its reader fails: verdicts go on, and the log counts its
# missing records once it can be written again. Packets sent = repeats in records + lost records.

# log_faults_start FILE SETTINGS...: the log in another place than usual.
log_faults_start() {
	local file=$1
	shift
	quietly in_ns gw conntrack -F	# flows of an earlier scenario may be cut at start, and add no verdict
	gate_config "log_fold_s: 0" "learn: false" "flood_rate: 0" "$@"
	sed -i "s|^log_file: .*|log_file: $file|" "$DIR/podgate.yaml"
	gate_launch
	within 10 gate_settled
	gate_answers || fail "podgate did not start: $(tail -3 "$DIR/run.err")"
}
# One denial a flow, each different: no two fold into one record. COUNT of them.
log_faults_send() { in_ns intruder "$PROBE" volley "$(addr web)" 80 "$1" <<<"1" >/dev/null; }
log_faults_lost() { [ "$(status_field .log.lost)" -ge "$1" ]; }
log_faults_error() { [ -n "$(status_field '.log.error // ""')" ]; }
log_faults_healthy() { [ -z "$(status_field '.log.error // ""')" ]; }
# Prints the repeats of denials in the file, and the number of records that it reports missing.
log_faults_told() { jq -s '[.[] | select(.verdict == "deny" and .source.pod == "intruder") | .repeat] | add // 0' "$@"; }
log_faults_missing() { jq -s '[.[] | select(.event == "lost") | .count] | add // 0' "$@"; }
log_faults_add_up() { [ $(($(log_faults_told "$1") + $(log_faults_missing "$1"))) = "$2" ]; }
# The pods notice nothing, and are as fast as before.
log_faults_verdicts_go_on() {
	allow client web tcp 80
	deny intruder web icmp
	settle "$1"
}

# A file system of some pages, which another program fills and then frees.
scenario_log_disk_full() {
	stop_policies
	mkdir "$DIR/small"
	mount -t tmpfs -o size=256k,mode=755 podgate-e2e "$DIR/small" || { fail "no tmpfs"; return; }
	log_faults_start "$DIR/small/verdicts.jsonl" || return
	log_faults_send 20
	check "the first are written" within 5 log_faults_add_up "$DIR/small/verdicts.jsonl" 20
	dd if=/dev/zero of="$DIR/small/rest" bs=4k 2>/dev/null
	log_faults_send 300
	check "status tells of a full disk" within 5 log_faults_error
	check "some are lost" within 5 log_faults_lost 1
	log_faults_verdicts_go_on "on a full disk"
	equal "lines that are no JSON" 0 "$(jq -c . "$DIR/small/verdicts.jsonl" 2>&1 >/dev/null | wc -l)"
	rm "$DIR/small/rest"
	log_faults_send 10
	check "it writes again" within 5 log_faults_healthy
	# ICMP of the intruder is among what was denied: one packet, in the fullness of the disk or
	# after.
	within 5 log_faults_add_up "$DIR/small/verdicts.jsonl" 331
	equal "packets denied, and those that the log tells of or says are missing" 331 \
		$(($(log_faults_told "$DIR/small/verdicts.jsonl") + $(log_faults_missing "$DIR/small/verdicts.jsonl")))
	check "it says that some are missing" [ "$(log_faults_missing "$DIR/small/verdicts.jsonl")" -gt 0 ]
	equal "as many as status counts" "$(status_field .log.lost)" "$(log_faults_missing "$DIR/small/verdicts.jsonl")"
	gate_end TERM
	umount "$DIR/small"
}

# A pipe whose reader stands still, goes on, ends, and is followed by another.
scenario_log_slow_reader() {
	local reader

	stop_policies
	mkfifo "$DIR/pipe"
	cat "$DIR/pipe" >"$DIR/read" &
	reader=$!
	log_faults_start "$DIR/pipe" || return
	log_faults_send 20
	check "the first are written" within 5 log_faults_add_up "$DIR/read" 20
	kill -STOP $reader
	log_faults_send 500	# some 700 bytes each; a pipe holds 64 KiB
	check "some are lost when nobody reads" within 20 log_faults_lost 1
	log_faults_verdicts_go_on "while nobody reads"
	kill -CONT $reader
	check "it writes again" within 20 log_faults_healthy
	within 20 log_faults_add_up "$DIR/read" 521
	equal "packets denied, and those that the log tells of or says are missing" 521 \
		$(($(log_faults_told "$DIR/read") + $(log_faults_missing "$DIR/read")))
	check "it says that some are missing" [ "$(log_faults_missing "$DIR/read")" -gt 0 ]

	kill $reader
	wait $reader 2>/dev/null
	log_faults_send 30
	check "a pipe without a reader is in status" within 5 log_faults_error
	log_faults_verdicts_go_on "when the reader is gone"
	cat "$DIR/pipe" >"$DIR/read2" &
	reader=$!
	log_faults_send 5
	check "another reader gets what follows" within 10 log_faults_healthy
	within 5 log_faults_add_up "$DIR/read2" 36
	equal "packets denied since the first reader went, told of or missing" 36 \
		$(($(log_faults_told "$DIR/read2") + $(log_faults_missing "$DIR/read2")))
	gate_end TERM
	kill $reader 2>/dev/null
	wait $reader 2>/dev/null
}

# Rotation by size amid writing, and SIGHUP: each record is in one of the files, once.
scenario_log_rotates() {
	local files rounds sent

	stop_policies
	log_faults_start "$DIR/log/verdicts.jsonl" "log_size_mib: 1" "log_keep: 8" || return
	count_arrivals intruder web udp 80
	for rounds in {1..6}; do
		log_faults_send 400
		kill -HUP "$GATE"
		sleep 0.4	# a thousand lines a second are explained, the others counted
	done
	sent=$(arrivals)
	count_no_more
	check "all were sent ($sent)" between 2300 "$sent" 2400
	echo "  ($sent packets arrived at the gate)"
	within 10 log_faults_all_add_up "$sent"
	files=("$DIR"/log/verdicts.jsonl*)
	check "there are several files (${#files[@]})" [ ${#files[@]} -ge 2 ]
	equal "records with a number that another has" 0 "$(cat "$DIR"/log/verdicts.jsonl* | jq .seq | sort -n | uniq -d | wc -l)"
	equal "packets judged" "$sent" "$(status_field '[.queues[].packets] | add')"
	equal "packets denied, told of or missing" "$sent" $(($(log_faults_told "$DIR"/log/verdicts.jsonl*) + $(log_faults_missing "$DIR"/log/verdicts.jsonl*)))
}
log_faults_all_add_up() { [ $(($(log_faults_told "$DIR"/log/verdicts.jsonl*) + $(log_faults_missing "$DIR"/log/verdicts.jsonl*))) = "$1" ]; }

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a daemon's status is a finding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/doctor_daemon.h"
#include "tests/between.h"

static struct host_finding findings[DOCTOR_DAEMON_MOST];
static size_t count;
static const char *const manifests[] = {"/etc/podgate/manifests"};
static const struct settings settings = {.workers = 1, .manifests = manifests, .manifest_count = 1};

static void examine(const char *json)
{
	cJSON *status = cJSON_Parse(json);

	assert_non_null(status);
	count = doctor_daemon_examine(status, &settings, findings);
	cJSON_Delete(status);
	assert_between(count, 1, DOCTOR_DAEMON_MOST);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(findings[i].state == HOST_OK, findings[i].remedy[0] == '\0');
		if (host_why(findings[i].check)[0] == '\0')
			fail_msg("nobody says why %s matters", findings[i].check);
	}
}

static void expect(const char *check, enum host_state state, const char *found)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(findings[i].check, check) != 0)
			continue;
		assert_int_equal(findings[i].state, state);
		assert_string_equal(findings[i].found, found);
		return;
	}
	fail_msg("no finding %s", check);
}

static void all_is_well(void **state)
{
	(void)state;
	examine("{\"version\": \"1.2\", \"pid\": 1000000000, \"revision\": 7, \"mode\": "
		"\"enforcing\", \"privilege\": {\"user\": \"podgate\", \"dropped\": true, "
		"\"seccomp\": \"on\"}, \"rules\": {\"intact\": true, \"repairs\": 0}, \"queues\": "
		"[{\"kernel_dropped\": 0}, {\"flood\": true, \"kernel_dropped\": 0}], \"log\": "
		"{\"file\": \"x\", \"lost\": 0}, \"manifests\": {\"errors\": 0}}");
	assert_int_equal(count, 6);
	expect("daemon", HOST_OK, "podgate 1.2 (pid 1000000000) has revision 7 in force");
	expect("daemon-privilege", HOST_OK,
		"it is user podgate, with CAP_NET_ADMIN alone, seccomp on");
	expect("daemon-rules", HOST_OK, "its rules and sets are as it left them");
	expect("daemon-queues", HOST_OK, "no packet was dropped because a queue was full");
	expect("daemon-log", HOST_OK, "no record of its log was lost");
	expect("daemon-manifests", HOST_OK, "its manifests are without errors");
}

static void every_trouble_is_told(void **state)
{
	char json[2048], found_files[64];
	struct rlimit before, few;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	snprintf(json, sizeof(json),
		"{\"version\": \"1.2\", \"pid\": %d, \"revision\": 7, \"mode\": \"audit\", "
		"\"problem\": \"can't fill\", \"privilege\": {\"user\": \"root\", \"dropped\": "
		"false, \"seccomp\": \"off\"}, \"rules\": {\"intact\": false, \"repairs\": 3}, "
		"\"queues\": [{\"kernel_dropped\": 5}, {\"user_dropped\": 2}, {\"flood\": true, "
		"\"kernel_dropped\": 40, \"user_dropped\": 1}], \"problems\": [\"can't fill\", "
		"\"enforcing nothing: no Pod in /x (1 file)\", \"something else\"], \"log\": "
		"{\"file\": \"x\", \"lost\": 9}, \"manifests\": {\"errors\": 1, \"paths\": "
		"[\"/other\"]}, \"addresses\": {\"odd\": 2}}",
		(int)getpid());
	examine(json);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	expect("daemon-mode", HOST_WARNING,
		"the whole gateway is in audit mode: nothing is denied, what would be is logged");
	expect("daemon-problem", HOST_FAILED, "can't fill");
	expect("daemon-idle", HOST_FAILED, "enforcing nothing: no Pod in /x (1 file)");
	expect("daemon-state", HOST_FAILED, "something else");
	expect("daemon-source", HOST_WARNING,
		"the running podgate enforces the manifests in /other, and the settings name "
		"/etc/podgate/manifests");
	expect("daemon-privilege", HOST_WARNING,
		"it is user root with all rights that it was started with, seccomp off");
	expect("daemon-rules", HOST_WARNING,
		"its rules or sets were changed by others, and put back 3 times; they are not "
		"right now");
	expect("daemon-queues", HOST_WARNING, "7 packets found a queue full");
	expect("daemon-floods", HOST_WARNING, "41 packets of floods found their queue full");
	expect("daemon-log", HOST_WARNING, "9 records of the log were lost");
	expect("daemon-manifests", HOST_WARNING, "its manifests have 1 error");
	snprintf(found_files, sizeof(found_files), "it may open only 100 files, and may need %lu",
		host_files_needed(&settings));
	expect("daemon-files", HOST_WARNING, found_files);
	expect("daemon-addresses", HOST_WARNING,
		"2 claims of pods to an address that others have, or that no pod can get");
	assert_int_equal(count, 14);
	examine("{\"privilege\": {\"user\": \"podgate\", \"dropped\": true, \"seccomp\": \"log\"}, "
		"\"rules\": {\"intact\": true, \"repairs\": 1}, \"log\": {\"file\": \"/v\", "
		"\"error\": \"No space\"}}");
	expect("daemon-privilege", HOST_WARNING,
		"it is user podgate, with CAP_NET_ADMIN alone, seccomp log");
	expect("daemon-rules", HOST_WARNING,
		"its rules or sets were changed by others, and put back 1 time");
	expect("daemon-log", HOST_WARNING, "the log /v can't be written: No space");
}

static void nobody_there_is_no_trouble(void **state)
{
	(void)state;
	count = doctor_daemon_ask("/nowhere/c.sock", &settings, findings);
	assert_int_equal(count, 1);
	expect("daemon", HOST_OK,
		"no podgate runs at /nowhere/c.sock: only the machine was looked at");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(every_trouble_is_told),
		cmocka_unit_test(nobody_there_is_no_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

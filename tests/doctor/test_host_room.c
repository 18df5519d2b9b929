/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Whether there is enough: of the flow table, of open files, of room for the log. Made scarce, each
 * in its turn.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor/host_report.h"
#include "process/sysctl.h"
#include "tests/support/doctor_check.h"
#include "tests/support/flow_table.h"

enum { TABLE_MOST = 300000 }; /* flows that this test is ready to make */

static long sysctl_value(const char *path)
{
	long value = 0;

	assert_int_equal(sysctl_read(path, &value), 0);
	return value;
}

static int enter(void **state)
{
	(void)state;
	flow_table_enter();
	return 0;
}

/* Ends at the first flow that finds no room; others before it may have pushed one out. */
static void overfill(size_t count)
{
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		flow_table_fill(count, "192.0.2.2", 80, 0);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* To the brim, and over it. */
static void a_full_flow_table_is_told(void **state)
{
	const long most = sysctl_value("/proc/sys/net/netfilter/nf_conntrack_max");

	(void)state;
	doctor_check_expect(&doctor_check_usual, "conntrack-table", HOST_OK, "holds 0 of ");
	doctor_check_expect(&doctor_check_usual, "conntrack-buckets", HOST_OK, " buckets");
	doctor_check_expect(
		&doctor_check_usual, "conntrack-losses", HOST_OK, "no flow was ever dropped");
	if (most > TABLE_MOST) {
		print_message("the flow table has room for %ld flows: that a full one is told of "
			      "is not tested\n",
			most);
		return;
	}
	flow_table_fill((size_t)(most - most / 5 + 1), "192.0.2.1", 80, 0);
	doctor_check_expect(&doctor_check_usual, "conntrack-table", HOST_WARNING, "nearly full");
	doctor_check_expect(
		&doctor_check_usual, "conntrack-losses", HOST_OK, "no flow was ever dropped");
	overfill((size_t)(most / 5 + 1000));
	doctor_check_expect(
		&doctor_check_usual, "conntrack-losses", HOST_WARNING, "for want of room");
	assert_non_null(
		strstr(doctor_check_finding(&doctor_check_usual, "conntrack-losses")->remedy,
			"nf_conntrack_max="));
}

static void few_open_files_are_a_warning(void **state)
{
	struct settings metrics = doctor_check_usual;
	struct rlimit before, few;

	(void)state;
	metrics.metrics_listen = "127.0.0.1:9469";
	doctor_check_expect(&doctor_check_usual, "open-files", HOST_OK, "are enough");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	doctor_check_expect(&doctor_check_usual, "open-files", HOST_WARNING, "only 100 files");
	few.rlim_cur = host_files_needed(&doctor_check_usual);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	doctor_check_expect(&doctor_check_usual, "open-files", HOST_OK, "are enough");
	/* they have connections, too */
	doctor_check_expect(&metrics, "open-files", HOST_WARNING, "may need");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static const struct host_finding *find_log(
	const struct doctor_check *doctor_check, const char *check)
{
	const struct host_finding *finding = doctor_check_find(doctor_check, check);

	if (finding == NULL)
		fail_msg("no finding %s", check);
	return finding;
}

static void where_the_log_goes_is_looked_at(void **state)
{
	struct settings settings = doctor_check_usual;
	struct doctor_check doctor_check;

	(void)state;
	settings.log_file = "-";
	doctor_check_run(&doctor_check, &settings);
	assert_null(doctor_check_find(&doctor_check, "log-folder"));
	settings.log_file = "/dev/null";
	doctor_check_run(&doctor_check, &settings);
	assert_null(doctor_check_find(&doctor_check, "log-folder"));
	/* podgate makes that folder */
	settings.log_file = "/tmp/podgate-test-not-made-yet/verdicts.jsonl";
	settings.log_size_mib = 1;
	doctor_check_expect(&settings, "log-folder", HOST_OK, "can be written to /tmp/podgate");
	doctor_check_expect(&settings, "log-space", HOST_OK, "MiB are free");
	settings.log_file = "/nowhere/at/all/verdicts.jsonl"; /* and none above it */
	doctor_check_expect(&settings, "log-folder", HOST_FAILED, "No such file or directory");
	doctor_check_run(&doctor_check, &settings);
	assert_null(doctor_check_find(&doctor_check, "log-space"));
}

/* ---- in a thread with mounts of its own ---- */

static void *look_at_small_disks(void *context)
{
	struct doctor_check *doctor_checks = context;
	struct settings settings = doctor_check_usual;

	if (unshare(CLONE_FS | CLONE_NEWNS) != 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount("none", "/mnt", "tmpfs", 0, "size=2m") != 0)
		return NULL;
	settings.log_file = "/mnt/verdicts.jsonl";
	settings.log_size_mib = 64;
	settings.log_keep = 4;
	doctor_check_run(&doctor_checks[0], &settings);
	settings.log_size_mib = 0;
	doctor_check_run(&doctor_checks[1], &settings);
	settings.log_size_mib = 1;
	settings.log_keep = 0;
	doctor_check_run(&doctor_checks[2], &settings);
	if (mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0)
		doctor_check_run(&doctor_checks[3], &settings);
	return NULL;
}

static void a_small_disk_is_a_warning_and_one_to_read_from_a_failure(void **state)
{
	static struct doctor_check doctor_checks[4];
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, look_at_small_disks, doctor_checks), 0);
	pthread_join(thread, NULL);
	assert_int_equal(find_log(&doctor_checks[0], "log-space")->state, HOST_WARNING);
	assert_string_equal(find_log(&doctor_checks[0], "log-space")->found,
		"2 MiB are free for the log, which may take 320 MiB more");
	assert_int_equal(find_log(&doctor_checks[1], "log-space")->state, HOST_WARNING);
	assert_non_null(
		strstr(find_log(&doctor_checks[1], "log-space")->found, "more than 64 MiB more"));
	assert_int_equal(find_log(&doctor_checks[2], "log-space")->state, HOST_OK);
	assert_int_equal(find_log(&doctor_checks[3], "log-folder")->state, HOST_FAILED);
	assert_non_null(
		strstr(find_log(&doctor_checks[3], "log-folder")->found, "Read-only file system"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_full_flow_table_is_told, enter),
		cmocka_unit_test_setup(few_open_files_are_a_warning, enter),
		cmocka_unit_test_setup(where_the_log_goes_is_looked_at, enter),
		cmocka_unit_test_setup(
			a_small_disk_is_a_warning_and_one_to_read_from_a_failure, enter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

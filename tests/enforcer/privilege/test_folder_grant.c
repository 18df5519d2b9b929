/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which folders are given to the user that podgate becomes, and that nothing else is. As root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enforcer/privilege/folder_grant.h"
#include "tests/support/child_process.h"

enum { USER = 65534, PATH = 128 };

static const struct account user = {.name = "nobody", .uid = USER, .gid = USER, .changes = true};
static char base[PATH];

static int set_up(void **state)
{
	(void)state;
	strcpy(base, "/tmp/podgate-folder-grant-XXXXXX");
	return mkdtemp(base) == NULL || chmod(base, 0755) != 0;
}

static int tear_down(void **state)
{
	char command[PATH + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

static const char *in_base(const char *name)
{
	static char path[4][2 * PATH];
	static unsigned int next;
	char *slot = path[next++ % 4];

	snprintf(slot, sizeof(path[0]), "%s/%s", base, name);
	return slot;
}

static void make_file(const char *name)
{
	const int fd = open(in_base(name), O_CREAT | O_WRONLY, 0640);

	assert_true(fd >= 0);
	close(fd);
}

static uid_t owner(const char *name)
{
	struct stat info;

	assert_int_equal(lstat(in_base(name), &info), 0);
	return info.st_uid;
}

static void expect_given(bool given)
{
	assert_int_equal(folder_grant_would(in_base("log/verdicts.jsonl"), &user), given);
	folder_grant(in_base("log/verdicts.jsonl"), &user);
	assert_int_equal(owner("log"), given ? USER : 0);
}

static void test_a_new_folder(void **state)
{
	struct stat info;

	(void)state;
	folder_grant(in_base("log/verdicts.jsonl"), &user);
	assert_int_equal(lstat(in_base("log"), &info), 0);
	assert_int_equal(info.st_uid, USER);
	assert_int_equal(info.st_gid, USER);
	assert_int_equal(info.st_mode & 07777, 0750);
}

static void test_a_folder_with_its_logs(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_base("log"), 0755), 0);
	make_file("log/verdicts.jsonl");
	make_file("log/verdicts.jsonl.1");
	make_file("log/verdicts.jsonl.12");
	expect_given(true);
	assert_int_equal(owner("log/verdicts.jsonl"), USER);
	assert_int_equal(owner("log/verdicts.jsonl.12"), USER);
}

static void test_a_folder_of_others_too(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_base("log"), 0755), 0);
	make_file("log/verdicts.jsonl");
	make_file("log/syslog");
	expect_given(false);
	assert_int_equal(owner("log/verdicts.jsonl"), 0);
}

static void test_names_that_only_begin_so(void **state)
{
	static const char *const names[] = {
		"log/verdicts.jsonl.old", "log/verdicts.jsonl.", "log/verdicts.jsonlx"};

	(void)state;
	assert_int_equal(mkdir(in_base("log"), 0755), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		make_file(names[i]);
		expect_given(false);
		assert_int_equal(unlink(in_base(names[i])), 0);
	}
	expect_given(true);
}

/* Who could write there may have put a link to a file of root's under the log's name. */
static void test_traps(void **state)
{
	(void)state;
	make_file("precious");
	assert_int_equal(mkdir(in_base("log"), 0755), 0);
	assert_int_equal(symlink(in_base("precious"), in_base("log/verdicts.jsonl")), 0);
	expect_given(false);
	assert_int_equal(unlink(in_base("log/verdicts.jsonl")), 0);
	assert_int_equal(link(in_base("precious"), in_base("log/verdicts.jsonl")), 0);
	expect_given(false);
	assert_int_equal(owner("precious"), 0);
	assert_int_equal(unlink(in_base("log/verdicts.jsonl")), 0);
	assert_int_equal(chmod(in_base("log"), 0777), 0);
	expect_given(false);
	assert_int_equal(chmod(in_base("log"), 0755), 0);
	assert_int_equal(chown(in_base("log"), 1, 1), 0);
	assert_false(folder_grant_would(in_base("log/verdicts.jsonl"), &user));
	folder_grant(in_base("log/verdicts.jsonl"), &user);
	assert_int_equal(owner("log"), 1);
}

static void test_who_stays_gives_nothing(void **state)
{
	static const struct account self = {.uid = 0};

	(void)state;
	folder_grant(in_base("log/verdicts.jsonl"), &self);
	assert_int_equal(access(in_base("log"), F_OK), -1);
}

static void check_as_user(void)
{
	child_process_require(account_step_down(&user) == 0);
	child_process_require(folder_grant_check(in_base("given/log")) == 0);
	child_process_require(folder_grant_check(in_base("kept/log")) == -EACCES);
	child_process_require(folder_grant_check(in_base("none/log")) == -ENOENT);
}

static void test_checking(void **state)
{
	(void)state;
	folder_grant(in_base("given/log"), &user);
	assert_int_equal(mkdir(in_base("kept"), 0755), 0);
	assert_int_equal(child_process_run(check_as_user), 0);
}

/* Who can put another folder, or a link to one, on the way would choose what is given to him. */
static void test_ways_of_others(void **state)
{
	char log[3 * PATH];

	(void)state;
	assert_int_equal(mkdir(in_base("roots"), 0755), 0);
	assert_int_equal(mkdir(in_base("theirs"), 0755), 0);
	assert_int_equal(chown(in_base("theirs"), USER, USER), 0);
	assert_int_equal(symlink("../roots", in_base("theirs/log")), 0);
	snprintf(log, sizeof(log), "%s/verdicts.jsonl", in_base("theirs/log"));
	assert_false(folder_grant_would(log, &user));
	folder_grant(log, &user);
	assert_int_equal(owner("roots"), 0);

	/*
	 * Also one that a group of theirs may write to, or everybody; with the sticky bit a folder
	 * of root's stays there.
	 */
	assert_int_equal(chown(in_base("theirs"), 0, USER), 0);
	assert_int_equal(chmod(in_base("theirs"), 0775), 0);
	assert_false(folder_grant_would(log, &user));
	assert_int_equal(chmod(in_base("theirs"), 01777), 0);
	assert_false(folder_grant_would(log, &user));
	assert_int_equal(unlink(in_base("theirs/log")), 0);
	assert_int_equal(mkdir(in_base("theirs/log"), 0750), 0);
	assert_true(folder_grant_would(log, &user));
	assert_int_equal(chmod(in_base("theirs"), 0777), 0);
	assert_false(folder_grant_would(log, &user));
}

/* As /var/run is one. */
static void test_links_of_root(void **state)
{
	char log[3 * PATH];

	(void)state;
	assert_int_equal(mkdir(in_base("roots"), 0755), 0);
	assert_int_equal(mkdir(in_base("roots/log"), 0755), 0);
	assert_int_equal(symlink("roots", in_base("link")), 0);
	snprintf(log, sizeof(log), "%s/verdicts.jsonl", in_base("link/log"));
	folder_grant(log, &user);
	assert_int_equal(owner("roots/log"), USER);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_a_new_folder),
		IN_FOLDER(test_a_folder_with_its_logs),
		IN_FOLDER(test_a_folder_of_others_too),
		IN_FOLDER(test_names_that_only_begin_so),
		IN_FOLDER(test_traps),
		IN_FOLDER(test_ways_of_others),
		IN_FOLDER(test_links_of_root),
		IN_FOLDER(test_who_stays_gives_nothing),
		IN_FOLDER(test_checking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

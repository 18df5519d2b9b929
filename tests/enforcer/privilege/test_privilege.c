/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges, held against what the kernel says of the process. As root: what can't be
 * had can't be given up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enforcer/privilege/privilege.h"
#include "process/account.h"
#include "process/sanitized.h"
#include "tests/support/child_process.h"

#define NET (CAPABILITY(CAP_NET_ADMIN) | CAPABILITY(CAP_NET_RAW))

static struct account nobody(void)
{
	char problem[PROBLEM_SIZE];
	struct account account;

	child_process_require(account_find(&account, "nobody", problem) == 0);
	return account;
}

static void reduce_to(const struct account *account, uint64_t keep, bool children)
{
	const struct privilege_wanted wanted = {
		.account = account, .keep = keep, .children = children};
	char problem[PROBLEM_SIZE] = "";
	const int err = privilege_reduce(&wanted, problem);

	if (err != 0)
		fprintf(stderr, "%s\n", problem);
	child_process_require(err == 0);
}

/* A line of /proc/PATH/status, not by way of what is tested. */
static uint64_t kernel_says(const char *path, const char *field, int base)
{
	char name[64], line[256];
	uint64_t value = UINT64_MAX;
	FILE *file = fopen(path, "re");

	child_process_require(file != NULL);
	snprintf(name, sizeof(name), "%s:", field);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, base);
	fclose(file);
	return value;
}

static void require_capabilities(uint64_t own, uint64_t inherited, uint64_t bounding)
{
	static const char path[] = "/proc/self/status";

	child_process_require(kernel_says(path, "CapPrm", 16) == own);
	child_process_require(kernel_says(path, "CapEff", 16) == own);
	child_process_require(kernel_says(path, "CapInh", 16) == inherited);
	child_process_require(kernel_says(path, "CapAmb", 16) == inherited);
	child_process_require(kernel_says(path, "CapBnd", 16) == bounding);
	child_process_require(kernel_says(path, "NoNewPrivs", 10) == 1);
}

/* A shell's own status, with what it has inherited. */
static void require_program(uint64_t effective)
{
	char command[160];

	snprintf(command, sizeof(command),
		"exec grep -qi '^CapEff:.*%016" PRIx64 "$' /proc/self/status", effective);
	child_process_require(system(command) == 0);
}

static void root_becomes_nobody(void)
{
	const struct account account = nobody();
	struct privilege_state state;

	reduce_to(&account, CAPABILITY(CAP_NET_ADMIN), false);
	require_capabilities(CAPABILITY(CAP_NET_ADMIN), 0, 0);
	child_process_require(privilege_read(&state) == 0);
	child_process_require(state.uid == account.uid && state.gid == account.gid);
	child_process_require(state.capabilities.permitted == CAPABILITY(CAP_NET_ADMIN));
	child_process_require(state.no_new_privs && !state.filtered);
	child_process_require(
		getuid() == account.uid && getgid() == account.gid && getgroups(0, NULL) == 1);
	child_process_require(setuid(0) != 0 && setgid(0) != 0);
	child_process_require(prctl(PR_GET_DUMPABLE) == SANITIZED);
	child_process_require(open("/etc/shadow", O_RDONLY) < 0);
	require_program(0);
}

static void root_stays_root(void)
{
	static const struct account self = {.uid = 0};

	reduce_to(&self, CAPABILITY(CAP_NET_ADMIN), false);
	require_capabilities(CAPABILITY(CAP_NET_ADMIN), 0, 0);
	child_process_require(socket(AF_INET, SOCK_RAW, 255) < 0 && errno == EPERM);
	child_process_require(getuid() == 0);
	require_program(0); /* though root's programs get all of the bounding set: it is empty */
}

static void children_keep_theirs(void)
{
	const struct account account = nobody();

	reduce_to(&account, NET, true);
	require_capabilities(NET, NET, NET);
	child_process_require(socket(AF_INET, SOCK_RAW, 255) >= 0);
	require_program(NET);
}

static void children_of_root_get_no_more(void)
{
	static const struct account self = {.uid = 0};

	reduce_to(&self, NET, true);
	require_capabilities(NET, NET, NET);
	require_program(NET);
}

/*
 * As a program with file or ambient capabilities starts: somebody, with two of them, who may not
 * touch the bounding set.
 */
static void become_capable_nobody(void)
{
	const struct account account = nobody();

	child_process_require(account_become(&account) == 0);
	child_process_require(capabilities_keep(NET, true) == 0);
}

static void somebody_with_capabilities(void)
{
	char problem[PROBLEM_SIZE];
	struct account account;
	const uint64_t before = kernel_says("/proc/self/status", "CapBnd", 16);

	become_capable_nobody();
	child_process_require(account_find(&account, "auto", problem) == 0 && !account.changes);
	child_process_require(account_find(&account, "nobody", problem) == 0 && !account.changes);
	child_process_require(strcmp(account.name, "nobody") == 0);
	reduce_to(&account, CAPABILITY(CAP_NET_ADMIN), false);
	require_capabilities(CAPABILITY(CAP_NET_ADMIN), 0, before);
	require_program(0);
}

static void somebody_may_not_change(void)
{
	char problem[PROBLEM_SIZE];
	struct account account;

	become_capable_nobody();
	child_process_require(account_find(&account, "daemon", problem) == -EPERM);
	child_process_require(strstr(problem, "start it as root") != NULL);
	child_process_require(account_find(&account, "root", problem) == -EPERM);
}

/* A container's root, without the capabilities to become another. */
static void root_may_not_change(void)
{
	char problem[PROBLEM_SIZE];
	struct account account;

	child_process_require(capabilities_keep(NET, false) == 0);
	child_process_require(account_find(&account, "auto", problem) == 0 && !account.changes);
	child_process_require(account_find(&account, "nobody", problem) == -EPERM);
	child_process_require(strstr(problem, "CAP_SETUID") != NULL);
}

static void *sleep_long(void *context)
{
	(void)context;
	sleep(30);
	return NULL;
}

static void threads_are_noticed(void)
{
	static const struct account self = {.uid = 0};
	const struct privilege_wanted wanted = {.account = &self, .keep = NET};
	char problem[PROBLEM_SIZE];
	pthread_t thread;

	child_process_require(pthread_create(&thread, NULL, sleep_long, NULL) == 0);
	child_process_require(privilege_reduce(&wanted, problem) == -EBUSY);
	child_process_require(strstr(problem, "threads") != NULL);
}

static void steps_down_and_up(void)
{
	const struct account account = nobody();
	struct capabilities before, after;
	char path[] = "/tmp/podgate-step-XXXXXX";
	struct stat info;
	int fd = mkstemp(path);

	child_process_require(fd >= 0 && fchmod(fd, 0600) == 0);
	child_process_require(capabilities_read(&before) == 0);
	child_process_require(account_step_down(&account) == 0);
	child_process_require(geteuid() == account.uid && getegid() == account.gid);
	child_process_require(open(path, O_RDONLY) < 0 && errno == EACCES);
	child_process_require(account_step_up(&account) == 0);
	child_process_require(geteuid() == 0 && getegid() == 0);
	child_process_require(open(path, O_RDONLY) >= 0);
	child_process_require(capabilities_read(&after) == 0);
	child_process_require(memcmp(&before, &after, sizeof(before)) == 0);
	child_process_require(unlink(path) == 0 && fstat(fd, &info) == 0);
}

/* Root without its capabilities is the owner of its files, and no more. */
static void root_steps_down(void)
{
	static const struct account self = {.uid = 0};
	char path[] = "/tmp/podgate-step-XXXXXX";
	const int fd = mkstemp(path);

	child_process_require(fd >= 0 && fchmod(fd, 0600) == 0 && fchown(fd, 65534, 65534) == 0);
	child_process_require(account_step_down(&self) == 0);
	child_process_require(open(path, O_RDONLY) < 0 && errno == EACCES);
	child_process_require(account_step_up(&self) == 0);
	child_process_require(open(path, O_RDONLY) >= 0);
	child_process_require(unlink(path) == 0);
}

#define CHILD_TEST(body) \
	static void test_##body(void **state) \
	{ \
		(void)state; \
		assert_int_equal(child_process_run(body), 0); \
	}
CHILD_TEST(root_becomes_nobody)
CHILD_TEST(root_stays_root)
CHILD_TEST(children_keep_theirs)
CHILD_TEST(children_of_root_get_no_more)
CHILD_TEST(somebody_with_capabilities)
CHILD_TEST(somebody_may_not_change)
CHILD_TEST(root_may_not_change)
CHILD_TEST(steps_down_and_up)
CHILD_TEST(root_steps_down)

static void test_threads_are_noticed(void **state)
{
	(void)state;
	if (SANITIZED)
		skip(); /* its runtime has threads of its own */
	assert_int_equal(child_process_run(threads_are_noticed), 0);
}

static void test_accounts(void **state)
{
	char problem[PROBLEM_SIZE];
	struct account account;
	gid_t gid;

	(void)state;
	assert_int_equal(account_find(&account, "no-such-user", problem), -ENOENT);
	assert_non_null(strstr(problem, "useradd"));
	assert_int_equal(account_find(&account, "nobody", problem), 0);
	assert_true(account.changes);
	assert_string_equal(account.name, "nobody");
	assert_int_equal(account_find(&account, "root", problem), 0);
	assert_false(account.changes);
	assert_int_equal(account_find_group("root", &gid), 0);
	assert_int_equal(gid, 0);
	assert_int_equal(account_find_group("no-such-group", &gid), -ENOENT);
}

static void test_capabilities_are_printed(void **state)
{
	char text[CAPABILITIES_TEXT];

	(void)state;
	assert_string_equal(capabilities_print(0, text), "none");
	assert_string_equal(capabilities_print(NET, text), "cap_net_admin cap_net_raw");
	assert_string_equal(capabilities_print(CAPABILITY(63), text), "63");
	capabilities_print(UINT64_MAX, text);
	assert_non_null(strstr(text, "cap_bpf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_becomes_nobody),
		cmocka_unit_test(test_root_stays_root),
		cmocka_unit_test(test_children_keep_theirs),
		cmocka_unit_test(test_children_of_root_get_no_more),
		cmocka_unit_test(test_somebody_with_capabilities),
		cmocka_unit_test(test_somebody_may_not_change),
		cmocka_unit_test(test_root_may_not_change),
		cmocka_unit_test(test_threads_are_noticed),
		cmocka_unit_test(test_steps_down_and_up),
		cmocka_unit_test(test_root_steps_down),
		cmocka_unit_test(test_accounts),
		cmocka_unit_test(test_capabilities_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

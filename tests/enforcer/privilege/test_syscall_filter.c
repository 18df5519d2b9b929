/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * That the filters bite: each call is tried in a process that is filtered, and must have the effect
 * that is stated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "enforcer/privilege/syscall_filter.h"
#include "process/sanitized.h"
#include "tests/support/child_process.h"

enum { BAD_CALL = CHILD_PROCESS_SIGNALLED + SIGSYS };

static void filter(enum syscall_role role, enum syscall_mode mode)
{
	char problem[PROBLEM_SIZE] = "";

	child_process_require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (syscall_filter_install(role, mode, problem) != 0) {
		fprintf(stderr, "%s\n", problem);
		_exit(2);
	}
}

/* ---- hostile calls end the process: each in one of its own ---- */

static void try_execve(void)
{
	char *const argv[] = {(char[]){"/bin/true"}, NULL};

	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	execv(argv[0], argv);
}

static void try_fork(void)
{
	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	(void)fork();
}

static void try_vfork(void)
{
	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL);
}

#define HOSTILE(name, call) \
	static void try_##name(void) \
	{ \
		filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED); \
		call; \
	}
HOSTILE(ptrace, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
HOSTILE(mount, mount("none", "/nowhere", "tmpfs", 0, NULL))
HOSTILE(setuid, syscall(SYS_setuid, 0))
HOSTILE(setresuid, syscall(SYS_setresuid, -1, 0, -1))
HOSTILE(setns, syscall(SYS_setns, -1, 0))
HOSTILE(unshare, syscall(SYS_unshare, CLONE_NEWUSER))
HOSTILE(bpf, syscall(SYS_bpf, 0, NULL, 0))
HOSTILE(init_module, syscall(SYS_init_module, NULL, 0, ""))
HOSTILE(finit_module, syscall(SYS_finit_module, -1, "", 0))
HOSTILE(process_vm, syscall(SYS_process_vm_writev, 1, NULL, 0, NULL, 0, 0))
HOSTILE(keyctl, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
HOSTILE(capset, syscall(SYS_capset, NULL, NULL))
HOSTILE(chroot, syscall(SYS_chroot, "/"))

static void test_hostile_calls_end_it(void **state)
{
	static void (*const tries[])(void) = {try_execve, try_fork, try_vfork, try_ptrace,
		try_mount, try_setuid, try_setresuid, try_setns, try_unshare, try_bpf,
		try_init_module, try_finit_module, try_process_vm, try_keyctl, try_capset,
		try_chroot};

	(void)state;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (child_process_run(tries[i]) != BAD_CALL)
			fail_msg("number %zu was survived", i);
}

/* ---- all others fail as on a kernel that lacks them, and the process goes on ---- */

#define require_unknown(call) child_process_require((call) == -1 && errno == ENOSYS)

static void others_are_unknown(void)
{
	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	require_unknown(socket(AF_INET, SOCK_STREAM, 0));
	require_unknown(socket(AF_INET6, SOCK_DGRAM, 0));
	require_unknown(socket(AF_PACKET, SOCK_RAW, 0));
	require_unknown(syscall(SYS_connect, -1, NULL, 0));
	require_unknown(syscall(SYS_listen, -1, 1));
	require_unknown(syscall(SYS_io_uring_setup, 1, NULL));
	require_unknown(syscall(SYS_kill, getpid(), 0));
	require_unknown(syscall(SYS_tgkill, getppid(), getppid(), 0));
	require_unknown(prctl(PR_SET_DUMPABLE, 1));
	require_unknown(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0));
	require_unknown(ioctl(0, TIOCSTI, "x"));
	require_unknown(chmod("/nowhere", 0));
	require_unknown(syscall(SYS_mkdirat, AT_FDCWD, "/nowhere/x", 0));
	require_unknown(syscall(SYS_memfd_create, "x", 0));
	require_unknown(syscall(600));
	child_process_require(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				      -1, 0) == MAP_FAILED);
	child_process_require(errno == ENOSYS);
}

static void *write_byte(void *fd)
{
	return (void *)(intptr_t)write(*(int *)fd, "x", 1);
}

/* What the daemon lives on. */
static void the_needed_works(void)
{
	char path[] = "/tmp/podgate-filter-XXXXXX", renamed[64], byte;
	const int file = mkstemp(path);
	struct timespec now;
	pthread_t thread;
	int ends[2];
	void *page;

	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	child_process_require(file >= 0 && pipe2(ends, O_CLOEXEC) == 0);
	child_process_require(pthread_create(&thread, NULL, write_byte, &ends[1]) == 0);
	child_process_require(pthread_join(thread, NULL) == 0);
	child_process_require(read(ends[0], &byte, 1) == 1 && byte == 'x');
	child_process_require(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0);
	child_process_require(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0);
	snprintf(renamed, sizeof(renamed), "%s.1", path);
	child_process_require(
		rename(path, renamed) == 0 && open(path, O_CREAT | O_WRONLY, 0600) >= 0);
	child_process_require(unlink(path) == 0 && unlink(renamed) == 0);
	page = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	child_process_require(page != MAP_FAILED && mprotect(page, 4096, PROT_READ) == 0 &&
		munmap(page, 1 << 20) == 0);
	child_process_require(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0);
	child_process_require(prctl(PR_SET_NAME, "filtered") == 0);
	child_process_require(prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER);
}

static void abort_is_an_abort(void)
{
	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	abort();
}

/* ---- a worker's thread has less than its process ---- */

static void *work(void *context)
{
	char problem[PROBLEM_SIZE], buffer[8];
	const int fd = *(int *)context;
	struct mmsghdr message = {.msg_len = 0};

	child_process_require(
		syscall_filter_install(SYSCALLS_WORKER, SYSCALLS_REFUSED, problem) == 0);
	require_unknown(open("/etc/passwd", O_RDONLY));
	require_unknown(socket(AF_NETLINK, SOCK_RAW, 0));
	require_unknown(syscall(SYS_bind, fd, NULL, 0));
	require_unknown(syscall(SYS_close, -1));
	require_unknown(prctl(PR_GET_SECCOMP));
	child_process_require(send(fd, "x", 1, 0) == 1 && write(fd, "y", 1) == 1);
	child_process_require(
		recvmmsg(fd, &message, 1, MSG_DONTWAIT, NULL) == -1 && errno == EAGAIN);
	child_process_require(
		recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) == -1 && errno == EAGAIN);
	free(malloc(1 << 20));
	nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
	return NULL;
}

static void workers_have_less(void)
{
	pthread_t thread;
	int ends[2];

	child_process_require(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	child_process_require(pthread_create(&thread, NULL, work, &ends[0]) == 0);
	child_process_require(pthread_join(thread, NULL) == 0);
	child_process_require(open("/etc/passwd", O_RDONLY) >= 0);
}

/* ---- no io_uring: with whatever libuv, a loop lives under the filter ---- */

static void give_up_all(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	child_process_require(syscall(SYS_capset, &header, none) == 0);
}

static void refuse_io_uring(void)
{
	char problem[PROBLEM_SIZE] = "";

	if (syscall_filter_refuse_io_uring(problem) != 0) {
		fprintf(stderr, "%s\n", problem);
		_exit(2);
	}
}

static void *ask_for_a_ring(void *context)
{
	(void)context;
	require_unknown(syscall(SYS_io_uring_setup, 1, NULL));
	return NULL;
}

/* By somebody without CAP_SYS_ADMIN, who has not set no_new_privs. */
static void io_uring_is_refused(void)
{
	pthread_t thread;

	give_up_all();
	refuse_io_uring();
	require_unknown(syscall(SYS_io_uring_setup, 1, NULL));
	child_process_require(pthread_create(&thread, NULL, ask_for_a_ring, NULL) == 0 &&
		pthread_join(thread, NULL) == 0);
	child_process_require(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	child_process_require(system("exit 7") == 7 << 8);
}

static void count_readable(uv_poll_t *poll, int status, int events)
{
	int *count = poll->data;
	char byte;

	child_process_require(status == 0 && events == UV_READABLE &&
		read(((int *)poll->data)[1], &byte, 1) == 1);
	if (++*count == 2)
		uv_close((uv_handle_t *)poll, NULL);
}

/* Watching, not watching and closing are what newer versions of libuv put into a ring. */
static void run_a_loop(enum syscall_mode mode)
{
	int ends[2], seen[2] = {0};
	uv_loop_t loop;
	uv_poll_t poll;

	give_up_all();
	refuse_io_uring();
	child_process_require(uv_loop_init(&loop) == 0 && pipe2(ends, O_CLOEXEC) == 0);
	filter(SYSCALLS_DAEMON, mode);
	seen[1] = ends[0];
	child_process_require(uv_poll_init(&loop, &poll, ends[0]) == 0);
	poll.data = seen;
	for (int i = 0; i < 2; i++) {
		child_process_require(write(ends[1], "x", 1) == 1);
		child_process_require(uv_poll_start(&poll, UV_READABLE, count_readable) == 0);
		uv_run(&loop, UV_RUN_ONCE);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	child_process_require(seen[0] == 2 && uv_loop_close(&loop) == 0);
}

static void a_loop_lives(void)
{
	run_a_loop(SYSCALLS_REFUSED);
}

static void a_loop_lives_logged(void)
{
	run_a_loop(SYSCALLS_LOGGED);
}

static void *work_hostilely(void *context)
{
	char problem[PROBLEM_SIZE];

	(void)context;
	child_process_require(
		syscall_filter_install(SYSCALLS_WORKER, SYSCALLS_REFUSED, problem) == 0);
	syscall(SYS_execve, "/bin/true", NULL, NULL);
	return NULL;
}

static void hostile_worker(void)
{
	pthread_t thread;

	filter(SYSCALLS_DAEMON, SYSCALLS_REFUSED);
	pthread_create(&thread, NULL, work_hostilely, NULL);
	pthread_join(thread, NULL);
}

/* ---- the other modes and roles ---- */

static void logged_calls_pass(void)
{
	filter(SYSCALLS_DAEMON, SYSCALLS_LOGGED);
	child_process_require(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	child_process_require(system("exit 7") == 7 << 8);
	child_process_require(prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER);
}

static void helper_runs_programs(void)
{
	filter(SYSCALLS_HELPER, SYSCALLS_REFUSED);
	child_process_require(system("exit 7") == 7 << 8);
	child_process_require(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	child_process_require(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 && errno == EPERM);
	child_process_require(
		syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0, NULL) == -1 && errno == EPERM);
	child_process_require(syscall(SYS_unshare, CLONE_NEWUSER) == -1 && errno == EPERM);
	child_process_require(syscall(SYS_finit_module, -1, "", 0) == -1 && errno == EPERM);
	child_process_require(syscall(SYS_io_uring_setup, 1, NULL) == -1 && errno == EPERM);
}

static void without_no_new_privs(void)
{
	char problem[PROBLEM_SIZE] = "";

	give_up_all();
	child_process_require(
		syscall_filter_install(SYSCALLS_DAEMON, SYSCALLS_REFUSED, problem) != 0);
	child_process_require(strstr(problem, "filter") != NULL);
}

#define CHILD_TEST(body, wanted) \
	static void test_##body(void **state) \
	{ \
		(void)state; \
		assert_int_equal(child_process_run(body), wanted); \
	}
CHILD_TEST(others_are_unknown, 0)
CHILD_TEST(the_needed_works, 0)
CHILD_TEST(abort_is_an_abort, CHILD_PROCESS_SIGNALLED + SIGABRT)
CHILD_TEST(workers_have_less, 0)
CHILD_TEST(hostile_worker, BAD_CALL)
CHILD_TEST(io_uring_is_refused, 0)
CHILD_TEST(a_loop_lives, 0)
CHILD_TEST(a_loop_lives_logged, 0)
CHILD_TEST(logged_calls_pass, 0)
CHILD_TEST(helper_runs_programs, 0)
CHILD_TEST(without_no_new_privs, 0)

static void test_sanitizers_go_unfiltered(void **state)
{
	char problem[PROBLEM_SIZE] = "";

	(void)state;
	assert_int_equal(
		syscall_filter_install(SYSCALLS_DAEMON, SYSCALLS_REFUSED, problem), -ENOTSUP);
	assert_non_null(strstr(problem, "sanitizer"));
	assert_int_equal(prctl(PR_GET_SECCOMP), SECCOMP_MODE_DISABLED);
}

int main(void)
{
	static const struct CMUnitTest sanitized[] = {
		cmocka_unit_test(test_sanitizers_go_unfiltered),
		cmocka_unit_test(test_io_uring_is_refused)};
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile_calls_end_it),
		cmocka_unit_test(test_others_are_unknown),
		cmocka_unit_test(test_the_needed_works),
		cmocka_unit_test(test_abort_is_an_abort),
		cmocka_unit_test(test_workers_have_less),
		cmocka_unit_test(test_hostile_worker),
		cmocka_unit_test(test_io_uring_is_refused),
		cmocka_unit_test(test_a_loop_lives),
		cmocka_unit_test(test_a_loop_lives_logged),
		cmocka_unit_test(test_logged_calls_pass),
		cmocka_unit_test(test_helper_runs_programs),
		cmocka_unit_test(test_without_no_new_privs),
	};

	return SANITIZED ? cmocka_run_group_tests(sanitized, NULL, NULL)
			 : cmocka_run_group_tests(tests, NULL, NULL);
}

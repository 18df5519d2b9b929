/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/syscall_filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enforcer/privilege/syscall_lists.h"
#include "process/sanitized.h"

/* of SCMP_FLTATR_CTL_OPTIMIZE: calls are found by halving, not one after the other */
enum { BY_TREE = 2 };

/* A filter under construction: after the first error the rest is left out. */
struct building {
	scmp_filter_ctx context;
	uint32_t others; /* what becomes of calls that are on no list */
	uint32_t kill;	 /* and of hostile ones */
	int err;
};

/*
 * A kernel's int is the lower half of its register; what the upper one holds is nobody's business.
 */
static struct scmp_arg_cmp equals(unsigned int argument, uint32_t value)
{
	return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, value);
}

static struct scmp_arg_cmp lacks(unsigned int argument, uint32_t flag)
{
	return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, flag, 0);
}

static struct scmp_arg_cmp has(unsigned int argument, uint32_t flag)
{
	return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, flag, flag);
}

static void add(struct building *building, uint32_t action, const char *name, unsigned int count,
	const struct scmp_arg_cmp *arguments)
{
	const int number = seccomp_syscall_resolve_name(name);

	if (building->err == 0 && number != __NR_SCMP_ERROR && action != building->others)
		building->err = seccomp_rule_add_array(
			building->context, action, number, count, arguments);
}

static void add_list(struct building *building, uint32_t action, const char *const *names)
{
	for (; *names != NULL; names++)
		add(building, action, *names, 0, NULL);
}

static void allow_when(struct building *building, const char *name, struct scmp_arg_cmp argument)
{
	add(building, SCMP_ACT_ALLOW, name, 1, &argument);
}

/*
 * Another thread may be made, another process not. clone3()'s flags lie in memory, where no filter
 * looks: see below.
 */
static void allow_threads(struct building *building)
{
	const struct scmp_arg_cmp process = lacks(0, CLONE_THREAD);

	allow_when(building, "clone", has(0, CLONE_THREAD));
	add(building, building->kill, "clone", 1, &process);
}

/* Nothing that was written becomes a program. */
static void allow_memory(struct building *building)
{
	allow_when(building, "mmap", lacks(2, PROT_EXEC));
	allow_when(building, "mmap2", lacks(2, PROT_EXEC));
	allow_when(building, "mprotect", lacks(2, PROT_EXEC));
}

static void allow_sockets(struct building *building)
{
	allow_when(building, "socket", equals(0, AF_NETLINK));
	allow_when(building, "socket", equals(0, AF_UNIX));
}

/*
 * What libuv and the C library ask of descriptors; not to write into a terminal's input, for one.
 */
static void allow_ioctls(struct building *building)
{
	static const unsigned long requests[] = {FIOCLEX, FIONBIO, FIONREAD, TCGETS};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		allow_when(building, "ioctl", equals(1, (uint32_t)requests[i]));
}

/* A thread's name, and what status reports. */
static void allow_prctls(struct building *building)
{
	static const uint32_t options[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_NO_NEW_PRIVS,
		PR_GET_SECCOMP, PR_GET_DUMPABLE, PR_CAPBSET_READ};
	const struct scmp_arg_cmp ambient[] = {
		equals(0, PR_CAP_AMBIENT), equals(1, PR_CAP_AMBIENT_IS_SET)};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		allow_when(building, "prctl", equals(0, options[i]));
	add(building, SCMP_ACT_ALLOW, "prctl", 2, ambient);
}

/* abort() signals its own thread. */
static void allow_abort(struct building *building)
{
	allow_when(building, "tgkill", equals(0, (uint32_t)getpid()));
}

static void fill(struct building *building, enum syscall_role role)
{
	switch (role) {
	case SYSCALLS_DAEMON:
		add_list(building, SCMP_ACT_ALLOW, syscalls_daemon);
		add_list(building, building->kill, syscalls_hostile);
		allow_threads(building);
		allow_memory(building);
		allow_sockets(building);
		allow_ioctls(building);
		allow_prctls(building);
		allow_abort(building);
		/* is with the other filter to refuse */
		add(building, SCMP_ACT_ALLOW, "clone3", 0, NULL);
		break;
	case SYSCALLS_WORKER:
		add_list(building, SCMP_ACT_ALLOW, syscalls_worker);
		allow_memory(building);
		allow_abort(building);
		break;
	case SYSCALLS_HELPER:
		add_list(building, building->kill, syscalls_helper_refused);
		break;
	}
}

/*
 * no_new_privs is set already. Speculation is for whoever runs foreign code in the same process to
 * mind; without SSB set, kernels before 5.16 slow down every thread that has a filter.
 */
static int load(const struct building *building, bool logged)
{
	const struct {
		enum scmp_filter_attr attribute;
		uint32_t value;
	} attributes[] = {
		{SCMP_FLTATR_CTL_OPTIMIZE, BY_TREE}, {SCMP_FLTATR_CTL_LOG, logged},
		{SCMP_FLTATR_CTL_NNP, 0}, {SCMP_FLTATR_CTL_SSB, 1},
		{SCMP_FLTATR_API_SYSRAWRC, 1}, /* the kernel's own errors */
	};
	int err = building->err;

	for (size_t i = 0; err == 0 && i < sizeof(attributes) / sizeof(attributes[0]); i++)
		err = seccomp_attr_set(
			building->context, attributes[i].attribute, attributes[i].value);
	return err != 0 ? err : seccomp_load(building->context);
}

/* Calls on no list; and those that are named as ones that nobody here makes. */
static struct building begin(enum syscall_role role, enum syscall_mode mode)
{
	const bool helper = role == SYSCALLS_HELPER;
	struct building building = {.others = SCMP_ACT_LOG, .kill = SCMP_ACT_LOG};

	if (mode == SYSCALLS_REFUSED) {
		building.others = SCMP_ACT_ERRNO(ENOSYS);
		building.kill = helper ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
	}
	if (helper)
		building.others = SCMP_ACT_ALLOW;
	building.context = seccomp_init(building.others);
	return building;
}

static int build(enum syscall_role role, enum syscall_mode mode)
{
	struct building building = begin(role, mode);
	int err;

	if (building.context == NULL)
		return -ENOMEM;
	fill(&building, role);
	err = load(&building, true);
	seccomp_release(building.context);
	return err;
}

/* A filter that answers one call with ENOSYS, lets all others pass, and logs nothing. */
static int build_unknown(const char *call)
{
	struct building building = {
		.others = SCMP_ACT_ALLOW, .context = seccomp_init(SCMP_ACT_ALLOW)};
	int err;

	if (building.context == NULL)
		return -ENOMEM;
	add(&building, SCMP_ACT_ERRNO(ENOSYS), call, 0, NULL);
	err = load(&building, false);
	seccomp_release(building.context);
	return err;
}

/*
 * The kernel looks at the mode before it looks at the filter, which is none. One that is filtered
 * need not ask.
 */
static bool kernel_has_filters(void)
{
	return prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == 0 || errno == EFAULT;
}

static int explain(int err, char problem[PROBLEM_SIZE])
{
	if (err == -ENOTSUP)
		snprintf(problem, PROBLEM_SIZE,
			"this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)");
	else if (err != 0)
		snprintf(problem, PROBLEM_SIZE, "can't filter system calls: %s", strerror(-err));
	return err;
}

/* Unless it has CAP_SYS_ADMIN, a thread may set a filter only after no_new_privs. */
int syscall_filter_refuse_io_uring(char problem[PROBLEM_SIZE])
{
	int err = kernel_has_filters() ? 0 : -ENOTSUP;

	if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0)
		err = -errno;
	if (err == 0)
		err = build_unknown("io_uring_setup");
	return explain(err, problem);
}

/*
 * Of clone3() nobody can say what it would clone. Refused as unknown, the C library makes its
 * threads by clone(), and tries each time: that is no event, so this call has a filter of its own,
 * which logs nothing.
 */
int syscall_filter_install(
	enum syscall_role role, enum syscall_mode mode, char problem[PROBLEM_SIZE])
{
	int err = kernel_has_filters() ? 0 : -ENOTSUP;

	if (SANITIZED) {
		snprintf(problem, PROBLEM_SIZE,
			"this is a build with a sanitizer, which seccomp would end");
		return -ENOTSUP;
	}
	if (err == 0 && role == SYSCALLS_DAEMON && mode == SYSCALLS_REFUSED)
		err = build_unknown("clone3");
	if (err == 0)
		err = build(role, mode);
	return explain(err, problem);
}

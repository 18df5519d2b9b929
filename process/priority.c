/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process/priority.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	/* a tenth of the weight of others (sched_prio_to_weight, kernel/sched/core.c) */
	BACKGROUND_NICER = 10,
	NICEST = 19,
	/* the shortest that the kernel takes (__setparam_fair(), kernel/sched/syscalls.c) */
	SHORT_TURN_NS = 100000,
};

/*
 * As sched_setattr(2) has it. The C library got it late, and the kernel's header clashes with the
 * library's.
 */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
_Static_assert(sizeof(struct attributes) == 48, "SCHED_ATTR_SIZE_VER0");

/*
 * Relative to what the service manager gave the process. Who runs it in a real-time class knows
 * what he wants. Where a filter of system calls forbids it, the thread is one like others.
 */
static void change(uint32_t policy, int32_t nicer)
{
	struct attributes attributes = {.size = sizeof(attributes)};

	if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0 ||
		attributes.policy != SCHED_OTHER)
		return;
	attributes.policy = policy;
	attributes.nice = attributes.nice + nicer < NICEST ? attributes.nice + nicer : NICEST;
	attributes.runtime = SHORT_TURN_NS;
	(void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void priority_prompt(void)
{
	change(SCHED_OTHER, 0);
}

void priority_background(void)
{
	change(SCHED_BATCH, BACKGROUND_NICER);
}

int priority_pin(unsigned int nth)
{
	cpu_set_t allowed, one;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return -errno;
	nth %= (unsigned int)CPU_COUNT(&allowed);
	while (!CPU_ISSET((size_t)cpu, &allowed) || nth-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) != 0 ? -errno : 0;
}

void priority_yield(void)
{
	(void)sched_yield();
}

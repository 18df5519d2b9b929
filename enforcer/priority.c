/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/priority.h"

#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	BACKGROUND_NICE = 10,		/* a weight of 110, to the 1024 of others (kernel/sched/core.c) */
	SHORT_TURN_NS = 100000,		/* the shortest that the kernel takes (__setparam_fair()) */
};

/* As sched_setattr(2) has it; the C library knew no such struct for long, and <linux/sched/types.h> clashes with some. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t rt_priority;
	uint64_t runtime, deadline, period;
};
_Static_assert(sizeof(struct attributes) == 48, "SCHED_ATTR_SIZE_VER0");

static void set_attributes(uint32_t policy, int32_t nice, const char *env)
{
	struct attributes attributes = {
		.size = sizeof(attributes), .policy = policy, .nice = nice, .runtime = SHORT_TURN_NS};

	if (getenv(env) != NULL) {
		unsigned long long rt;
		if (sscanf(getenv(env), "%u %d %llu", &attributes.policy, &attributes.nice, &rt) != 3)
			return;
		attributes.runtime = rt;
	}
	/* Where a filter of system calls forbids it, the thread is one like others. */
	(void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void priority_prompt(void)
{
	set_attributes(SCHED_OTHER, 0, "PG_FG");
}

void priority_background(void)
{
	set_attributes(SCHED_BATCH, BACKGROUND_NICE, "PG_BG");
}

void priority_yield(void)
{
	if (getenv("PG_NOYIELD") == NULL)
	(void)sched_yield();
}

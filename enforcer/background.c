/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/background.h"
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/syscall.h>
struct attr { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t prio; uint64_t runtime, deadline, period; };
static int yields;
static void enter(const char *env)
{
	struct attr attr = {.size = sizeof(attr)};
	unsigned long long rt;
	if (env == NULL || sscanf(env, "%u %d %llu %d", &attr.policy, &attr.nice, &rt, &yields) != 4) return;
	attr.runtime = rt;
	if (syscall(SYS_sched_setattr, 0, &attr, 0) != 0) perror("setattr");
}
void background_enter(void)
{
	enter(getenv("PG_BG"));
}
void foreground_enter(void)
{
	int before = yields;
	enter(getenv("PG_FG"));
	yields = before;
}
void background_yield(void)
{
	if (yields) sched_yield();
}

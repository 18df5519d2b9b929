/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_RULE_GUARD_H
#define KERNEL_RULES_RULE_GUARD_H

/*
 * Which texts the helper process, which may be root, passes on to iptables-restore: those that
 * change our chains and the jumps that lead there, and that make the program read, load or run
 * nothing. The daemon that sends them could change any rule by itself, for it holds CAP_NET_ADMIN;
 * what it must not get by way of a rule is root's files and root's programs (an option of every
 * rule names the program that loads modules: --modprobe). Pure.
 */

#include <stdbool.h>
#include <stddef.h>

#include "process/problem.h"

#define RULE_GUARD_SCRATCH "PODGATE-SCRATCH" /* a chain to try a rule in; it may come and go */

/* When it returns false, `problem` says which line is wrong and why. */
bool rule_guard_allows(const char *text, char problem[PROBLEM_SIZE]);

#endif

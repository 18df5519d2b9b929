/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_IPTABLES_PROGRAMS_H
#define KERNEL_RULES_IPTABLES_PROGRAMS_H

/*
 * Running the iptables programs from this process, in the calling thread's network namespace. What
 * iptables.h does unless it is told otherwise, and what the helper process does for a daemon that
 * may not run programs any more.
 */

#include "kernel/rules/iptables.h"

extern const struct iptables_ops iptables_programs;

#endif

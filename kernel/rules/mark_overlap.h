/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_MARK_OVERLAP_H
#define KERNEL_RULES_MARK_OVERLAP_H

/*
 * Rules of others that read or write our bits of the connection mark: they would pass or cut flows
 * in our name, or break on ours. Pure: looks at a text of iptables-save's.
 */

#include <stdint.h>

#include "kernel/rules/rule_text.h"

/*
 * The first rule in `saved` outside our own chain that reads or writes a bit of `mask` in a
 * connmark, or NULL; the line ends at a newline. A rule that names no mask means all 32 bits.
 */
const char *mark_overlap_find(const char *saved, uint32_t mask);

#endif

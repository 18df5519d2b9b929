/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_CAPABILITIES_H
#define PROCESS_CAPABILITIES_H

/*
 * The kernel's capabilities (capabilities(7)) as sets of bits, and giving them up. They belong to
 * the calling thread: whoever reduces those of a process does so before it makes threads.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/capability.h>

#define CAPABILITY(number) (UINT64_C(1) << (number))

struct capabilities {
	uint64_t permitted, effective, inheritable, ambient;
	uint64_t bounding; /* what an execve() may ever bring */
};

/* As the kernel has them now. 0 or -errno. */
int capabilities_read(struct capabilities *out);
/* Whether one is effective. */
bool capabilities_hold(unsigned int number);

/*
 * Keeps those of `wanted` that are permitted, and nothing else. `children`: programs that are run
 * get them, too (as inheritable and ambient ones). 0 or -errno.
 */
int capabilities_keep(uint64_t wanted, bool children);
/*
 * From then on no execve() brings any but these. 0; -EPERM without CAP_SETPCAP, when some had to
 * go.
 */
int capabilities_bound(uint64_t wanted);
/* Only for now: what is permitted turns effective, or nothing is. 0 or -errno. */
int capabilities_raise(void);
int capabilities_lower(void);

/* "cap_net_admin cap_net_raw", or "none". Returns `text`; what does not fit is left out. */
enum { CAPABILITIES_TEXT = 1024 };
const char *capabilities_print(uint64_t set, char text[CAPABILITIES_TEXT]);

#endif

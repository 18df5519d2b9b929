/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_SYSCTL_H
#define PROCESS_SYSCTL_H

/*
 * Numbers in /proc/sys. Below net/ they belong to the network namespace of the calling thread. Any
 * thread.
 */

/*
 * Both return 0 or -errno: -ENOENT when the kernel has no such file, -EPROTO when it holds no
 * number.
 */
int sysctl_read(const char *path, long *out);
int sysctl_write(const char *path, long value);

#endif

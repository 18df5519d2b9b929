/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PROCESS_SANITIZED_H
#define PROCESS_SANITIZED_H

/*
 * Whether this is a build with AddressSanitizer or ThreadSanitizer. Their runtimes make threads of
 * their own, trace the process at its end and make system calls that podgate does not: such a build
 * can't be locked in.
 */

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif

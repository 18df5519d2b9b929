/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_NETNS_H
#define TESTS_SUPPORT_NETNS_H

/*
 * An empty network namespace to try things in: the test program moves there and never comes back,
 * so that nothing it does is the machine's. Needs root; a program that can't have it fails, it does
 * not skip.
 */

/*
 * A fresh namespace for the calling thread; may be called again for another. Always 0: for cmocka's
 * setup.
 */
int netns_enter(void **state);

/* Runs a shell command and returns its exit code. */
int netns_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs one that must succeed and returns what it wrote to standard output, to free(). */
char *netns_read(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * From now on iptables-nft-restore refuses every text that has `word` in it, as one without an
 * extension does; netns_refuse_none() ends it. By the PATH of the whole process.
 */
void netns_refuse_rules(const char *word);
void netns_refuse_none(void);

#endif

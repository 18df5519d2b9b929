/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_SETS_IPSET_TALK_H
#define KERNEL_SETS_IPSET_TALK_H

/*
 * A conversation with the kernel's ipset through libipset, which keeps its set types and a cache of
 * the sets it has met in globals without a lock: so one conversation at a time, in the calling
 * thread's network namespace, and nothing is remembered after it. Any thread; a second one waits.
 */

#include <libipset/session.h>
#include <stddef.h>

#include "process/problem.h"

struct ipset_talk {
	struct ipset_session *session; /* libipset's own functions work on it */
	char problem[PROBLEM_SIZE];    /* what the latest failure was */
	char output[512]; /* the beginning of the latest listing: its header is all we read */
	size_t output_length;
};

/* Must be closed even when it fails. 0 or -errno. */
int ipset_talk_open(struct ipset_talk *talk);
/* Ends it and returns `err`; when that is a failure, its problem is copied out. */
int ipset_talk_close(struct ipset_talk *talk, int err, char problem[PROBLEM_SIZE]);

/*
 * Runs a command that names a set and says no more; `verb` is for the problem. 0, or as
 * ipset_talk_failed().
 */
int ipset_talk_command(
	struct ipset_talk *talk, enum ipset_cmd command, const char *verb, const char *name);
/* Lists a set's header into talk->output. -ENOENT when there is no such set. */
int ipset_talk_read_header(struct ipset_talk *talk, const char *name);

/*
 * Turns libipset's words into talk->problem and an error: -ENOENT, -EEXIST, -EBUSY, -EPERM,
 * -ENOSPC, -EPROTONOSUPPORT, or -EIO.
 */
int ipset_talk_failed(struct ipset_talk *talk, const char *verb, const char *name);

#endif

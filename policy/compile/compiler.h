/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_COMPILER_H
#define POLICY_COMPILE_COMPILER_H

/*
 * Makes snapshots of one cluster after another, and keeps what the policies came to: as long as
 * they stay the same objects, only pods that were not there before are looked at, and only kinds of
 * pods that were never met cost more than an entry in a table. A first compilation does the same
 * with all pods. Snapshots share nothing with the compiler or each other but their clusters.
 *
 * One thread at a time, which may be another for each call.
 */

#include "policy/compile/snapshot.h"

struct compiler;

int compiler_create(struct compiler **out);    /* 0 or -ENOMEM */
void compiler_free(struct compiler *compiler); /* NULL is allowed */

/*
 * As snapshot_compile(). The compiler keeps a reference on the cluster until the next. After a
 * failure it begins anew.
 */
int compiler_compile(struct compiler *compiler, struct cluster *cluster,
	const struct snapshot_options *options, struct snapshot **out);

#endif

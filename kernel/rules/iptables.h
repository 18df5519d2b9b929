/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KERNEL_RULES_IPTABLES_H
#define KERNEL_RULES_IPTABLES_H

/*
 * The iptables programs of both back ends: iptables-nft-* and iptables-legacy-*, or the ones
 * without a back end in their name, asked which they are. Only *-save and *-restore are run; every
 * change is one transaction. Blocking; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings/settings.h"
#include "policy/values/ip_addr.h"
#include "process/problem.h"

const char *iptables_backend_name(enum backend_choice backend); /* "nft", "legacy" */
const char *iptables_family_name(enum ip_family family);	/* "IPv4", "IPv6" */

/*
 * 0 when the programs of that back end are installed for the family; or -ENOENT, and `problem`
 * names the package that has them.
 */
int iptables_available(
	enum backend_choice backend, enum ip_family family, char problem[PROBLEM_SIZE]);
/* The back end behind plain `iptables`. 0, or -ENOENT. */
int iptables_default_backend(enum backend_choice *out);

/*
 * The rules of one table, or of all with NULL, as iptables-save writes them; "" when there are
 * none. Looking never loads a kernel module or creates a legacy table: tables that do not exist are
 * not asked for. *out is the caller's to free(). 0; or -errno and `problem`: -ENOENT (not
 * installed), -EPERM, -EACCES (root's to see), -EPROTONOSUPPORT (the kernel lacks the back end),
 * -ETIMEDOUT, -EIO...
 */
int iptables_save(enum backend_choice backend, enum ip_family family, const char *table,
	bool counters, char **out, char problem[PROBLEM_SIZE]);
/*
 * False when iptables-nft-save left a table out, because some rule or chain in it is none of
 * iptables' (nft_is_table_compatible() in iptables/nft.c): it then says so in a comment, and exits
 * with 0. A rule that passes that test and that it can't print ends it with an error:
 * iptables_save() makes the same of both.
 */
bool iptables_save_is_whole(const char *saved);

/*
 * Applies one text of iptables-restore's, without flushing what it does not name: whole or not at
 * all. 0; or -errno and `problem` as above, and -EBUSY (the xtables lock), -EINVAL (the program or
 * the kernel refuses a rule: `problem` ends with its words).
 */
int iptables_restore(enum backend_choice backend, enum ip_family family, const char *text,
	char problem[PROBLEM_SIZE]);

/*
 * A number that stays the same as long as nobody changes the rules of that back end, without
 * running a program (rule_generation.h). 0, or -errno: -ENOENT where the legacy table does not
 * exist.
 */
int iptables_generation(enum backend_choice backend, enum ip_family family, uint64_t *out);

/*
 * Who does the above: this process, by running the programs, unless iptables_use() says otherwise.
 */
struct iptables_ops {
	int (*available)(
		enum backend_choice backend, enum ip_family family, char problem[PROBLEM_SIZE]);
	int (*default_backend)(enum backend_choice *out);
	int (*save)(enum backend_choice backend, enum ip_family family, const char *table,
		bool counters, char **out, char problem[PROBLEM_SIZE]);
	int (*restore)(enum backend_choice backend, enum ip_family family, const char *text,
		char problem[PROBLEM_SIZE]);
	int (*generation)(enum backend_choice backend, enum ip_family family, uint64_t *out);
};
/* For the whole process, before it has threads. `ops` is borrowed. */
void iptables_use(const struct iptables_ops *ops);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DOCTOR_KERNEL_PROBE_H
#define DOCTOR_KERNEL_PROBE_H

/*
 * Which features of the kernel (and of the iptables package) our rules, sets and queues need, found
 * out by using them in an empty network namespace that lives as long as the question: exact, and
 * nobody's packets pass there. A module may get loaded, as it would be by the rules themselves.
 * Blocking; any thread, on one of its own.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings/settings.h"

enum { KERNEL_FEATURES_MOST = 16, KERNEL_FEATURE_SAID = 160 };

struct kernel_feature {
	const char *slug;   /* stable: "nfqueue", "xt-set"... */
	const char *what;   /* "the iptables match set" */
	const char *option; /* what to build or load: "CONFIG_NETFILTER_XT_SET (module xt_set)" */
	bool optional;	    /* podgate does without it, and less well */
	bool missing;
	char said[KERNEL_FEATURE_SAID]; /* missing: by whose words */
};

struct kernel_probe {
	enum backend_choice backend; /* nft or legacy */
	bool ipv6;
	struct kernel_feature features[KERNEL_FEATURES_MOST];
	size_t count;
};

/*
 * Fills in features and count for the back end and families that are set. Returns 0, however many
 * are missing; or -errno when no namespace could be made to try in (-EPERM without CAP_SYS_ADMIN).
 */
int kernel_probe_run(struct kernel_probe *probe);

#endif

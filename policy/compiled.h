/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILED_H
#define POLICY_COMPILED_H

/*
 * What struct snapshot is made of: private to compile.c, which makes it, and snapshot.c, which answers from it.
 * All but the cluster lives in one arena, the snapshot itself included.
 *
 * Of the enforced policies and all policies together only one ever decides: rules only add, so where an
 * enforced policy isolates, the audited ones cannot make a flow pass less. Hence one profile an end and
 * direction: of the enforced policies, or of the audited ones where there are no others.
 */

#include "policy/endpoint_table.h"
#include "policy/profile.h"
#include "policy/snapshot.h"

struct policy_list {
	const struct network_policy *const *items;
	size_t count;
};

struct snapshot {
	struct arena *arena;
	struct cluster *cluster;	/* referenced */
	uint64_t revision;
	bool audit;
	const char *node_name;
	bool deny_link_local;

	struct endpoint_table endpoints;
	const struct profile *profiles;
	const struct peer_set *sets;
	/* By pod, NULL where no port of it is named by a policy; NULL altogether when no policy names any. */
	const struct named_ports *const *named_ports;

	const uint32_t *classes[DIRECTION_COUNT];	/* by pod: index into policies */
	const struct policy_list *policies[DIRECTION_COUNT];	/* the first is empty */
	const struct ip_addr *isolated;
	size_t isolated_count;
	enum verdict link_local;	/* of flows with such an end */
};

#endif

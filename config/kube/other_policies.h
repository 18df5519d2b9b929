/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_KUBE_OTHER_POLICIES_H
#define CONFIG_KUBE_OTHER_POLICIES_H

/*
 * Objects of policy kinds that podgate does not enforce: ClusterNetworkPolicy, AdminNetworkPolicy
 * and BaselineAdminNetworkPolicy, and those of Cilium, Calico and Antrea. They are counted, because
 * an administrator's Deny that does nothing must be told. A plain value.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/values/diag.h"

enum { OTHER_POLICY_KINDS = 12, OTHER_POLICY_KIND_TEXT = 48, OTHER_POLICY_GROUP_TEXT = 48 };

struct other_policy {
	char kind[OTHER_POLICY_KIND_TEXT];   /* "CiliumNetworkPolicy"; longer ones are cut */
	char group[OTHER_POLICY_GROUP_TEXT]; /* "cilium.io"; "" when the object names none */
	size_t count;
	struct source_pos first; /* of the first one met */
};

struct other_policies {
	struct other_policy items[OTHER_POLICY_KINDS]; /* in the order met */
	size_t count;
	size_t more; /* objects of kinds for which there was no room */
};

/*
 * Whether objects of this kind and apiVersion ("" when the object has none) are policies that
 * podgate does not enforce: the kind's name ends in NetworkPolicy, and it is not the one of
 * networking.k8s.io.
 */
bool other_policies_has_kind(const char *kind, const char *api_version);

void other_policies_count(struct other_policies *policies, const char *kind,
	const char *api_version, struct source_pos pos);
void other_policies_add(struct other_policies *sum, const struct other_policies *policies);
size_t other_policies_total(const struct other_policies *policies);

enum { OTHER_POLICIES_TEXT = 512 };

/*
 * "2 CiliumNetworkPolicy (cilium.io), 1 ClusterNetworkPolicy (policy.networking.k8s.io)"; "" when
 * there are none.
 */
void other_policies_format(const struct other_policies *policies, char out[OTHER_POLICIES_TEXT]);

#endif

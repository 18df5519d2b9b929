/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_KUBE_KUBE_H
#define CONFIG_KUBE_KUBE_H

/*
 * Kubernetes objects out of document trees: Namespaces, Pods, NetworkPolicies and Lists of
 * them, validated and defaulted as the API server does. Objects of other kinds are passed over.
 */

#include "config/kube/other_policies.h"
#include "config/text/document.h"
#include "policy/values/arena.h"
#include "policy/values/diag.h"
#include "policy/values/model.h"

/*
 * Whose annotations podgate.io/ip and podgate.io/ips give a pod addresses, where its status has
 * none: those of manifests that no API server wrote (uid, resourceVersion and such tell), all, or
 * none.
 */
enum address_annotations {
	ADDRESS_ANNOTATIONS_AUTO,
	ADDRESS_ANNOTATIONS_ON,
	ADDRESS_ANNOTATIONS_OFF
};
/*
 * Whether podgate.io/audit on a namespace, pod or policy has its denials only logged, or counts for
 * nothing.
 */
enum audit_annotations { AUDIT_ANNOTATIONS_ON, AUDIT_ANNOTATIONS_OFF };

/* Which annotations of podgate's count. All zero: the defaults of the settings. */
struct annotation_trust {
	enum address_annotations addresses;
	enum audit_annotations audit;
};

/* In the order in which a cluster lists them; object_kind.h has a row for each. */
enum kube_kind { KUBE_NAMESPACE, KUBE_POD, KUBE_POLICY };
enum { KUBE_KINDS = KUBE_POLICY + 1 };

/* One object. */
struct kube_object {
	enum kube_kind kind;
	/* among `parts`: its name could not be read, so it may be a version of any object */
	bool unnamed;
	/* among `parts`: a policy that isolates this pod, which comes before it; else NULL */
	const struct pod *of_pod;
	union {
		const void *value;
		const struct namespace_object *namespace_object;
		const struct pod *pod;
		const struct network_policy *policy;
	};
};

struct kube_objects {
	const struct kube_object *items; /* those without errors, in the order written */
	size_t count;
	/* what could be read of objects with errors: kube_close_policy() */
	const struct kube_object *parts;
	size_t part_count;
	/* documents or list items that may have been objects of ours and were not understood */
	size_t broken;
	size_t passed_over; /* objects of kinds that are not ours; a Status is no object */
	struct other_policies others;	   /* of those: policies of kinds that are not enforced */
	struct other_policies no_policies; /* and the rest of them, by kind and group */
};

/*
 * Decodes all documents, with ADDRESS_ANNOTATIONS_AUTO. Errors and single-document warnings are
 * added to `diags`: unknown or misspelt fields with the field meant, missing apiVersion, bad
 * values, host bits, excepts outside their block or swallowing it, upside-down ranges, policyTypes
 * that contradict the rules. Returns 0, or -ENOMEM with *out untouched.
 */
int kube_decode(struct kube_objects *out, const struct document_list *documents,
	struct arena *arena, struct diag_list *diags);

/*
 * Reads and decodes in one go, a document or an item of a list at a time: see document_visit().
 * `file` must live as long as `arena`. *truncated is set when a limit ended the reading. Returns 0,
 * or -ENOMEM with *out untouched.
 */
int kube_read(struct kube_objects *out, bool *truncated, const char *file,
	const struct byte_source *source, const struct document_limits *limits,
	struct annotation_trust trust, struct arena *arena, struct diag_list *diags);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_KUBE_KUBE_INTERNAL_H
#define CONFIG_KUBE_KUBE_INTERNAL_H

/*
 * The parts of kube_decode(), one file a part of the API. Each reads a node into a model value and
 * reports what is wrong to the decoder; absent nodes give the API's defaults.
 */

#include "config/kube/decode.h"
#include "config/kube/fields.h"
#include "config/kube/kube.h"

/* The metadata that objects of all kinds have. */
struct kube_meta {
	const char *name;	    /* "" when it is missing or wrong, which is reported */
	const char *namespace_name; /* "default" when absent */
	struct label_set labels;
	const struct node *annotations; /* in the tree */
	bool audit;
	bool terminating;
	int64_t created;
	struct source_pos pos;
};

void kube_read_meta(struct decoder *decoder, const struct node *object, enum kube_kind kind,
	struct kube_meta *out);
/* Replaces the label of that key, if there is one. */
void kube_add_label(
	struct decoder *decoder, struct label_set *labels, const char *key, const char *value);
/* An annotation's text, or NULL. */
const char *kube_annotation(const struct kube_meta *meta, const char *name, struct source_pos *pos);

/* The readers of object_kinds[], into a struct namespace_object, a struct pod... */
void kube_read_namespace(struct decoder *decoder, const struct node *object, void *out);
void kube_read_pod(struct decoder *decoder, const struct node *object, void *out);
void kube_read_policy(struct decoder *decoder, const struct node *object, void *out);
/* The addresses of a Pod whose other fields are read: out->ips, ip_count and ips_annotated. */
void kube_read_addresses(struct decoder *decoder, const struct node *object,
	const struct kube_meta *meta, struct pod *out);
/*
 * A policy that has errors, as far as it can be read: it isolates the pods that the readable
 * requirements of its selector match (without any: all of its namespace) in its directions (not
 * readable: both), and admits what its readable rules admit. Of a peer or port list the readable
 * items count; a rule without a readable item admits nobody. Findings are not reported. 0 when not
 * even its namespace can be read: one unreadable word of one policy must not stop all traffic.
 */
size_t kube_close_policy(
	struct decoder *decoder, const struct node *object, struct kube_object *out);
/*
 * The same of a pod: it has those of its addresses, labels and ports that can be read. Where some
 * label can't, it is not known which policies select it: then a policy of its own comes with it,
 * and isolates it in both directions. Where it can't be read whether its address is the node's, it
 * counts as such.
 */
size_t kube_close_pod(struct decoder *decoder, const struct node *object, struct kube_object *out);
#define KUBE_CLOSED_POD_LABEL "podgate.io/unreadable-pod" /* the pod's name is its value */
#define KUBE_CLOSED_POD_POLICY "unreadable-pod-"	  /* and the pod's name */

/* Parts of a policy, for both readings. */
/* false: unknown fields, or no mapping */
bool kube_check_policy_spec(struct decoder *decoder, const struct node *spec);
bool kube_check_rule(struct decoder *decoder, const struct node *rule, enum direction direction);
void kube_read_policy_types(
	struct decoder *decoder, const struct node *node, struct network_policy *out);
const char *kube_peer_key(enum direction direction); /* "from", "to" */

/*
 * Only those requirements that can be read: the selector may match more than it was meant to, and
 * no less.
 */
void kube_read_sound_selector(
	struct decoder *decoder, const struct node *node, struct selector *out);
/* `node` is a LabelSelector. */
void kube_read_selector(struct decoder *decoder, const struct node *node, struct selector *out);
/* Into a struct policy_peer, and a struct policy_port. */
void kube_read_peer(struct decoder *decoder, const struct node *node, void *out);
void kube_read_policy_port(struct decoder *decoder, const struct node *node, void *out);
/* IPPROTO_*; TCP when it is absent or unknown, which is reported. */
uint8_t kube_read_protocol(struct decoder *decoder, const struct node *node);

#endif

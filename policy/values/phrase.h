/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_PHRASE_H
#define POLICY_VALUES_PHRASE_H

/*
 * A sentence under construction, and how parts of a policy are written in one. Short of memory, a
 * phrase remembers that and ignores what follows, so that only its end needs a check. One thread at
 * a time.
 */

#include <stdbool.h>
#include <stddef.h>

#include "policy/values/arena.h"
#include "policy/values/model.h"

struct phrase {
	struct arena *arena;
	char *text;
	size_t length, capacity;
	bool failed;
};

void phrase_init(struct phrase *phrase, struct arena *arena);
void phrase_add(struct phrase *phrase, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The whole sentence, "" for an empty one, living in the arena; NULL when memory was short. */
const char *phrase_end(struct phrase *phrase);

/* "role=web", "role in (api, web)", "role not in (db)", "label role" (Exists), "no label role". */
void phrase_add_requirement(struct phrase *phrase, const struct requirement *requirement);
/* All of a selector's requirements: "role=web, tier in (a, b)". */
void phrase_add_selector(struct phrase *phrase, const struct selector *selector);
/* What `labels` hold where the requirement looks: "role=db", "no label role". */
void phrase_add_label(struct phrase *phrase, const struct label_set *labels, const char *key);
/* Where a requirement stands in its selector: "matchLabels.role", "matchExpressions[1]". */
void phrase_add_requirement_path(struct phrase *phrase, const struct selector *selector,
	const struct requirement *requirement);
/* "5432", "8000-8100", "http", "any". */
void phrase_add_port(struct phrase *phrase, const struct policy_port *port);
/* "10.0.0.0/8", "10.0.0.0/8 except 10.1.0.0/16". */
void phrase_add_block(struct phrase *phrase, const struct ip_block *block);
void phrase_add_addr(struct phrase *phrase, const struct ip_addr *addr);
void phrase_add_cidr(struct phrase *phrase, const struct cidr *block);
void phrase_add_protocol(struct phrase *phrase, uint8_t protocol);
/*
 * A YAML flow mapping that matches exactly these labels: "{app: web, tier: front}". Values that
 * YAML would misread are quoted.
 */
void phrase_add_match_labels(struct phrase *phrase, const struct label_set *labels);

#endif

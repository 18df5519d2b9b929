/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONFIG_STATE_STATE_RECORD_H
#define CONFIG_STATE_STATE_RECORD_H

/*
 * A record outlives the daemon: the objects that are in force because of one manifest file, as
 * manifests. It is YAML that podgate's own readers read. Comments hold the rest:
 *
 *   # podgate state 1
 *   # of /etc/podgate/manifests/shop.yaml
 *   # content 4c1d3f0a97b2e851 1234 whole 1 at 1790000000
 *   ---
 *   {"apiVersion":"v1","kind":"Pod",...}
 *   ...
 *   # checksum 0f1e2d3c4b5a6978
 *
 * The checksum (FNV-1a, 64 bits) is of all that is before its line: it finds a record that was
 * damaged, not one that was forged, and only podgate and root can write here. In the file's name,
 * bytes that do not print, blanks and % are written as %XX. Pure; any thread.
 */

#include <stddef.h>
#include <stdint.h>

#include "config/state/object_text.h"
#include "config/store/store.h"

enum { STATE_RECORD_NAME = 4096 }; /* of the manifest file; longer ones have no record */

struct state_record {
	char name[STATE_RECORD_NAME]; /* of the manifest file */
	struct store_mark mark;	      /* of the version that was read last */
};

/* A sink that adds up the checksum of what goes through it. */
struct state_writer {
	struct text_sink to;
	uint64_t hash;
};
/* Head, objects, tail: in this order. */
void state_record_begin(struct state_writer *writer, const struct text_sink *to, const char *name,
	const struct store_mark *mark);
void state_record_add(struct state_writer *writer, const struct kube_object *object);
void state_record_end(struct state_writer *writer);

/* Checks head and checksum. 0, or -EINVAL with the fault, a static sentence, in *problem. */
int state_record_parse(
	struct state_record *out, const char *bytes, size_t length, const char **problem);

#endif

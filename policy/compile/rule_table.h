/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_COMPILE_RULE_TABLE_H
#define POLICY_COMPILE_RULE_TABLE_H

/*
 * The rules of all policies with their peers as unions, each rule once: many classes of pods will
 * be made of them. Rules that can match nobody, whatever pods there are, are left out.
 */

#include "policy/compile/peer_pool.h"
#include "policy/values/cluster.h"

struct rule_port {
	int protocol; /* profile_protocol() */
	bool is_named;
	uint16_t first, last; /* when not named */
	uint32_t name;	      /* when named: number in the table's names */
};

struct rule {
	uint32_t unite; /* union of the peer pool */
	bool any_port;	/* names no ports, so matches every protocol */
	uint8_t action; /* enum rule_action */
	uint32_t first_port, port_count;
};

/* The rules of one policy in one direction. */
struct rule_span {
	uint32_t first, count;
};

struct rule_table {
	struct rule_span *spans[DIRECTION_COUNT]; /* by policy */
	struct vector rules;			  /* of struct rule */
	struct vector ports;			  /* of struct rule_port */
	struct intern_table names;		  /* see rule_table_name_key() */
};

enum { RULE_NAME_KEY = 256 };

/*
 * The key of a port name in the names: a number for the protocol, then the text. Returns its
 * length; 0 when the name is too long to be one.
 */
size_t rule_table_name_key(char key[RULE_NAME_KEY], int protocol, const char *name);

/*
 * Lives in `arena` but for what deinit frees, which is right after a failed init too. Returns 0;
 * -ENOMEM or -E2BIG.
 */
int rule_table_init(struct rule_table *table, const struct cluster *cluster,
	struct label_index *labels, struct peer_pool *peers, struct arena *arena);
void rule_table_deinit(struct rule_table *table);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SUPPORT_SHOP_H
#define TESTS_SUPPORT_SHOP_H

/*
 * A small cluster built by hand: namespace "shop" with pods web, db and other, all dual-stack,
 * under one of a few sets of policies. Failures end the program.
 */

#include <stdbool.h>

#include "policy/compile/snapshot.h"

#define WEB "10.0.0.1"
#define DB "10.0.0.2"
#define OTHER "10.0.0.3"
#define WEB6 "fd00::1"
#define DB6 "fd00::2"
#define OTHER6 "fd00::3"

enum shop_policies {
	SHOP_OPEN,	  /* no policy at all */
	SHOP_DB_FROM_WEB, /* db takes TCP 5432 from web, and nothing else */
	SHOP_DB_CLOSED,	  /* db takes nothing */
	SHOP_WEB_TO_PODS, /* web sends to 10.0.0.0/24 and fd00::/64, and nowhere else */
};

struct snapshot *shop_snapshot(enum shop_policies policies, bool audit); /* snapshot_free() it */

#endif

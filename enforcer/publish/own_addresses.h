/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_PUBLISH_OWN_ADDRESSES_H
#define ENFORCER_PUBLISH_OWN_ADDRESSES_H

/*
 * The gateway's own addresses, which no pod has, against the snapshot in force. Blocks on
 * rtnetlink; any thread.
 */

#include <stdbool.h>

#include "policy/compile/snapshot.h"

/*
 * Whether the snapshot is to be compiled again: the gateway has got an address that a pod claims,
 * or has lost one for which a pod's claim did not count. False when the addresses can't be read.
 */
bool own_addresses_moved(const struct snapshot *snapshot);

#endif

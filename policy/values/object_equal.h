/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POLICY_VALUES_OBJECT_EQUAL_H
#define POLICY_VALUES_OBJECT_EQUAL_H

/*
 * Whether two objects say the same: every field that a judgement can depend on. Positions in files
 * do not count, so an object that was read again is equal to itself. Lists are compared in their
 * order: objects that say the same in another order may be called different, never the reverse.
 * Pure; any thread.
 */

#include "policy/values/model.h"

bool label_set_equal(const struct label_set *a, const struct label_set *b);
bool namespace_equal(const struct namespace_object *a, const struct namespace_object *b);
bool pod_equal(const struct pod *a, const struct pod *b);
bool network_policy_equal(const struct network_policy *a, const struct network_policy *b);

#endif

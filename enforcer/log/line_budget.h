/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_LINE_BUDGET_H
#define ENFORCER_LOG_LINE_BUDGET_H

/*
 * How many lines the log writes in a second, and whose. Explaining a flood of different denials
 * must not take a core from the workers; and it must not leave other pods' denials untold. So a
 * party may have a further line while it has had fewer than three times as many as are left for all
 * in that second: n parties that would have all of them get 3/(3n + 1) each, and 1/(3n + 1) is
 * always left for who has had few. (The rule is that of shared buffers of switches: Choudhury and
 * Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998.)
 *
 * A party is the pod that is the flow's source. What comes from elsewhere counts as the
 * destination's, as who invents sources must not be as many parties as he likes; and what can't be
 * read, as its interface's. One thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "enforcer/gate/record.h"

struct line_budget;

/* `lines_per_s` 0: no limit. Returns 0, -EINVAL above 2^20, or -ENOMEM. */
int line_budget_create(struct line_budget **out, unsigned int lines_per_s);
void line_budget_free(struct line_budget *budget); /* NULL is allowed */
/*
 * Whether the record may have a line at `now_ns` (any clock that never goes back); then it is
 * counted.
 */
bool line_budget_take(struct line_budget *budget, const struct record *record, uint64_t now_ns);

#endif

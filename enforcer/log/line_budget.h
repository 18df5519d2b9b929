/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ENFORCER_LOG_LINE_BUDGET_H
#define ENFORCER_LOG_LINE_BUDGET_H

/*
 * Shares the lines that the log writes in a second. Explaining a flood of different denials must
 * not take a core from the workers, and it must not hide other pods' denials. So a party may have a
 * further line while it has had fewer than three times as many as are left for all in that second:
 * n parties that want all of them get 3/(3n + 1) each, and 1/(3n + 1) is always left for parties
 * that have had few. (The rule is that of shared buffers of switches: Choudhury and Hahne, "Dynamic
 * queue length thresholds for shared-memory packet switches", 1998.)
 *
 * The party is the pod that is the flow's source. For other sources it is the destination, as a
 * sender that invents sources must not be many parties. For unreadable packets it is the interface.
 * One thread.
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

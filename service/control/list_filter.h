/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_CONTROL_LIST_FILTER_H
#define SERVICE_CONTROL_LIST_FILTER_H

/*
 * What of the flows or of the policies somebody wants listed. A plain value; all that is set must
 * hold.
 */

#include <stdbool.h>
#include <stdint.h>

#include "service/control/watch_filter.h"

struct list_filter {
	char namespace_name[FILTER_NAMESPACE]; /* flows: of either end */
	char pod[FILTER_NAME]; /* flows: either end; policies: those that select it */

	/* Of flows only. */
	bool all;	      /* also those that podgate does not judge */
	bool denied, allowed; /* both, or neither: any */
	bool has_protocol;
	uint8_t protocol; /* IPPROTO_* */
	uint64_t limit;	  /* so many at most; 0: all */
};

#endif

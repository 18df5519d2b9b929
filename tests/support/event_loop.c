/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/support/event_loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "enforcer/privilege/syscall_filter.h"

void event_loop_init(uv_loop_t *loop)
{
	static bool refused;
	char problem[PROBLEM_SIZE] = "";

	if (!refused) {
		const int err = syscall_filter_refuse_io_uring(problem);

		if (err != 0 && err != -ENOTSUP)
			fail_msg("%s", problem);
		refused = true;
	}
	assert_int_equal(uv_loop_init(loop), 0);
}

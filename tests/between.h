/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_BETWEEN_H
#define TESTS_BETWEEN_H

/*
 * assert_in_range() for every version of cmocka: version 1 has no other, and version 2 deprecates
 * it. To be included after <cmocka.h>.
 */

#include <inttypes.h>

static inline void between_check(const char *text, uintmax_t value, uintmax_t least, uintmax_t most)
{
	if (value < least || value > most)
		fail_msg("%s is %" PRIuMAX ", not between %" PRIuMAX " and %" PRIuMAX, text, value,
			least, most);
}

#define assert_between(value, least, most) \
	between_check(#value, (uintmax_t)(value), (uintmax_t)(least), (uintmax_t)(most))

#endif

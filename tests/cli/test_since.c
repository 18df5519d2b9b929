/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments in the past, as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cli/since.h"
#include "enforcer/log/record_time.h"

enum { NOW = 1795516200 }; /* 2026-11-24T10:30:00Z, half past five in the zone of this test */

static void expect(const char *text, const char *wanted)
{
	char shown[RECORD_TIME_TEXT];
	uint64_t since = 0;

	if (since_parse(&since, text, NOW) != 0)
		fail_msg("\"%s\" was refused", text);
	assert_string_equal(record_time_format(since, shown), wanted);
}

static void so_long_ago(void **state)
{
	(void)state;
	expect("0s", "2026-11-24T10:30:00.000000Z");
	expect("90s", "2026-11-24T10:28:30.000000Z");
	expect("10m", "2026-11-24T10:20:00.000000Z");
	expect("1h30m", "2026-11-24T09:00:00.000000Z");
	expect("2d", "2026-11-22T10:30:00.000000Z");
	expect("1w1d", "2026-11-16T10:30:00.000000Z");
	expect("36000d", "1970-01-01T00:00:00.000000Z");
}

static void a_time(void **state)
{
	(void)state;
	expect("2026-11-24T09:00:00Z", "2026-11-24T09:00:00.000000Z");
	expect("2026-11-24T09:00:00.123456789Z", "2026-11-24T09:00:00.123456Z");
	expect("2026-11-24T09:00Z", "2026-11-24T09:00:00.000000Z");
	expect("10:00Z", "2026-11-24T10:00:00.000000Z");
	expect("05:00", "2026-11-24T10:00:00.000000Z");
	expect("05:00:30", "2026-11-24T10:00:30.000000Z");
	expect("2026-11-24", "2026-11-24T05:00:00.000000Z");
	expect("2026-11-23 23:30", "2026-11-24T04:30:00.000000Z");
	expect("2026-11-23T23:30:01", "2026-11-24T04:30:01.000000Z");
	expect("2026-07-01 12:00", "2026-07-01T16:00:00.000000Z"); /* summer time */
}

static void what_is_none(void **state)
{
	static const char *const texts[] = {"", "10", "m", "10x", "10m5", "-5m", "1.5h", " 10m",
		"yesterday", "25:00", "10:60", "2026-13-01", "2026-02-31", "2025-02-29T10:00Z",
		"2026-11-24T10", "99999999999d", "2026-11-24T09:00:00+01:00",
		"2026-11-24T09:00:00Z and a text that is much too long to be any time at all"};
	uint64_t since = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (since_parse(&since, texts[i], NOW) != -EINVAL)
			fail_msg("\"%s\" was not refused", texts[i]);
	assert_int_equal(since_parse(&since, "11:00Z", NOW), -ERANGE);
	assert_int_equal(since_parse(&since, "2027-01-01", NOW), -ERANGE);
	assert_int_equal(since_parse(&since, "2026-11-24T10:30:01Z", NOW), -ERANGE);
	assert_true(since == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_long_ago),
		cmocka_unit_test(a_time),
		cmocka_unit_test(what_is_none),
	};

	setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

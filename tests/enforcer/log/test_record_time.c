/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log's times, written and read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "enforcer/log/record_time.h"

static void expect(const char *text, uint64_t wanted, const char *again)
{
	char buffer[RECORD_TIME_TEXT];
	uint64_t time_ns = 0;

	if (record_time_parse(&time_ns, text) != 0)
		fail_msg("\"%s\" was refused", text);
	assert_true(time_ns == wanted);
	assert_string_equal(record_time_format(time_ns, buffer), again);
	assert_int_equal(strlen(buffer), RECORD_TIME_LENGTH);
}

static void what_is_read_is_written_again(void **state)
{
	(void)state;
	expect("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000Z");
	expect("2023-11-14T22:13:20.123456Z", 1700000000123456000, "2023-11-14T22:13:20.123456Z");
	expect("2023-11-14T22:13:20.1Z", 1700000000100000000, "2023-11-14T22:13:20.100000Z");
	expect("2023-11-14T22:13:20.123456789Z", 1700000000123456789,
		"2023-11-14T22:13:20.123456Z");
	expect("2024-02-29T00:00:00Z", 1709164800000000000, "2024-02-29T00:00:00.000000Z");
	/* a leap second */
	expect("2016-12-31T23:59:60Z", 1483228800000000000, "2017-01-01T00:00:00.000000Z");
	expect("2500-12-31T23:59:59.999999Z", 16756761599999999000U, "2500-12-31T23:59:59.999999Z");
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {"", "2023", "2023-11-14", "2023-11-14T22:13:20",
		"2023-11-14 22:13:20Z", "2023-11-14T22:13:20z", "2023-11-14T22:13:20.Z",
		"2023-11-14T22:13:20.1234567891Z", "2023-11-14T22:13:20+00:00",
		"2023-11-14T22:13:20ZZ", "2023-11-14T22:13:20.12a4Z", "1969-12-31T23:59:59Z",
		"2501-01-01T00:00:00Z", "2023-00-14T22:13:20Z", "2023-13-14T22:13:20Z",
		"2023-11-31T22:13:20Z", "2023-02-29T00:00:00Z", "2023-11-14T24:00:00Z",
		"2023-11-14T22:60:20Z", "2023-11-14T22:13:61Z", " 2023-11-14T22:13:20Z",
		"+023-11-14T22:13:20Z", "2023-1-14T22:13:20Z"};
	uint64_t time_ns = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (record_time_parse(&time_ns, texts[i]) != -EINVAL)
			fail_msg("\"%s\" was not refused", texts[i]);
	assert_true(time_ns == 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written_again),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

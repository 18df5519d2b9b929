/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/scalar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct node plain(const char *text)
{
	return (struct node){ .kind = NODE_SCALAR, .text = text };
}

static void tells_types_apart(void **state)
{
	static const struct {
		const char *text;
		enum scalar_type type;
	} cases[] = {
		{ "web", SCALAR_STRING }, { "1.2.3", SCALAR_STRING }, { "10.0.0.1", SCALAR_STRING },
		{ "10.0.0.0/8", SCALAR_STRING }, { "fd00::1", SCALAR_STRING }, { "1:30", SCALAR_STRING },
		{ "2024-01-31", SCALAR_STRING }, { "-", SCALAR_STRING }, { "+", SCALAR_STRING }, { ".", SCALAR_STRING },
		{ "1e", SCALAR_STRING }, { "e5", SCALAR_STRING }, { "0x", SCALAR_STRING }, { "0xg", SCALAR_STRING },
		{ "y", SCALAR_STRING }, { "n", SCALAR_STRING }, { "truely", SCALAR_STRING }, { "", SCALAR_STRING },
		{ "017729140448000000000001001d7ef9", SCALAR_STRING },
		{ "true", SCALAR_BOOLEAN }, { "False", SCALAR_BOOLEAN }, { "yes", SCALAR_BOOLEAN },
		{ "OFF", SCALAR_BOOLEAN },
		{ "0", SCALAR_INTEGER }, { "80", SCALAR_INTEGER }, { "-1", SCALAR_INTEGER }, { "+7", SCALAR_INTEGER },
		{ "0x50", SCALAR_INTEGER }, { "080", SCALAR_INTEGER }, { "0o17", SCALAR_INTEGER },
		{ "1_000", SCALAR_INTEGER },
		{ "1.5", SCALAR_FLOAT }, { "80.", SCALAR_FLOAT }, { ".5", SCALAR_FLOAT }, { "1e3", SCALAR_FLOAT },
		{ "12e03", SCALAR_FLOAT }, { ".inf", SCALAR_FLOAT }, { "-.INF", SCALAR_FLOAT },
		{ ".nan", SCALAR_FLOAT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct node node = plain(cases[i].text);

		if (scalar_type(&node) != cases[i].type)
			fail_msg("'%s' is not type %d but %d", cases[i].text, cases[i].type, scalar_type(&node));
		node.quoted = true;
		assert_int_equal(scalar_type(&node), SCALAR_STRING);
	}
}

static void reads_integers(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} cases[] = {
		{ "80", 0, 80 }, { "-5", 0, -5 }, { "+5", 0, 5 }, { "0", 0, 0 }, { "0x50", 0, 80 }, { "0XfF", 0, 255 },
		{ "9223372036854775807", 0, INT64_MAX }, { "9223372036854775808", -ERANGE, 99 },
		{ "99999999999999999999999", -ERANGE, 99 }, { "080", -EINVAL, 99 }, { "0o17", -EINVAL, 99 },
		{ "1_000", -EINVAL, 99 }, { "80.0", -EINVAL, 99 }, { "eighty", -EINVAL, 99 }, { "", -EINVAL, 99 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct node node = plain(cases[i].text);
		int64_t value = 99;

		assert_int_equal(scalar_integer(&node, &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
	}
}

static void reads_booleans(void **state)
{
	const struct node yes = plain("yes"), off = plain("Off"), other = plain("maybe");
	bool value = false;

	(void)state;
	assert_int_equal(scalar_boolean(&yes, &value), 0);
	assert_true(value);
	assert_int_equal(scalar_boolean(&off, &value), 0);
	assert_false(value);
	value = true;
	assert_int_equal(scalar_boolean(&other, &value), -EINVAL);
	assert_true(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_types_apart),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(reads_booleans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

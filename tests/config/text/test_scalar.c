/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/text/scalar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct node plain(const char *text)
{
	return (struct node){.kind = NODE_SCALAR, .text = text};
}

static void tells_types_apart(void **state)
{
	static const struct {
		const char *text;
		enum scalar_type type;
	} cases[] = {
		{"web", SCALAR_STRING},
		{"1.2.3", SCALAR_STRING},
		{"10.0.0.1", SCALAR_STRING},
		{"10.0.0.0/8", SCALAR_STRING},
		{"fd00::1", SCALAR_STRING},
		{"1:30", SCALAR_STRING},
		{"2024-01-31", SCALAR_STRING},
		{"-", SCALAR_STRING},
		{"+", SCALAR_STRING},
		{".", SCALAR_STRING},
		{"1e", SCALAR_STRING},
		{"e5", SCALAR_STRING},
		{"0x", SCALAR_STRING},
		{"0xg", SCALAR_STRING},
		{"truely", SCALAR_STRING},
		{"", SCALAR_STRING},
		{"1234e567", SCALAR_STRING},
		{"1e309", SCALAR_STRING},
		{"5e12345", SCALAR_STRING},
		{"0o8", SCALAR_STRING},
		{"0b2", SCALAR_STRING},
		{"_80", SCALAR_STRING},
		{"0xFFFFFFFFFFFFFFFFF", SCALAR_STRING},
		{"0x1p4", SCALAR_STRING},
		{"._5", SCALAR_STRING},
		{"7.e55323", SCALAR_STRING},
		{"+.nan", SCALAR_STRING},
		{"-9223372036854775809x", SCALAR_STRING},
		{"y", SCALAR_BOOLEAN},
		{"N", SCALAR_BOOLEAN},
		{"017729140448000000000001001d7ef9", SCALAR_STRING},
		{"true", SCALAR_BOOLEAN},
		{"False", SCALAR_BOOLEAN},
		{"yes", SCALAR_BOOLEAN},
		{"OFF", SCALAR_BOOLEAN},
		{"0", SCALAR_INTEGER},
		{"80", SCALAR_INTEGER},
		{"-1", SCALAR_INTEGER},
		{"+7", SCALAR_INTEGER},
		{"0x50", SCALAR_INTEGER},
		{"0120", SCALAR_INTEGER},
		{"0o17", SCALAR_INTEGER},
		{"1_000", SCALAR_INTEGER},
		{"0b1010000", SCALAR_INTEGER},
		{"0x_50", SCALAR_INTEGER},
		{"18446744073709551615", SCALAR_INTEGER},
		{"18446744073709551616", SCALAR_FLOAT},
		{"-9223372036854775809", SCALAR_FLOAT},
		{"080", SCALAR_FLOAT},
		{"1_000.0", SCALAR_FLOAT},
		{"1.5", SCALAR_FLOAT},
		{"80.", SCALAR_FLOAT},
		{".5", SCALAR_FLOAT},
		{"1e3", SCALAR_FLOAT},
		{"12e03", SCALAR_FLOAT},
		{".inf", SCALAR_FLOAT},
		{"-.INF", SCALAR_FLOAT},
		{".nan", SCALAR_FLOAT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct node node = plain(cases[i].text);

		if (scalar_type(&node) != cases[i].type)
			fail_msg("'%s' is not type %d but %d", cases[i].text, cases[i].type,
				scalar_type(&node));
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
		{"80", 0, 80},
		{"-5", 0, -5},
		{"+5", 0, 5},
		{"0", 0, 0},
		{"0x50", 0, 80},
		{"0XfF", 0, 255},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -ERANGE, 99},
		{"99999999999999999999999", -ERANGE, 99},
		{"-9223372036854775808", 0, INT64_MIN},
		{"1.5", -EINVAL, 99},
		{".inf", -EINVAL, 99},
		{".nan", -EINVAL, 99},
		{"1e300", -ERANGE, 99},
		/* What a real API server held for each: the port 80 unless another is said. */
		{"080", 0, 80},
		{"0120", 0, 80},
		{"0o120", 0, 80},
		{"0O120", 0, 80},
		{"0b1010000", 0, 80},
		{"0x5_0", 0, 80},
		{"0_80", 0, 80},
		{"80_", 0, 80},
		{"80.", 0, 80},
		{"80.0", 0, 80},
		{"080.0", 0, 80},
		{"8.0e1", 0, 80},
		{"8e1", 0, 80},
		{"0.8e2", 0, 80},
		{"800e-1", 0, 80},
		{"0x_50", 0, 80},
		{"08", 0, 8},
		{"009", 0, 9},
		{"8_080", 0, 8080},
		{"1e3", 0, 1000},
		{"1E3", 0, 1000},
		{"1e+3", 0, 1000},
		{"1_000.0", 0, 1000},
		{"1000e-1", 0, 100},
		{"eighty", -EINVAL, 99},
		{"", -EINVAL, 99},
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

static void turns_keys_into_texts(void **state)
{
	static const struct {
		const char *text, *key;
	} cases[] = {
		{"app", "app"},
		{"on", "true"},
		{"yes", "true"},
		{"y", "true"},
		{"OFF", "false"},
		{"False", "false"},
		{"n", "false"},
		{"012", "10"},
		{"08", "8"},
		{"0x1f", "31"},
		{"1_0", "10"},
		{"1e3", "1000"},
		{"1.0", "1"},
		{"1.10", "1.1"},
		{".5", "0.5"},
		{"10", "10"},
		{"0xa", "10"},
		{"-0x1", "-1"},
		{"1e6", "1e+06"},
		{"123456.7", "123456.7"},
		{"0.0001", "0.0001"},
		{"0.00001", "1e-05"},
		{"1e39", ".inf"},
		{"-.inf", "-.inf"},
		{".NaN", ".nan"},
		{"0o8", "0o8"},
		{"1e309", "1e309"},
		{"12345678901234567890", NULL},
	};
	char out[SCALAR_KEY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *key = scalar_key(cases[i].text, out);

		if (cases[i].key == NULL)
			assert_null(key);
		else
			assert_string_equal(key, cases[i].key);
	}
}

static void tells_what_readers_differ_about(void **state)
{
	static const char *const alike[] = {"80", "0", "-5", "+80", "0x50", "0XfF"};
	static const char *const otherwise[] = {
		"080", "0120", "0o120", "8_080", "0x5_0", "80.0", "8e1", "00"};

	(void)state;
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++)
		assert_true(scalar_is_plain_number(
			&(struct node){.kind = NODE_SCALAR, .text = alike[i]}));
	for (size_t i = 0; i < sizeof(otherwise) / sizeof(otherwise[0]); i++)
		assert_false(scalar_is_plain_number(
			&(struct node){.kind = NODE_SCALAR, .text = otherwise[i]}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_types_apart),
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(reads_booleans),
		cmocka_unit_test(turns_keys_into_texts),
		cmocka_unit_test(tells_what_readers_differ_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

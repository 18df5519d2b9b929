/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON straight into a buffer: the bytes that cJSON would print. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "config/text/json_writer.h"
#include "tests/support/failing_alloc.h"

enum { SEED = 20261201, TREES = 4000, DEPTH_MOST = 5 };

static void expect(const struct json_writer *writer, const char *wanted)
{
	assert_int_equal(writer->err, 0);
	if (writer->length != strlen(wanted) || memcmp(writer->text, wanted, writer->length) != 0)
		fail_msg("is %.*s, not %s", (int)writer->length, writer->text, wanted);
}

static void members_items_and_lines(void **state)
{
	struct json_writer writer = {.text = NULL};

	(void)state;
	json_begin_object(&writer, NULL);
	json_text(&writer, "a", "x\"y\\z\n\x1f");
	json_number(&writer, "b", 0);
	json_double(&writer, "c", 0.125);
	json_begin_array(&writer, "d");
	json_bool(&writer, NULL, true);
	json_begin_object(&writer, NULL);
	json_end_object(&writer);
	json_begin_array(&writer, NULL);
	json_end_array(&writer);
	json_end_array(&writer);
	json_text_unless_empty(&writer, "e", "");
	json_text_unless_empty(&writer, "f", "g");
	json_bool_if_true(&writer, "h", false);
	json_bool_if_true(&writer, "i", true);
	json_bool(&writer, "j", false);
	json_value(&writer, "k", "{}", 2);
	json_end_object(&writer);
	json_end_line(&writer);
	json_raw(&writer, "7\n", 2);
	json_refusal(&writer, "no");
	json_end_line(&writer);
	assert_int_equal(writer.text[writer.length], '\0');
	expect(&writer,
		"{\"a\":\"x\\\"y\\\\z\\n\\u001f\",\"b\":0,\"c\":0.125,\"d\":[true,{},[]],\"f\":"
		"\"g\",\"i\":true,\"j\":false,\"k\":{}}\n7\n{\"ok\":false,\"error\":\"no\"}\n");
	json_writer_clear(&writer);
	json_number(&writer, NULL, 5);
	expect(&writer, "5");
	json_writer_deinit(&writer);
	assert_null(writer.text);
}

/* A line is UTF-8, whatever its texts were; the lines before it are not looked at again. */
static void a_line_is_mended(void **state)
{
	struct json_writer writer = {.text = NULL};

	(void)state;
	json_raw(&writer, "\xff\n", 2);
	writer.line = writer.length;
	json_text(&writer, NULL, "\xc3\xa4 \xff \xe2\x82");
	json_end_line(&writer);
	expect(&writer, "\xff\n\"\xc3\xa4 ? ??\"\n");
	json_writer_deinit(&writer);
}

/* ---- the same by cJSON ---- */

static uint64_t dice(void)
{
	return (uint64_t)rand() << 40 ^ (uint64_t)rand() << 20 ^ (uint64_t)rand();
}

static double random_double(void)
{
	static const double special[] = {0, 1, -1, 0.1, 1e15, 1e15 - 1, 1e16, 1e21, 1e-7,
		2147483647, 2147483648.0, -2147483649.0, 9007199254740993.0, 1.0 / 3, DBL_MAX,
		DBL_MIN, DBL_EPSILON, NAN, INFINITY, -INFINITY};
	double number;
	uint64_t bits;

	switch (dice() % 4) {
	case 0:
		return special[dice() % (sizeof(special) / sizeof(special[0]))];
	case 1:
		return (double)(dice() % 100000000) / 1000.0; /* milliseconds */
	case 2:
		return (double)dice();
	default:
		bits = dice() ^ dice() << 13;
		memcpy(&number, &bits, sizeof(number));
		return number;
	}
}

static void random_text(char text[64])
{
	const size_t length = dice() % 63;

	for (size_t i = 0; i < length; i++)
		text[i] = (char)(dice() % 3 == 0 ? 1 + dice() % 0x2f : 1 + dice() % 255);
	text[length] = '\0';
}

/* Adds one value to both; `to` takes it as its member `key`, or as its item. */
static void add_both(struct json_writer *writer, cJSON *to, const char *key, int depth)
{
	const uint64_t kind = dice() % (depth < DEPTH_MOST ? 6 : 4);
	const uint64_t count = dice() % 6;
	const uint64_t number = dice() >> dice() % 64;
	const double real = random_double();
	char text[64], name[8];
	cJSON *item;

	switch (kind) {
	case 0:
		random_text(text);
		json_text(writer, key, text);
		item = cJSON_CreateString(text);
		break;
	case 1:
		json_number(writer, key, number);
		item = cJSON_CreateNumber((double)number);
		break;
	case 2:
		json_double(writer, key, real);
		item = cJSON_CreateNumber(real);
		break;
	case 3:
		json_bool(writer, key, count % 2);
		item = cJSON_CreateBool(count % 2);
		break;
	case 4:
		json_begin_object(writer, key);
		item = cJSON_CreateObject();
		for (uint64_t i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "k%u", (unsigned int)(dice() % 1000));
			add_both(writer, item, name, depth + 1);
		}
		json_end_object(writer);
		break;
	default:
		json_begin_array(writer, key);
		item = cJSON_CreateArray();
		for (uint64_t i = 0; i < count; i++)
			add_both(writer, item, NULL, depth + 1);
		json_end_array(writer);
		break;
	}
	if (key != NULL)
		cJSON_AddItemToObject(to, key, item);
	else
		cJSON_AddItemToArray(to, item);
}

static void the_bytes_are_those_of_cjson(void **state)
{
	struct json_writer writer = {.text = NULL};

	(void)state;
	srand(SEED);
	for (int i = 0; i < TREES; i++) {
		cJSON *list = cJSON_CreateArray();
		char *wanted;

		json_writer_clear(&writer);
		json_begin_array(&writer, NULL);
		for (int values = 0; values < 4; values++)
			add_both(&writer, list, NULL, 0);
		json_end_array(&writer);
		wanted = cJSON_PrintUnformatted(list);
		expect(&writer, wanted);
		free(wanted);
		cJSON_Delete(list);
	}
	json_writer_deinit(&writer);
}

/* ---- memory ---- */

static void it_grows_as_it_must(void **state)
{
	struct json_writer writer = {.text = NULL};
	static char text[10000];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 1; i <= 100; i++) {
		json_raw(&writer, text, sizeof(text));
		assert_int_equal(writer.length, (size_t)i * sizeof(text));
	}
	assert_int_equal(writer.err, 0);
	for (size_t i = 0; i < writer.length; i++)
		assert_int_equal(writer.text[i], 'x');
	json_writer_deinit(&writer);
}

/* What is missing is not passed over in silence. */
static void a_failure_stays(void **state)
{
	char text[3000];
	bool failed = true;

	(void)state;
	memset(text, '\x01', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (long n = 0; failed; n++) {
		struct json_writer writer = {.text = NULL};
		size_t length;

		failing_alloc_arm(n);
		json_begin_array(&writer, NULL);
		for (int i = 0; i < 4; i++)
			json_text(&writer, NULL, text);
		json_end_array(&writer);
		failed = failing_alloc_disarm();
		assert_int_equal(writer.err, failed ? -ENOMEM : 0);
		assert_true(failed || writer.length == 2 + 3 + 4 * (2 + 6 * (sizeof(text) - 1)));
		assert_true(n > 2 || failed);
		length = writer.length;
		if (failed) {
			json_bool(&writer, NULL, true);
			json_end_line(&writer);
			assert_int_equal(writer.err, -ENOMEM);
			assert_int_equal(writer.length, length);
		}
		json_writer_clear(&writer);
		assert_int_equal(writer.err, 0);
		json_writer_deinit(&writer);
	}
	struct json_writer writer = {.text = NULL};

	json_raw(&writer, "x", SIZE_MAX);
	assert_int_equal(writer.err, -ENOMEM);
	json_writer_deinit(&writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_items_and_lines),
		cmocka_unit_test(a_line_is_mended),
		cmocka_unit_test(the_bytes_are_those_of_cjson),
		cmocka_unit_test(it_grows_as_it_must),
		cmocka_unit_test(a_failure_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

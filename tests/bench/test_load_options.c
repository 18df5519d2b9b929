/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load_options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "bench/load/span.h"

enum { ARGUMENTS = 12 };

/* One of each type, and the argument PORT[-PORT]. */
static struct {
	bool flag;
	uint64_t number, seconds_ns;
	struct addr_span addresses, address;
	struct number_span ports, queues, argument;
	const char *word;
} values;

static const struct option_row rows[] = {
	{"flag", OPTION_FLAG, .value = &values.flag},
	{"number", OPTION_NUMBER, .value = &values.number, .least = 1, .most = 100},
	{"seconds", OPTION_SECONDS, .value = &values.seconds_ns, .least = 1,
		.most = OPTIONS_SECONDS_MOST},
	{"addresses", OPTION_ADDRESSES, .value = &values.addresses, .required = true},
	{"address", OPTION_ADDRESS, .value = &values.address},
	{"ports", OPTION_PORTS, .value = &values.ports},
	{"queues", OPTION_QUEUES, .value = &values.queues},
	{"word", OPTION_WORD, .words = "udp|tcp", .value = &values.word},
};
static const struct option_table table = {
	.program = "test",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.ports = &values.argument,
	.help = "",
};

/* Splits `line` at its blanks. */
static int parse(const char *line, char problem[OPTIONS_PROBLEM])
{
	static char text[256];
	char *argv[ARGUMENTS + 1] = {(char *)"test"};
	int argc = 1;

	assert_true(strlen(line) < sizeof(text));
	memcpy(text, line, strlen(line) + 1);
	for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
		assert_true(argc < ARGUMENTS);
		argv[argc++] = word;
	}
	memset(&values, 0, sizeof(values));
	problem[0] = '\0';
	return load_options_parse(&table, argc, argv, problem);
}

static void test_values(void **state)
{
	char problem[OPTIONS_PROBLEM], addr[IP_ADDR_TEXT];

	(void)state;
	assert_int_equal(
		parse("--flag --number 100 --seconds 0.25 --addresses fd00::1,300 80", problem), 0);
	assert_true(values.flag);
	assert_int_equal(values.number, 100);
	assert_int_equal(values.seconds_ns, 250000000);
	assert_int_equal(values.addresses.count, 300);
	assert_string_equal(ip_addr_format(&values.addresses.first, addr), "fd00::1");
	assert_int_equal(values.argument.first, 80);
	assert_int_equal(values.argument.last, 80);

	assert_int_equal(parse("--addresses=10.0.0.1 1-65535 --address 10.0.0.2 --ports 7-9 "
			       "--queues 0:3 --word tcp",
				 problem),
		0);
	assert_int_equal(values.addresses.count, 1);
	assert_int_equal(values.argument.last, 65535);
	assert_string_equal(ip_addr_format(&values.address.first, addr), "10.0.0.2");
	assert_int_equal(values.ports.first, 7);
	assert_int_equal(values.ports.last, 9);
	assert_int_equal(values.queues.first, 0);
	assert_int_equal(values.queues.last, 3);
	assert_string_equal(values.word, "tcp");
	assert_false(values.flag);
}

static void test_help(void **state)
{
	char problem[OPTIONS_PROBLEM];

	(void)state;
	assert_int_equal(parse("--help", problem), OPTIONS_HELP);
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *sentence;
	} cases[] = {
		{"80", "--addresses ADDRESS[,COUNT] is missing"},
		{"--addresses 10.0.0.1", "PORT[-PORT] is missing"},
		{"--addresses 10.0.0.1 80 81", "81: an argument too many"},
		{"--addresses 10.0.0.1 0", "0: PORT[-PORT] from 1 to 65535 is wanted"},
		{"--addresses 10.0.0.1 65536", "65536: PORT[-PORT] from 1 to 65535 is wanted"},
		{"--addresses 10.0.0.1 9-8", "9-8: PORT[-PORT] from 1 to 65535 is wanted"},
		{"--addresses 10.0.0.1 8-", "8-: PORT[-PORT] from 1 to 65535 is wanted"},
		{"--addresses 10.0.0.1 8:9", "8:9: PORT[-PORT] from 1 to 65535 is wanted"},
		{"--addresses 10.0.0 80", "--addresses 10.0.0: ADDRESS[,COUNT] is wanted"},
		{"--addresses 10.0.0.1, 80", "--addresses 10.0.0.1,: ADDRESS[,COUNT] is wanted"},
		{"--addresses 10.0.0.1,0 80", "--addresses 10.0.0.1,0: ADDRESS[,COUNT] is wanted"},
		{"--addresses 10.0.0.1,-1 80",
			"--addresses 10.0.0.1,-1: ADDRESS[,COUNT] is wanted"},
		{"--addresses 255.255.255.255,2 80",
			"--addresses 255.255.255.255,2: ADDRESS[,COUNT] is wanted"},
		{"--address 10.0.0.1,2 80", "--address 10.0.0.1,2: ADDRESS is wanted"},
		{"--address example.org 80", "--address example.org: ADDRESS is wanted"},
		{"--number 0 80", "--number 0: a number from 1 to 100 is wanted"},
		{"--number 101 80", "--number 101: a number from 1 to 100 is wanted"},
		{"--number 1x 80", "--number 1x: a number from 1 to 100 is wanted"},
		{"--number -1 80", "--number -1: a number from 1 to 100 is wanted"},
		{"--number 99999999999999999999 80",
			"--number 99999999999999999999: a number from 1 to 100 is wanted"},
		{"--seconds 0 80", "--seconds 0: a number from 1e-09 to 3600 is wanted"},
		{"--seconds 3601 80", "--seconds 3601: a number from 1e-09 to 3600 is wanted"},
		{"--seconds nan 80", "--seconds nan: a number from 1e-09 to 3600 is wanted"},
		{"--seconds 1s 80", "--seconds 1s: a number from 1e-09 to 3600 is wanted"},
		{"--ports 0-9 80", "--ports 0-9: PORT[-PORT] is wanted"},
		{"--queues 1-2 80", "--queues 1-2: FIRST[:LAST] is wanted"},
		{"--queues 2:1 80", "--queues 2:1: FIRST[:LAST] is wanted"},
		{"--word sctp 80", "--word sctp: udp|tcp is wanted"},
		{"--word ud 80", "--word ud: udp|tcp is wanted"},
		{"--word udp|tcp 80", "--word udp|tcp: udp|tcp is wanted"},
		{"--nothing 80", "there is no option --nothing"},
		{"80 --number", "--number needs a value"},
	};
	char problem[OPTIONS_PROBLEM];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].line, problem), -EINVAL);
		assert_string_equal(problem, cases[i].sentence);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

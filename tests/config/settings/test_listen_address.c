/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config/settings/listen_address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void reads_what_is_one(void **state)
{
	static const struct {
		const char *text, *addr;
		uint16_t port;
	} cases[] = {
		{"127.0.0.1:9477", "127.0.0.1", 9477},
		{"0.0.0.0:1", "0.0.0.0", 1},
		{"[::1]:65535", "::1", 65535},
		{"[::]:09477", "::", 9477},
		{"[2001:db8::192.0.2.1]:80", "2001:db8::c000:201", 80},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listen_address address;
		char text[IP_ADDR_TEXT];

		assert_int_equal(listen_address_parse(&address, cases[i].text), 0);
		assert_string_equal(ip_addr_format(&address.addr, text), cases[i].addr);
		assert_int_equal(address.port, cases[i].port);
	}
}

static void refuses_what_is_none(void **state)
{
	static const char *const cases[] = {
		"",
		":",
		":9477",
		"9477",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:99999",
		"127.0.0.1:123456",
		"127.0.0.1:+1",
		"127.0.0.1:-1",
		"127.0.0.1: 1",
		"127.0.0.1:1 ",
		"127.0.0.1:1:2",
		"127.1:80",
		"localhost:80",
		"*:80",
		"::1",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[::1]:",
		"[::1",
		"[]:80",
		"[127.0.0.1]:80",
		"[fe80::1%eth0]:80",
		"[::1]:80]",
		" 127.0.0.1:80",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
	};
	const struct listen_address before = {.port = 7};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listen_address address = before;

		assert_int_equal(listen_address_parse(&address, cases[i]), -EINVAL);
		assert_memory_equal(&address, &before, sizeof(before));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_one),
		cmocka_unit_test(refuses_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

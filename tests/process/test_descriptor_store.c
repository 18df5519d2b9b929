/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "process/descriptor_store.h"

enum { SELF = 4711 };

static void test_what_is_meant_for_us(void **state)
{
	static const struct {
		const char *pid, *count;
		unsigned int expected;
	} cases[] = {
		{"4711", "3", 3},
		{"4711", "0", 0},
		{"4711", "4096", 4096},
		{"4712", "3", 0}, /* another process's, passed on to us */
		{NULL, "3", 0},
		{"4711", NULL, 0},
		{NULL, NULL, 0},
		{"", "3", 0},
		{"4711", "", 0},
		{"4711", "-1", 0},
		{"4711", "4097", 0},
		{"4711", "99999999999999999999999", 0},
		{"99999999999999999999999", "3", 0},
		{"4711", "3 ", 0},
		{"4711", " 3", 0},
		{"4711x", "3", 0},
		{"4711", "0x3", 0},
		{"+4711", "3", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(descriptor_store_parse(cases[i].pid, cases[i].count, SELF),
			cases[i].expected);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"", "queue-", "queue", "queue-65536", "queue-99999",
		"queue-100000", "queue-08610", "queue-8610 ", " queue-8610", "queue- 8610",
		"queue-+8610", "queue--1", "queue-8610x", "Queue-8610", "control", "stored",
		"connection", "queue-8610queue-8610queue-8610"};
	static const uint16_t good[] = {0, 7, 8610, UINT16_MAX};
	char name[INHERITANCE_NAME];
	uint16_t queue;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		queue = 12;
		if (inheritance_parse_name(&queue, bad[i]))
			fail_msg("\"%s\" is taken for a queue's name", bad[i]);
		assert_int_equal(queue, 12);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		inheritance_name(good[i], name);
		assert_true(inheritance_parse_name(&queue, name));
		assert_int_equal(queue, good[i]);
	}
}

static void test_an_inheritance_is_bounded(void **state)
{
	struct inheritance inheritance = {.count = 0};
	struct inheritance_item item;

	(void)state;
	for (uint16_t queue = 0; queue < INHERITANCE_MOST; queue++)
		assert_int_equal(inheritance_add(&inheritance, queue, 1000 + queue), 0);
	assert_int_equal(inheritance_add(&inheritance, INHERITANCE_MOST, 7), -ENOSPC);
	assert_int_equal(inheritance_add(&inheritance, 5, 7), -EEXIST);
	assert_int_equal(inheritance_take(&inheritance, 5), 1005);
	assert_int_equal(inheritance_take(&inheritance, 5), -1);
	assert_int_equal(inheritance_take(&inheritance, INHERITANCE_MOST), -1);
	for (unsigned int left = INHERITANCE_MOST - 1; left > 0; left--) {
		assert_true(inheritance_take_any(&inheritance, &item));
		assert_int_equal(item.fd, 1000 + item.queue);
	}
	assert_false(inheritance_take_any(&inheritance, &item));
	inheritance_deinit(&inheritance);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/*
 * As a service manager starts us: descriptors from 3 on. Whatever was there in the test program is
 * put back.
 */
static void inherit(const char *names, unsigned int count, struct inheritance *out)
{
	int saved[8], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char number[16];

	assert_true(count <= 8 && null >= 0);
	null = fcntl(null, F_DUPFD_CLOEXEC, 40);
	for (unsigned int i = 0; i < count; i++) {
		saved[i] = fcntl(DESCRIPTOR_STORE_FIRST + (int)i, F_DUPFD_CLOEXEC, 50);
		assert_int_equal(dup2(null, DESCRIPTOR_STORE_FIRST + (int)i),
			DESCRIPTOR_STORE_FIRST + (int)i);
	}
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof(number), "%u", count);
	setenv("LISTEN_FDS", number, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
	descriptor_store_inherit(out);
	close(null);
	/* Those that were taken are looked at by number only. */
	for (unsigned int i = 0; i < count; i++) {
		for (unsigned int item = 0; item < out->count; item++)
			if (out->items[item].fd == DESCRIPTOR_STORE_FIRST + (int)i)
				assert_int_equal(fcntl(out->items[item].fd, F_GETFD), FD_CLOEXEC);
		close(DESCRIPTOR_STORE_FIRST + (int)i);
		if (saved[i] >= 0) {
			dup2(saved[i], DESCRIPTOR_STORE_FIRST + (int)i);
			close(saved[i]);
		}
	}
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_FDNAMES"));
}

static void test_the_names_are_in_the_order_of_descriptors(void **state)
{
	struct inheritance inheritance = {.count = 0};

	(void)state;
	inherit("queue-8610::queue-8612:other:queue-8610", 5, &inheritance);
	assert_int_equal(inheritance.count, 2);
	assert_int_equal(inheritance.origin, INHERITANCE_SERVICE_MANAGER);
	assert_int_equal(inheritance_take(&inheritance, 8610), 3);
	assert_int_equal(inheritance_take(&inheritance, 8612), 5);
}

static void test_fewer_names_than_descriptors(void **state)
{
	struct inheritance inheritance = {.count = 0};

	(void)state;
	inherit("queue-8610", 3, &inheritance);
	assert_int_equal(inheritance.count, 1);
	inheritance.count = 0;
	inheritance.origin = INHERITANCE_NONE;
	inherit(NULL, 2, &inheritance);
	assert_int_equal(inheritance.count, 0);
	assert_int_equal(inheritance.origin, INHERITANCE_NONE);
}

/* What a service manager receives: the state, and the very descriptor. */
static void test_keeping(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} passed;
	char text[128], path[64];
	struct iovec vector = {.iov_base = text, .iov_len = sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &passed,
		.msg_controllen = sizeof(passed)};
	int ends[2], fd;
	ssize_t length;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/podgate-test-store-%d", (int)getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(ear, (const struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	assert_int_equal(pipe(ends), 0);
	descriptor_store_keep(8610, ends[0]);
	assert_true(is_open(ends[0]));
	length = recvmsg(ear, &message, MSG_DONTWAIT);
	assert_true(length > 0);
	text[length] = '\0';
	assert_string_equal(text, "FDSTORE=1\nFDPOLL=0\nFDNAME=queue-8610");
	assert_non_null(CMSG_FIRSTHDR(&message));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(read(fd, text, 1), 1);
	descriptor_store_forget(8610);
	length = recv(ear, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(length > 0);
	text[length] = '\0';
	assert_string_equal(text, "FDSTOREREMOVE=1\nFDNAME=queue-8610");
	unsetenv("NOTIFY_SOCKET");
	descriptor_store_keep(8610, ends[0]); /* nobody to tell */
	assert_int_equal(recv(ear, text, sizeof(text), MSG_DONTWAIT), -1);
	unlink(path);
	close(ear);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_meant_for_us),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_an_inheritance_is_bounded),
		cmocka_unit_test(test_the_names_are_in_the_order_of_descriptors),
		cmocka_unit_test(test_fewer_names_than_descriptors),
		cmocka_unit_test(test_keeping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

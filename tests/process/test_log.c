/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "process/log.h"
#include "tests/between.h"

static void expect_line(
	enum log_level level, bool journal, const char *message, const char *expected)
{
	char line[LOG_LINE];
	const unsigned int length = log_format_line(line, level, journal, message);

	assert_int_equal(length, strlen(expected));
	assert_memory_equal(line, expected, length);
}

static void test_prefixes(void **state)
{
	(void)state;
	expect_line(LOG_LEVEL_INFO, 0, "ready", "podgate: ready\n");
	expect_line(LOG_LEVEL_WARNING, 0, "hm", "podgate: warning: hm\n");
	expect_line(LOG_LEVEL_ERROR, 0, "no", "podgate: error: no\n");
	expect_line(LOG_LEVEL_INFO, 1, "ready", "<6>ready\n");
	expect_line(LOG_LEVEL_WARNING, 1, "hm", "<4>hm\n");
	expect_line(LOG_LEVEL_ERROR, 1, "no", "<3>no\n");
}

static void test_a_message_forges_no_line(void **state)
{
	(void)state;
	expect_line(
		LOG_LEVEL_INFO, 0, "a\n<3>b\x1b[31m\x7f", "podgate: a\\x0a<3>b\\x1b[31m\\x7f\n");
	expect_line(LOG_LEVEL_INFO, 0, "M\xc3\xbcnze", "podgate: M\xc3\xbcnze\n");
}

/*
 * Every length around the limit, of characters that grow and of those that don't: never beyond the
 * buffer, always one line.
 */
static void test_a_long_message_is_cut(void **state)
{
	static const char fill[] = {'x', '\n'};
	char message[2 * LOG_LINE];

	(void)state;
	for (size_t f = 0; f < sizeof(fill); f++) {
		for (size_t length = 0; length < sizeof(message) - 1; length++) {
			char *line = malloc(LOG_LINE); /* so that ASan sees a byte too many */
			unsigned int wrote;

			memset(message, fill[f], length);
			message[length] = '\0';
			wrote = log_format_line(line, LOG_LEVEL_WARNING, 0, message);
			assert_between(wrote, 1, LOG_LINE);
			assert_ptr_equal(memchr(line, '\n', wrote), line + wrote - 1);
			if (length >= LOG_LINE)
				assert_memory_equal(line + wrote - 4, "...\n", 4);
			free(line);
		}
	}
}

static void test_errno_is_said_and_kept(void **state)
{
	int pipe_fds[2];
	const int saved = dup(STDERR_FILENO);
	char text[256] = "";

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	errno = ENOSPC;
	log_warn("can't write %s", "x");
	assert_int_equal(errno, ENOSPC);
	log_warnx("plain");
	assert_int_equal(errno, ENOSPC);
	dup2(saved, STDERR_FILENO);
	assert_true(read(pipe_fds[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text,
		"podgate: warning: can't write x: No space left on device\npodgate: warning: "
		"plain\n");
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(saved);
}

/*
 * In a process of its own: what is written with standard error in a pipe, and JOURNAL_STREAM naming
 * that or another.
 */
static void expect_for_stream(const char *format, const char *expected)
{
	char stream[64], text[256] = "";
	struct stat found;
	int pipe_fds[2], status;
	pid_t child;

	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(fstat(pipe_fds[1], &found), 0);
	snprintf(stream, sizeof(stream), format, (uintmax_t)found.st_dev, (uintmax_t)found.st_ino);
	child = fork();
	if (child == 0) {
		dup2(pipe_fds[1], STDERR_FILENO);
		setenv("JOURNAL_STREAM", stream, 1);
		log_begin();
		log_warnx("hm");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(read(pipe_fds[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, expected);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void test_the_journal_is_known_by_its_socket(void **state)
{
	(void)state;
	expect_for_stream("%ju:%ju", "<4>hm\n");
	expect_for_stream("%ju:1%ju", "podgate: warning: hm\n");
	expect_for_stream("%ju:%ju0", "podgate: warning: hm\n");
	expect_for_stream("", "podgate: warning: hm\n");
}

/*
 * In a process of its own. Returns the first file's number, once whatever was missing of the
 * standard three is filled in.
 */
static int first_fd_without(unsigned int missing)
{
	const pid_t child = fork();
	int status;

	if (child == 0) {
		for (int fd = 0; fd < 3; fd++)
			if (missing & 1U << fd)
				close(fd);
		log_begin();
		_exit(open("/dev/null", O_RDONLY));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void test_nothing_takes_the_place_of_standard_error(void **state)
{
	const int usual = first_fd_without(0);

	(void)state;
	assert_true(usual >= 3);
	for (unsigned int missing = 1; missing < 8; missing++)
		assert_int_equal(first_fd_without(missing), usual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_a_message_forges_no_line),
		cmocka_unit_test(test_a_long_message_is_cut),
		cmocka_unit_test(test_errno_is_said_and_kept),
		cmocka_unit_test(test_the_journal_is_known_by_its_socket),
		cmocka_unit_test(test_nothing_takes_the_place_of_standard_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

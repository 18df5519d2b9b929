/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "enforcer/log/verdict_file.h"
#include "tests/between.h"

static char folder[64], path[128];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/podgate-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log/verdicts.jsonl", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static const char *text_of(const char *suffix)
{
	static char text[4096];
	char name[160];
	FILE *file;
	size_t length;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	file = fopen(name, "r");
	if (file == NULL)
		return NULL;
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

static struct verdict_file *open_file(uint64_t rotate_bytes, unsigned int keep)
{
	struct verdict_file *file;

	assert_int_equal(verdict_file_open(&file, path, rotate_bytes, keep), 0);
	return file;
}

static int put(struct verdict_file *file, const char *line)
{
	return verdict_file_write(file, line, strlen(line));
}

static void test_creates_and_appends(void **state)
{
	struct verdict_file *file = open_file(0, 0);
	struct stat found;

	(void)state;
	assert_int_equal(put(file, "one\n"), 0);
	verdict_file_close(file);
	file = open_file(0, 0);
	assert_int_equal(put(file, "two\n"), 0);
	verdict_file_close(file);
	assert_string_equal(text_of(""), "one\ntwo\n");
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0640);
	verdict_file_close(NULL);
}

static void test_says_what_cant_be_opened(void **state)
{
	struct verdict_file *file = NULL;

	(void)state;
	assert_int_equal(verdict_file_open(&file, "/nowhere/at/all", 0, 0), -ENOENT);
	assert_int_equal(verdict_file_open(&file, folder, 0, 0), -EISDIR);
	assert_null(file);
}

static void test_rotates_by_size(void **state)
{
	struct verdict_file *file = open_file(8, 2);

	(void)state;
	assert_int_equal(put(file, "aaa\n"), 0);
	assert_int_equal(put(file, "bbb\n"), 0);
	assert_string_equal(text_of(""), "aaa\nbbb\n");
	assert_null(text_of(".1"));
	assert_int_equal(put(file, "ccc\n"), 0);
	assert_string_equal(text_of(""), "ccc\n");
	assert_string_equal(text_of(".1"), "aaa\nbbb\n");
	assert_int_equal(put(file, "longer than the limit\n"), 0);
	assert_string_equal(text_of(""), "longer than the limit\n");
	assert_int_equal(put(file, "d\n"), 0);
	assert_string_equal(text_of(".1"), "longer than the limit\n");
	assert_string_equal(text_of(".2"), "ccc\n");
	assert_null(text_of(".3"));
	verdict_file_close(file);
}

static void test_rotates_and_keeps_nothing(void **state)
{
	struct verdict_file *file = open_file(4, 0);

	(void)state;
	put(file, "aaa\n");
	put(file, "bbb\n");
	assert_string_equal(text_of(""), "bbb\n");
	assert_null(text_of(".1"));
	verdict_file_close(file);
}

static void test_reopens(void **state)
{
	struct verdict_file *file = open_file(0, 0);
	char moved[160];

	(void)state;
	put(file, "one\n");
	snprintf(moved, sizeof(moved), "%s.old", path);
	assert_int_equal(rename(path, moved), 0);
	put(file, "two\n");
	assert_int_equal(verdict_file_reopen(file), 0);
	put(file, "three\n");
	assert_string_equal(text_of(".old"), "one\ntwo\n");
	assert_string_equal(text_of(""), "three\n");
	/* Where it can't be opened the old one stays in use. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(verdict_file_reopen(file), -EISDIR);
	assert_int_equal(put(file, "four\n"), 0);
	verdict_file_close(file);
}

/* A disk that fills up in the middle of a line leaves no half of it behind. */
static void test_a_full_disk_cuts_no_line(void **state)
{
	struct rlimit before, limit;
	struct verdict_file *file = open_file(0, 0);

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
	assert_int_equal(put(file, "one\n"), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(put(file, "much too long\n"), -EFBIG);
	assert_int_equal(put(file, "two\n"), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(put(file, "three\n"), 0);
	verdict_file_close(file);
	assert_string_equal(text_of(""), "one\ntwo\nthree\n");
}

static size_t read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t length;

	while (used < size - 1 && (length = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)length;
	text[used] = '\0';
	return used;
}

/*
 * A pipe that nobody reads: lines are refused, not waited for; when it is read again, each line in
 * it is whole.
 */
static void test_a_stuck_pipe_is_given_up(void **state)
{
	static char text[1 << 20];
	struct verdict_file *file;
	size_t sent = 0, found = 0;
	char line[3000];
	int reader;

	(void)state;
	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(verdict_file_open(&file, path, 0, 0), -ENXIO);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	file = open_file(0, 0);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	while (verdict_file_write(file, line, sizeof(line)) == 0)
		sent++;
	assert_between(sent, 10, 30);
	assert_int_equal(put(file, "lost\n"), -ETIMEDOUT);
	read_all(reader, text, sizeof(text));
	assert_int_equal(put(file, "back\n"), 0);
	read_all(reader, text + strlen(text), sizeof(text) - strlen(text));
	for (char *at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n"))
		found += strlen(at) == sizeof(line) - 1;
	assert_int_equal(found, sent);
	close(reader);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(put(file, "gone\n"), -EPIPE);
	verdict_file_close(file);
}

/*
 * A line longer than the pipe is stuck half-way, and can't be taken back: what follows begins on a
 * line of its own.
 */
static void test_a_line_cut_in_a_pipe_is_ended(void **state)
{
	static char text[1 << 20], line[200000];
	struct verdict_file *file;
	int reader;

	(void)state;
	snprintf(path, sizeof(path), "%s/pipe", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	file = open_file(0, 0);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(verdict_file_write(file, line, sizeof(line)), -ETIMEDOUT);
	assert_true(read_all(reader, text, sizeof(text)) > 4096);
	assert_null(strchr(text, '\n'));
	assert_int_equal(put(file, "back\n"), 0);
	read_all(reader, text, sizeof(text));
	assert_string_equal(text, "\nback\n");
	verdict_file_close(file);
	close(reader);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/*
 * A link where others may write could lead to a file of root's; where only we may, it is the
 * operator's.
 */
static void test_follows_a_link_only_where_nobody_else_may_write(void **state)
{
	struct verdict_file *file;
	char target[160], parent[140];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", folder);
	snprintf(parent, sizeof(parent), "%s/log", folder);
	assert_int_equal(mkdir(parent, 0755), 0);
	close(open(target, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(verdict_file_open(&file, path, 0, 0), 0);
	verdict_file_close(file);
	assert_int_equal(chmod(parent, 0777), 0);
	assert_int_equal(verdict_file_open(&file, path, 0, 0), -ELOOP);
	assert_int_equal(verdict_file_check(path), -ELOOP);
	unlink(path);
	assert_int_equal(link(target, path), 0);
	assert_int_equal(verdict_file_open(&file, path, 0, 0), -ELOOP);
	unlink(path);
	assert_int_equal(verdict_file_open(&file, path, 0, 0), 0);
	verdict_file_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_creates_and_appends),
		IN_FOLDER(test_says_what_cant_be_opened),
		IN_FOLDER(test_rotates_by_size),
		IN_FOLDER(test_rotates_and_keeps_nothing),
		IN_FOLDER(test_reopens),
		IN_FOLDER(test_follows_a_link_only_where_nobody_else_may_write),
		IN_FOLDER(test_a_full_disk_cuts_no_line),
		IN_FOLDER(test_a_stuck_pipe_is_given_up),
		IN_FOLDER(test_a_line_cut_in_a_pipe_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

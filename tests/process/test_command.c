/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Programs run to their end, and what keeps them from harming or outliving their caller. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "process/command.h"

static int run_shell(const char *script, const char *input, size_t output_most,
	unsigned int timeout_ms, struct command_result *out)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	const struct command command = {
		.argv = argv,
		.input = input,
		.output_most = output_most,
		.timeout_ms = timeout_ms,
	};

	return command_execute(&command, out);
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void output_and_exit_code_come_back(void **state)
{
	struct command_result result;

	(void)state;
	assert_int_equal(run_shell("cat; echo said >&2; exit 7", "hello\n", 100, 5000, &result), 0);
	assert_int_equal(result.exit_code, 7);
	assert_string_equal(result.output, "hello\n");
	assert_int_equal(result.output_length, 6);
	assert_string_equal(result.error, "said\n");
	command_result_deinit(&result);
}

static void silence_is_an_empty_text(void **state)
{
	struct command_result result;

	(void)state;
	assert_int_equal(run_shell("cat", NULL, 10, 5000, &result), 0);
	assert_int_equal(result.exit_code, 0);
	assert_string_equal(result.output, "");
	assert_string_equal(result.error, "");
	command_result_deinit(&result);
}

/*
 * More than any pipe holds, both ways at once: a caller that feeds before it reads would wait for
 * ever.
 */
static void much_goes_through(void **state)
{
	const size_t size = 3 << 20;
	char *text = malloc(size + 1);
	struct command_result result;

	(void)state;
	memset(text, 'x', size);
	text[size] = '\0';
	assert_int_equal(run_shell("cat", text, size, 20000, &result), 0);
	assert_int_equal(result.output_length, size);
	assert_string_equal(result.output, text);
	command_result_deinit(&result);
	free(text);
}

static void output_is_bounded(void **state)
{
	struct command_result result = {.exit_code = 99};

	(void)state;
	assert_int_equal(run_shell("printf 12345", NULL, 5, 5000, &result), 0);
	assert_string_equal(result.output, "12345");
	command_result_deinit(&result);
	result.exit_code = 99;
	assert_int_equal(run_shell("printf 123456", NULL, 5, 5000, &result), -EFBIG);
	assert_int_equal(result.exit_code, 99);
}

static void unwanted_output_is_thrown_away(void **state)
{
	struct command_result result;

	(void)state;
	assert_int_equal(
		run_shell("head -c 300000 /dev/zero; echo ok >&2", NULL, 0, 5000, &result), 0);
	assert_null(result.output);
	assert_string_equal(result.error, "ok\n");
	command_result_deinit(&result);
}

static void errors_keep_their_beginning(void **state)
{
	struct command_result result;

	(void)state;
	assert_int_equal(run_shell("{ echo first; head -c 200000 /dev/zero | tr '\\0' y; } >&2",
				 NULL, 0, 5000, &result),
		0);
	assert_int_equal(strlen(result.error), COMMAND_ERROR_TEXT - 1);
	assert_memory_equal(result.error, "first\nyyy", 9);
	command_result_deinit(&result);
}

static void a_signal_is_told(void **state)
{
	struct command_result result;

	(void)state;
	assert_int_equal(run_shell("kill -9 $$", NULL, 0, 5000, &result), 0);
	assert_int_equal(result.exit_code, COMMAND_EXIT_SIGNALLED + SIGKILL);
	command_result_deinit(&result);
}

static void missing_programs_are_told(void **state)
{
	const char *const argv[] = {"/nonexistent/program", NULL};
	const char *const folder[] = {"/", NULL};
	struct command command = {.argv = argv, .timeout_ms = 1000};
	struct command_result result;

	(void)state;
	assert_int_equal(command_execute(&command, &result), -ENOENT);
	command.argv = folder;
	assert_int_equal(command_execute(&command, &result), -EACCES);
}

/* The program and what it started in the background, which holds the pipes open. */
static void a_late_program_is_ended_with_its_children(void **state)
{
	char pid_file[] = "/tmp/podgate-test-XXXXXX";
	const int fd = mkstemp(pid_file);
	const double begin = seconds_now();
	struct command_result result;
	char script[256], text[32] = "";
	pid_t child;

	(void)state;
	snprintf(script, sizeof(script), "sleep 60 & echo $! >%s; wait", pid_file);
	assert_int_equal(run_shell(script, NULL, 100, 300, &result), -ETIMEDOUT);
	assert_true(seconds_now() - begin < 10);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	child = atoi(text);
	for (int i = 0; i < 100 && kill(child, 0) == 0; i++)
		usleep(20000); /* init, or whoever adopts it, has to reap it */
	if (kill(child, 0) == 0) {
		snprintf(script, sizeof(script), "grep -q '^State:.Z' /proc/%d/status", (int)child);
		assert_int_equal(system(script), 0);
	}
	close(fd);
	unlink(pid_file);
}

static void the_environment_is_clean(void **state)
{
	const char *const argv[] = {"/usr/bin/env", NULL};
	const struct command command = {.argv = argv, .output_most = 1000, .timeout_ms = 5000};
	struct command_result result;

	(void)state;
	setenv("PODGATE_SECRET", "1", 1);
	setenv("LD_PRELOAD", "", 1);
	assert_int_equal(command_execute(&command, &result), 0);
	assert_string_equal(result.output, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C\n");
	command_result_deinit(&result);
	unsetenv("PODGATE_SECRET");
	unsetenv("LD_PRELOAD");
}

/* One without close-on-exec, as a careless library opens it. */
static void no_file_of_ours_is_inherited(void **state)
{
	const int careless = open("/dev/null", O_RDONLY);
	struct command_result result;

	(void)state;
	assert_true(careless > 2);
	assert_int_equal(run_shell("ls /proc/self/fd | wc -l", NULL, 100, 5000, &result), 0);
	assert_string_equal(result.output, "4\n"); /* three, and the folder that ls reads */
	command_result_deinit(&result);
	close(careless);
}

static void blocked_and_ignored_signals_are_not_inherited(void **state)
{
	struct command_result result;
	sigset_t set, old;

	(void)state;
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run_shell("grep -E '^Sig(Blk|Ign)' /proc/self/status | awk '{print $2}'",
				 NULL, 100, 5000, &result),
		0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_memory_equal(result.output, "0000000000000000\n", 17); /* none blocked */
	assert_int_equal(strtoull(result.output + 17, NULL, 16) & 0x7fffffff,
		0); /* none ignored but the C library's own */
	command_result_deinit(&result);
}

/* A daemon may have closed them; what takes their numbers must still end up in the right places. */
static void closed_standard_files_do_no_harm(void **state)
{
	const int in = dup(0), out = dup(1), err = dup(2);
	struct command_result result;
	int got;

	(void)state;
	close(0);
	close(1);
	close(2);
	got = run_shell("cat; echo e >&2", "in", 100, 5000, &result);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	close(in);
	close(out);
	close(err);
	assert_int_equal(got, 0);
	assert_string_equal(result.output, "in");
	assert_string_equal(result.error, "e\n");
	command_result_deinit(&result);
}

static void *read_netns_elsewhere(void *context)
{
	char *const *texts = context;
	struct command_result result;

	if (unshare(CLONE_NEWNET) != 0 || readlink("/proc/thread-self/ns/net", texts[0], 63) < 0)
		return NULL;
	if (run_shell("readlink /proc/self/ns/net", NULL, 63, 5000, &result) == 0)
		strcpy(texts[1], result.output);
	command_result_deinit(&result);
	return NULL;
}

/*
 * kernel_probe.c tries rules in a thread that has left for another namespace, and must not hit the
 * process's.
 */
static void it_runs_in_the_threads_network_namespace(void **state)
{
	char of_thread[64] = "", of_program[64] = "", *texts[] = {of_thread, of_program};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, read_netns_elsewhere, texts), 0);
	pthread_join(thread, NULL);
	strcat(of_thread, "\n");
	assert_true(strlen(of_thread) > 5);
	assert_string_equal(of_program, of_thread);
}

static void descriptors_do_not_leak(void **state)
{
	struct command_result result;
	const int before = dup(0);

	(void)state;
	for (int i = 0; i < 20; i++) {
		if (run_shell("echo x; echo y >&2", NULL, 100, 5000, &result) == 0)
			command_result_deinit(&result);
		run_shell("sleep 9", NULL, 100, 1, &result);
	}
	const int after = dup(0);

	assert_int_equal(after, before + 1);
	close(after);
	close(before);
}

static void programs_are_found_in_path_then_in_sbin(void **state)
{
	char folder[] = "/tmp/podgate-test-XXXXXX", file[64], path[PATH_MAX] = "untouched",
	     list[256];
	char *const old = strdup(getenv("PATH"));

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/some-program", folder);
	snprintf(list, sizeof(list), "relative:/nonexistent::%s", folder);
	setenv("PATH", list, 1);
	assert_int_equal(command_find("some-program", path), -ENOENT);
	assert_string_equal(path, "untouched");
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	assert_int_equal(command_find("some-program", path), -ENOENT); /* can't be run */
	chmod(file, 0755);
	assert_int_equal(command_find("some-program", path), 0);
	assert_string_equal(path, file);
	unlink(file);
	mkdir(file, 0755);
	assert_int_equal(command_find("some-program", path), -ENOENT); /* a folder */
	rmdir(file);
	rmdir(folder);
	unsetenv("PATH");
	assert_int_equal(command_find("nologin", path), 0);
	assert_string_equal(path, "/usr/sbin/nologin");
	setenv("PATH", old, 1);
	free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_exit_code_come_back),
		cmocka_unit_test(silence_is_an_empty_text),
		cmocka_unit_test(much_goes_through),
		cmocka_unit_test(output_is_bounded),
		cmocka_unit_test(unwanted_output_is_thrown_away),
		cmocka_unit_test(errors_keep_their_beginning),
		cmocka_unit_test(a_signal_is_told),
		cmocka_unit_test(missing_programs_are_told),
		cmocka_unit_test(a_late_program_is_ended_with_its_children),
		cmocka_unit_test(the_environment_is_clean),
		cmocka_unit_test(no_file_of_ours_is_inherited),
		cmocka_unit_test(blocked_and_ignored_signals_are_not_inherited),
		cmocka_unit_test(closed_standard_files_do_no_harm),
		cmocka_unit_test(it_runs_in_the_threads_network_namespace),
		cmocka_unit_test(descriptors_do_not_leak),
		cmocka_unit_test(programs_are_found_in_path_then_in_sbin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

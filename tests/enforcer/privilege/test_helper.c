/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The helper process: what it holds, what it does for the daemon, what it refuses, and how it ends.
 * In a network namespace of our own, as root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enforcer/privilege/helper.h"
#include "enforcer/privilege/helper_message.h"
#include "enforcer/privilege/helper_process.h"
#include "kernel/rules/iptables_programs.h"
#include "process/capabilities.h"
#include "process/sanitized.h"
#include "tests/support/netns.h"

#define NET (CAPABILITY(CAP_NET_ADMIN) | CAPABILITY(CAP_NET_RAW))

static const char rules[] =
	"*mangle\n:PODGATE - [0:0]\n-A PODGATE -j RETURN\n-I FORWARD 1 -j PODGATE\nCOMMIT\n";

static int start_helper(void **state)
{
	char problem[PROBLEM_SIZE];
	const int err = netns_enter(state) != 0 ? -1 : helper_start(true, problem);

	if (err != 0)
		print_error("%s\n", problem);
	return err;
}

static int stop_helper(void **state)
{
	(void)state;
	helper_stop();
	iptables_use(&iptables_programs);
	return helper_pid() != 0;
}

static uint64_t kernel_says(const char *field, int base)
{
	char path[64], name[64], line[256];
	uint64_t value = UINT64_MAX;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)helper_pid());
	file = fopen(path, "re");
	assert_non_null(file);
	snprintf(name, sizeof(name), "%s:", field);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, base);
	fclose(file);
	return value;
}

static void test_it_holds_little(void **state)
{
	(void)state;
	assert_true(helper_pid() > 0 && helper_pid() != getpid());
	assert_int_equal(kernel_says("CapPrm", 16), NET);
	assert_int_equal(kernel_says("CapEff", 16), NET);
	assert_int_equal(kernel_says("CapBnd", 16), NET);
	assert_int_equal(kernel_says("NoNewPrivs", 10), 1);
	assert_int_equal(kernel_says("Seccomp", 10), SANITIZED ? 0 : 2);
	/* The process that forked it has lost nothing. */
	assert_true(capabilities_hold(CAP_SYS_ADMIN));
}

static void apply_and_read(enum backend_choice backend, enum ip_family family)
{
	char problem[PROBLEM_SIZE] = "", *text = NULL;

	if (iptables_available(backend, family, problem) != 0 ||
		iptables_restore(backend, family, rules, problem) != 0 ||
		iptables_save(backend, family, "mangle", false, &text, problem) != 0)
		fail_msg("%s", problem);
	assert_non_null(strstr(text, "-A FORWARD -j PODGATE\n"));
	free(text);
	assert_int_equal(iptables_save(backend, family, "mangle", true, &text, problem), 0);
	assert_non_null(strstr(text, "[0:0] -A PODGATE -j RETURN\n"));
	free(text);
	assert_int_equal(iptables_save(backend, family, NULL, false, &text, problem), 0);
	assert_non_null(strstr(text, "*mangle"));
	free(text);
}

static void test_it_applies_and_reads(void **state)
{
	static const enum backend_choice backends[] = {BACKEND_NFT, BACKEND_LEGACY};
	enum backend_choice usual;

	(void)state;
	for (int i = 0; i < 4; i++)
		apply_and_read(backends[i / 2], i % 2 == 0 ? IP_FAMILY_V4 : IP_FAMILY_V6);
	assert_int_equal(iptables_default_backend(&usual), 0);
	assert_true(usual == BACKEND_NFT || usual == BACKEND_LEGACY);
	/* It was not us: */
	assert_int_equal(netns_run("iptables-legacy-save -t mangle | grep -q PODGATE"), 0);
}

static void test_it_tells_changes(void **state)
{
	static const enum backend_choice backends[] = {BACKEND_NFT, BACKEND_LEGACY};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char problem[PROBLEM_SIZE];
		uint64_t before, after;

		assert_int_equal(iptables_restore(backends[i], IP_FAMILY_V4, rules, problem), 0);
		assert_int_equal(iptables_generation(backends[i], IP_FAMILY_V4, &before), 0);
		assert_int_equal(iptables_generation(backends[i], IP_FAMILY_V4, &after), 0);
		assert_true(before == after);
		assert_int_equal(iptables_restore(backends[i], IP_FAMILY_V4, rules, problem), 0);
		assert_int_equal(iptables_generation(backends[i], IP_FAMILY_V4, &after), 0);
		assert_true(before != after);
	}
}

static void test_it_reads_nothing_where_nothing_is(void **state)
{
	char problem[PROBLEM_SIZE], *text;

	(void)state;
	assert_int_equal(
		iptables_save(BACKEND_LEGACY, IP_FAMILY_V4, "mangle", false, &text, problem), 0);
	assert_string_equal(text, "");
	free(text);
}

static void test_it_refuses_what_is_not_ours(void **state)
{
	char problem[PROBLEM_SIZE] = "", *text;

	(void)state;
	assert_int_equal(iptables_restore(BACKEND_NFT, IP_FAMILY_V4,
				 "*filter\n-A FORWARD -j DROP\nCOMMIT\n", problem),
		-EPERM);
	assert_non_null(strstr(problem, "not podgate's"));
	assert_int_equal(
		iptables_restore(BACKEND_NFT, IP_FAMILY_V4,
			"*mangle\n:PODGATE - [0:0]\n-A PODGATE -M /bin/false -j DROP\nCOMMIT\n",
			problem),
		-EPERM);
	assert_int_equal(iptables_restore(BACKEND_NFT, IP_FAMILY_V4, "", problem), -EINVAL);
	/* It goes on, and tells what iptables has to say. */
	assert_int_equal(iptables_restore(BACKEND_NFT, IP_FAMILY_V4,
				 "*mangle\n:PODGATE - [0:0]\n-A PODGATE -m set --match-set nothere "
				 "src -j DROP\nCOMMIT\n",
				 problem),
		-EINVAL);
	assert_non_null(strstr(problem, "nothere"));
	assert_int_equal(
		iptables_save(BACKEND_NFT, IP_FAMILY_V4, "mangle", false, &text, problem), 0);
	assert_null(strstr(text, "DROP"));
	free(text);
}

static void test_signals_for_the_daemon_do_not_end_it(void **state)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		assert_int_equal(kill(helper_pid(), signals[i]), 0);
	usleep(50000);
	apply_and_read(BACKEND_NFT, IP_FAMILY_V4);
}

struct ask {
	enum ip_family family;
	int err;
};

static void *ask_often(void *context)
{
	char problem[PROBLEM_SIZE], *text;
	struct ask *ask = context;

	for (int i = 0; i < 10 && ask->err == 0; i++) {
		ask->err = iptables_save(BACKEND_NFT, ask->family, "mangle", false, &text, problem);
		if (ask->err == 0 &&
			strstr(text, ask->family == IP_FAMILY_V6 ? "ip6tables" : "iptables") ==
				NULL)
			ask->err = -EPROTO;
		if (ask->err == 0)
			free(text);
	}
	return NULL;
}

static void test_threads_take_turns(void **state)
{
	struct ask asks[] = {{.family = IP_FAMILY_V4}, {.family = IP_FAMILY_V6}};
	pthread_t threads[2];

	(void)state;
	apply_and_read(BACKEND_NFT, IP_FAMILY_V4);
	apply_and_read(BACKEND_NFT, IP_FAMILY_V6);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &asks[i]), 0);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(asks[i].err, 0);
	}
}

/* ---- its end ---- */

static void note_end(void *context)
{
	*(bool *)context = true;
	helper_unwatch();
}

static void test_its_death_is_noticed(void **state)
{
	char problem[PROBLEM_SIZE] = "", *text;
	bool ended = false;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(helper_watch(&loop, note_end, &ended), 0);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_false(ended);
	assert_int_equal(kill(helper_pid(), SIGKILL), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(ended);
	assert_int_equal(uv_loop_close(&loop), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			iptables_save(BACKEND_NFT, IP_FAMILY_V4, "mangle", false, &text, problem),
			-EPIPE);
		assert_non_null(strstr(problem, "no more"));
	}
	assert_int_equal(iptables_restore(BACKEND_NFT, IP_FAMILY_V4, rules, problem), -EPIPE);
}

static void test_it_is_not_missed_when_stopped(void **state)
{
	bool ended = false;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(helper_watch(&loop, note_end, &ended), 0);
	helper_unwatch();
	helper_unwatch();
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	helper_stop();
	assert_int_equal(helper_pid(), 0);
	assert_false(ended);
}

/* ---- what it takes for a request ---- */

static void *serve(void *fd)
{
	helper_process_serve(*(int *)fd);
	close(*(int *)fd);
	return NULL;
}

/* Whether the server ends the connection after these bytes, instead of answering. */
static bool is_thrown_out(const void *bytes, size_t length)
{
	struct helper_answer answer;
	pthread_t thread;
	int ends[2];
	bool out;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, &ends[1]), 0);
	assert_int_equal(helper_send(ends[0], bytes, length), 0);
	shutdown(ends[0], SHUT_WR);
	out = helper_receive(ends[0], &answer, sizeof(answer)) != 0;
	close(ends[0]);
	pthread_join(thread, NULL);
	return out;
}

static const struct helper_request good = {.verb = HELPER_AVAILABLE,
	.backend = BACKEND_NFT,
	.family = IP_FAMILY_V4,
	.table = "mangle"};

static void test_requests_are_checked(void **state)
{
	struct helper_request bad[10];
	char garbage[1024];

	(void)state;
	for (size_t i = 0; i < 10; i++)
		bad[i] = good;
	bad[0].verb = HELPER_VERBS;
	bad[1].backend = BACKEND_AUTO;
	bad[2].backend = 77;
	bad[3].family = 5;
	bad[4].counters = 2;
	memset(bad[5].table, 'x', sizeof(bad[5].table));
	strcpy(bad[6].table, "-M");
	bad[7].length = 4;	      /* only rules have a text */
	bad[8].verb = HELPER_RESTORE; /* and they must */
	bad[9].verb = HELPER_RESTORE;
	bad[9].length = HELPER_RULES_MOST + 1;
	assert_true(helper_request_is_valid(&good));
	assert_false(is_thrown_out(&good, sizeof(good)));
	for (size_t i = 0; i < 10; i++) {
		assert_false(helper_request_is_valid(&bad[i]));
		assert_true(is_thrown_out(&bad[i], sizeof(bad[i])));
	}
	memset(garbage, 0xa5, sizeof(garbage));
	assert_true(is_thrown_out(garbage, sizeof(garbage)));
	assert_true(is_thrown_out(garbage, 3));
	assert_true(is_thrown_out("", 0));
}

/* The guard reads to the first NUL; what comes after it would be the program's alone. */
static void test_a_text_has_no_nul(void **state)
{
	struct {
		struct helper_request head;
		char text[32];
	} request = {.head = good, .text = "*mangle\nCOMMIT\n"};

	(void)state;
	request.head.verb = HELPER_RESTORE;
	request.head.length = sizeof(request.text);
	assert_true(is_thrown_out(&request, sizeof(request)));
}

static void test_answers_are_checked(void **state)
{
	const struct helper_answer fine = {
		.err = -EPERM, .backend = BACKEND_LEGACY, .problem = "why"};
	struct helper_answer answer = fine;

	(void)state;
	assert_true(helper_answer_is_valid(&answer));
	answer.err = 1;
	assert_false(helper_answer_is_valid(&answer));
	answer = fine;
	answer.backend = BACKEND_AUTO;
	assert_false(helper_answer_is_valid(&answer));
	answer = fine;
	answer.length = HELPER_ANSWER_MOST + 1U;
	assert_false(helper_answer_is_valid(&answer));
	answer = fine;
	memset(answer.problem, 'x', sizeof(answer.problem));
	assert_false(helper_answer_is_valid(&answer));
}

#define WITH_HELPER(test) cmocka_unit_test_setup_teardown(test, start_helper, stop_helper)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HELPER(test_it_holds_little),
		WITH_HELPER(test_it_applies_and_reads),
		WITH_HELPER(test_it_tells_changes),
		WITH_HELPER(test_it_reads_nothing_where_nothing_is),
		WITH_HELPER(test_it_refuses_what_is_not_ours),
		WITH_HELPER(test_signals_for_the_daemon_do_not_end_it),
		WITH_HELPER(test_threads_take_turns),
		WITH_HELPER(test_its_death_is_noticed),
		WITH_HELPER(test_it_is_not_missed_when_stopped),
		cmocka_unit_test(test_requests_are_checked),
		cmocka_unit_test(test_a_text_has_no_nul),
		cmocka_unit_test(test_answers_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

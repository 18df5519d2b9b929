/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager is told, by one that is not systemd but listens like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/manager.h"
#include "process/notify.h"
#include "tests/between.h"
#include "tests/support/netns.h"
#include "tests/support/one_file.h"
#include "tests/support/publish_fixture.h"

enum { MESSAGE = 512 };

static const char policy[] = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: "
			     "{name: closed, namespace: shop}\n"
			     "spec: {podSelector: {}, policyTypes: [Ingress]}\n";

static int listener = -1;

/* The service manager's socket: a file, or of the abstract namespace with '@' in front. */
static void listen_as_manager(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t length = strlen(name);

	memcpy(address.sun_path, name, length);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	unlink(name);
	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
		0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static int stop_listening(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (listener >= 0)
		close(listener);
	listener = -1;
	return 0;
}

/* The next message; false when there is none. */
static bool heard(char message[MESSAGE])
{
	const ssize_t length = recv(listener, message, MESSAGE - 1, 0);

	if (length < 0)
		return false;
	message[length] = '\0';
	return true;
}

static void expect(const char *wanted)
{
	char message[MESSAGE] = "";

	if (!heard(message) || strcmp(message, wanted) != 0)
		fail_msg("wanted \"%s\", heard \"%s\"", wanted, message);
}

/* ---- one message ---- */

static void test_messages_arrive(void **state)
{
	char name[64];

	(void)state;
	assert_false(notify_is_wanted());
	notify_service_manager("READY=1"); /* to nobody */
	snprintf(name, sizeof(name), "@podgate-test-%d", (int)getpid());
	listen_as_manager(name);
	assert_true(notify_is_wanted());
	notify_service_manager("READY=1");
	expect("READY=1");
	notify_service_manager("STATUS=a\nREADY=1");
	expect("STATUS=a\nREADY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_false(notify_is_wanted());
	setenv("NOTIFY_SOCKET", "/nowhere/to/be/found", 1);
	notify_service_manager("READY=1"); /* said once, and survived */
	notify_service_manager("READY=1");
}

/* A manager that does not read must not hold up the daemon. */
static void test_a_full_socket_does_not_block(void **state)
{
	char name[64];

	(void)state;
	snprintf(name, sizeof(name), "@podgate-test-%d", (int)getpid());
	listen_as_manager(name);
	alarm(20);
	for (int i = 0; i < 5000; i++)
		notify_service_manager("WATCHDOG=1");
	alarm(0);
	expect("WATCHDOG=1");
}

static void test_whether_it_watches(void **state)
{
	char pid[32];

	(void)state;
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("NOTIFY_SOCKET", "@x", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_us(), 30000000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_us(), 30000000);
	setenv("WATCHDOG_USEC", "30 s", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "-1", 1);
	assert_int_equal(notify_watchdog_us(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_watchdog_us(), 0);
}

/* ---- the daemon's life, as it is told ---- */

struct act {
	struct publish_fixture *stage;
	struct manager *manager;
};

static struct act begin(void **state, const char *watchdog_us)
{
	struct act act = {.stage = *state};
	const struct manager_options options = {
		.loop = &act.stage->loop,
		.settings = &act.stage->settings,
		.enforcement = act.stage->enforcement,
		.publisher = act.stage->publisher,
	};
	char name[64];

	snprintf(name, sizeof(name), "@podgate-test-%d", (int)getpid());
	listen_as_manager(name);
	if (watchdog_us != NULL)
		setenv("WATCHDOG_USEC", watchdog_us, 1);
	assert_int_equal(manager_ready(&act.manager, &options), 0);
	return act;
}

static void end(const struct act *act)
{
	manager_stopping(act->manager);
	uv_run(&act->stage->loop, UV_RUN_NOWAIT);
	stop_listening(NULL);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * Runs the loop for so long, or until a status has `awaited` in it; counts the messages that are
 * `wanted`, and remembers the last status.
 */
static unsigned int run_and_count(const struct act *act, unsigned int ms, const char *wanted,
	const char *awaited, char status[MESSAGE])
{
	const uint64_t end = now_ms() + ms;
	char message[MESSAGE];
	unsigned int count = 0;

	while (now_ms() < end && (awaited == NULL || strstr(status, awaited) == NULL)) {
		uv_run(&act->stage->loop, UV_RUN_NOWAIT);
		usleep(5000);
		while (heard(message)) {
			count += strcmp(message, wanted) == 0;
			if (strncmp(message, "STATUS=", 7) == 0)
				strcpy(status, message);
		}
	}
	return count;
}

static void test_nobody_listens(void **state)
{
	struct publish_fixture *stage = *state;
	const struct manager_options options = {.loop = &stage->loop};
	struct manager *manager = (struct manager *)&options;

	assert_int_equal(manager_ready(&manager, &options), 0);
	assert_null(manager);
	manager_reloading(manager);
	manager_stopping(manager);
}

static void test_ready_and_what_it_does(void **state)
{
	const struct act act = begin(state, NULL);
	char status[MESSAGE] = "", message[MESSAGE];

	expect("READY=1");
	expect("STATUS=ENFORCING NOTHING: 0 policies on 1 pods, 0 addresses isolated, revision 1");
	assert_int_equal(run_and_count(&act, 1200, "WATCHDOG=1", NULL, status), 0);
	assert_string_equal(status, ""); /* nothing new, nothing told */
	assert_int_equal(one_file_put(act.stage->store, "policy.yaml", policy, strlen(policy)), 0);
	publisher_changed(act.stage->publisher, 0);
	(void)run_and_count(&act, 20000, "", "revision 2", status);
	assert_string_equal(
		status, "STATUS=Enforcing 1 policies on 1 pods, 2 addresses isolated, revision 2");
	manager_stopping(act.manager);
	assert_true(heard(message));
	assert_true(strncmp(message, "STOPPING=1\n", 11) == 0);
	uv_run(&act.stage->loop, UV_RUN_NOWAIT);
	stop_listening(NULL);
}

/* READY=1 comes back when all of it is enforced, not when it is read. */
static void test_reloading(void **state)
{
	const struct act act = begin(state, NULL);
	char status[MESSAGE] = "", message[MESSAGE];
	unsigned long long at;

	expect("READY=1");
	assert_true(heard(message));
	manager_reloading(act.manager);
	assert_true(heard(message));
	assert_int_equal(sscanf(message, "RELOADING=1\nMONOTONIC_USEC=%llu", &at), 1);
	assert_true(at > 0);
	assert_int_equal(one_file_put(act.stage->store, "policy.yaml", policy, strlen(policy)), 0);
	publisher_changed(act.stage->publisher, 0);
	assert_int_equal(run_and_count(&act, 20000, "READY=1", "revision 2", status), 1);
	assert_int_equal(run_and_count(&act, 1200, "READY=1", NULL, status), 0);
	end(&act);
}

static void test_the_watchdog_is_fed(void **state)
{
	const struct act act = begin(state, "400000");
	char status[MESSAGE] = "";

	/* Every 100 ms, unless the machine is busy elsewhere; never more often. */
	assert_between(run_and_count(&act, 3000, "WATCHDOG=1", NULL, status), 3, 31);
	end(&act);
}

/* The loop turns as before; but nobody answers packets any more. */
static void test_it_starves_without_workers(void **state)
{
	const struct act act = begin(state, "400000");
	char status[MESSAGE] = "";

	assert_true(run_and_count(&act, 3000, "WATCHDOG=1", NULL, status) > 0);
	gate_stop((struct gate *)(uintptr_t)enforcement_gate(act.stage->enforcement));
	(void)run_and_count(&act, 500, "WATCHDOG=1", NULL, status); /* what was under way */
	assert_int_equal(run_and_count(&act, 1500, "WATCHDOG=1", NULL, status), 0);
	end(&act);
}

/* Nor is it fed by a loop that stands still. */
static void test_it_starves_without_a_loop(void **state)
{
	const struct act act = begin(state, "400000");
	char message[MESSAGE];
	unsigned int fed = 0;

	usleep(1500000);
	while (heard(message))
		fed += strcmp(message, "WATCHDOG=1") == 0;
	assert_int_equal(fed, 0);
	end(&act);
}

#define STAGED(test) \
	cmocka_unit_test_setup_teardown(test, publish_fixture_setup, publish_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_messages_arrive, stop_listening),
		cmocka_unit_test_teardown(test_a_full_socket_does_not_block, stop_listening),
		cmocka_unit_test_teardown(test_whether_it_watches, stop_listening),
		STAGED(test_nobody_listens),
		STAGED(test_ready_and_what_it_does),
		STAGED(test_reloading),
		STAGED(test_the_watchdog_is_fed),
		STAGED(test_it_starves_without_workers),
		STAGED(test_it_starves_without_a_loop),
	};

	return cmocka_run_group_tests(tests, netns_enter, NULL);
}

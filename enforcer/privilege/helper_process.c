/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/helper_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enforcer/privilege/helper_message.h"
#include "enforcer/privilege/privilege.h"
#include "enforcer/privilege/syscall_filter.h"
#include "kernel/rules/iptables_programs.h"
#include "kernel/rules/rule_guard.h"

enum { SOCKET = STDERR_FILENO + 1 };

/* ---- serving ---- */

static int apply(
	const struct helper_request *request, const char *rules, struct helper_answer *answer)
{
	char why[PROBLEM_SIZE];

	if (!rule_guard_allows(rules, why)) {
		snprintf(answer->problem, sizeof(answer->problem), "%s", why);
		return -EPERM;
	}
	return iptables_programs.restore((enum backend_choice)request->backend,
		(enum ip_family)request->family, rules, answer->problem);
}

static int read_rules(
	const struct helper_request *request, char **text, struct helper_answer *answer)
{
	return iptables_programs.save((enum backend_choice)request->backend,
		(enum ip_family)request->family, request->table[0] != '\0' ? request->table : NULL,
		request->counters != 0, text, answer->problem);
}

static int find_default(struct helper_answer *answer)
{
	enum backend_choice backend;
	const int err = iptables_programs.default_backend(&backend);

	if (err == 0)
		answer->backend = (uint32_t)backend;
	return err;
}

/* *text is what the answer brings, to be freed; or stays NULL. */
static int do_request(const struct helper_request *request, const char *rules,
	struct helper_answer *answer, char **text)
{
	switch ((enum helper_verb)request->verb) {
	case HELPER_AVAILABLE:
		return iptables_programs.available((enum backend_choice)request->backend,
			(enum ip_family)request->family, answer->problem);
	case HELPER_DEFAULT_BACKEND:
		return find_default(answer);
	case HELPER_SAVE:
		return read_rules(request, text, answer);
	case HELPER_RESTORE:
		return apply(request, rules, answer);
	case HELPER_GENERATION:
		return iptables_programs.generation((enum backend_choice)request->backend,
			(enum ip_family)request->family, &answer->generation);
	case HELPER_VERBS:
		break;
	}
	return -EINVAL;
}

static int answer_request(int fd, const struct helper_request *request, const char *rules)
{
	struct helper_answer answer = {.backend = BACKEND_NFT};
	char *text = NULL;
	int err;

	answer.err = do_request(request, rules, &answer, &text);
	answer.length = text != NULL ? (uint32_t)strlen(text) : 0;
	err = helper_send(fd, &answer, sizeof(answer));
	if (err == 0 && text != NULL)
		err = helper_send(fd, text, answer.length);
	free(text);
	return err;
}

/* A text that ends before its length says is not what the guard would read. */
static int serve_one(int fd)
{
	struct helper_request request;
	char *rules;
	int err = helper_receive(fd, &request, sizeof(request));

	if (err != 0)
		return err;
	if (!helper_request_is_valid(&request))
		return -EPROTO;
	rules = malloc(request.length + 1);
	if (rules == NULL)
		return -ENOMEM;
	err = helper_receive(fd, rules, request.length);
	rules[request.length] = '\0';
	if (err == 0)
		err = strlen(rules) == request.length ? answer_request(fd, &request, rules)
						      : -EPROTO;
	free(rules);
	return err;
}

void helper_process_serve(int fd)
{
	while (serve_one(fd) == 0)
		;
}

/* ---- beginning ---- */

/* Standard error stays: it is where the sanitizers of a test build report. */
static int leave_descriptors(int fd)
{
	const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0)
		return -errno;
	if (fd != SOCKET && dup3(fd, SOCKET, O_CLOEXEC) < 0)
		return -errno;
	/*
	 * Before Linux 5.9 they stay: they close with the programs that are run, or are harmless.
	 */
	(void)syscall(SYS_close_range, SOCKET + 1, ~0U, 0U);
	return 0;
}

/*
 * A service manager ends all processes of a service at once; the daemon may still need this one
 * while it stops.
 */
static void leave_signals(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int reduce(bool filter, char problem[PROBLEM_SIZE])
{
	static const struct account self = {.changes = false};
	const struct privilege_wanted wanted = {
		.account = &self,
		.keep = CAPABILITY(CAP_NET_ADMIN) | CAPABILITY(CAP_NET_RAW),
		.children = true,
	};
	int err = privilege_reduce(&wanted, problem);

	if (err == 0 && filter)
		err = syscall_filter_install(SYSCALLS_HELPER, SYSCALLS_REFUSED, problem);
	return err == -ENOTSUP ? 0 : err; /* the daemon says so */
}

void helper_process_run(int fd, bool filter)
{
	struct helper_answer ready = {.backend = BACKEND_NFT};

	prctl(PR_SET_NAME, "podgate-rules");
	leave_signals();
	ready.err = leave_descriptors(fd);
	if (ready.err != 0)
		snprintf(ready.problem, sizeof(ready.problem), "can't leave the daemon's files: %s",
			strerror(-ready.err));
	else
		ready.err = reduce(filter, ready.problem);
	if (helper_send(SOCKET, &ready, sizeof(ready)) == 0 && ready.err == 0)
		helper_process_serve(SOCKET);
	_exit(0); /* not exit(): what the daemon had in its buffers is the daemon's to write */
}

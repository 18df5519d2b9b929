/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/privilege/helper.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "enforcer/privilege/helper_message.h"
#include "enforcer/privilege/helper_process.h"

/* Far longer than what the helper allows the programs; beyond that it is not at work but stuck. */
enum { PATIENCE_S = 120 };

/* There is one in a process, as there is one set of privileges. */
static struct {
	pid_t pid; /* 0: there is none */
	int socket, pidfd;
	pthread_mutex_t lock; /* of the socket: one request at a time */
	bool broken;	      /* what comes next on the socket is not known any more */
	uv_poll_t watch;
	bool watched;
	void (*ended)(void *context);
	void *context;
} helper = {.socket = -1, .pidfd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- asking ---- */

static int send_request(const struct helper_request *request, const char *rules)
{
	const int err = helper_send(helper.socket, request, sizeof(*request));

	return err != 0 || request->length == 0
		? err
		: helper_send(helper.socket, rules, request->length);
}

/* `text` may be NULL when none is wanted; then none may come. */
static int receive_answer(struct helper_answer *answer, char **text)
{
	char *bytes;
	int err = helper_receive(helper.socket, answer, sizeof(*answer));

	if (err != 0)
		return err;
	if (!helper_answer_is_valid(answer) || (text == NULL && answer->length > 0))
		return -EPROTO;
	if (text == NULL)
		return 0;
	bytes = malloc(answer->length + 1);
	if (bytes == NULL)
		return -ENOMEM;
	err = helper_receive(helper.socket, bytes, answer->length);
	bytes[answer->length] = '\0';
	if (err != 0) {
		free(bytes);
		return err;
	}
	*text = bytes;
	return 0;
}

static int exchange(const struct helper_request *request, const char *rules,
	struct helper_answer *answer, char **text)
{
	int err = helper.broken ? -EPIPE : send_request(request, rules);

	if (err == 0)
		err = receive_answer(answer, text);
	if (err == 0)
		return 0;
	if (!helper.broken)
		shutdown(helper.socket, SHUT_RDWR); /* it ends, and that is noticed */
	helper.broken = true;
	snprintf(answer->problem, sizeof(answer->problem),
		"the helper process that runs iptables is no more (%s): podgate has to be started "
		"again",
		strerror(-err));
	return -EPIPE;
}

static int ask(const struct helper_request *request, const char *rules,
	struct helper_answer *answer, char **text)
{
	int err;

	pthread_mutex_lock(&helper.lock);
	err = exchange(request, rules, answer, text);
	pthread_mutex_unlock(&helper.lock);
	if (err == 0)
		err = answer->err;
	if (err != 0 && text != NULL) {
		free(*text);
		*text = NULL;
	}
	return err;
}

static struct helper_request make_request(
	enum helper_verb verb, enum backend_choice backend, enum ip_family family)
{
	return (struct helper_request){
		.verb = verb, .backend = (uint32_t)backend, .family = (uint32_t)family};
}

static int available(enum backend_choice backend, enum ip_family family, char problem[PROBLEM_SIZE])
{
	const struct helper_request request = make_request(HELPER_AVAILABLE, backend, family);
	struct helper_answer answer;
	const int err = ask(&request, NULL, &answer, NULL);

	if (err != 0)
		memcpy(problem, answer.problem, PROBLEM_SIZE);
	return err;
}

static int default_backend(enum backend_choice *out)
{
	const struct helper_request request = make_request(
		HELPER_DEFAULT_BACKEND, BACKEND_NFT, IP_FAMILY_V4);
	struct helper_answer answer;
	const int err = ask(&request, NULL, &answer, NULL);

	if (err == 0)
		*out = (enum backend_choice)answer.backend;
	return err;
}

static int save(enum backend_choice backend, enum ip_family family, const char *table,
	bool counters, char **out, char problem[PROBLEM_SIZE])
{
	struct helper_request request = make_request(HELPER_SAVE, backend, family);
	struct helper_answer answer;
	char *text = NULL;
	int err;

	request.counters = counters;
	snprintf(request.table, sizeof(request.table), "%s", table != NULL ? table : "");
	err = ask(&request, NULL, &answer, &text);
	if (err != 0)
		memcpy(problem, answer.problem, PROBLEM_SIZE);
	else
		*out = text;
	return err;
}

static int restore(enum backend_choice backend, enum ip_family family, const char *text,
	char problem[PROBLEM_SIZE])
{
	struct helper_request request = make_request(HELPER_RESTORE, backend, family);
	const size_t length = strlen(text);
	struct helper_answer answer;
	int err;

	if (length == 0 || length > HELPER_RULES_MOST) {
		snprintf(problem, PROBLEM_SIZE, "a text of %zu bytes is no set of rules", length);
		return -EINVAL;
	}
	request.length = (uint32_t)length;
	err = ask(&request, text, &answer, NULL);
	if (err != 0)
		memcpy(problem, answer.problem, PROBLEM_SIZE);
	return err;
}

static int generation(enum backend_choice backend, enum ip_family family, uint64_t *out)
{
	const struct helper_request request = make_request(HELPER_GENERATION, backend, family);
	struct helper_answer answer;
	const int err = ask(&request, NULL, &answer, NULL);

	if (err == 0)
		*out = answer.generation;
	return err;
}

const struct iptables_ops helper_iptables = {
	.available = available,
	.default_backend = default_backend,
	.save = save,
	.restore = restore,
	.generation = generation,
};

/* ---- its life ---- */

static int fork_helper(bool filter)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -errno;
	setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	helper.pid = fork();
	if (helper.pid == 0) {
		close(ends[0]);
		helper_process_run(ends[1], filter);
	}
	close(ends[1]);
	if (helper.pid < 0) {
		const int err = -errno;

		helper.pid = 0;
		close(ends[0]);
		return err;
	}
	helper.socket = ends[0];
	return 0;
}

static int await_ready(char problem[PROBLEM_SIZE])
{
	struct helper_answer ready;
	const int err = receive_answer(&ready, NULL);

	if (err != 0)
		return err;
	if (ready.err != 0) {
		snprintf(problem, PROBLEM_SIZE, "the helper process: %.230s", ready.problem);
		return ready.err;
	}
	helper.pidfd = (int)syscall(SYS_pidfd_open, helper.pid, 0U);
	return helper.pidfd < 0 ? -errno : 0;
}

int helper_start(bool filter, char problem[PROBLEM_SIZE])
{
	int err = fork_helper(filter);

	snprintf(problem, PROBLEM_SIZE, "can't start the helper process that runs iptables");
	if (err != 0)
		return err;
	helper.broken = false;
	err = await_ready(problem);
	if (err != 0) {
		helper_stop();
		return err;
	}
	iptables_use(&helper_iptables);
	return 0;
}

static void on_ended(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	uv_poll_stop(poll);
	helper.ended(helper.context);
}

int helper_watch(uv_loop_t *loop, void (*ended)(void *context), void *context)
{
	int err = uv_poll_init(loop, &helper.watch, helper.pidfd);

	if (err != 0)
		return err;
	helper.watched = true;
	helper.ended = ended;
	helper.context = context;
	return uv_poll_start(&helper.watch, UV_READABLE, on_ended);
}

void helper_unwatch(void)
{
	if (helper.watched)
		uv_close((uv_handle_t *)&helper.watch, NULL);
	helper.watched = false;
}

void helper_stop(void)
{
	if (helper.pid == 0)
		return;
	close(helper.socket);
	while (waitpid(helper.pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (helper.pidfd >= 0)
		close(helper.pidfd);
	helper.socket = helper.pidfd = -1;
	helper.pid = 0;
	helper.broken = true; /* whoever asks is told so */
}

pid_t helper_pid(void)
{
	return helper.pid;
}

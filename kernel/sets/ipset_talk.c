/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/ipset_talk.h"

#include <errno.h>
#include <libipset/ipset.h>
#include <libipset/types.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * libipset keeps its list of set types, and a cache of the sets it has met, in globals without a
 * lock. So a session is opened for each call and closed after it, the cache forgotten with it (sets
 * may be changed by others, and by us in another network namespace), and one lock holds callers
 * apart, though there should only be one.
 */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t types_once = PTHREAD_ONCE_INIT;

/* libipset prints listings through this; nothing of ours ever goes to standard output. */
static int __attribute__((format(printf, 3, 4)))
collect(struct ipset_session *session, void *context, const char *format, ...)
{
	struct ipset_talk *talk = context;
	const size_t room = sizeof(talk->output) - talk->output_length;
	va_list args;
	int n;

	(void)session;
	va_start(args, format);
	n = vsnprintf(talk->output + talk->output_length, room, format, args);
	va_end(args);
	if (n > 0)
		talk->output_length += (size_t)n < room ? (size_t)n : room - 1;
	return n;
}

static void session_close(struct ipset_talk *talk)
{
	if (talk->session != NULL)
		ipset_session_fini(talk->session);
	ipset_cache_fini();
	talk->session = NULL;
}

/*
 * A session that has listed is good for nothing else (libipset 7.17 finds no type to create with
 * after it): take a new one.
 */
static int session_renew(struct ipset_talk *talk)
{
	session_close(talk);
	errno = 0;
	talk->session = ipset_session_init(collect, talk);
	if (talk->session != NULL)
		return 0;
	snprintf(talk->problem, PROBLEM_SIZE, "could not open a netlink socket for ipset: %s",
		strerror(errno));
	return errno != 0 ? -errno : -ENOMEM;
}

int ipset_talk_open(struct ipset_talk *talk)
{
	pthread_mutex_lock(&library);
	pthread_once(&types_once, ipset_load_types);
	*talk = (struct ipset_talk){.session = NULL};
	return session_renew(talk);
}

/* Ends it whatever its result was, and hands that on: only a failure has a problem to tell. */
int ipset_talk_close(struct ipset_talk *talk, int err, char problem[PROBLEM_SIZE])
{
	session_close(talk);
	pthread_mutex_unlock(&library);
	if (err != 0)
		memcpy(problem, talk->problem, PROBLEM_SIZE);
	return err;
}

/*
 * libipset tells what went wrong in words only: the ones that call for different remedies are told
 * apart by them.
 */
static const struct complaint {
	const char *says;
	int err;
	const char *remedy;
} complaints[] = {
	{"does not exist", -ENOENT, ""},
	{"already exists", -EEXIST, ""},
	{"is in use", -EBUSY, ": a rule still refers to it (`podgate cleanup` removes ours)"},
	{"must be root", -EPERM, ": it needs CAP_NET_ADMIN: run podgate as root"},
	{"Operation not permitted", -EPERM, ": it needs CAP_NET_ADMIN: run podgate as root"},
	{"it is full", -ENOSPC, ""},
	{"Cannot open session to kernel", -EPROTONOSUPPORT,
		": the kernel lacks ip_set (CONFIG_IP_SET), or CAP_NET_ADMIN is missing"},
	{"not supported by", -EPROTONOSUPPORT,
		": the kernel lacks this set type (CONFIG_IP_SET_HASH_IP, "
		"CONFIG_IP_SET_HASH_IPPORTIP)"},
	{"", -EIO, ""},
};

int ipset_talk_failed(struct ipset_talk *talk, const char *verb, const char *name)
{
	const char *words = ipset_session_report_msg(talk->session);
	const struct complaint *complaint = complaints;
	size_t length;

	if (words == NULL)
		words = "";
	while (strstr(words, complaint->says) == NULL)
		complaint++;
	words += strspn(words, " \n");
	length = strcspn(words, "\n");
	snprintf(talk->problem, PROBLEM_SIZE, "could not %s ipset %s: %.*s%s", verb, name,
		(int)(length < 120 ? length : 120), words, complaint->remedy);
	ipset_session_report_reset(talk->session);
	return complaint->err;
}

/* A command that names a set and says no more. */
int ipset_talk_command(
	struct ipset_talk *talk, enum ipset_cmd command, const char *verb, const char *name)
{
	ipset_session_data_set(talk->session, IPSET_SETNAME, name);
	return ipset_cmd(talk->session, command, 0) == 0 ? 0 : ipset_talk_failed(talk, verb, name);
}

/* Lists a set's header into talk->output. -ENOENT when there is no such set. */
int ipset_talk_read_header(struct ipset_talk *talk, const char *name)
{
	int err, renewed;

	talk->output_length = 0;
	talk->output[0] = '\0';
	ipset_session_output(talk->session, IPSET_LIST_PLAIN);
	ipset_envopt_set(talk->session, IPSET_ENV_LIST_HEADER);
	err = ipset_talk_command(talk, IPSET_CMD_LIST, "list", name);
	renewed = session_renew(talk);
	return renewed != 0 ? renewed : err;
}

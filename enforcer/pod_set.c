/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/pod_set.h"

#include <errno.h>
#include <libipset/ipset.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * libipset keeps its list of set types, and a cache of the sets it has met, in globals without a lock. So a session is opened
 * for each call and closed after it, the cache forgotten with it (sets may be changed by others, and by us in another network
 * namespace), and one lock holds callers apart, though there should only be one.
 */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t types_once = PTHREAD_ONCE_INIT;

enum {
	/* The kernel's default, and more when there are more isolated pods: a pods set is made to fit each time it is filled. */
	PODS_MOST = 65536,
	/*
	 * Classes at most: some 20 MiB of kernel memory for a full set. What exceeds it is judged in userspace as if no class had been
	 * learned, so a pod that scans the world can fill a set and slow down, but neither exhaust the gateway nor get past it.
	 */
	CLASSES_MOST = 262144,
	/* For entries added without a time of their own. */
	ALLOWED_TIMEOUT = 600,
	DENIED_TIMEOUT = 10,
};

struct set_kind {
	const char *name;		/* the family's digit follows */
	const char *type;
	uint32_t most;
	uint32_t timeout;		/* seconds; 0: without timeout and counters */
};

static const struct set_kind pods_kind = { "podgate-pods", "hash:ip", PODS_MOST, 0 };
static const struct set_kind filling_kind = { "podgate-fill", "hash:ip", PODS_MOST, 0 };
static const struct set_kind class_kinds[] = {
	{ "podgate-allowed", "hash:ip,port,ip", CLASSES_MOST, ALLOWED_TIMEOUT },
	{ "podgate-denied", "hash:ip,port,ip", CLASSES_MOST, DENIED_TIMEOUT },
};
enum { CLASS_KINDS = sizeof(class_kinds) / sizeof(class_kinds[0]) };
static const struct set_kind *const all_kinds[] = { &pods_kind, &filling_kind, &class_kinds[0], &class_kinds[1] };

/* A conversation with the kernel, and what it printed. */
struct talk {
	struct ipset_session *session;
	char problem[POD_SET_PROBLEM];
	char output[512];		/* the beginning of a listing; its header is all we read */
	size_t output_length;
};

/* libipset prints listings through this; nothing of ours ever goes to standard output. */
static int __attribute__((format(printf, 3, 4)))
collect(struct ipset_session *session, void *context, const char *format, ...)
{
	struct talk *talk = context;
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

static void session_close(struct talk *talk)
{
	if (talk->session != NULL)
		ipset_session_fini(talk->session);
	ipset_cache_fini();
	talk->session = NULL;
}

/* A session that has listed is good for nothing else (libipset 7.17 finds no type to create with after it): take a new one. */
static int session_renew(struct talk *talk)
{
	session_close(talk);
	errno = 0;
	talk->session = ipset_session_init(collect, talk);
	if (talk->session != NULL)
		return 0;
	snprintf(talk->problem, POD_SET_PROBLEM, "could not open a netlink socket for ipset: %s", strerror(errno));
	return errno != 0 ? -errno : -ENOMEM;
}

static int talk_open(struct talk *talk)
{
	pthread_mutex_lock(&library);
	pthread_once(&types_once, ipset_load_types);
	*talk = (struct talk){ .session = NULL };
	return session_renew(talk);
}

/* Ends it whatever its result was, and hands that on: only a failure has a problem to tell. */
static int talk_close(struct talk *talk, int err, char problem[POD_SET_PROBLEM])
{
	session_close(talk);
	pthread_mutex_unlock(&library);
	if (err != 0)
		memcpy(problem, talk->problem, POD_SET_PROBLEM);
	return err;
}

/*
 * libipset tells what went wrong in words only: the ones that call for different remedies are told apart by them.
 */
static const struct complaint {
	const char *says;
	int err;
	const char *remedy;
} complaints[] = {
	{ "does not exist", -ENOENT, "" },
	{ "already exists", -EEXIST, "" },
	{ "is in use", -EBUSY, ": a rule still refers to it (`podgate cleanup` removes ours)" },
	{ "must be root", -EPERM, ": it needs CAP_NET_ADMIN: run podgate as root" },
	{ "Operation not permitted", -EPERM, ": it needs CAP_NET_ADMIN: run podgate as root" },
	{ "it is full", -ENOSPC, "" },
	{ "Cannot open session to kernel", -EPROTONOSUPPORT, ": the kernel lacks ip_set (CONFIG_IP_SET), or CAP_NET_ADMIN is missing" },
	{ "not supported by", -EPROTONOSUPPORT, ": the kernel lacks this set type (CONFIG_IP_SET_HASH_IP, CONFIG_IP_SET_HASH_IPPORTIP)" },
	{ "", -EIO, "" },
};

static int talk_failed(struct talk *talk, const char *verb, const char *name)
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
	snprintf(talk->problem, POD_SET_PROBLEM, "could not %s ipset %s: %.*s%s", verb, name, (int)(length < 120 ? length : 120), words,
		complaint->remedy);
	ipset_session_report_reset(talk->session);
	return complaint->err;
}

enum { SET_NAME = 32 };	/* IPSET_MAXNAMELEN */

static const char *set_name(const struct set_kind *kind, enum ip_family family, char name[SET_NAME])
{
	snprintf(name, SET_NAME, "%s%d", kind->name, (int)family);
	return name;
}

static uint8_t netlink_family(enum ip_family family)
{
	return family == IP_FAMILY_V6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

/* A command that names a set and says no more. */
static int name_set(struct talk *talk, enum ipset_cmd command, const char *verb, const char *name)
{
	ipset_session_data_set(talk->session, IPSET_SETNAME, name);
	return ipset_cmd(talk->session, command, 0) == 0 ? 0 : talk_failed(talk, verb, name);
}

static int create(struct talk *talk, const struct set_kind *kind, enum ip_family family, uint32_t most)
{
	struct ipset_session *session = talk->session;
	const uint8_t number = netlink_family(family);
	const uint32_t counters = 1;
	const struct ipset_type *type;
	char name[SET_NAME];

	ipset_session_data_set(session, IPSET_SETNAME, set_name(kind, family, name));
	ipset_session_data_set(session, IPSET_OPT_TYPENAME, kind->type);
	ipset_session_data_set(session, IPSET_OPT_FAMILY, &number);
	type = ipset_type_get(session, IPSET_CMD_CREATE);
	if (type == NULL)
		return talk_failed(talk, "create", name);
	ipset_session_data_set(session, IPSET_OPT_TYPE, type);
	ipset_session_data_set(session, IPSET_OPT_FAMILY, &number);
	ipset_session_data_set(session, IPSET_OPT_MAXELEM, &most);
	if (kind->timeout != 0) {
		ipset_session_data_set(session, IPSET_OPT_TIMEOUT, &kind->timeout);
		ipset_session_data_set(session, IPSET_OPT_COUNTERS, &counters);
	}
	return ipset_cmd(session, IPSET_CMD_CREATE, 0) == 0 ? 0 : talk_failed(talk, "create", name);
}

/* Lists a set's header into talk->output. -ENOENT when there is no such set. */
static int read_header(struct talk *talk, const char *name)
{
	int err, renewed;

	talk->output_length = 0;
	talk->output[0] = '\0';
	ipset_session_output(talk->session, IPSET_LIST_PLAIN);
	ipset_envopt_set(talk->session, IPSET_ENV_LIST_HEADER);
	err = name_set(talk, IPSET_CMD_LIST, "list", name);
	renewed = session_renew(talk);
	return renewed != 0 ? renewed : err;
}

static bool header_has(const struct talk *talk, const char *field, const char *value)
{
	const char *at = strstr(talk->output, field);
	const size_t length = strlen(value);

	if (at == NULL)
		return false;
	at += strlen(field);
	return strncmp(at, value, length) == 0 && (at[length] == '\n' || at[length] == ' ');
}

/* 0 when the set in talk->output is one that we could have made; a set of another kind under our name is somebody's mistake. */
static int check_kind(struct talk *talk, const struct set_kind *kind, enum ip_family family, const char *name)
{
	const bool timed = strstr(talk->output, " timeout ") != NULL && strstr(talk->output, " counters") != NULL;

	if (header_has(talk, "Type: ", kind->type) && header_has(talk, " family ", family == IP_FAMILY_V6 ? "inet6" : "inet") &&
		timed == (kind->timeout != 0))
		return 0;
	snprintf(talk->problem, POD_SET_PROBLEM,
		"an ipset %s exists and is not a %s set as podgate makes them: remove it (ipset destroy %s) or rename it", name,
		kind->type, name);
	return -EEXIST;
}

/* Creates the set, or takes over the one that an earlier run left. */
static int ensure(struct talk *talk, const struct set_kind *kind, enum ip_family family)
{
	char name[SET_NAME];
	int err = read_header(talk, set_name(kind, family, name));

	if (err == -ENOENT)
		return create(talk, kind, family, kind->most);
	return err != 0 ? err : check_kind(talk, kind, family, name);
}

static int create_family(struct talk *talk, enum ip_family family)
{
	int err = ensure(talk, &pods_kind, family);

	for (size_t i = 0; err == 0 && i < CLASS_KINDS; i++) {
		char name[SET_NAME];

		err = ensure(talk, &class_kinds[i], family);
		if (err == 0)
			err = name_set(talk, IPSET_CMD_FLUSH, "empty", set_name(&class_kinds[i], family, name));
	}
	return err;
}

static int check_family(struct talk *talk, enum ip_family family)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
		char name[SET_NAME];

		err = read_header(talk, set_name(all_kinds[i], family, name));
		err = err == -ENOENT ? 0 : err != 0 ? err : check_kind(talk, all_kinds[i], family, name);
	}
	return err;
}

int pod_set_check(bool ipv6, char problem[POD_SET_PROBLEM])
{
	struct talk talk;
	int err = talk_open(&talk);

	if (err == 0)
		err = check_family(&talk, IP_FAMILY_V4);
	if (err == 0 && ipv6)
		err = check_family(&talk, IP_FAMILY_V6);
	return talk_close(&talk, err, problem);
}

int pod_set_create(bool ipv6, char problem[POD_SET_PROBLEM])
{
	struct talk talk;
	int err = talk_open(&talk);

	if (err == 0)
		err = create_family(&talk, IP_FAMILY_V4);
	if (err == 0 && ipv6)
		err = create_family(&talk, IP_FAMILY_V6);
	return talk_close(&talk, err, problem);
}

/* Adds the addresses of one family; libipset packs as many into a message as fit. */
static int add_all(struct talk *talk, const char *name, enum ip_family family, const struct ip_addr *addrs, size_t count)
{
	const uint8_t number = netlink_family(family);

	for (size_t i = 0; i < count; i++) {
		ipset_session_data_set(talk->session, IPSET_SETNAME, name);
		if (ipset_type_get(talk->session, IPSET_CMD_ADD) == NULL)
			return talk_failed(talk, "fill", name);
		ipset_session_data_set(talk->session, IPSET_OPT_FAMILY, &number);
		ipset_session_data_set(talk->session, IPSET_OPT_IP, addrs[i].bytes);
		if (ipset_cmd(talk->session, IPSET_CMD_ADD, 1) != 0)	/* a line number: may be put off till ipset_commit() */
			return talk_failed(talk, "fill", name);
	}
	return ipset_commit(talk->session) == 0 ? 0 : talk_failed(talk, "fill", name);
}

/* A set that is not there is success, and no problem: one told before stays. */
static int destroy(struct talk *talk, const struct set_kind *kind, enum ip_family family)
{
	char name[SET_NAME], before[POD_SET_PROBLEM];
	int err;

	memcpy(before, talk->problem, sizeof(before));
	err = name_set(talk, IPSET_CMD_DESTROY, "destroy", set_name(kind, family, name));
	if (err != -ENOENT)
		return err;
	memcpy(talk->problem, before, sizeof(before));
	return 0;
}

static int swap(struct talk *talk, const char *name, const char *other)
{
	ipset_session_data_set(talk->session, IPSET_SETNAME, name);
	ipset_session_data_set(talk->session, IPSET_OPT_SETNAME2, other);
	return ipset_cmd(talk->session, IPSET_CMD_SWAP, 0) == 0 ? 0 : talk_failed(talk, "swap in", name);
}

static int fill_family(struct talk *talk, enum ip_family family, const struct ip_addr *addrs, size_t count)
{
	char filling[SET_NAME], pods[SET_NAME];
	int err = destroy(talk, &filling_kind, family);	/* of a run that was killed here */

	set_name(&filling_kind, family, filling);
	if (err == 0 && count > UINT32_MAX)
		err = -E2BIG;
	if (err == 0)
		err = create(talk, &filling_kind, family, count > PODS_MOST ? (uint32_t)count : PODS_MOST);
	if (err != 0)
		return err;
	err = add_all(talk, filling, family, addrs, count);
	if (err == 0)
		err = swap(talk, filling, set_name(&pods_kind, family, pods));
	if (err != 0) {
		char words[POD_SET_PROBLEM];

		memcpy(words, talk->problem, sizeof(words));	/* ours is the problem to tell, whatever the cleaning says */
		(void)destroy(talk, &filling_kind, family);
		memcpy(talk->problem, words, sizeof(words));
		return err;
	}
	return destroy(talk, &filling_kind, family);
}

int pod_set_fill(const struct ip_addr *addrs, size_t count, bool ipv6, char problem[POD_SET_PROBLEM])
{
	size_t v4 = 0;
	struct talk talk;
	int err = talk_open(&talk);

	while (v4 < count && addrs[v4].family == IP_FAMILY_V4)	/* IPv4 sorts first */
		v4++;
	if (err == 0)
		err = fill_family(&talk, IP_FAMILY_V4, addrs, v4);
	if (err == 0 && ipv6)
		err = fill_family(&talk, IP_FAMILY_V6, addrs + v4, count - v4);
	return talk_close(&talk, err, problem);
}

static int destroy_family(struct talk *talk, enum ip_family family)
{
	int first = 0;

	for (size_t i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
		const int err = destroy(talk, all_kinds[i], family);

		first = first != 0 ? first : err;
	}
	return first;
}

int pod_set_destroy(char problem[POD_SET_PROBLEM])
{
	struct talk talk;
	int err = talk_open(&talk);

	if (err == 0) {
		const int v4 = destroy_family(&talk, IP_FAMILY_V4), v6 = destroy_family(&talk, IP_FAMILY_V6);

		err = v4 != 0 ? v4 : v6;
	}
	return talk_close(&talk, err, problem);
}

static int count_family(struct talk *talk, enum ip_family family, long *count)
{
	for (size_t i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
		char name[SET_NAME];
		const int err = read_header(talk, set_name(all_kinds[i], family, name));

		if (err != 0 && err != -ENOENT)
			return err;
		*count += err == 0;
	}
	return 0;
}

long pod_set_present(void)
{
	char ignored[POD_SET_PROBLEM];
	long count = 0;
	struct talk talk;
	int err = talk_open(&talk);

	if (err == 0)
		err = count_family(&talk, IP_FAMILY_V4, &count);
	if (err == 0)
		err = count_family(&talk, IP_FAMILY_V6, &count);
	err = talk_close(&talk, err, ignored);
	return err != 0 ? err : count;
}

long pod_set_count(enum ip_family family)
{
	static const char field[] = "Number of entries: ";
	char ignored[POD_SET_PROBLEM], name[SET_NAME];
	const char *at;
	long count = -EPROTO;
	struct talk talk;
	int err = talk_open(&talk);

	if (err == 0)
		err = read_header(&talk, set_name(&pods_kind, family, name));
	at = strstr(talk.output, field);
	if (err == 0 && at != NULL)
		count = strtol(at + strlen(field), NULL, 10);
	err = talk_close(&talk, err, ignored);
	return err != 0 ? err : count;
}

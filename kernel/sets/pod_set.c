/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sets/pod_set_internal.h"

#include <errno.h>
#include <libipset/nfproto.h>
#include <libipset/session.h>
#include <libipset/types.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/sets/class_sets.h"
#include "kernel/sets/ipset_entries.h"
#include "kernel/sets/ipset_talk.h"

enum {
	/*
	 * The kernel's default, and more when there are more isolated pods: a pods set is made to
	 * fit each time it is filled.
	 */
	PODS_MOST = 65536,
	/*
	 * Classes at most: some 20 MiB of kernel memory for a full set. What exceeds it is judged
	 * in userspace as if no class had been learned, so a pod that scans the world can fill a
	 * set and slow down, but neither exhaust the gateway nor get past it.
	 */
	CLASSES_MOST = 262144,
	/* For entries added without a time of their own. */
	ALLOWED_TIMEOUT = 600,
	DENIED_TIMEOUT = 10,
};

struct set_kind {
	const char *name;     /* the family's digit follows */
	const char *types[2]; /* IPv4, IPv6 */
	uint32_t most;
	uint32_t timeout; /* seconds; 0: without timeout and counters */
};

/*
 * Of IPv6 a set holds nets, for the link-local one; looking into it costs a probe for each length
 * of prefix: two.
 */
static const struct set_kind pods_kind = {"podgate-pods", {"hash:ip", "hash:net"}, PODS_MOST, 0};
static const struct set_kind filling_kind = {"podgate-fill", {"hash:ip", "hash:net"}, PODS_MOST, 0};
static const struct set_kind near_kind = {"podgate-near", {"hash:ip", "hash:ip"}, PODS_MOST, 0};
static const struct set_kind near_filling_kind = {
	"podgate-fillnear", {"hash:ip", "hash:ip"}, PODS_MOST, 0};
static const struct set_kind groups_kind = {
	"podgate-groups", {"hash:net", "hash:net"}, PODS_MOST, 0};
static const struct set_kind groups_filling_kind = {
	"podgate-fillgroups", {"hash:net", "hash:net"}, PODS_MOST, 0};
static const struct set_kind class_kinds[] = {
	{CLASS_SETS_ALLOWED, {"hash:ip,port,ip", "hash:ip,port,ip"}, CLASSES_MOST, ALLOWED_TIMEOUT},
	{CLASS_SETS_DENIED, {"hash:ip,port,ip", "hash:ip,port,ip"}, CLASSES_MOST, DENIED_TIMEOUT},
	{CLASS_SETS_SPARE, {"hash:ip,port,ip", "hash:ip,port,ip"}, CLASSES_MOST, DENIED_TIMEOUT},
};
enum { CLASS_KINDS = sizeof(class_kinds) / sizeof(class_kinds[0]) };
static const struct set_kind *const all_kinds[] = {&pods_kind, &filling_kind, &near_kind,
	&near_filling_kind, &groups_kind, &groups_filling_kind, &class_kinds[0], &class_kinds[1],
	&class_kinds[2]};

static const char *set_name(
	const struct set_kind *kind, enum ip_family family, char name[POD_SET_NAME])
{
	snprintf(name, POD_SET_NAME, "%s%d", kind->name, (int)family);
	return name;
}

static const char *set_type(const struct set_kind *kind, enum ip_family family)
{
	return kind->types[family == IP_FAMILY_V6];
}

static uint8_t netlink_family(enum ip_family family)
{
	return family == IP_FAMILY_V6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

static int create(
	struct ipset_talk *talk, const struct set_kind *kind, enum ip_family family, uint32_t most)
{
	struct ipset_session *session = talk->session;
	const uint8_t number = netlink_family(family);
	const uint32_t counters = 1;
	const struct ipset_type *type;
	char name[POD_SET_NAME];

	ipset_session_data_set(session, IPSET_SETNAME, set_name(kind, family, name));
	ipset_session_data_set(session, IPSET_OPT_TYPENAME, set_type(kind, family));
	ipset_session_data_set(session, IPSET_OPT_FAMILY, &number);
	type = ipset_type_get(session, IPSET_CMD_CREATE);
	if (type == NULL)
		return ipset_talk_failed(talk, "create", name);
	ipset_session_data_set(session, IPSET_OPT_TYPE, type);
	ipset_session_data_set(session, IPSET_OPT_FAMILY, &number);
	ipset_session_data_set(session, IPSET_OPT_MAXELEM, &most);
	if (kind->timeout != 0) {
		ipset_session_data_set(session, IPSET_OPT_TIMEOUT, &kind->timeout);
		ipset_session_data_set(session, IPSET_OPT_COUNTERS, &counters);
	}
	return ipset_cmd(session, IPSET_CMD_CREATE, 0) == 0
		? 0
		: ipset_talk_failed(talk, "create", name);
}

static bool header_has(const struct ipset_talk *talk, const char *field, const char *value)
{
	const char *at = strstr(talk->output, field);
	const size_t length = strlen(value);

	if (at == NULL)
		return false;
	at += strlen(field);
	return strncmp(at, value, length) == 0 && (at[length] == '\n' || at[length] == ' ');
}

/*
 * 0 when the set in talk->output is one that we could have made; a set of another kind under our
 * name is somebody's mistake.
 */
static int check_kind(struct ipset_talk *talk, const struct set_kind *kind, enum ip_family family,
	const char *name)
{
	const bool timed = strstr(talk->output, " timeout ") != NULL &&
		strstr(talk->output, " counters") != NULL;

	if (header_has(talk, "Type: ", set_type(kind, family)) &&
		header_has(talk, " family ", family == IP_FAMILY_V6 ? "inet6" : "inet") &&
		timed == (kind->timeout != 0))
		return 0;
	snprintf(talk->problem, PROBLEM_SIZE,
		"an ipset %s exists and is not a %s set as podgate makes them: remove it (ipset "
		"destroy %s) or rename it",
		name, set_type(kind, family), name);
	return -EEXIST;
}

/* Creates the set, or takes over the one that an earlier run left. */
static int ensure(struct ipset_talk *talk, const struct set_kind *kind, enum ip_family family)
{
	char name[POD_SET_NAME];
	int err = ipset_talk_read_header(talk, set_name(kind, family, name));

	if (err == -ENOENT)
		return create(talk, kind, family, kind->most);
	return err != 0 ? err : check_kind(talk, kind, family, name);
}

static int create_family(struct ipset_talk *talk, enum ip_family family)
{
	int err = ensure(talk, &pods_kind, family);

	if (err == 0)
		err = ensure(talk, &near_kind, family);
	if (err == 0)
		err = ensure(talk, &groups_kind, family);
	for (size_t i = 0; err == 0 && i < CLASS_KINDS; i++) {
		char name[POD_SET_NAME];

		err = ensure(talk, &class_kinds[i], family);
		if (err == 0)
			err = ipset_talk_command(talk, IPSET_CMD_FLUSH, "empty",
				set_name(&class_kinds[i], family, name));
	}
	return err;
}

static int check_family(struct ipset_talk *talk, enum ip_family family)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
		char name[POD_SET_NAME];

		err = ipset_talk_read_header(talk, set_name(all_kinds[i], family, name));
		err = err == -ENOENT ? 0
			: err != 0   ? err
				     : check_kind(talk, all_kinds[i], family, name);
	}
	return err;
}

int pod_set_check(bool ipv6, char problem[PROBLEM_SIZE])
{
	struct ipset_talk talk;
	int err = ipset_talk_open(&talk);

	if (err == 0)
		err = check_family(&talk, IP_FAMILY_V4);
	if (err == 0 && ipv6)
		err = check_family(&talk, IP_FAMILY_V6);
	return ipset_talk_close(&talk, err, problem);
}

int pod_set_create(bool ipv6, char problem[PROBLEM_SIZE])
{
	struct ipset_talk talk;
	int err = ipset_talk_open(&talk);

	if (err == 0)
		err = create_family(&talk, IP_FAMILY_V4);
	if (err == 0 && ipv6)
		err = create_family(&talk, IP_FAMILY_V6);
	return ipset_talk_close(&talk, err, problem);
}

enum { LINK_LOCAL_PREFIX = 10, MULTICAST4_PREFIX = 4, MULTICAST6_PREFIX = 8 };

/* 224.0.0.0 and ff00::, groups that nobody can join. */
static bool is_all_multicast(const struct ip_addr *addr)
{
	static const uint8_t zero[16];

	return ip_addr_is_multicast(addr) && memcmp(addr->bytes + 1, zero, 15) == 0 &&
		addr->bytes[0] == (addr->family == IP_FAMILY_V4 ? 0xe0 : 0xff);
}

uint8_t pod_set_prefix(const struct ip_addr *addr)
{
	if (ip_addr_is_link_local(addr))
		return LINK_LOCAL_PREFIX;
	if (is_all_multicast(addr))
		return addr->family == IP_FAMILY_V4 ? MULTICAST4_PREFIX : MULTICAST6_PREFIX;
	return ip_addr_bits(addr);
}

static struct ipset_entries entries_of(const struct set_kind *kind, const char *name,
	enum ip_family family, const struct ip_addr *addrs, size_t count)
{
	return (struct ipset_entries){
		.name = name,
		.family = family,
		.nets = strcmp(set_type(kind, family), "hash:net") == 0,
		.prefix_of = pod_set_prefix,
		.addrs = addrs,
		.count = count,
	};
}

/* A set that is not there is success, and no problem: one told before stays. */
static int destroy(struct ipset_talk *talk, const struct set_kind *kind, enum ip_family family)
{
	char name[POD_SET_NAME], before[PROBLEM_SIZE];
	int err;

	memcpy(before, talk->problem, sizeof(before));
	err = ipset_talk_command(talk, IPSET_CMD_DESTROY, "destroy", set_name(kind, family, name));
	if (err != -ENOENT)
		return err;
	memcpy(talk->problem, before, sizeof(before));
	return 0;
}

static int swap(struct ipset_talk *talk, const char *name, const char *other)
{
	ipset_session_data_set(talk->session, IPSET_SETNAME, name);
	ipset_session_data_set(talk->session, IPSET_OPT_SETNAME2, other);
	return ipset_cmd(talk->session, IPSET_CMD_SWAP, 0) == 0
		? 0
		: ipset_talk_failed(talk, "swap in", name);
}

/* A set, and the one that is filled in its stead and swapped in. */
struct filled_set {
	const struct set_kind *kind, *filling;
};
static const struct filled_set filled_sets[] = {
	[POD_SET_PODS] = {&pods_kind, &filling_kind},
	[POD_SET_NEAR] = {&near_kind, &near_filling_kind},
	[POD_SET_GROUPS] = {&groups_kind, &groups_filling_kind},
};

const char *pod_set_name(enum pod_set which, enum ip_family family, char name[POD_SET_NAME])
{
	return set_name(filled_sets[which].kind, family, name);
}

bool pod_set_holds_nets(enum pod_set which, enum ip_family family)
{
	return strcmp(set_type(filled_sets[which].kind, family), "hash:net") == 0;
}

/*
 * Fills a set that nobody looks into, and swaps it in: the old content is in force until the new
 * one is, whole.
 */
static int fill_aside(struct ipset_talk *talk, const struct filled_set *set, enum ip_family family,
	const struct ip_addr *addrs, size_t count)
{
	char filling[POD_SET_NAME], filled[POD_SET_NAME];
	const struct ipset_entries entries = entries_of(
		set->filling, set_name(set->filling, family, filling), family, addrs, count);
	int err = destroy(talk, set->filling, family); /* of a run that was killed here */

	if (err == 0 && count > UINT32_MAX)
		err = -E2BIG;
	if (err == 0)
		err = create(talk, set->filling, family,
			count > PODS_MOST ? (uint32_t)count : PODS_MOST);
	if (err != 0)
		return err;
	err = ipset_entries_add(talk, &entries);
	if (err == 0)
		err = swap(talk, filling, set_name(set->kind, family, filled));
	if (err != 0) {
		char words[PROBLEM_SIZE];

		memcpy(words, talk->problem,
			/* ours is the problem to tell, whatever the cleaning says */
			sizeof(words));
		(void)destroy(talk, set->filling, family);
		memcpy(talk->problem, words, sizeof(words));
		return err;
	}
	return destroy(talk, set->filling, family);
}

/*
 * What can't be filled aside, for an entry that the kernel refuses, or for want of memory for a
 * second set, or because somebody's rule holds the set that was to be filled, is amended where it
 * is.
 */
static int fill_family(struct ipset_talk *talk, const struct filled_set *set, enum ip_family family,
	const struct ip_addr *addrs, size_t count, struct ipset_refused *refused)
{
	char name[POD_SET_NAME], words[PROBLEM_SIZE];
	const struct ipset_entries entries = entries_of(
		set->kind, set_name(set->kind, family, name), family, addrs, count);
	const int err = fill_aside(talk, set, family, addrs, count);

	if (err == 0 || err == -EPERM)
		return err;
	memcpy(words, talk->problem, sizeof(words));
	if (ipset_entries_amend(talk, &entries, refused) == 0)
		return 0;
	memcpy(talk->problem, words, sizeof(words));
	return err;
}

int pod_set_fill_possible(enum pod_set which, const struct ip_addr *addrs, size_t count, bool ipv6,
	struct ipset_refused *refused, char problem[PROBLEM_SIZE])
{
	const struct filled_set *set = &filled_sets[which];
	size_t v4 = 0;
	struct ipset_talk talk;
	int err = ipset_talk_open(&talk);

	*refused = (struct ipset_refused){.count = {0}};
	while (v4 < count && addrs[v4].family == IP_FAMILY_V4) /* IPv4 sorts first */
		v4++;
	if (err == 0)
		err = fill_family(&talk, set, IP_FAMILY_V4, addrs, v4, refused);
	if (err == 0 && ipv6)
		err = fill_family(&talk, set, IP_FAMILY_V6, v4 < count ? &addrs[v4] : NULL,
			count - v4, refused);
	return ipset_talk_close(&talk, err, problem);
}

static int fill(enum pod_set which, const struct ip_addr *addrs, size_t count, bool ipv6,
	char problem[PROBLEM_SIZE])
{
	struct ipset_refused refused;
	const int err = pod_set_fill_possible(which, addrs, count, ipv6, &refused, problem);

	if (err != 0 || refused.count[0] + refused.count[1] == 0)
		return err;
	memcpy(problem, refused.why, PROBLEM_SIZE);
	return -EINVAL;
}

int pod_set_fill(const struct ip_addr *addrs, size_t count, bool ipv6, char problem[PROBLEM_SIZE])
{
	return fill(POD_SET_PODS, addrs, count, ipv6, problem);
}

int pod_set_fill_near(
	const struct ip_addr *addrs, size_t count, bool ipv6, char problem[PROBLEM_SIZE])
{
	return fill(POD_SET_NEAR, addrs, count, ipv6, problem);
}

int pod_set_fill_groups(
	const struct ip_addr *addrs, size_t count, bool ipv6, char problem[PROBLEM_SIZE])
{
	return fill(POD_SET_GROUPS, addrs, count, ipv6, problem);
}

static int destroy_family(struct ipset_talk *talk, enum ip_family family)
{
	int first = 0;

	for (size_t i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
		const int err = destroy(talk, all_kinds[i], family);

		first = first != 0 ? first : err;
	}
	return first;
}

int pod_set_destroy(char problem[PROBLEM_SIZE])
{
	struct ipset_talk talk;
	int err = ipset_talk_open(&talk);

	if (err == 0) {
		const int v4 = destroy_family(&talk, IP_FAMILY_V4),
			  v6 = destroy_family(&talk, IP_FAMILY_V6);

		err = v4 != 0 ? v4 : v6;
	}
	return ipset_talk_close(&talk, err, problem);
}

static int count_family(struct ipset_talk *talk, enum ip_family family, long *count)
{
	for (size_t i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++) {
		char name[POD_SET_NAME];
		const int err = ipset_talk_read_header(talk, set_name(all_kinds[i], family, name));

		if (err != 0 && err != -ENOENT)
			return err;
		*count += err == 0;
	}
	return 0;
}

long pod_set_present(void)
{
	char ignored[PROBLEM_SIZE];
	long count = 0;
	struct ipset_talk talk;
	int err = ipset_talk_open(&talk);

	if (err == 0)
		err = count_family(&talk, IP_FAMILY_V4, &count);
	if (err == 0)
		err = count_family(&talk, IP_FAMILY_V6, &count);
	err = ipset_talk_close(&talk, err, ignored);
	return err != 0 ? err : count;
}

long pod_set_count(enum ip_family family)
{
	static const char field[] = "Number of entries: ";
	char ignored[PROBLEM_SIZE], name[POD_SET_NAME];
	const char *at;
	long count = -EPROTO;
	struct ipset_talk talk;
	int err = ipset_talk_open(&talk);

	if (err == 0)
		err = ipset_talk_read_header(&talk, set_name(&pods_kind, family, name));
	at = strstr(talk.output, field);
	if (err == 0 && at != NULL)
		count = strtol(at + strlen(field), NULL, 10);
	err = ipset_talk_close(&talk, err, ignored);
	return err != 0 ? err : count;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/places/places_watch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <urcu-qsbr.h>

#include "enforcer/places/facts_reader.h"
#include "process/clock.h"
#include "process/work_thread.h"

enum {
	REST_MS = 100,		 /* between two readings, however much changes */
	SOLICIT_MS = 1000,	 /* until pods that were not found are asked for again, at first */
	SOLICIT_MOST_MS = 64000, /* and in the end */
	SOLICIT_MOST = 256,	 /* at a time */
	ANSWER_S = 5,		 /* the kernel answers at once; the thread must not hang if not */
	EVENT_BYTES = 32768,
};

struct places_watch {
	struct places_options options;
	struct mnl_socket *events, *asking;
	struct work_thread thread;
	bool dirty;	      /* it has to read again */
	pthread_mutex_t lock; /* for all below */
	struct facts facts;   /* the last that were read, and what is remembered; sorted */
	struct ip_addr *isolated;
	size_t isolated_count;
	uint64_t read_ms;
	uint64_t solicited_ms;
	uint64_t patience_ms; /* until the next solicitation */
	published_places places;
	_Atomic uint64_t generation;
};

/* ---- what is remembered ---- */

static int compare_neighbours(const void *pa, const void *pb)
{
	const struct places_neighbour *a = pa, *b = pb;

	return a->device != b->device ? (a->device > b->device) - (a->device < b->device)
				      : ip_addr_cmp(&a->addr, &b->addr);
}

static void sort(struct facts *facts)
{
	if (facts->neighbour_count > 0)
		qsort(facts->neighbours, facts->neighbour_count, sizeof(*facts->neighbours),
			compare_neighbours);
	if (facts->forwarding_count > 0)
		qsort(facts->forwarding, facts->forwarding_count, sizeof(*facts->forwarding),
			places_compare_forwarding);
}

static const struct places_neighbour *find_neighbour(
	const struct facts *facts, const struct places_neighbour *key)
{
	return facts->neighbour_count == 0 ? NULL
					   : bsearch(key, facts->neighbours, facts->neighbour_count,
						     sizeof(*key), compare_neighbours);
}

static const struct places_forwarding *find_forwarding(
	const struct facts *facts, const struct places_forwarding *key)
{
	return facts->forwarding_count == 0
		? NULL
		: bsearch(key, facts->forwarding, facts->forwarding_count, sizeof(*key),
			  places_compare_forwarding);
}

static const struct places_link *find_link(const struct facts *facts, uint32_t index)
{
	for (size_t i = 0; i < facts->link_count; i++)
		if (facts->links[i].index == index)
			return &facts->links[i];
	return NULL;
}

static bool is_isolated(const struct places_watch *watch, const struct ip_addr *addr)
{
	return watch->isolated_count > 0 &&
		bsearch(addr, watch->isolated, watch->isolated_count, sizeof(*addr),
			ip_addr_compare) != NULL;
}

/*
 * Of what was known: the isolated pods' neighbour entries, and the forwarding entries of ports that
 * are still there.
 */
static int remember(struct places_watch *watch, struct facts *next)
{
	const struct facts *old = &watch->facts;
	struct facts kept = {.links = NULL};
	int err = 0;

	for (size_t i = 0; i < old->neighbour_count && err == 0; i++)
		if (is_isolated(watch, &old->neighbours[i].addr) &&
			find_neighbour(next, &old->neighbours[i]) == NULL &&
			find_link(next, old->neighbours[i].device) != NULL)
			err = facts_add_neighbour(&kept, &old->neighbours[i]);
	for (size_t i = 0; i < old->forwarding_count && err == 0; i++) {
		const struct places_link *port = find_link(next, old->forwarding[i].port);

		if (port != NULL && port->master == old->forwarding[i].bridge &&
			find_forwarding(next, &old->forwarding[i]) == NULL)
			err = facts_add_forwarding(&kept, &old->forwarding[i]);
	}
	for (size_t i = 0; i < kept.neighbour_count && err == 0; i++)
		err = facts_add_neighbour(next, &kept.neighbours[i]);
	for (size_t i = 0; i < kept.forwarding_count && err == 0; i++)
		err = facts_add_forwarding(next, &kept.forwarding[i]);
	facts_deinit(&kept);
	sort(next);
	return err;
}

/* ---- publishing; under the lock ---- */

static int publish(struct places_watch *watch)
{
	const struct places_facts view = facts_view(&watch->facts);
	struct places *made;
	const struct places *old;
	const int err = places_make(&made, &view, watch->isolated, watch->isolated_count);

	if (err != 0)
		return err;
	old = atomic_exchange_explicit(&watch->places, made, memory_order_acq_rel);
	atomic_fetch_add(&watch->generation, 1);
	if (old != NULL) {
		if (watch->options.wait_for_readers != NULL)
			watch->options.wait_for_readers(watch->options.context);
		else
			urcu_qsbr_synchronize_rcu();
		places_free((struct places *)(uintptr_t)old);
	}
	return 0;
}

static int read_again(struct places_watch *watch)
{
	struct facts next = {.router_ports = watch->options.router_ports};
	int err = facts_read(&next, watch->asking);

	watch->read_ms = clock_ms();
	sort(&next);
	if (err == 0)
		err = remember(watch, &next);
	if (err != 0) {
		facts_deinit(&next);
		return err;
	}
	facts_deinit(&watch->facts);
	watch->facts = next;
	return publish(watch);
}

/* The bridge that has the network of an address. */
static uint32_t link_of(const struct facts *facts, const struct ip_addr *addr)
{
	for (size_t i = 0; i < facts->network_count; i++) {
		const struct places_link *link = find_link(facts, facts->networks[i].device);

		if (link != NULL && link->bridge &&
			places_network_covers(&facts->networks[i], addr))
			return link->index;
	}
	return 0;
}

static void solicit(struct places_watch *watch)
{
	const struct places *places = atomic_load(&watch->places);
	size_t count, asked = 0;
	const struct ip_addr *unplaced = places_unplaced(places, &count);

	watch->solicited_ms = clock_ms();
	watch->patience_ms = watch->patience_ms * 2 > SOLICIT_MOST_MS ? SOLICIT_MOST_MS
								      : watch->patience_ms * 2;
	for (size_t i = 0; i < count && asked < SOLICIT_MOST; i++) {
		const uint32_t bridge = link_of(&watch->facts, &unplaced[i]);

		if (bridge != 0 && facts_solicit(watch->asking, &unplaced[i], bridge) == 0)
			asked++;
	}
}

/* ---- the thread ---- */

struct look {
	const struct places_watch *watch;
	bool changed;
};

/* The kernel reports entries again and again while they are used: only news is a reason to read. */
static int look_at(const struct nlmsghdr *message, void *context)
{
	struct look *look = context;
	struct facts facts = {.links = NULL};

	switch (message->nlmsg_type) {
	case RTM_NEWNEIGH:
		if (facts_take(&facts, message) != 0)
			look->changed = true;
		for (size_t i = 0; i < facts.neighbour_count; i++) {
			const struct places_neighbour *known = find_neighbour(
				&look->watch->facts, &facts.neighbours[i]);

			look->changed = look->changed || known == NULL ||
				memcmp(known->mac, facts.neighbours[i].mac, PLACES_MAC) != 0;
		}
		for (size_t i = 0; i < facts.forwarding_count; i++) {
			const struct places_forwarding *known = find_forwarding(
				&look->watch->facts, &facts.forwarding[i]);

			look->changed = look->changed || known == NULL ||
				known->port != facts.forwarding[i].port;
		}
		facts_deinit(&facts);
		break;
	case RTM_DELNEIGH:
		break; /* what was known stays known */
	default:
		look->changed = true;
		break;
	}
	return MNL_CB_OK;
}

/* Whether there is a reason to read again. */
static bool drain(struct places_watch *watch)
{
	static const uint32_t any = 0;
	struct look look = {.watch = watch};
	char buffer[EVENT_BYTES];
	ssize_t n;

	while ((n = mnl_socket_recvfrom(watch->events, buffer, sizeof(buffer))) > 0)
		(void)mnl_cb_run(buffer, (size_t)n, any, 0, look_at, &look);
	return look.changed || (n < 0 && errno != EAGAIN); /* ENOBUFS: something was lost */
}

/* Does what is due. Returns in how many milliseconds something is due again; -1: never. */
static int work(void *context, bool last)
{
	struct places_watch *watch = context;
	uint64_t now;
	size_t unplaced;
	int next = -1;

	if (last)
		return -1;
	pthread_mutex_lock(&watch->lock);
	watch->dirty = drain(watch) || watch->dirty;
	now = clock_ms();
	if (watch->dirty && now - watch->read_ms >= REST_MS)
		watch->dirty = read_again(watch) != 0;
	if (watch->dirty)
		next = REST_MS;
	places_unplaced(atomic_load(&watch->places), &unplaced);
	if (unplaced > 0) {
		if (now - watch->solicited_ms >= watch->patience_ms)
			solicit(watch);
		if (next < 0 || (uint64_t)next > watch->patience_ms)
			next = (int)watch->patience_ms;
	}
	pthread_mutex_unlock(&watch->lock);
	return next;
}

/* ---- for others ---- */

static int open_sockets(struct places_watch *watch)
{
	const struct timeval patience = {.tv_sec = ANSWER_S};

	watch->events = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	watch->asking = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (watch->events == NULL || watch->asking == NULL ||
		mnl_socket_bind(watch->events,
			RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
			MNL_SOCKET_AUTOPID) < 0 ||
		mnl_socket_bind(watch->asking, 0, MNL_SOCKET_AUTOPID) < 0 ||
		setsockopt(mnl_socket_get_fd(watch->asking), SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) != 0)
		return -errno;
	return 0;
}

int places_watch_open(
	struct places_watch **out, const struct places_options *options, char problem[PROBLEM_SIZE])
{
	struct places_watch *watch = calloc(1, sizeof(*watch));
	int err = -ENOMEM;

	if (watch != NULL) {
		watch->options = *options;
		watch->dirty = true;
		watch->patience_ms = SOLICIT_MS;
		pthread_mutex_init(&watch->lock, NULL);
		err = work_thread_init(&watch->thread);
	}
	if (err == 0)
		err = open_sockets(watch);
	if (err == 0)
		err = read_again(watch);
	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE,
			"can't read which address is on which bridge (rtnetlink): %s",
			strerror(-err));
		places_watch_close(watch);
		return err;
	}
	*out = watch;
	return 0;
}

int places_watch_start(struct places_watch *watch)
{
	const struct work_thread_options options = {
		.name = "podgate-places",
		.fd = mnl_socket_get_fd(watch->events),
		.round = work,
		.context = watch,
	};

	return work_thread_start(&watch->thread, &options);
}

void places_watch_stop(struct places_watch *watch)
{
	work_thread_stop(&watch->thread);
}

void places_watch_close(struct places_watch *watch)
{
	if (watch == NULL)
		return;
	places_watch_stop(watch);
	if (watch->events != NULL)
		mnl_socket_close(watch->events);
	if (watch->asking != NULL)
		mnl_socket_close(watch->asking);
	work_thread_deinit(&watch->thread);
	facts_deinit(&watch->facts);
	free(watch->isolated);
	places_free((struct places *)(uintptr_t)atomic_load(&watch->places));
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

const published_places *places_watch_published(const struct places_watch *watch)
{
	return &watch->places;
}

int places_watch_expect(struct places_watch *watch, const struct ip_addr *isolated, size_t count)
{
	struct ip_addr *copied = calloc(count + 1, sizeof(*copied)), *before;
	size_t before_count;
	int err;

	if (copied == NULL)
		return -ENOMEM;
	if (count > 0)
		memcpy(copied, isolated, count * sizeof(*copied));
	pthread_mutex_lock(&watch->lock);
	before = watch->isolated;
	before_count = watch->isolated_count;
	watch->isolated = copied;
	watch->isolated_count = count;
	err = publish(watch);
	if (err != 0) {
		watch->isolated = before;
		watch->isolated_count = before_count;
		before = copied;
	}
	watch->patience_ms = SOLICIT_MS;
	watch->solicited_ms = 0;
	pthread_mutex_unlock(&watch->lock);
	free(before);
	work_thread_wake(&watch->thread);
	return err;
}

uint64_t places_watch_generation(const struct places_watch *watch)
{
	return atomic_load(&watch->generation);
}

const struct places *places_watch_hold(struct places_watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	return atomic_load(&watch->places);
}

void places_watch_release(struct places_watch *watch)
{
	pthread_mutex_unlock(&watch->lock);
}

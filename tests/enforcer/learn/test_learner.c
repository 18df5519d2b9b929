/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The learner on the kernel's own sets: what gets in, what must never, what is told of, and that
 * nothing judged by an older snapshot gets in once a newer one is to be published.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enforcer/learn/learner.h"
#include "kernel/sets/class_sets.h"
#include "kernel/sets/pod_set.h"
#include "tests/support/netns.h"

struct bench {
	struct ring *ring;
	struct learner *learner;
	struct class_sets *sets;
	_Atomic uint64_t told;		      /* packets, in whatever records */
	const struct snapshot *_Atomic named; /* by the last of them */
};

static void tell(const struct record *record, void *context)
{
	struct bench *bench = context;

	assert_true(record->answered > 0);
	bench->told += record->answered;
	bench->named = record->snapshot;
}

static const struct learner_options usual = {
	.allowed = true, .denied = true, .allowed_s = 600, .denied_s = 10};

static void open_bench(struct bench *bench, struct learner_options options)
{
	char problem[PROBLEM_SIZE] = "";

	netns_enter(NULL);
	*bench = (struct bench){.told = 0};
	options.answered = tell;
	options.context = bench;
	if (pod_set_create(true, problem) != 0)
		fail_msg("%s", problem);
	assert_int_equal(ring_create(&bench->ring, 256), 0);
	assert_int_equal(class_sets_open(&bench->sets), 0);
	assert_int_equal(learner_open(&bench->learner, &options), 0);
	assert_int_equal(learner_start(bench->learner, &bench->ring, 1), 0);
}

static void close_bench(struct bench *bench)
{
	learner_stop(bench->learner);
	learner_close(bench->learner);
	class_sets_close(bench->sets);
	ring_free(bench->ring);
}

static struct record sighting(
	uint64_t revision, enum verdict verdict, uint8_t protocol, uint16_t port)
{
	struct record record = {
		.kind = RECORD_VERDICT,
		.revision = revision,
		.judgement = {.verdict = verdict},
		.flow = {.src_port = 999, .dst_port = port, .protocol = protocol},
	};

	assert_int_equal(ip_addr_parse(&record.flow.src, "10.0.0.1"), 0);
	assert_int_equal(ip_addr_parse(&record.flow.dst, "10.0.0.2"), 0);
	return record;
}

static struct record sighting6(
	uint64_t revision, enum verdict verdict, uint8_t protocol, uint16_t port)
{
	struct record record = sighting(revision, verdict, protocol, port);

	assert_int_equal(ip_addr_parse(&record.flow.src, "fd01::1"), 0);
	assert_int_equal(ip_addr_parse(&record.flow.dst, "fd01::2"), 0);
	return record;
}

static void push(struct bench *bench, const struct record *record)
{
	while (!ring_push(bench->ring, record))
		usleep(1000);
	learner_wake(bench->learner);
}

static void count(const struct flow *flow, uint64_t packets, void *context)
{
	(void)flow;
	(void)packets;
	++*(size_t *)context;
}

static size_t held(struct bench *bench, enum class_set set, enum ip_family family)
{
	size_t found = 0;

	assert_int_equal(class_sets_read(bench->sets, set, family, count, &found), 0);
	return found;
}

static size_t held_anywhere(struct bench *bench)
{
	size_t sum = 0;

	for (int set = 0; set < CLASS_SET_COUNT; set++)
		sum += held(bench, (enum class_set)set, IP_FAMILY_V4) +
			held(bench, (enum class_set)set, IP_FAMILY_V6);
	return sum;
}

static void wait_held(struct bench *bench, enum class_set set, enum ip_family family, size_t wanted)
{
	for (int i = 0; i < 500 && held(bench, set, family) != wanted; i++)
		usleep(10000);
	assert_int_equal(held(bench, set, family), wanted);
}

/* In the words of the ipset program, which reads the sets independently of us. */
static void allowed_and_denied_classes_are_learned(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP};
	struct learner_stats stats;
	struct bench bench;
	char *listed;

	(void)state;
	open_bench(&bench, usual);
	learner_resume(bench.learner, 5);
	for (size_t i = 0; i < 3; i++) {
		const struct record four = sighting(5, VERDICT_ALLOW, protocols[i], 80);
		const struct record six = sighting6(5, VERDICT_DENY, protocols[i], 65535);

		push(&bench, &four);
		push(&bench, &six);
	}
	wait_held(&bench, CLASS_SET_ALLOWED, IP_FAMILY_V4, 3);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V6, 3);
	assert_int_equal(held_anywhere(&bench), 6);
	listed = netns_read("ipset save | grep ^add | sed 's/ timeout.*//' | sort");
	assert_string_equal(listed,
		"add podgate-allowed4 10.0.0.1,sctp:80,10.0.0.2\n"
		"add podgate-allowed4 10.0.0.1,tcp:80,10.0.0.2\n"
		"add podgate-allowed4 10.0.0.1,udp:80,10.0.0.2\n"
		"add podgate-denied6 fd01::1,sctp:65535,fd01::2\n"
		"add podgate-denied6 fd01::1,tcp:65535,fd01::2\n"
		"add podgate-denied6 fd01::1,udp:65535,fd01::2\n");
	free(listed);
	listed = netns_read(
		"ipset save podgate-allowed4 | grep ^add | grep -cE 'timeout (59[0-9]|600) '");
	assert_string_equal(listed, "3\n");
	free(listed);
	learner_stats(bench.learner, &stats);
	assert_true(stats.learning);
	assert_int_equal(stats.learned[LEARNER_ALLOWED][LEARNER_IPV4], 3);
	assert_int_equal(stats.current[LEARNER_DENIED][LEARNER_IPV6], 3);
	close_bench(&bench);
}

/*
 * What would have been denied, what has no ports, what could not be read, what another snapshot
 * judged.
 */
static void what_must_not_be_learned_is_not(void **state)
{
	const struct record last = sighting(5, VERDICT_ALLOW, IPPROTO_TCP, 1);
	struct record never[7];
	struct learner_stats stats;
	struct bench bench;

	(void)state;
	never[0] = sighting(5, VERDICT_AUDIT_DENY, IPPROTO_TCP, 80);
	never[1] = sighting(5, VERDICT_ALLOW, IPPROTO_ICMP, 0);
	never[2] = sighting6(5, VERDICT_DENY, IPPROTO_ICMPV6, 0);
	never[3] = sighting(4, VERDICT_ALLOW, IPPROTO_TCP, 80);
	never[4] = sighting(6, VERDICT_ALLOW, IPPROTO_TCP, 80);
	never[5] = sighting(0, VERDICT_ALLOW, IPPROTO_TCP, 80);
	never[6] = sighting(5, VERDICT_DENY, IPPROTO_TCP, 80);
	never[6].kind = RECORD_UNREADABLE;
	open_bench(&bench, usual);
	push(&bench, &last); /* before anything is to be learned */
	usleep(100000);
	assert_int_equal(held_anywhere(&bench), 0);
	learner_resume(bench.learner, 5);
	for (size_t i = 0; i < 7; i++)
		push(&bench, &never[i]);
	push(&bench, &last);
	wait_held(&bench, CLASS_SET_ALLOWED, IP_FAMILY_V4, 1);
	assert_int_equal(held_anywhere(&bench), 1);
	learner_stats(bench.learner, &stats);
	assert_int_equal(stats.stale, 4);
	close_bench(&bench);
}

static void only_what_is_to_be_learned_is(void **state)
{
	struct learner_options options = usual;
	const struct record allowed = sighting(1, VERDICT_ALLOW, IPPROTO_TCP, 80);
	const struct record denied = sighting(1, VERDICT_DENY, IPPROTO_TCP, 81);
	struct bench bench;

	(void)state;
	options.allowed = false;
	open_bench(&bench, options);
	learner_resume(bench.learner, 1);
	push(&bench, &allowed);
	push(&bench, &denied);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 1);
	assert_int_equal(held_anywhere(&bench), 1);
	close_bench(&bench);
	options.denied = false;
	open_bench(&bench, options);
	learner_resume(bench.learner, 1);
	push(&bench, &denied);
	usleep(100000);
	assert_int_equal(held_anywhere(&bench), 0);
	close_bench(&bench);
}

/* Counters are what the kernel's are; here `ipset` writes them in its place. */
static void set_counter(const char *set, const char *entry, unsigned int packets)
{
	assert_int_equal(
		netns_run("ipset -exist add %s %s packets %u bytes 1", set, entry, packets), 0);
}

static void what_the_sets_answered_is_told(void **state)
{
	const struct record denied = sighting(1, VERDICT_DENY, IPPROTO_UDP, 80);
	struct bench bench;

	(void)state;
	open_bench(&bench, usual);
	learner_resume(bench.learner, 1);
	push(&bench, &denied);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 1);
	set_counter("podgate-denied4", "10.0.0.1,udp:80,10.0.0.2", 1000);
	for (int i = 0; i < 300 && bench.told < 1000; i++)
		usleep(10000);
	assert_int_equal(bench.told, 1000);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 1); /* it was in use: it stays */
	set_counter("podgate-denied4", "10.0.0.1,udp:80,10.0.0.2", 7);
	assert_int_equal(learner_forget(bench.learner), 0);
	assert_int_equal(bench.told, 1007);
	assert_int_equal(held_anywhere(&bench), 0);
	close_bench(&bench);
}

/* Of no objects at all. */
static struct snapshot *snapshot_of(uint64_t revision)
{
	const struct cluster_objects none = {.pod_count = 0};
	const struct snapshot_options options = {.revision = revision};
	struct snapshot *snapshot;
	struct cluster *cluster;

	assert_int_equal(cluster_create(&cluster, &none), 0);
	assert_int_equal(snapshot_compile(&snapshot, cluster, &options), 0);
	cluster_unref(cluster);
	return snapshot;
}

static struct record sighting_to(const char *dst, enum verdict verdict, uint16_t port)
{
	struct record record = sighting(1, verdict, IPPROTO_UDP, port);

	assert_int_equal(ip_addr_parse(&record.flow.dst, dst), 0);
	return record;
}

/*
 * Classes that a change does not touch stay, go on counting, and are told by the new snapshot. A
 * sighting of before counts if the change did not touch it.
 */
static void a_change_takes_only_what_it_touches(void **state)
{
	const struct record sightings[] = {sighting_to("10.0.0.2", VERDICT_DENY, 80),
		sighting_to("10.0.0.3", VERDICT_DENY, 80),
		sighting_to("10.0.0.2", VERDICT_ALLOW, 81),
		sighting_to("10.0.0.3", VERDICT_ALLOW, 81)};
	const struct record late[] = {sighting_to("10.0.0.3", VERDICT_DENY, 90),
		sighting_to("10.0.0.2", VERDICT_DENY, 90)};
	struct snapshot *after = snapshot_of(2);
	struct learner_stats stats;
	struct ip_addr touched;
	struct bench bench;

	(void)state;
	open_bench(&bench, usual);
	learner_resume(bench.learner, 1);
	for (int i = 0; i < 4; i++)
		push(&bench, &sightings[i]);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 2);
	wait_held(&bench, CLASS_SET_ALLOWED, IP_FAMILY_V4, 2);
	set_counter("podgate-denied4", "10.0.0.1,udp:80,10.0.0.2", 5);
	set_counter("podgate-denied4", "10.0.0.1,udp:80,10.0.0.3", 7);
	assert_int_equal(ip_addr_parse(&touched, "10.0.0.3"), 0);
	assert_int_equal(learner_change(bench.learner,
				 &(struct touched){.addrs = &touched, .count = 1}, after),
		0);
	assert_int_equal(bench.told, 12);
	assert_int_equal(held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4), 1);
	assert_int_equal(held(&bench, CLASS_SET_ALLOWED, IP_FAMILY_V4), 1);

	set_counter("podgate-denied4", "10.0.0.1,udp:80,10.0.0.2", 9);
	for (int i = 0; i < 300 && bench.told < 21; i++)
		usleep(10000);
	assert_int_equal(bench.told, 21);
	assert_ptr_equal(bench.named, after);
	push(&bench, &late[0]);
	push(&bench, &late[1]);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 2);
	learner_stats(bench.learner, &stats);
	assert_int_equal(stats.stale, 1);
	close_bench(&bench);
	snapshot_free(after);
}

static void allowed_classes_are_told_of_where_they_are_logged(void **state)
{
	struct learner_options options = usual;
	const struct record allowed = sighting6(1, VERDICT_ALLOW, IPPROTO_TCP, 80);
	struct bench bench;

	(void)state;
	options.log_allowed = true;
	open_bench(&bench, options);
	learner_resume(bench.learner, 1);
	push(&bench, &allowed);
	wait_held(&bench, CLASS_SET_ALLOWED, IP_FAMILY_V6, 1);
	set_counter("podgate-allowed6", "fd01::1,tcp:80,fd01::2", 3);
	learner_stop(bench.learner);
	assert_int_equal(bench.told, 3);
	assert_int_equal(held_anywhere(&bench), 0); /* a clean stop leaves no answers behind */
	close_bench(&bench);
}

static void a_denied_class_out_of_use_is_forgotten(void **state)
{
	struct learner_options options = usual;
	const struct record idle = sighting(1, VERDICT_DENY, IPPROTO_UDP, 80);
	const struct record busy = sighting(1, VERDICT_DENY, IPPROTO_UDP, 81);
	struct bench bench;

	(void)state;
	options.denied_s = 2;
	open_bench(&bench, options);
	learner_resume(bench.learner, 1);
	push(&bench, &idle);
	push(&bench, &busy);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 2);
	for (int i = 0; i < 40; i++) {
		set_counter("podgate-denied4", "10.0.0.1,udp:81,10.0.0.2", 1);
		usleep(100000);
	}
	assert_int_equal(held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4), 1);
	assert_true(bench.told > 0);
	push(&bench, &idle); /* and may be learned again */
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 2);
	close_bench(&bench);
}

/*
 * A source that tries every door gets its share; another one's class is learned all the same, and
 * none is lost.
 */
static void no_source_takes_all_the_room(void **state)
{
	struct bench bench;
	struct record busy = sighting(1, VERDICT_DENY, IPPROTO_TCP, 80), late = busy;
	struct learner_stats stats;

	(void)state;
	open_bench(&bench, usual);
	learner_resume(bench.learner, 1);
	assert_int_equal(ip_addr_parse(&busy.flow.src, "10.0.0.7"), 0);
	assert_int_equal(ip_addr_parse(&late.flow.src, "10.0.0.9"), 0);
	push(&bench, &busy);
	for (uint16_t port = 1; port <= 2000; port++) {
		const struct record scan = sighting(1, VERDICT_DENY, IPPROTO_TCP, port);

		push(&bench, &scan);
	}
	push(&bench, &late);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 512 + 2);
	assert_int_equal(
		netns_run("ipset test podgate-denied4 10.0.0.7,tcp:80,10.0.0.2 2>/dev/null"), 0);
	assert_int_equal(
		netns_run("ipset test podgate-denied4 10.0.0.9,tcp:80,10.0.0.2 2>/dev/null"), 0);
	learner_stats(bench.learner, &stats);
	assert_int_equal(stats.refused, 2000 - 512);
	close_bench(&bench);
}

/*
 * The kernel says that the set is full: what is in stays in, the rest is refused, and nothing is an
 * error.
 */
static void a_full_set_keeps_what_it_has(void **state)
{
	struct learner_stats stats;
	struct bench bench;

	(void)state;
	open_bench(&bench, usual);
	assert_int_equal(
		netns_run("ipset destroy podgate-allowed4 && ipset create podgate-allowed4 "
			  "hash:ip,port,ip timeout 600 counters maxelem 64"),
		0);
	learner_resume(bench.learner, 1);
	for (uint16_t port = 1; port <= 1000; port++) {
		const struct record one = sighting(1, VERDICT_ALLOW, IPPROTO_TCP, port);

		push(&bench, &one);
	}
	for (int i = 0; i < 300; i++) {
		learner_stats(bench.learner, &stats);
		if (stats.refused > 0 && held(&bench, CLASS_SET_ALLOWED, IP_FAMILY_V4) > 0)
			break;
		usleep(10000);
	}
	usleep(100000);
	learner_stats(bench.learner, &stats);
	assert_true(stats.refused > 0);
	assert_int_equal(stats.errors, 0);
	assert_true(held(&bench, CLASS_SET_ALLOWED, IP_FAMILY_V4) >= 64);
	assert_int_equal(
		netns_run("ipset test podgate-allowed4 10.0.0.1,tcp:1,10.0.0.2 2>/dev/null"), 0);
	close_bench(&bench);
}

/*
 * A set that somebody destroyed answers nothing: forgetting goes well, and learning goes on with
 * the others.
 */
static void a_set_that_is_gone_holds_up_nothing(void **state)
{
	const struct record allowed = sighting(1, VERDICT_ALLOW, IPPROTO_TCP, 80);
	const struct record denied = sighting(1, VERDICT_DENY, IPPROTO_TCP, 81);
	struct learner_stats stats;
	struct bench bench;

	(void)state;
	open_bench(&bench, usual);
	learner_resume(bench.learner, 1);
	assert_int_equal(netns_run("ipset destroy podgate-allowed4"), 0);
	push(&bench, &allowed);
	push(&bench, &denied);
	wait_held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4, 1);
	learner_stats(bench.learner, &stats);
	assert_true(stats.errors > 0);
	assert_int_equal(learner_forget(bench.learner), 0);
	assert_int_equal(held(&bench, CLASS_SET_DENIED, IP_FAMILY_V4), 0);
	close_bench(&bench);
}

/* ---- The publish protocol ---- */

enum { PUBLISHINGS = 60, LAG = 3 };

struct traffic {
	struct bench *bench;
	_Atomic uint64_t published; /* by whose snapshot the "worker" judges */
	atomic_bool stop;
};

/*
 * A worker whose sightings are of the snapshot in force and, as if they had waited in the ring, of
 * older ones.
 */
static void *sight(void *context)
{
	struct traffic *traffic = context;
	uint32_t n = 0;

	while (!atomic_load(&traffic->stop)) {
		const uint64_t now = atomic_load(&traffic->published), lag = n % LAG;
		const uint64_t revision = now > lag ? now - lag : now;
		/* The port tells by which snapshot it was judged. */
		struct record record = sighting(revision, n % 2 ? VERDICT_ALLOW : VERDICT_DENY,
			IPPROTO_TCP, (uint16_t)revision);

		record.flow.src.bytes[3] = (uint8_t)(n >> 2);
		n++;
		if (!ring_push(traffic->bench->ring, &record))
			usleep(100);
		learner_wake(traffic->bench->learner);
	}
	return NULL;
}

struct wanted {
	uint16_t port;
	size_t right, wrong;
};

static void check_port(const struct flow *flow, uint64_t packets, void *context)
{
	struct wanted *wanted = context;

	(void)packets;
	if (flow->dst_port == wanted->port)
		wanted->right++;
	else
		wanted->wrong++;
}

static void check_sets(struct bench *bench, struct wanted *wanted)
{
	for (int set = 0; set < CLASS_SET_SPARE; set++)
		assert_int_equal(class_sets_read(bench->sets, (enum class_set)set, IP_FAMILY_V4,
					 check_port, wanted),
			0);
}

static void nothing_an_older_snapshot_judged_is_ever_added(void **state)
{
	struct bench bench;
	struct traffic traffic = {.bench = &bench, .published = 1};
	size_t right = 0;
	pthread_t thread;

	(void)state;
	open_bench(&bench, usual);
	learner_resume(bench.learner, 1);
	assert_int_equal(pthread_create(&thread, NULL, sight, &traffic), 0);
	for (uint64_t revision = 2; revision < PUBLISHINGS + 2; revision++) {
		struct wanted wanted = {.port = (uint16_t)revision};

		usleep(25000);
		assert_int_equal(learner_forget(bench.learner), 0);
		check_sets(&bench, &wanted);
		assert_int_equal(wanted.right + wanted.wrong, 0); /* and it stays so */
		atomic_store(&traffic.published, revision);
		usleep(revision % 4 * 2000);
		check_sets(&bench, &wanted);
		assert_int_equal(wanted.right + wanted.wrong, 0);
		learner_resume(bench.learner, revision);
		usleep(25000);
		check_sets(&bench, &wanted);
		assert_int_equal(wanted.wrong, 0);
		right += wanted.right;
	}
	atomic_store(&traffic.stop, true);
	pthread_join(thread, NULL);
	assert_true(right > PUBLISHINGS); /* or the test has shown nothing */
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowed_and_denied_classes_are_learned),
		cmocka_unit_test(what_must_not_be_learned_is_not),
		cmocka_unit_test(only_what_is_to_be_learned_is),
		cmocka_unit_test(what_the_sets_answered_is_told),
		cmocka_unit_test(a_change_takes_only_what_it_touches),
		cmocka_unit_test(allowed_classes_are_told_of_where_they_are_logged),
		cmocka_unit_test(a_denied_class_out_of_use_is_forgotten),
		cmocka_unit_test(no_source_takes_all_the_room),
		cmocka_unit_test(a_full_set_keeps_what_it_has),
		cmocka_unit_test(a_set_that_is_gone_holds_up_nothing),
		cmocka_unit_test(nothing_an_older_snapshot_judged_is_ever_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * podgate-witness: changes policies, labels, namespaces and pods, hundreds of times, while flows go
 * between all pods, and holds each datagram against the policies that may have been in force, by
 * podgate's own word about when they were. One thread writes and waits for the daemon's answer, one
 * sends and receives. Standard input announces what comes from elsewhere: "away" and "back" for a
 * daemon that is not there, "open" and "shut" for rules that are not.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cli/client.h"
#include "tests/witness/author.h"
#include "tests/witness/history.h"
#include "tests/witness/traffic.h"

#define NS_PER_MS 1000000LL
#define NS_PER_S 1000000000LL

enum {
	POLL_MS = 3,	     /* between two questions to the daemon */
	PATIENCE_MS = 20000, /* for a change to be in force, the daemon there */
	ROUNDING_US = 1000,  /* status tells its times to the microsecond, of two clocks */
};

struct witness {
	const char *socket, *folder;
	int64_t for_ms;
	unsigned int pause_ms; /* between a change in force and the next, at the most */
	uint64_t seed;
	struct end ends[ENDS_MOST];
	size_t count;

	struct history *history;
	struct author *author;
	struct traffic *traffic;
	atomic_bool over;
	atomic_bool away;
	pthread_mutex_t changing; /* held by a change under way */
	int err;		  /* the changing thread's */

	unsigned int changes;
	int64_t longest_ns, sum_ns; /* from written until live flows are judged, as status tells */
};

/* ---- the daemon's answer ---- */

struct answer {
	double pid, revision;
	bool pending;
	/* CLOCK_MONOTONIC; of the last change, 0: there was none */
	int64_t noticed, judged, enforced;
};

static void nap(int64_t ms)
{
	const struct timespec pause = {
		.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * NS_PER_MS)};

	nanosleep(&pause, NULL);
}

/* "2026-11-25T10:11:12.123456Z" as nanoseconds of CLOCK_MONOTONIC. 0 when it is no such time. */
static int64_t read_time(const char *text)
{
	struct timespec wall, mono;
	struct tm utc = {0};
	unsigned int micro;
	int64_t then;

	if (sscanf(text, "%d-%d-%dT%d:%d:%d.%6uZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
		    &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &micro) != 7)
		return 0;
	utc.tm_year -= 1900;
	utc.tm_mon--;
	then = timegm(&utc) * NS_PER_S + micro * 1000LL;
	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return mono.tv_sec * NS_PER_S + mono.tv_nsec -
		(wall.tv_sec * NS_PER_S + wall.tv_nsec - then);
}

static double figure(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* 0, or -errno: there is no daemon, or it does not answer. */
static int ask(const struct witness *witness, struct answer *out)
{
	char problem[PROBLEM_SIZE];
	cJSON *request = cJSON_CreateObject(), *reply;
	const cJSON *publish, *seen;
	int err;

	cJSON_AddStringToObject(request, "command", "status");
	err = client_request(witness->socket, request, &reply, problem);
	cJSON_Delete(request);
	if (err != 0)
		return err;
	publish = cJSON_GetObjectItemCaseSensitive(reply, "publish");
	seen = cJSON_GetObjectItemCaseSensitive(publish, "seen");
	*out = (struct answer){.pid = figure(reply, "pid"),
		.revision = figure(reply, "revision"),
		.pending = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "pending"))};
	if (cJSON_IsString(seen)) {
		const int64_t read = read_time(seen->valuestring);

		out->noticed = read - (int64_t)(figure(publish, "read_ms") * 1e6);
		out->judged = read + (int64_t)(figure(publish, "judged_ms") * 1e6) +
			ROUNDING_US * 1000;
		out->enforced = read + (int64_t)(figure(publish, "total_ms") * 1e6) +
			ROUNDING_US * 1000;
	}
	cJSON_Delete(reply);
	return 0;
}

/* ---- changes ---- */

/*
 * Waits until the daemon that was there before says that it enforces the change just written;
 * another daemon's word would be about what it found at its start. Returns whether it did.
 */
static bool await(
	struct witness *witness, const struct answer *before, int64_t written, struct answer *out)
{
	int64_t end = traffic_now() + PATIENCE_MS * NS_PER_MS;

	while (traffic_now() < end && !atomic_load(&witness->over)) {
		if (ask(witness, out) == 0) {
			if (out->pid != before->pid)
				return false;
			if (out->revision > before->revision && !out->pending)
				return true;
		} else if (atomic_load(&witness->away)) {
			return false;
		}
		nap(POLL_MS);
	}
	if (!atomic_load(&witness->over)) {
		printf("a change written at %.6f s was not in force %d s later\n",
			(double)written / 1e9, PATIENCE_MS / 1000);
		witness->err = -ETIMEDOUT;
	}
	return false;
}

/* What status tells must lie between what was seen of it from outside. */
static void check_times(
	struct witness *witness, const struct answer *answer, int64_t written, int64_t answered)
{
	if (answer->noticed + ROUNDING_US * 1000 < written ||
		answer->enforced - 2 * ROUNDING_US * 1000 > answered ||
		answer->judged > answer->enforced) {
		printf("status tells that a change written at %.6f s and answered for at %.6f s "
		       "was noticed at %.6f s, judged by at %.6f s, and enforced at %.6f s\n",
			(double)written / 1e9, (double)answered / 1e9,
			(double)answer->noticed / 1e9, (double)answer->judged / 1e9,
			(double)answer->enforced / 1e9);
		witness->err = -EPROTO;
	}
	if (answer->enforced - written > witness->longest_ns)
		witness->longest_ns = answer->enforced - written;
	witness->sum_ns += answer->enforced - written;
}

static int change(struct witness *witness)
{
	struct verdicts_table verdicts;
	struct answer before, after;
	int64_t written;
	int err = author_change(witness->author, &verdicts);

	if (err != 0 || ask(witness, &before) != 0)
		return err;
	written = traffic_now();
	err = history_write(witness->history, written, &verdicts);
	if (err == 0)
		err = author_publish(witness->author);
	if (err != 0 || !await(witness, &before, written, &after))
		return err;
	check_times(witness, &after, written, traffic_now());
	history_enforce(witness->history, after.judged, after.enforced);
	witness->changes++;
	return 0;
}

static void *change_all(void *context)
{
	struct witness *witness = context;
	unsigned int seed = (unsigned int)witness->seed;

	while (!atomic_load(&witness->over) && witness->err == 0) {
		int err = 0;

		pthread_mutex_lock(&witness->changing);
		if (!atomic_load(&witness->away))
			err = change(witness);
		pthread_mutex_unlock(&witness->changing);
		if (err != 0)
			witness->err = err;
		nap(1 + rand_r(&seed) % (int)witness->pause_ms);
	}
	return NULL;
}

/* ---- traffic ---- */

static void take_word(struct witness *witness, const char *word)
{
	const int64_t now = traffic_now();

	if (strcmp(word, "away") == 0 || strcmp(word, "back") == 0) {
		/*
		 * Not amid a change: a flow that no policy was about has no mark yet when its pod
		 * is just being isolated, and stops with the daemon.
		 */
		pthread_mutex_lock(&witness->changing);
		atomic_store(&witness->away, *word == 'a');
		pthread_mutex_unlock(&witness->changing);
		history_excuse(witness->history, EXCUSE_LOSS, *word == 'a', now);
	} else if (strcmp(word, "open") == 0 || strcmp(word, "shut") == 0) {
		history_excuse(witness->history, EXCUSE_PASS, *word == 'o', now);
	} else {
		fprintf(stderr, "podgate-witness: \"%s\"?\n", word);
	}
	printf("%s at %.6f s\n", word, (double)now / 1e9);
}

static void read_words(struct witness *witness)
{
	static char buffer[256];
	static size_t length;
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	char *end;
	ssize_t got;

	if (poll(&fd, 1, 0) <= 0 || (fd.revents & POLLIN) == 0)
		return;
	got = read(STDIN_FILENO, buffer + length, sizeof(buffer) - length - 1);
	if (got <= 0)
		return;
	length += (size_t)got;
	buffer[length] = '\0';
	while ((end = strchr(buffer, '\n')) != NULL) {
		*end = '\0';
		take_word(witness, buffer);
		length -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, length + 1);
	}
}

static volatile sig_atomic_t told_to_end;

static void note_end(int number)
{
	(void)number;
	told_to_end = 1;
}

static int run_traffic(struct witness *witness)
{
	const int64_t end = traffic_now() + witness->for_ms * NS_PER_MS;
	int err = 0;

	while (err == 0 && witness->err == 0 && !told_to_end && traffic_now() < end) {
		read_words(witness);
		err = traffic_step(witness->traffic);
	}
	atomic_store(&witness->over, true);
	return err != 0 ? err : traffic_finish(witness->traffic);
}

static int report(const struct witness *witness)
{
	const struct traffic_report *seen = traffic_report(witness->traffic);

	printf("changes %u, enforced after %.1f ms on average, %.1f ms at the most\n",
		witness->changes,
		witness->changes == 0 ? 0 : (double)witness->sum_ns / 1e6 / witness->changes,
		(double)witness->longest_ns / 1e6);
	printf("flows %" PRIu64 ", sent %" PRIu64 ", arrived %" PRIu64 ", echoed %" PRIu64
	       ", the slowest after %.1f ms\n",
		seen->flows, seen->sent, seen->arrived, seen->echoed,
		(double)seen->slowest_ns / 1e6);
	printf("passed wrongly %" PRIu64 ", lost wrongly %" PRIu64 ", lost by the machine %" PRIu64
	       ", excused %" PRIu64 ", undecided %" PRIu64 "\n",
		seen->passed_wrongly, seen->lost_wrongly, seen->lost_by_machine, seen->excused,
		seen->undecided);
	return seen->passed_wrongly + seen->lost_wrongly == 0 ? 0 : 1;
}

/* ---- start ---- */

static int usage(void)
{
	fputs("usage: podgate-witness --socket PATH --manifests FOLDER [--for MS] [--pause MS] "
	      "[--seed N] END...\n"
	      "  END  pod or host, its name, the path of its network namespace, its address: "
	      "pod,web,/run/netns/web,10.0.0.1\n"
	      "exit: 0 all was as it should be, 1 it was not, 2 problem\n",
		stderr);
	return 2;
}

static int read_end(struct end *out, char *text)
{
	char *kind = strtok(text, ","), *name = strtok(NULL, ","), *netns = strtok(NULL, ","),
	     *address = strtok(NULL, ",");

	if (address == NULL)
		return -EINVAL;
	*out = (struct end){
		.pod = strcmp(kind, "pod") == 0, .name = name, .netns = netns, .address = address};
	return 0;
}

static int read_arguments(struct witness *witness, int argc, char **argv)
{
	static const struct option table[] = {{"socket", required_argument, NULL, 's'},
		{"manifests", required_argument, NULL, 'm'}, {"for", required_argument, NULL, 'f'},
		{"pause", required_argument, NULL, 'p'}, {"seed", required_argument, NULL, 'r'},
		{0}};
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (option == 's')
			witness->socket = optarg;
		else if (option == 'm')
			witness->folder = optarg;
		else if (option == 'f')
			witness->for_ms = atoll(optarg);
		else if (option == 'p')
			witness->pause_ms = (unsigned int)atoi(optarg);
		else if (option == 'r')
			witness->seed = (uint64_t)atoll(optarg);
		else
			return -EINVAL;
	}
	for (; optind < argc; optind++)
		if (witness->count == ENDS_MOST ||
			read_end(&witness->ends[witness->count++], argv[optind]) != 0)
			return -EINVAL;
	return witness->socket == NULL || witness->folder == NULL || witness->count < 2 ||
			witness->pause_ms == 0
		? -EINVAL
		: 0;
}

/* What holds before the first change: with no policy in the folder, everything passes. */
static int begin(struct witness *witness)
{
	static struct verdicts_table all;
	const int64_t now = traffic_now();
	int err = history_create(&witness->history);

	for (size_t i = 0; i < ENDS_MOST; i++)
		for (size_t j = 0; j < ENDS_MOST; j++)
			all.allowed[i][j][0] = all.allowed[i][j][1] = true;
	if (err == 0)
		err = history_write(witness->history, now, &all);
	if (err != 0)
		return err;
	history_enforce(witness->history, now, now);
	err = author_create(
		&witness->author, witness->folder, witness->ends, witness->count, witness->seed);
	if (err == 0)
		err = traffic_create(&witness->traffic, witness->ends, witness->count,
			witness->history, witness->seed);
	return err;
}

int main(int argc, char **argv)
{
	static struct witness witness = {.for_ms = 10000, .pause_ms = 40, .seed = 1};
	pthread_t changer;
	int err, code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGTERM, note_end);
	if (read_arguments(&witness, argc, argv) != 0)
		return usage();
	pthread_mutex_init(&witness.changing, NULL);
	err = begin(&witness);
	if (err == 0)
		err = -pthread_create(&changer, NULL, change_all, &witness);
	if (err != 0) {
		fprintf(stderr, "podgate-witness: %s\n", strerror(-err));
		return 2;
	}
	err = run_traffic(&witness);
	pthread_join(changer, NULL);
	code = report(&witness);
	if (err != 0 || witness.err != 0) {
		fprintf(stderr, "podgate-witness: %s\n", strerror(err != 0 ? -err : -witness.err));
		code = 2;
	}
	traffic_free(witness.traffic);
	author_free(witness.author);
	history_free(witness.history);
	return code;
}

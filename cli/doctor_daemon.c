/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/doctor_daemon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "cli/answer.h"
#include "cli/client.h"
#include "cli/daemon_manifests.h"
#include "service/views/problems.h"

struct findings {
	struct host_finding *items;
	size_t count;
};

static void add(struct findings *findings, const char *check, const char *remedy,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
static void add(
	struct findings *findings, const char *check, const char *remedy, const char *format, ...)
{
	struct host_finding *finding = &findings->items[findings->count++];
	va_list args;

	*finding = (struct host_finding){
		.check = check, .state = remedy == NULL ? HOST_OK : HOST_WARNING};
	va_start(args, format);
	vsnprintf(finding->found, sizeof(finding->found), format, args);
	va_end(args);
	if (remedy != NULL)
		snprintf(finding->remedy, sizeof(finding->remedy), "%s", remedy);
}

static void examine_mode(struct findings *findings, const cJSON *status)
{
	add(findings, "daemon", NULL, "podgate %.20s (pid %.0f) has revision %.0f in force",
		answer_text(status, "version"), answer_number(status, "pid"),
		answer_number(status, "revision"));
	if (strcmp(answer_text(status, "mode"), "audit") == 0)
		add(findings, "daemon-mode",
			"set `audit: false` when what the log tells of is what you want denied",
			"the whole gateway is in audit mode: nothing is denied, what would be is "
			"logged");
}

static void fail(
	struct findings *findings, const char *check, const char *remedy, const char *found)
{
	add(findings, check, remedy, "%.300s", found);
	findings->items[findings->count - 1].state = HOST_FAILED;
}

/*
 * The first of "problems" may be "problem", what fails now; the others are ordinary states that are
 * hardly meant.
 */
static void examine_problems(struct findings *findings, const cJSON *status)
{
	const char *failing = answer_text(status, "problem");
	const cJSON *problem;
	size_t told = 0;

	if (*failing != '\0')
		fail(findings, "daemon-problem", "its own log says more: journalctl -u podgate",
			failing);
	cJSON_ArrayForEach(problem, answer_get(status, "problems")) {
		if (!cJSON_IsString(problem) || strcmp(problem->valuestring, failing) == 0 ||
			told++ == PROBLEMS_MOST)
			continue;
		if (strncmp(problem->valuestring, "enforcing nothing",
			    strlen("enforcing nothing")) == 0)
			fail(findings, "daemon-idle",
				"put manifests there (podgate-manifests(5)), or set `manifests` to "
				"where they are",
				problem->valuestring);
		else
			fail(findings, "daemon-state", "podgate(8) tells of it under PROBLEMS",
				problem->valuestring);
	}
}

/* What it holds, which it has from the kernel. */
static void examine_privilege(struct findings *findings, const cJSON *privilege)
{
	const char *seccomp = answer_text(privilege, "seccomp"), *remedy = NULL;
	const bool dropped = answer_true(privilege, "dropped");

	if (privilege == NULL)
		return;
	if (!dropped)
		remedy = "set `privileges: drop` when you have found what you look for";
	else if (strcmp(seccomp, "unavailable") == 0)
		remedy = "use a kernel with CONFIG_SECCOMP_FILTER";
	else if (strcmp(seccomp, "on") != 0)
		remedy = "set `seccomp: on` when you have found what you look for";
	add(findings, "daemon-privilege", remedy, "it is user %.64s%s, seccomp %.16s",
		answer_text(privilege, "user"),
		dropped ? ", with CAP_NET_ADMIN alone"
			: " with all rights that it was started with",
		seccomp);
}

static void examine_rules(struct findings *findings, const cJSON *rules)
{
	const double repairs = answer_number(rules, "repairs");

	if (answer_true(rules, "intact") && repairs == 0)
		add(findings, "daemon-rules", NULL, "its rules and sets are as it left them");
	else
		add(findings, "daemon-rules",
			"find out who does that: its log says what was changed",
			"its rules or sets were changed by others, and put back %.0f time%s%s",
			repairs, repairs == 1 ? "" : "s",
			answer_true(rules, "intact") ? "" : "; they are not right now");
}

/*
 * What a queue dropped; of the queue of floods it is what that queue is for, as the others' packets
 * passed meanwhile.
 */
static void examine_queues(struct findings *findings, const cJSON *status)
{
	const cJSON *queue;
	double dropped[2] = {0};

	cJSON_ArrayForEach(queue, answer_get(status, "queues"))
		dropped[answer_true(queue, "flood")] += answer_number(queue, "kernel_dropped") +
			answer_number(queue, "user_dropped");
	if (dropped[0] == 0)
		add(findings, "daemon-queues", NULL,
			"no packet was dropped because a queue was full");
	else
		add(findings, "daemon-queues",
			"raise queue_length, or workers; see who sends so much with `podgate "
			"watch`",
			"%.0f packets found a queue full", dropped[0]);
	if (dropped[1] > 0)
		add(findings, "daemon-floods",
			"see who floods with `podgate watch`; if it may, raise flood_rate",
			"%.0f packets of floods found their queue full", dropped[1]);
}

static void examine_log(struct findings *findings, const cJSON *log)
{
	const double lost = answer_number(log, "lost");

	if (*answer_text(log, "error") != '\0')
		add(findings, "daemon-log", "make room, or set log_file to where there is some",
			"the log %.80s can't be written: %.60s", answer_text(log, "file"),
			answer_text(log, "error"));
	else if (lost > 0)
		add(findings, "daemon-log",
			"set log_fold_s to more, or look for a flood with `podgate watch`",
			"%.0f records of the log were lost", lost);
	else
		add(findings, "daemon-log", NULL, "no record of its log was lost");
}

static void examine_manifests(struct findings *findings, const cJSON *manifests)
{
	const double errors = answer_number(manifests, "errors");

	if (errors == 0)
		add(findings, "daemon-manifests", NULL, "its manifests are without errors");
	else
		add(findings, "daemon-manifests", "`podgate check` says where",
			"its manifests have %.0f error%s", errors, errors == 1 ? "" : "s");
}

static void examine_addresses(struct findings *findings, const cJSON *addresses)
{
	const double odd = answer_number(addresses, "odd");

	if (odd > 0)
		add(findings, "daemon-addresses",
			"`podgate status` names them, and where they stand",
			"%.0f claim%s of pods to an address that others have, or that no pod can "
			"get",
			odd, odd == 1 ? "" : "s");
}

/* Who reads the settings believes that they are in force. */
static void examine_source(
	struct findings *findings, const cJSON *status, const struct settings *settings)
{
	char note[DAEMON_MANIFESTS_NOTE];

	if (!daemon_manifests_agree(status, settings, note))
		add(findings, "daemon-source",
			"name the settings of the daemon with --config, or restart it with these",
			"%.250s", note);
}

static void examine_files(struct findings *findings, const struct settings *settings, pid_t pid)
{
	const unsigned long needed = host_files_needed(settings);
	struct rlimit limit;

	if (pid <= 0 || prlimit(pid, RLIMIT_NOFILE, NULL, &limit) != 0 ||
		limit.rlim_cur == RLIM_INFINITY)
		return;
	if (limit.rlim_cur >= needed)
		add(findings, "daemon-files", NULL, "it may open %lu files",
			(unsigned long)limit.rlim_cur);
	else
		add(findings, "daemon-files", "set LimitNOFILE=1024 in its unit, and start it anew",
			"it may open only %lu files, and may need %lu",
			(unsigned long)limit.rlim_cur, needed);
}

size_t doctor_daemon_examine(
	const cJSON *status, const struct settings *settings, struct host_finding *items)
{
	struct findings findings = {.items = items};

	examine_mode(&findings, status);
	examine_problems(&findings, status);
	examine_privilege(&findings, answer_get(status, "privilege"));
	examine_rules(&findings, answer_get(status, "rules"));
	examine_queues(&findings, status);
	examine_log(&findings, answer_get(status, "log"));
	examine_manifests(&findings, answer_get(status, "manifests"));
	examine_addresses(&findings, answer_get(status, "addresses"));
	examine_source(&findings, status, settings);
	examine_files(&findings, settings, (pid_t)answer_number(status, "pid"));
	return findings.count;
}

size_t doctor_daemon_ask(
	const char *socket_path, const struct settings *settings, struct host_finding *items)
{
	struct findings findings = {.items = items};
	char problem[PROBLEM_SIZE];
	cJSON *status;
	const int err = client_ask(socket_path, "status", 0, &status, problem);

	if (err == 0) {
		findings.count = doctor_daemon_examine(status, settings, items);
		cJSON_Delete(status);
	} else if (err == -ENOENT || err == -ECONNREFUSED) {
		add(&findings, "daemon", NULL,
			"no podgate runs at %.150s: only the machine was looked at", socket_path);
	} else {
		add(&findings, "daemon",
			"run `podgate doctor` as root; see whether the daemon is alive",
			"the daemon was not asked: %.200s", problem);
	}
	return findings.count;
}

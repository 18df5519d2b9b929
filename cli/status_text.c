/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/status_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/output.h"

static const char *text(const cJSON *object, const char *field)
{
	return cJSON_IsString(answer_get(object, field)) ? answer_text(object, field) : "?";
}

/* The name of a line, in the first of two columns. */
static void begin(enum output_color color, const char *name)
{
	printf("%s%s%s%*s ", output_color(color), name, output_color(COLOR_NONE),
		strlen(name) < 11 ? 11 - (int)strlen(name) : 0, "");
}

/* In a colour where it is not as it should be. */
static void mark(enum output_color color, const char *words)
{
	printf("%s%s%s", output_color(color), words, output_color(COLOR_NONE));
}

/* The texts of a list, with `between` before each but the first. */
static void print_list(const cJSON *list, const char *between)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) {
		fputs(item != list->child ? between : "", stdout);
		output_text(stdout, cJSON_IsString(item) ? item->valuestring : "?");
	}
}

static void print_head(const cJSON *status)
{
	const bool audit = strcmp(text(status, "mode"), "audit") == 0;
	const cJSON *problem, *problems = answer_get(status, "problems");
	const unsigned long s = (unsigned long)answer_number(status, "uptime_s");

	if (answer_true(status, "idle"))
		mark(COLOR_RED, "ENFORCING NOTHING");
	else if (audit)
		mark(COLOR_YELLOW, "AUDIT: nothing is denied, what would be is logged");
	else
		mark(COLOR_GREEN, "ENFORCING");
	printf("  podgate %s, pid %.0f, ", text(status, "version"), answer_number(status, "pid"));
	if (s >= 86400)
		printf("up %lu d %lu h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		printf("up %lu h %lu min", s / 3600, s / 60 % 60);
	else
		printf("up %lu min %lu s", s / 60, s % 60);
	printf(", %.1f MiB", answer_number(status, "rss_kib") / 1024);
	if (answer_get(answer_get(status, "memory"), "peak_kib") != NULL)
		printf(" (%.1f at most)",
			answer_number(answer_get(status, "memory"), "peak_kib") / 1024);
	printf("\n");
	/* A daemon of an older version has one problem at most. */
	if (problems == NULL && answer_get(status, "problem") != NULL) {
		begin(COLOR_RED, "PROBLEM");
		output_text(stdout, text(status, "problem"));
		putchar('\n');
	}
	cJSON_ArrayForEach(problem, problems) {
		begin(COLOR_RED, "PROBLEM");
		output_text(stdout, cJSON_IsString(problem) ? problem->valuestring : "?");
		putchar('\n');
	}
}

static void print_policies(const cJSON *status)
{
	static const char *const kinds[] = {"namespaces", "pods", "policies"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const cJSON *names = answer_get(answer_get(status, "audited"), kinds[i]);

		if (cJSON_GetArraySize(names) == 0)
			continue;
		begin(COLOR_YELLOW, "AUDITED");
		printf("%s ", kinds[i]);
		print_list(names, ", ");
		printf(": logged, not denied\n");
	}
	begin(COLOR_NONE, "policies");
	printf("%.0f for %.0f pods, %.0f addresses isolated; revision %.0f%s\n",
		answer_number(status, "policies"), answer_number(status, "pods"),
		answer_number(status, "isolated"), answer_number(status, "revision"),
		answer_true(status, "pending") ? ", a change is on its way" : "");
}

static void print_manifests(const cJSON *manifests)
{
	const double broken = answer_number(manifests, "broken_files"),
		     findings = answer_number(manifests, "findings"),
		     kept = answer_number(manifests, "kept_objects"),
		     emptied = answer_number(manifests, "emptied_files"),
		     written = answer_number(manifests, "being_written");
	const cJSON *kind, *kinds = answer_get(manifests, "not_enforced");

	begin(COLOR_NONE, "manifests");
	printf("%.0f files", answer_number(manifests, "files"));
	if (cJSON_GetArraySize(answer_get(manifests, "paths")) > 0)
		printf(" in ");
	print_list(answer_get(manifests, "paths"), ", ");
	if (written > 0)
		printf(", %.0f being written (the last version stays in force)", written);
	if (broken > 0)
		printf(", %s%.0f broken%s", output_color(COLOR_RED), broken,
			output_color(COLOR_NONE));
	if (broken + emptied > 0 && kept > 0)
		printf(" (%.0f objects of their last good version stay in force)", kept);
	if (findings > 0)
		printf(", %.0f findings (%.0f errors): see podgate check", findings,
			answer_number(manifests, "errors"));
	printf("\n");
	if (cJSON_GetArraySize(kinds) == 0)
		return;
	begin(COLOR_YELLOW, "NOT ENFORCED");
	cJSON_ArrayForEach(kind, kinds)
		printf("%s%.0f %s (%s)", kind != kinds->child ? ", " : "",
			answer_number(kind, "count"), text(kind, "kind"), text(kind, "group"));
	printf(": only NetworkPolicy of networking.k8s.io is\n");
}

static void print_addresses(const cJSON *addresses)
{
	const cJSON *diag, *told = answer_get(addresses, "told");
	const double more = answer_number(addresses, "odd") - cJSON_GetArraySize(told);

	cJSON_ArrayForEach(diag, told) {
		begin(COLOR_YELLOW, "ADDRESS");
		printf("%s:%.0f: %s\n", text(diag, "file"), answer_number(diag, "line"),
			text(diag, "text"));
	}
	if (more > 0) {
		begin(COLOR_YELLOW, "ADDRESS");
		printf("and %.0f more\n", more);
	}
}

static void print_recalled(const cJSON *manifests)
{
	const double recalled = answer_number(manifests, "recalled_objects");

	if (recalled == 0)
		return;
	begin(COLOR_NONE, "state");
	printf("%.0f object%s in force as %s were before podgate started: the log says which\n",
		recalled, recalled == 1 ? " is" : "s are", recalled == 1 ? "it" : "they");
}

/* What podgate has in the kernel, and what holds where it can't judge. */
static void print_rules(const cJSON *status)
{
	const cJSON *rules = answer_get(status, "rules"), *sets = answer_get(rules, "sets"),
		    *bridges = answer_get(status, "bridges"),
		    *modes = answer_get(status, "fail_modes");
	const char *bridged = text(bridges, "state");
	const double rate = answer_number(rules, "flood_rate"),
		     mended = answer_number(bridges, "mended");

	begin(COLOR_NONE, "rules");
	printf("%s, ", text(rules, "backend"));
	if (answer_true(rules, "intact"))
		printf("intact");
	else
		mark(COLOR_RED, "NOT INTACT");
	printf(", repaired %.0f times; in sets: %.0f IPv4", answer_number(rules, "repairs"),
		answer_number(sets, "ipv4"));
	if (answer_true(rules, "ipv6"))
		printf(", %.0f IPv6", answer_number(sets, "ipv6"));
	printf("\n");
	begin(COLOR_NONE, "floods");
	if (rate > 0)
		printf("a source's new flows beyond %.0f/s wait in a queue of their own\n", rate);
	else
		printf("wait with all other flows: one source can delay the others\n");
	if (strcmp(bridged, "none") != 0 || mended > 0) {
		begin(COLOR_NONE, "bridges");
		if (strcmp(bridged, "hidden") == 0)
			mark(COLOR_RED, "BRIDGED TRAFFIC BYPASSES THE RULES");
		else if (strcmp(bridged, "shown") == 0)
			printf("bridged traffic goes through the rules");
		else
			printf("%s", bridged);
		printf(" (bridge: %s), repaired %.0f times\n", text(bridges, "setting"), mended);
	}
	begin(COLOR_NONE, "fails");
	printf("daemon away: %s, queue full: %s, unreadable packet: %s\n",
		text(modes, "daemon_away"), text(modes, "queue_full"), text(modes, "unreadable"));
}

/* From the file on disk to the last live flow: what a change of policies takes to be in force. */
static void print_publish(const cJSON *publish)
{
	const cJSON *worst = answer_get(publish, "worst");

	begin(COLOR_NONE, "changes");
	printf("%.0f enforced, %.0f tries failed\n", answer_number(publish, "changes"),
		answer_number(publish, "failures"));
	if (answer_get(publish, "total_ms") == NULL)
		return;
	begin(COLOR_NONE, "the last");
	printf("seen on disk, read %.1f ms later (%s);\n", answer_number(publish, "read_ms"),
		text(publish, "seen"));
	printf("            from then new flows judged by it after %.1f ms, live flows cut after "
	       "%.1f ms\n",
		answer_number(publish, "judged_ms"), answer_number(publish, "total_ms"));
	printf("            (waited %.1f, compiled %.1f, published %.1f, swept %.1f)",
		answer_number(publish, "wait_ms"), answer_number(publish, "compile_ms"),
		answer_number(publish, "publish_ms"), answer_number(publish, "sweep_ms"));
	if (worst != NULL)
		printf("; the slowest %.1f and %.1f ms", answer_number(worst, "judged_ms"),
			answer_number(worst, "total_ms"));
	printf("\n");
}

static void print_flows(const cJSON *sweep, const cJSON *classes)
{
	const cJSON *allowed = answer_get(classes, "allowed"),
		    *denied = answer_get(classes, "denied");

	begin(COLOR_NONE, "sweeps");
	printf("%.0f, %.0f flows cut since the start; ", answer_number(sweep, "sweeps"),
		answer_number(sweep, "revoked_total"));
	printf("the last: %.0f seen, %.0f judged, %.0f cut in %.1f ms\n",
		answer_number(sweep, "seen"), answer_number(sweep, "judged"),
		answer_number(sweep, "revoked"), answer_number(sweep, "ms"));
	begin(COLOR_NONE, "classes");
	if (answer_true(classes, "learning"))
		printf("%.0f allowed, %.0f denied learned since the last change; forgotten %.0f "
		       "times\n",
			answer_number(allowed, "ipv4") + answer_number(allowed, "ipv6"),
			answer_number(denied, "ipv4") + answer_number(denied, "ipv6"),
			answer_number(classes, "emptied"));
	else
		printf("not learned: each flow is judged by itself\n");
}

static void print_log(const cJSON *log)
{
	const double lost = answer_number(log, "lost");

	begin(COLOR_NONE, "log");
	printf("%s: %.0f lines, %s%.0f records lost%s", text(log, "file"),
		answer_number(log, "lines"), output_color(lost > 0 ? COLOR_RED : COLOR_NONE), lost,
		output_color(COLOR_NONE));
	if (answer_get(log, "error") != NULL)
		printf("; can't write: %s", text(log, "error"));
	printf("\n");
}

static void print_privilege(const cJSON *privilege)
{
	const char *seccomp = text(privilege, "seccomp");

	if (privilege == NULL)
		return; /* a daemon of an older version */
	begin(COLOR_NONE, "privilege");
	printf("user %s, ", text(privilege, "user"));
	if (!answer_true(privilege, "dropped")) {
		mark(COLOR_RED, "ALL PRIVILEGES KEPT");
		printf(" (privileges: keep)\n");
		return;
	}
	print_list(answer_get(privilege, "capabilities"), ", ");
	if (cJSON_GetArraySize(answer_get(privilege, "capabilities")) > 0)
		printf(", ");
	printf("seccomp ");
	mark(strcmp(seccomp, "on") == 0 ? COLOR_NONE : COLOR_YELLOW, seccomp);
	printf("\n");
}

/* Nothing, when podgate bound all queues itself. */
static void print_inherited(const cJSON *inherited)
{
	if (answer_number(inherited, "queues") == 0)
		return;
	begin(COLOR_NONE, "inherited");
	printf("%.0f queues from ", answer_number(inherited, "queues"));
	if (answer_number(inherited, "pid") > 0)
		printf("pid %.0f", answer_number(inherited, "pid"));
	else
		printf("the %s", text(inherited, "from"));
	printf(", %.0f packets sent through the rules again\n",
		answer_number(inherited, "repeated"));
}

static void print_queues(const cJSON *queues)
{
	const cJSON *queue;

	mark(COLOR_DIM,
		"queue           packets    allowed     denied    audited unreadable  waiting  "
		"dropped   lost errors");
	printf("\n");
	cJSON_ArrayForEach(queue, queues)
		printf("%5.0f%-7s %10.0f %10.0f %10.0f %10.0f %10.0f %8.0f %8.0f %6.0f %6.0f\n",
			answer_number(queue, "queue"),
			answer_true(queue, "reply")	      ? " reply"
				: answer_true(queue, "flood") ? " flood"
							      : "",
			answer_number(queue, "packets"), answer_number(queue, "allowed"),
			answer_number(queue, "denied"), answer_number(queue, "audited"),
			answer_number(queue, "unreadable"), answer_number(queue, "waiting"),
			answer_number(queue, "kernel_dropped") +
				answer_number(queue, "user_dropped"),
			answer_number(queue, "records_lost"), answer_number(queue, "errors"));
}

void status_text_print(const cJSON *status)
{
	print_head(status);
	print_policies(status);
	print_manifests(answer_get(status, "manifests"));
	print_addresses(answer_get(status, "addresses"));
	print_recalled(answer_get(status, "manifests"));
	print_rules(status);
	print_publish(answer_get(status, "publish"));
	print_flows(answer_get(status, "sweep"), answer_get(status, "classes"));
	print_log(answer_get(status, "log"));
	print_privilege(answer_get(status, "privilege"));
	print_inherited(answer_get(status, "inherited"));
	print_queues(answer_get(status, "queues"));
}

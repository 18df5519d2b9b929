/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/status_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"

static const cJSON *get(const cJSON *object, const char *field)
{
	return cJSON_GetObjectItemCaseSensitive(object, field);
}

static double number(const cJSON *object, const char *field)
{
	const cJSON *value = get(object, field);

	return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static const char *text(const cJSON *object, const char *field)
{
	const cJSON *value = get(object, field);

	return cJSON_IsString(value) ? value->valuestring : "?";
}

static void print_uptime(double seconds)
{
	const unsigned long s = (unsigned long)seconds;

	if (s >= 86400)
		printf("up %lu d %lu h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		printf("up %lu h %lu min", s / 3600, s / 60 % 60);
	else
		printf("up %lu min %lu s", s / 60, s % 60);
}

static void print_problem(const cJSON *problem)
{
	printf("%sPROBLEM%s     ", output_color(COLOR_RED), output_color(COLOR_NONE));
	output_text(stdout, cJSON_IsString(problem) ? problem->valuestring : "?");
	putchar('\n');
}

/* A daemon of an older version has one at most. */
static void print_problems(const cJSON *status)
{
	const cJSON *problem, *problems = get(status, "problems");

	if (problems == NULL && get(status, "problem") != NULL)
		print_problem(get(status, "problem"));
	cJSON_ArrayForEach(problem, problems)
		print_problem(problem);
}

static void print_head(const cJSON *status)
{
	const bool audit = strcmp(text(status, "mode"), "audit") == 0,
		   idle = cJSON_IsTrue(get(status, "idle"));

	printf("%s%s%s  podgate %s, pid %.0f, ",
		output_color(idle	? COLOR_RED
				: audit ? COLOR_YELLOW
					: COLOR_GREEN),
		idle		? "ENFORCING NOTHING"
			: audit ? "AUDIT: nothing is denied, what would be is logged"
				: "ENFORCING",
		output_color(COLOR_NONE), text(status, "version"), number(status, "pid"));
	print_uptime(number(status, "uptime_s"));
	printf(", %.1f MiB", number(status, "rss_kib") / 1024);
	if (get(get(status, "memory"), "peak_kib") != NULL)
		printf(" (%.1f at most)", number(get(status, "memory"), "peak_kib") / 1024);
	printf("\n");
	print_problems(status);
}

static void print_names(const char *kind, const cJSON *names)
{
	const cJSON *name;
	bool first = true;

	if (cJSON_GetArraySize(names) == 0)
		return;
	printf("%sAUDITED%s     %s ", output_color(COLOR_YELLOW), output_color(COLOR_NONE), kind);
	cJSON_ArrayForEach(name, names) {
		printf("%s%s", first ? "" : ", ", cJSON_IsString(name) ? name->valuestring : "?");
		first = false;
	}
	printf(": logged, not denied\n");
}

static void print_policies(const cJSON *status)
{
	const cJSON *audited = get(status, "audited");

	print_names("namespaces", get(audited, "namespaces"));
	print_names("pods", get(audited, "pods"));
	print_names("policies", get(audited, "policies"));
	printf("policies    %.0f for %.0f pods, %.0f addresses isolated; revision %.0f%s\n",
		number(status, "policies"), number(status, "pods"), number(status, "isolated"),
		number(status, "revision"),
		cJSON_IsTrue(get(status, "pending")) ? ", a change is on its way" : "");
}

static void print_paths(const cJSON *paths)
{
	const cJSON *path;

	cJSON_ArrayForEach(path, paths) {
		fputs(path == paths->child ? " in " : ", ", stdout);
		output_text(stdout, cJSON_IsString(path) ? path->valuestring : "?");
	}
}

static void print_manifests(const cJSON *manifests)
{
	const double broken = number(manifests, "broken_files"),
		     findings = number(manifests, "findings"),
		     kept = number(manifests, "kept_objects"),
		     emptied = number(manifests, "emptied_files"),
		     written = number(manifests, "being_written");

	printf("manifests   %.0f files", number(manifests, "files"));
	print_paths(get(manifests, "paths"));
	if (written > 0)
		printf(", %.0f being written (the last version stays in force)", written);
	if (broken > 0)
		printf(", %s%.0f broken%s", output_color(COLOR_RED), broken,
			output_color(COLOR_NONE));
	if (broken + emptied > 0 && kept > 0)
		printf(" (%.0f objects of their last good version stay in force)", kept);
	if (findings > 0)
		printf(", %.0f findings (%.0f errors): see podgate check", findings,
			number(manifests, "errors"));
	printf("\n");
}

static void print_not_enforced(const cJSON *kinds)
{
	const cJSON *kind;
	bool first = true;

	if (cJSON_GetArraySize(kinds) == 0)
		return;
	printf("%sNOT ENFORCED%s ", output_color(COLOR_YELLOW), output_color(COLOR_NONE));
	cJSON_ArrayForEach(kind, kinds) {
		printf("%s%.0f %s (%s)", first ? "" : ", ", number(kind, "count"),
			text(kind, "kind"), text(kind, "group"));
		first = false;
	}
	printf(": only NetworkPolicy of networking.k8s.io is\n");
}

static void print_addresses(const cJSON *addresses)
{
	const cJSON *diag, *told = get(addresses, "told");
	const double more = number(addresses, "odd") - cJSON_GetArraySize(told);

	cJSON_ArrayForEach(diag, told)
		printf("%sADDRESS%s     %s:%.0f: %s\n", output_color(COLOR_YELLOW),
			output_color(COLOR_NONE), text(diag, "file"), number(diag, "line"),
			text(diag, "text"));
	if (more > 0)
		printf("%sADDRESS%s     and %.0f more\n", output_color(COLOR_YELLOW),
			output_color(COLOR_NONE), more);
}

static void print_recalled(const cJSON *manifests)
{
	const double recalled = number(manifests, "recalled_objects");

	if (recalled > 0)
		printf("state       %.0f object%s in force as %s were before podgate started: the "
		       "log says which\n",
			recalled, recalled == 1 ? " is" : "s are", recalled == 1 ? "it" : "they");
}

static void print_rules(const cJSON *rules)
{
	const cJSON *sets = get(rules, "sets");
	const bool intact = cJSON_IsTrue(get(rules, "intact")),
		   ipv6 = cJSON_IsTrue(get(rules, "ipv6"));

	printf("rules       %s, %s%s%s, repaired %.0f times; in sets: %.0f IPv4",
		text(rules, "backend"), output_color(intact ? COLOR_NONE : COLOR_RED),
		intact ? "intact" : "NOT INTACT", output_color(COLOR_NONE),
		number(rules, "repairs"), number(sets, "ipv4"));
	if (ipv6)
		printf(", %.0f IPv6", number(sets, "ipv6"));
	printf("\n");
}

static void print_floods(const cJSON *rules)
{
	const double rate = number(rules, "flood_rate");

	if (rate > 0)
		printf("floods      what a source begins beyond %.0f new flows/s waits apart\n",
			rate);
	else
		printf("floods      do not wait apart: one source can delay the others\n");
}

static void print_bridges(const cJSON *bridges)
{
	const char *state = text(bridges, "state");
	const double mended = number(bridges, "mended");

	if (strcmp(state, "none") == 0 && mended == 0)
		return;
	if (strcmp(state, "hidden") == 0)
		printf("bridges     %sWHAT THEY FORWARD PASSES THE RULES BY%s",
			output_color(COLOR_RED), output_color(COLOR_NONE));
	else if (strcmp(state, "shown") == 0)
		printf("bridges     what they forward passes the rules");
	else
		printf("bridges     %s", state);
	printf(" (bridge: %s), mended %.0f times\n", text(bridges, "setting"), mended);
}

static void print_fail_modes(const cJSON *modes)
{
	printf("fails       daemon away: %s, queue full: %s, unreadable packet: %s\n",
		text(modes, "daemon_away"), text(modes, "queue_full"), text(modes, "unreadable"));
}

/* From the file on disk to the last live flow: what a change of policies takes to be in force. */
static void print_publish(const cJSON *publish)
{
	const cJSON *worst = get(publish, "worst");

	printf("changes     %.0f enforced, %.0f tries failed\n", number(publish, "changes"),
		number(publish, "failures"));
	if (get(publish, "total_ms") == NULL)
		return;
	printf("the last    seen on disk, read %.1f ms later (%s);\n", number(publish, "read_ms"),
		text(publish, "seen"));
	printf("            from then new flows judged by it after %.1f ms, live flows cut after "
	       "%.1f ms\n",
		number(publish, "judged_ms"), number(publish, "total_ms"));
	printf("            (waited %.1f, compiled %.1f, published %.1f, swept %.1f)",
		number(publish, "wait_ms"), number(publish, "compile_ms"),
		number(publish, "publish_ms"), number(publish, "sweep_ms"));
	if (worst != NULL)
		printf("; the slowest %.1f and %.1f ms", number(worst, "judged_ms"),
			number(worst, "total_ms"));
	printf("\n");
}

static void print_sweep(const cJSON *sweep)
{
	printf("sweeps      %.0f, %.0f flows cut since the start; ", number(sweep, "sweeps"),
		number(sweep, "revoked_total"));
	printf("the last: %.0f seen, %.0f judged, %.0f cut in %.1f ms\n", number(sweep, "seen"),
		number(sweep, "judged"), number(sweep, "revoked"), number(sweep, "ms"));
}

static void print_classes(const cJSON *classes)
{
	const cJSON *allowed = get(classes, "allowed"), *denied = get(classes, "denied");

	printf("classes     ");
	if (!cJSON_IsTrue(get(classes, "learning"))) {
		printf("not learned: each flow is judged by itself\n");
		return;
	}
	printf("%.0f allowed, %.0f denied learned since the last change; forgotten %.0f times\n",
		number(allowed, "ipv4") + number(allowed, "ipv6"),
		number(denied, "ipv4") + number(denied, "ipv6"), number(classes, "emptied"));
}

static void print_log(const cJSON *log)
{
	const double lost = number(log, "lost");

	printf("log         %s: %.0f lines, %s%.0f records lost%s", text(log, "file"),
		number(log, "lines"), output_color(lost > 0 ? COLOR_RED : COLOR_NONE), lost,
		output_color(COLOR_NONE));
	if (get(log, "error") != NULL)
		printf("; can't write: %s", text(log, "error"));
	printf("\n");
}

static void print_privilege(const cJSON *privilege)
{
	const cJSON *capability;

	if (privilege == NULL)
		return; /* of a daemon that tells nothing of it */
	printf("privilege   user %s, ", text(privilege, "user"));
	if (!cJSON_IsTrue(get(privilege, "dropped"))) {
		printf("%sALL PRIVILEGES KEPT%s (privileges: keep)\n", output_color(COLOR_RED),
			output_color(COLOR_NONE));
		return;
	}
	cJSON_ArrayForEach(capability, get(privilege, "capabilities"))
		printf("%s, ", cJSON_IsString(capability) ? capability->valuestring : "?");
	printf("seccomp %s%s%s\n",
		output_color(
			strcmp(text(privilege, "seccomp"), "on") == 0 ? COLOR_NONE : COLOR_YELLOW),
		text(privilege, "seccomp"), output_color(COLOR_NONE));
}

static void print_queue(const cJSON *queue)
{
	const char *role = cJSON_IsTrue(get(queue, "reply")) ? " reply"
		: cJSON_IsTrue(get(queue, "flood"))	     ? " flood"
							     : "";

	printf("%5.0f%-7s %10.0f %10.0f %10.0f %10.0f %10.0f %8.0f %8.0f %6.0f %6.0f\n",
		number(queue, "queue"), role, number(queue, "packets"), number(queue, "allowed"),
		number(queue, "denied"), number(queue, "audited"), number(queue, "unreadable"),
		number(queue, "waiting"),
		number(queue, "kernel_dropped") + number(queue, "user_dropped"),
		number(queue, "records_lost"), number(queue, "errors"));
}

/* Nothing, when they were bound anew. */
static void print_inherited(const cJSON *inherited)
{
	if (number(inherited, "queues") == 0)
		return;
	printf("inherited   %.0f queues from ", number(inherited, "queues"));
	if (number(inherited, "pid") > 0)
		printf("pid %.0f", number(inherited, "pid"));
	else
		printf("the %s", text(inherited, "from"));
	printf(", %.0f packets sent through the rules again\n", number(inherited, "repeated"));
}

void status_text_print(const cJSON *status)
{
	const cJSON *queue;

	print_head(status);
	print_policies(status);
	print_manifests(get(status, "manifests"));
	print_not_enforced(get(get(status, "manifests"), "not_enforced"));
	print_addresses(get(status, "addresses"));
	print_recalled(get(status, "manifests"));
	print_rules(get(status, "rules"));
	print_floods(get(status, "rules"));
	print_bridges(get(status, "bridges"));
	print_fail_modes(get(status, "fail_modes"));
	print_publish(get(status, "publish"));
	print_sweep(get(status, "sweep"));
	print_classes(get(status, "classes"));
	print_log(get(status, "log"));
	print_privilege(get(status, "privilege"));
	print_inherited(get(status, "inherited"));
	printf("%squeue           packets    allowed     denied    audited unreadable  waiting  "
	       "dropped   lost errors%s\n",
		output_color(COLOR_DIM), output_color(COLOR_NONE));
	cJSON_ArrayForEach(queue, get(status, "queues"))
		print_queue(queue);
}

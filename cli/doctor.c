/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command_options.h"
#include "cli/settings_file.h"
#include "enforcer/host.h"

static const char usage[] =
	"usage: podgate doctor [-o text|json] [--config FILE]\n\n"
	"Whether this host has what podgate needs: privilege, iptables, kernel features, free marks and "
	"queues,\n"
	"bridges that show their packets; and what the running podgate holds. Changes nothing.\n\n"
	"  -o FORMAT       text (the default) or json\n"
	"  --config FILE   the settings to check for; default " SETTINGS_FILE_DEFAULT "\n\n"
	"Exit code: 0 all is well; 1 something should be mended; 2 the check itself could not be done.\n";

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {SHARED_LONG_OPTIONS, {0}};
	const int err = command_options_read(options, argc, argv, SHARED_SHORT_OPTIONS, table);

	return err != 0 ? err : command_options_end(argc, argv);
}

static void print_text(const struct host_finding *findings, size_t count)
{
	static const enum output_color colors[] = {
		[HOST_OK] = COLOR_GREEN, [HOST_WARNING] = COLOR_YELLOW, [HOST_FAILED] = COLOR_RED};

	for (size_t i = 0; i < count; i++) {
		const struct host_finding *finding = &findings[i];

		printf("%s%-8s%s %-18s %s\n", output_color(colors[finding->state]),
			host_state_name(finding->state), output_color(COLOR_NONE), finding->check,
			finding->found);
		if (finding->remedy[0] != '\0')
			printf("%-27s %sremedy:%s %s\n", "", output_color(COLOR_BOLD),
				output_color(COLOR_NONE), finding->remedy);
	}
}

static cJSON *finding_json(const struct host_finding *finding)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "check", finding->check);
	cJSON_AddStringToObject(json, "state", host_state_name(finding->state));
	cJSON_AddStringToObject(json, "found", finding->found);
	cJSON_AddStringToObject(json, "remedy", finding->remedy);
	return json;
}

static void print_json(const struct host_finding *findings, size_t count, const size_t totals[3])
{
	cJSON *json = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(json, "checks");

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(list, finding_json(&findings[i]));
	for (enum host_state state = HOST_OK; state <= HOST_FAILED; state++)
		cJSON_AddNumberToObject(json, host_state_name(state), (double)totals[state]);
	output_json(json);
	cJSON_Delete(json);
}

static const char *text_of(const cJSON *object, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(value) ? value->valuestring : "unknown";
}

/* What the running podgate holds, by its own word, which it has from the kernel. */
static void judge_privilege(const cJSON *privilege, struct host_finding *out)
{
	const char *user = text_of(privilege, "user"), *seccomp = text_of(privilege, "seccomp");
	const bool dropped = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(privilege, "dropped"));

	*out = (struct host_finding){.check = "privilege", .state = HOST_WARNING};
	snprintf(out->found, sizeof(out->found), "the running podgate is user %.64s%s, seccomp %.16s", user,
		dropped ? ", with CAP_NET_ADMIN alone" : " with all rights that it was started with", seccomp);
	if (!dropped)
		snprintf(out->remedy, sizeof(out->remedy), "set `privileges: drop` when you have found what you look for");
	else if (strcmp(seccomp, "unavailable") == 0)
		snprintf(out->remedy, sizeof(out->remedy), "use a kernel with CONFIG_SECCOMP_FILTER");
	else if (strcmp(seccomp, "on") != 0)
		snprintf(out->remedy, sizeof(out->remedy), "set `seccomp: on` when you have found what you look for");
	else
		out->state = HOST_OK;
}

/* Asks the daemon, if there is one. Returns how many findings were added. */
static size_t check_daemon(const struct settings *settings, struct host_finding *out)
{
	char problem[CLIENT_PROBLEM];
	cJSON *request = cJSON_CreateObject(), *status = NULL;
	const cJSON *privilege = NULL;

	if (cJSON_AddStringToObject(request, "command", "status") != NULL &&
		client_request(settings->control_socket, request, &status, problem) == 0)
		privilege = cJSON_GetObjectItemCaseSensitive(status, "privilege");
	if (privilege != NULL)
		judge_privilege(privilege, out);
	cJSON_Delete(status);
	cJSON_Delete(request);
	return privilege != NULL;
}

static int examine(struct command_options *options)
{
	struct host_finding findings[HOST_FINDINGS_MOST + 1];
	struct settings settings;
	size_t count, totals[3] = {0};

	if (settings_file_load(&settings, options->config, options->arena) != 0)
		return EXIT_PROBLEM;
	count = host_check(&settings, findings);
	count += check_daemon(&settings, &findings[count]);
	for (size_t i = 0; i < count; i++)
		totals[findings[i].state]++;
	if (options->format == OUTPUT_JSON) {
		print_json(findings, count, totals);
	} else {
		print_text(findings, count);
		printf("%zu ok, %zu warning%s, %zu failed\n", totals[HOST_OK], totals[HOST_WARNING],
			totals[HOST_WARNING] == 1 ? "" : "s", totals[HOST_FAILED]);
	}
	return totals[HOST_OK] == count ? EXIT_OK : EXIT_FINDINGS;
}

int command_doctor(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, examine};

	return command_options_run(&self, NULL, argc, argv);
}

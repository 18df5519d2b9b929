/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command_options.h"
#include "cli/offline.h"
#include "policy/lint/lint.h"

static const char usage[] = "usage: podgate check [PATH]...\n\n"
			    "Finds mistakes in manifests: what can't be read, what the API server "
			    "would refuse, and what is valid and yet\n"
			    "hardly meant. Each as FILE:LINE:COLUMN: SEVERITY: TEXT, with a hint "
			    "at what would mend it. Without a PATH the\n"
			    "manifests of the settings are checked.\n\n" SOURCE_USAGE
			    "      --config FILE   the settings file\n"
			    "\nExit code: 0 nothing found; 1 errors or warnings found; 2 something "
			    "could not be read.\n";

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {SOURCE_LONG_OPTIONS, {0}};

	if (command_options_read(
		    options, argc, argv, SOURCE_SHORT_OPTIONS, table, command_options_take) != 0)
		return -EINVAL;
	while (optind < argc)
		command_options_add_path(options, argv[optind++]);
	return options->path_count > 0 || options->help ? 0
							: command_options_default_paths(options);
}

/* What was checked. */
struct tally {
	size_t errors, warnings, files, objects;
	struct other_policies passed_over;
	bool unreadable;
};

/* Namespaces that exist only because something is in them were written nowhere. */
static size_t count_objects(const struct cluster *cluster)
{
	size_t count = cluster->pod_count + cluster->policy_count;

	for (size_t i = 0; i < cluster->namespace_count; i++)
		if (cluster->namespaces[i]->pos.line != 0)
			count++;
	return count;
}

static struct tally count_all(const struct offline *offline)
{
	const struct diag_list *findings = &offline->findings;
	struct tally tally = {
		.errors = findings->errors,
		.warnings = findings->count + findings->dropped - findings->errors,
		.files = store_stats(offline->store).files,
		.objects = count_objects(offline->cluster),
	};

	store_passed_over(offline->store, &tally.passed_over);
	for (size_t i = 0; i < findings->count; i++)
		tally.unreadable = tally.unreadable ||
			strcmp(findings->items[i].code, "unreadable") == 0;
	return tally;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* A folder in which nothing was found is mostly the wrong one, or its files have other endings. */
static void warn_of_nothing(struct diag_list *findings, const struct tally *tally, const char *path)
{
	const struct source_pos pos = {.file = path};

	if (tally->files == 0)
		diag_add(findings, DIAG_WARNING, pos, "no-manifests",
			"manifests are files that end in .yaml, .yml or .json, and are not hidden",
			"there is no manifest here");
	else if (tally->objects == 0 && tally->errors == 0)
		diag_add(findings, DIAG_WARNING, pos, "no-objects", NULL,
			"there is no Namespace, Pod or NetworkPolicy in these manifests");
}

static void print_text(const struct diag_list *findings, const struct tally *tally)
{
	char passed_over[OTHER_POLICIES_TEXT];

	for (size_t i = 0; i < findings->count; i++)
		output_diag(&findings->items[i]);
	if (findings->dropped > 0)
		printf("... and %zu more\n", findings->dropped);
	other_policies_format(&tally->passed_over, passed_over);
	if (passed_over[0] != '\0') {
		fputs("passed over: ", stdout);
		output_text(stdout, passed_over);
		putchar('\n');
	}
	printf("%zu error%s, %zu warning%s in %zu file%s, %zu object%s\n", tally->errors,
		plural(tally->errors), tally->warnings, plural(tally->warnings), tally->files,
		plural(tally->files), tally->objects, plural(tally->objects));
}

static bool add_findings(cJSON *to, const struct diag_list *findings)
{
	cJSON *list = cJSON_AddArrayToObject(to, "findings");

	for (size_t i = 0; i < findings->count; i++) {
		cJSON *item = output_diag_json(&findings->items[i]);

		if (list == NULL || item == NULL || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			return false;
		}
	}
	return list != NULL;
}

static bool add_passed_over(cJSON *to, const struct other_policies *kinds)
{
	cJSON *list = cJSON_AddArrayToObject(to, "passed_over");
	bool complete = list != NULL;

	for (size_t i = 0; i < kinds->count && complete; i++) {
		cJSON *item = cJSON_CreateObject();

		complete = cJSON_AddStringToObject(item, "kind", kinds->items[i].kind) != NULL &&
			cJSON_AddStringToObject(item, "group", kinds->items[i].group) != NULL &&
			cJSON_AddNumberToObject(item, "count", (double)kinds->items[i].count) !=
				NULL;
		if (!complete || !cJSON_AddItemToArray(list, item)) {
			cJSON_Delete(item);
			complete = false;
		}
	}
	return complete;
}

static int print_json(const struct diag_list *findings, const struct tally *tally)
{
	cJSON *object = cJSON_CreateObject();
	const bool complete = object != NULL && add_findings(object, findings) &&
		cJSON_AddNumberToObject(object, "dropped", (double)findings->dropped) != NULL &&
		cJSON_AddNumberToObject(object, "errors", (double)tally->errors) != NULL &&
		cJSON_AddNumberToObject(object, "warnings", (double)tally->warnings) != NULL &&
		cJSON_AddNumberToObject(object, "files", (double)tally->files) != NULL &&
		cJSON_AddNumberToObject(object, "objects", (double)tally->objects) != NULL &&
		add_passed_over(object, &tally->passed_over);

	if (complete)
		output_json(object);
	else
		output_problem("out of memory");
	cJSON_Delete(object);
	return complete ? 0 : -ENOMEM;
}

static int check(struct command_options *options)
{
	struct offline offline;
	struct tally tally;
	int err = 0;

	if (offline_open(&offline, options->paths, options->path_count, options->trust) != 0)
		return EXIT_PROBLEM;
	lint_snapshot(offline.snapshot, &offline.findings);
	diag_sort(&offline.findings);
	tally = count_all(&offline);
	warn_of_nothing(&offline.findings, &tally, options->paths[0]);
	tally.warnings = offline.findings.count + offline.findings.dropped -
		offline.findings.errors;
	if (options->format == OUTPUT_JSON)
		err = print_json(&offline.findings, &tally);
	else
		print_text(&offline.findings, &tally);
	offline_close(&offline);
	if (err != 0 || tally.unreadable)
		return EXIT_PROBLEM;
	return tally.errors + tally.warnings > 0 ? EXIT_FINDINGS : EXIT_OK;
}

int command_check(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, check};

	return command_options_run(&self, NULL, argc, argv);
}

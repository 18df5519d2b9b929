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
			    "manifests of the settings are checked.\n\n";
static const char more[] = "\nExit code: 0 nothing found; 1 errors or warnings found; 2 something "
			   "could not be read.\n";

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

static void write_finding(struct json_writer *to, const struct diag *diag)
{
	json_begin_object(to, NULL);
	json_text(to, "severity", diag_severity_name(diag->severity));
	json_text(to, "code", diag->code);
	json_text(to, "text", diag->text);
	if (diag->hint != NULL)
		json_text(to, "hint", diag->hint);
	if (diag->pos.file != NULL && *diag->pos.file != '\0') {
		json_text(to, "file", diag->pos.file);
		if (diag->pos.line != 0) {
			json_number(to, "line", diag->pos.line);
			json_number(to, "column", diag->pos.column);
		}
	}
	json_end_object(to);
}

static int print_json(const struct diag_list *findings, const struct tally *tally)
{
	const struct other_policies *kinds = &tally->passed_over;
	struct json_writer writer = {.text = NULL}, *to = &writer;

	json_begin_object(to, NULL);
	json_begin_array(to, "findings");
	for (size_t i = 0; i < findings->count; i++)
		write_finding(to, &findings->items[i]);
	json_end_array(to);
	json_number(to, "dropped", findings->dropped);
	json_number(to, "errors", tally->errors);
	json_number(to, "warnings", tally->warnings);
	json_number(to, "files", tally->files);
	json_number(to, "objects", tally->objects);
	json_begin_array(to, "passed_over");
	for (size_t i = 0; i < kinds->count; i++) {
		json_begin_object(to, NULL);
		json_text(to, "kind", kinds->items[i].kind);
		json_text(to, "group", kinds->items[i].group);
		json_number(to, "count", kinds->items[i].count);
		json_end_object(to);
	}
	json_end_array(to);
	json_end_object(to);
	return output_json_written(to);
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
	static const struct subcommand self = {
		.usage = usage,
		.more = more,
		.shared = TAKES_FILES | IGNORES_SOCKET | TAKES_CONFIG,
		.check = command_options_take_paths,
		.run = check,
	};

	return command_options_run(&self, NULL, argc, argv);
}

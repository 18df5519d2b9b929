/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/explain_text.h"
#include "cli/oracle.h"
#include "cli/test_table.h"

static const char usage[] =
	"usage: podgate test [-f PATH]... EXPECTED.tsv\n\n"
	"Holds a table of who should reach whom against the policies: for your own policies what "
	"unit tests are for code.\n"
	"Each mismatch is explained. Without -f the running daemon is asked.\n\n"
	"  EXPECTED.tsv        lines of SOURCE, DESTINATION, PROTOCOL, PORT and allow or deny, "
	"with tabs between;\n"
	"                      # begins a comment; - is standard input. A pod stands for its first "
	"address.\n"
	"                      A flow that passes only because of audit mode meets \"allow\" and "
	"\"audit-deny\".\n";
static const char more[] =
	"\nThe last line is \"N passed, M failed\". Exit code: 0 all passed; 1 some failed;\n"
	"2 a row, a manifest or a file is at fault.\n";

enum { ROWS_AT_ONCE = 1000 }; /* keeps a request well below what the daemon takes */

struct run {
	struct oracle oracle;
	const char *file;
	struct test_table table;
	enum output_format format;
	struct json_writer mismatches; /* of -o json */
	size_t passed, failed;
	bool faulty; /* a row could not be judged */
};

static int check(struct command_options *options)
{
	if (options->argument_count == 1)
		return 0;
	if (options->argument_count == 2)
		output_problem(
			"test takes one EXPECTED.tsv; manifests follow -f: podgate test -f %s %s",
			options->arguments[0], options->arguments[1]);
	else
		output_problem("test takes one EXPECTED.tsv; see podgate test --help");
	return -EINVAL;
}

/* Audit mode lets pass: what a client sees is "allow". */
static bool meets(const char *verdict, const char *expected)
{
	return strcmp(verdict, expected) == 0 ||
		(strcmp(verdict, "audit-deny") == 0 && strcmp(expected, "allow") == 0);
}

/* The row's destination as explain reads it. */
static const char *destination_of(const struct test_row *row, char *buffer, size_t size)
{
	const bool is_v6 = strchr(row->fields[1], ':') != NULL;
	const bool has_port = strcmp(row->fields[3], "-") != 0;

	snprintf(buffer, size, "%s%s%s%s%s/%s", is_v6 ? "[" : "", row->fields[1], is_v6 ? "]" : "",
		has_port ? ":" : "", has_port ? row->fields[3] : "", row->fields[2]);
	return buffer;
}

static void print_head(const struct run *run, const struct test_row *row, const char *severity)
{
	output_text(stdout, run->file);
	printf(":%u:1: %s: ", (unsigned int)row->line, severity);
	for (size_t i = 0; i < TEST_FIELDS; i++) {
		output_text(stdout, row->fields[i]);
		putchar(' ');
	}
}

/* One of `seen` and `error` is NULL; `flow` may be. */
static void write_mismatch(struct run *run, const struct test_row *row, const char *seen,
	const char *error, const cJSON *flow)
{
	static const char *const names[TEST_FIELDS] = {"source", "destination", "protocol", "port"};
	struct json_writer *to = &run->mismatches;

	json_begin_object(to, NULL);
	json_number(to, "line", row->line);
	json_text(to, "expected", row->expected);
	for (size_t i = 0; i < TEST_FIELDS; i++)
		json_text(to, names[i], row->fields[i]);
	if (seen != NULL)
		json_text(to, "seen", seen);
	if (error != NULL)
		json_text(to, "error", error);
	if (flow != NULL) {
		char *text = cJSON_PrintUnformatted(flow);

		if (text == NULL)
			to->err = -ENOMEM;
		else
			json_value(to, "flow", text, strlen(text));
		free(text);
	}
	json_end_object(to);
}

/*
 * The row's explanation, detached from its reply: the caller's. NULL when there is none, which was
 * said.
 */
static cJSON *explain_row(const struct run *run, const struct test_row *row)
{
	char destination[1024];
	const cJSON *flows;
	cJSON *reply, *flow;

	if (oracle_explain(&run->oracle, row->fields[0],
		    destination_of(row, destination, sizeof(destination)), &reply, &flows) != 0)
		return NULL;
	flow = cJSON_DetachItemFromArray((cJSON *)flows, 0);
	cJSON_Delete(reply);
	return flow;
}

static void report_mismatch(struct run *run, const struct test_row *row, const char *seen)
{
	cJSON *flow = explain_row(run, row);

	run->failed++;
	if (run->format == OUTPUT_JSON) {
		write_mismatch(run, row, seen, NULL, flow);
	} else {
		print_head(run, row, "mismatch");
		printf("is %s, expected %s\n", seen, row->expected);
		if (flow != NULL && output_clean_json(flow) == 0)
			explain_text_print(flow, NULL, "    ");
	}
	cJSON_Delete(flow);
}

static void report_fault(struct run *run, const struct test_row *row, const char *error)
{
	run->failed++;
	run->faulty = true;
	if (run->format == OUTPUT_JSON) {
		write_mismatch(run, row, NULL, error, NULL);
		return;
	}
	print_head(run, row, "error");
	output_text(stdout, error);
	putchar('\n');
}

static void take_answer(struct run *run, const struct test_row *row, const cJSON *answer)
{
	const cJSON *verdict = answer_get(answer, "verdict");
	const cJSON *error = answer_get(answer, "error");

	if (!cJSON_IsString(verdict))
		report_fault(run, row,
			cJSON_IsString(error) ? error->valuestring : "the daemon gave no verdict");
	else if (!meets(verdict->valuestring, row->expected))
		report_mismatch(run, row, verdict->valuestring);
	else
		run->passed++;
}

static cJSON *make_request(const struct test_row *rows, size_t count)
{
	cJSON *request = cJSON_CreateObject(), *list;

	list = cJSON_AddStringToObject(request, "command", "judge") != NULL
		? cJSON_AddArrayToObject(request, "rows")
		: NULL;
	for (size_t i = 0; i < count; i++) {
		cJSON *row = cJSON_CreateStringArray(rows[i].fields, TEST_FIELDS);

		if (list == NULL || row == NULL || !cJSON_AddItemToArray(list, row)) {
			cJSON_Delete(row);
			cJSON_Delete(request);
			return NULL;
		}
	}
	return request;
}

static int judge_rows(struct run *run, const struct test_row *rows, size_t count)
{
	cJSON *request = make_request(rows, count), *reply = NULL;
	const cJSON *answer;
	int err = request == NULL ? -ENOMEM : oracle_ask(&run->oracle, request, &reply);
	size_t i = 0;

	cJSON_ArrayForEach(answer, answer_get(reply, "rows"))
		if (err == 0 && i < count)
			take_answer(run, &rows[i++], answer);
	for (; err == 0 && i < count; i++)
		report_fault(run, &rows[i], "the daemon gave no verdict");
	cJSON_Delete(reply);
	cJSON_Delete(request);
	return err;
}

static int judge_table(struct run *run)
{
	int err = 0;

	for (size_t at = 0; at < run->table.count && err == 0; at += ROWS_AT_ONCE) {
		const size_t left = run->table.count - at;

		err = judge_rows(
			run, &run->table.rows[at], left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE);
	}
	if (err == -ENOMEM)
		output_problem("out of memory");
	return err;
}

static int print_json(struct run *run)
{
	struct json_writer writer = {.text = NULL}, *to = &writer;

	json_begin_object(to, NULL);
	json_number(to, "passed", run->passed);
	json_number(to, "failed", run->failed);
	json_begin_array(to, "mismatches");
	json_raw(to, run->mismatches.text, run->mismatches.length);
	json_end_array(to);
	json_end_object(to);
	if (run->mismatches.err != 0)
		to->err = run->mismatches.err;
	return output_json_written(to);
}

static int run_test(struct run *run)
{
	int err = judge_table(run);

	if (err == 0 && run->format == OUTPUT_JSON)
		err = print_json(run);
	else if (err == 0)
		printf("%zu passed, %zu failed\n", run->passed, run->failed);
	json_writer_deinit(&run->mismatches);
	if (err != 0 || run->faulty)
		return EXIT_PROBLEM;
	return run->failed > 0 ? EXIT_FINDINGS : EXIT_OK;
}

static int read_file(struct run *run, struct arena *arena, struct diag_list *problems)
{
	const bool is_stdin = strcmp(run->file, "-") == 0;
	FILE *from = is_stdin ? stdin : fopen(run->file, "re");
	int err;

	if (from == NULL)
		return -errno;
	if (is_stdin)
		run->file = "<stdin>";
	err = test_table_read(&run->table, from, run->file, arena, problems);
	if (!is_stdin)
		fclose(from);
	return err;
}

static int read_table(struct run *run, struct arena *arena)
{
	struct diag_list problems;
	int err;

	diag_list_init(&problems, arena);
	err = read_file(run, arena, &problems);
	if (err != 0) {
		output_problem("can't read %s: %s", run->file, strerror(-err));
		return err;
	}
	for (size_t i = 0; i < problems.count; i++)
		output_diag_problem(&problems.items[i]);
	if (problems.errors == 0 && run->table.count == 0) {
		output_problem("%s has no row: nothing was tested", run->file);
		return -EINVAL;
	}
	return problems.errors > 0 ? -EINVAL : 0;
}

static int test(struct command_options *options)
{
	struct run run = {.file = options->arguments[0], .format = options->format};
	int code;

	if (read_table(&run, options->arena) != 0 || oracle_open(&run.oracle, options) != 0)
		return EXIT_PROBLEM;
	code = run_test(&run);
	oracle_close(&run.oracle);
	return code;
}

int command_test(int argc, char **argv)
{
	static const struct subcommand self = {
		.usage = usage,
		.more = more,
		.shared = TAKES_FILES | TAKES_SOCKET | TAKES_CONFIG,
		.check = check,
		.run = test,
	};

	return command_options_run(&self, NULL, argc, argv);
}

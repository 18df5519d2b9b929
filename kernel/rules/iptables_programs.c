/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rules/iptables_programs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/rules/rule_generation.h"
#include "kernel/rules/ruleset_rules.h"
#include "process/command.h"

enum {
	/* a service mesh's nat table runs to tens of MiB; more is a mistake */
	SAVE_MOST = 64 << 20,
	SAVE_TIMEOUT_MS = 20000,
	RESTORE_TIMEOUT_MS = 30000, /* includes the wait for the xtables lock */
	VERSION_MOST = 4096,
};

/*
 * How long to wait for another program's transaction (legacy; the nft back end has no lock and
 * takes the option in silence).
 */
#define LOCK_WAIT_SECONDS "10"

static const char *family_prefix(enum ip_family family)
{
	return family == IP_FAMILY_V6 ? "ip6tables" : "iptables";
}

/* "iptables v1.8.9 (nf_tables)"; programs before 1.8 name no back end and are legacy. */
static int ask_backend(const char *path, enum backend_choice *out)
{
	const char *const argv[] = {path, "-V", NULL};
	const struct command command = {
		.argv = argv, .output_most = VERSION_MOST, .timeout_ms = SAVE_TIMEOUT_MS};
	struct command_result result;
	const int err = command_execute(&command, &result);

	if (err != 0)
		return err;
	*out = strstr(result.output, "(nf_tables)") != NULL ? BACKEND_NFT : BACKEND_LEGACY;
	command_result_deinit(&result);
	return result.exit_code == 0 ? 0 : -EIO;
}

static int default_backend(enum backend_choice *out)
{
	char path[PATH_MAX];
	const int err = command_find("iptables", path);

	return err != 0 ? err : ask_backend(path, out);
}

/* Finds ip[6]tables-<backend>-<verb>, or a plain ip[6]tables-<verb> that is of this back end. */
static int find_program(
	enum backend_choice backend, enum ip_family family, const char *verb, char path[PATH_MAX])
{
	char name[64], candidate[PATH_MAX];
	enum backend_choice of;

	snprintf(name, sizeof(name), "%s-%s-%s", family_prefix(family),
		iptables_backend_name(backend), verb);
	if (command_find(name, path) == 0)
		return 0;
	snprintf(name, sizeof(name), "%s-%s", family_prefix(family), verb);
	if (command_find(name, candidate) != 0 || ask_backend(candidate, &of) != 0 || of != backend)
		return -ENOENT;
	strcpy(path, candidate);
	return 0;
}

static int report_missing(enum backend_choice backend, enum ip_family family, const char *verb,
	char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE,
		"no %s-%s of the %s back end in PATH, /usr/sbin or /sbin: install the package "
		"iptables%s",
		family_prefix(family), verb, iptables_backend_name(backend),
		backend == BACKEND_NFT ? " (1.8 or later; on some systems iptables-nft)"
				       : " (on some systems iptables-legacy)");
	return -ENOENT;
}

static int available(enum backend_choice backend, enum ip_family family, char problem[PROBLEM_SIZE])
{
	char path[PATH_MAX];

	if (find_program(backend, family, "save", path) != 0)
		return report_missing(backend, family, "save", problem);
	if (find_program(backend, family, "restore", path) != 0)
		return report_missing(backend, family, "restore", problem);
	return 0;
}

/* What the programs say when they fail, and what it means. First match counts. */
static const struct complaint {
	const char *says;
	int err;
	const char *meaning;
} complaints[] = {
	{"can't open lock file", -EACCES,
		"its lock is root's: start podgate as root, which it gives up by itself, or set "
		"`backend: nft`"},
	{"Permission denied", -EPERM, "it needs CAP_NET_ADMIN: run podgate as root"},
	{"Operation not permitted", -EPERM, "it needs CAP_NET_ADMIN: run podgate as root"},
	{"must be root", -EPERM, "it needs CAP_NET_ADMIN: run podgate as root"},
	{"xtables lock", -EBUSY,
		"another program holds the xtables lock: try again when it has ended"},
	{"Resource temporarily unavailable", -EBUSY,
		"another program was changing the rules: try again"},
	{"Failed to initialize nft", -EPROTONOSUPPORT,
		"the kernel has no nf_tables: set `backend: legacy`"},
	{"Protocol not supported", -EPROTONOSUPPORT,
		"the kernel lacks this back end: set `backend` to the other one"},
	{"do you need to insmod", -EPROTONOSUPPORT,
		"the kernel lacks this back end or table: set `backend` to the other one"},
	{"is incompatible, use 'nft' tool", -EINVAL,
		"the table holds rules that only the nft program understands"},
	{"Couldn't load match", -EINVAL, "the iptables package lacks an extension"},
	{"Couldn't load target", -EINVAL, "the iptables package lacks an extension"},
	{"doesn't exist", -EINVAL, "an ipset that a rule names is missing"},
	{"", -EINVAL,
		"the kernel or the program refuses a rule (`podgate doctor` tests each feature)"},
};

/*
 * Its first sentence, without the program's name in front: "iptables-restore v1.8.9 (legacy): Set x
 * doesn't exist."
 */
static void first_words(const char *text, char *out, size_t size)
{
	const char *end;
	size_t at = 0;

	text += strspn(text, " \t\r\n");
	end = strstr(text, ": ");
	if (strncmp(text, "ip", 2) == 0 && end != NULL)
		text = end + 2;
	text += strspn(text, " \t\r\n");
	while (*text != '\0' && *text != '\n' && at + 1 < size) {
		out[at++] = (unsigned char)*text < 0x20 ? ' ' : *text;
		text++;
	}
	out[at] = '\0';
}

/*
 * The rule that was refused, when the complaint names its line ("line 4: RULE_APPEND failed",
 * "Error occurred at line: 4"); or NULL.
 */
static const char *refused_rule(const char *complaint, const char *input)
{
	const char *at = strstr(complaint, "line");
	unsigned long number;

	if (at == NULL || input == NULL)
		return NULL;
	at += strcspn(at, "0123456789\n");
	number = strtoul(at, NULL, 10);
	while (number > 1 && input != NULL) {
		input = strchr(input, '\n');
		input = input != NULL ? input + 1 : NULL;
		number--;
	}
	return number == 1 && input != NULL && input[0] == '-' ? input : NULL;
}

static int report_failure(const struct command *command, const struct command_result *result,
	char problem[PROBLEM_SIZE])
{
	const char *name = strrchr(command->argv[0], '/') + 1,
		   *rule = refused_rule(result->error, command->input);
	const struct complaint *complaint = complaints;
	char words[160];
	int length;

	if (result->exit_code >= COMMAND_EXIT_SIGNALLED) {
		snprintf(problem, PROBLEM_SIZE, "%s was ended by signal %d", name,
			result->exit_code - COMMAND_EXIT_SIGNALLED);
		return -EIO;
	}
	while (strstr(result->error, complaint->says) == NULL)
		complaint++;
	first_words(result->error, words, sizeof(words));
	length = snprintf(problem, PROBLEM_SIZE, "%s failed (exit %d): %s%s%s", name,
		result->exit_code, complaint->meaning, words[0] != '\0' ? ": " : "", words);
	if (rule != NULL && length < PROBLEM_SIZE)
		snprintf(problem + length, (size_t)(PROBLEM_SIZE - length), ": '%.*s'",
			(int)strcspn(rule, "\n"), rule);
	return complaint->err;
}

static int run_program(
	const struct command *command, struct command_result *result, char problem[PROBLEM_SIZE])
{
	int err = command_execute(command, result);

	if (err != 0) {
		snprintf(problem, PROBLEM_SIZE, "could not run %s: %s", command->argv[0],
			strerror(-err));
		return err;
	}
	if (result->exit_code == 0)
		return 0;
	err = report_failure(command, result, problem);
	command_result_deinit(result);
	return err;
}

/*
 * Whether a legacy table exists here. Only existing ones may be asked for: iptables-legacy-save
 * loads the module of a table that is not there and so creates it, with hooks that every packet
 * then passes. thread-self, because the caller's thread may be in another network namespace than
 * the process. 0; -ENOENT; -EACCES, because the list is root's to read.
 */
static int find_legacy_table(enum ip_family family, const char *table)
{
	FILE *names = fopen(family == IP_FAMILY_V6 ? "/proc/thread-self/net/ip6_tables_names"
						   : "/proc/thread-self/net/ip_tables_names",
		"re");
	char line[64];
	bool found = false;

	if (names == NULL)
		return errno == EACCES ? -EACCES : -ENOENT;
	while (!found && fgets(line, sizeof(line), names) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = table == NULL || strcmp(line, table) == 0;
	}
	fclose(names);
	return found ? 0 : -ENOENT;
}

static int report_memory(char problem[PROBLEM_SIZE])
{
	snprintf(problem, PROBLEM_SIZE, "out of memory");
	return -ENOMEM;
}

/* The answer without asking the program: there is nothing, or nothing that we may see. */
static int save_nothing(int err, char **out, char problem[PROBLEM_SIZE])
{
	char *nothing;

	if (err == -EACCES) {
		snprintf(problem, PROBLEM_SIZE,
			"the tables of iptables-legacy are root's to list: start podgate as root, "
			"which it gives up by itself, or set `backend: nft`");
		return err;
	}
	nothing = strdup("");
	if (nothing == NULL)
		return report_memory(problem);
	*out = nothing;
	return 0;
}

/*
 * iptables-nft-save ends with an error where a rule has only words that it knows, in a sentence
 * that it does not: "meta mark set meta mark and 0xff". That is the same as a table that it leaves
 * out.
 */
static int save_unlisted(char **out, char problem[PROBLEM_SIZE])
{
	char *line = strdup("# A table could not be listed: it is incompatible, use 'nft' tool.\n");

	if (line == NULL)
		return report_memory(problem);
	*out = line;
	return 0;
}

static int save(enum backend_choice backend, enum ip_family family, const char *table,
	bool counters, char **out, char problem[PROBLEM_SIZE])
{
	char path[PATH_MAX];
	const char *argv[5] = {path};
	const struct command command = {
		.argv = argv, .output_most = SAVE_MOST, .timeout_ms = SAVE_TIMEOUT_MS};
	struct command_result result = {.exit_code = 0};
	size_t argc = 1;
	int err;

	if (find_program(backend, family, "save", path) != 0)
		return report_missing(backend, family, "save", problem);
	err = backend == BACKEND_LEGACY ? find_legacy_table(family, table) : 0;
	if (err != 0)
		return save_nothing(err, out, problem);
	if (counters)
		argv[argc++] = "-c";
	if (table != NULL) {
		argv[argc++] = "-t";
		argv[argc++] = table;
	}
	err = run_program(&command, &result, problem);
	if (err == 0)
		*out = result.output;
	return err == -EINVAL && backend == BACKEND_NFT ? save_unlisted(out, problem) : err;
}

static int restore(enum backend_choice backend, enum ip_family family, const char *text,
	char problem[PROBLEM_SIZE])
{
	char path[PATH_MAX];
	const char *const argv[] = {path, "--noflush", "-w", LOCK_WAIT_SECONDS, NULL};
	const struct command command = {
		.argv = argv, .input = text, .timeout_ms = RESTORE_TIMEOUT_MS};
	struct command_result result;
	int err;

	if (find_program(backend, family, "restore", path) != 0)
		return report_missing(backend, family, "restore", problem);
	err = run_program(&command, &result, problem);
	if (err == 0)
		command_result_deinit(&result);
	return err;
}

/* nf_tables has one number for all tables; of the legacy ones, each that is there goes into it. */
static int generation(enum backend_choice backend, enum ip_family family, uint64_t *out)
{
	uint64_t sum = 0;

	if (backend == BACKEND_NFT)
		return rule_generation_read(backend, family, RULESET_TABLE, out);
	for (size_t i = 0; i < RULESET_TABLES; i++) {
		uint64_t one = 0;
		int err = find_legacy_table(family, ruleset_tables[i]);

		if (err == 0)
			err = rule_generation_read(backend, family, ruleset_tables[i], &one);
		if (err != 0 && (err != -ENOENT || i == 0))
			return err;
		sum = sum * 0x100000001b3 + one;
	}
	*out = sum;
	return 0;
}

const struct iptables_ops iptables_programs = {
	.available = available,
	.default_backend = default_backend,
	.save = save,
	.restore = restore,
	.generation = generation,
};

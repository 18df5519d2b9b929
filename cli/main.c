/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/settings_file.h"
#include "policy/values/suggest.h"

static int command_help(int argc, char **argv);

struct command {
	const char *name, *summary;
	int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
	{"run", "enforce the policies until stopped (the daemon)", command_run},
	{"check", "find mistakes in manifests", command_check},
	{"explain", "say why a flow passes or not, and what would let it", command_explain},
	{"test", "hold a table of expected reachability against the policies", command_test},
	{"matrix", "show which pod reaches which", command_matrix},
	{"status", "show what the running daemon enforces and how it fares", command_status},
	{"flows", "list live connections, and what admits each", command_flows},
	{"policies", "list the policies in force, whom they select, and what they denied",
		command_policies},
	{"watch", "show verdicts as they are made", command_watch},
	{"doctor", "check what this machine offers, and how to mend what is missing",
		command_doctor},
	{"cleanup", "remove what a stopped daemon left in the kernel", command_cleanup},
	{"version", "print the version", command_version},
	{"help", "print this, or the help of a command", command_help},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *to)
{
	fputs("usage: podgate COMMAND [OPTION]... [ARGUMENT]...\n\n"
	      "Enforces Kubernetes NetworkPolicy for the pods of this gateway.\n\n",
		to);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\npodgate COMMAND --help tells about one. Exit code: 0 fine or allowed; 1 findings "
	      "or denied; 2 not done.\n",
		to);
}

/* What people look for here that is elsewhere, or has another name. */
static const char *find_pointer(const char *name)
{
	static const struct {
		const char *name, *text;
	} pointers[] = {
		{"start",
			"systemctl start podgate starts the service, podgate run the daemon in the "
			"foreground"},
		{"daemon",
			"podgate run is the daemon, in the foreground; systemctl start podgate "
			"starts the service"},
		{"stop",
			"systemctl stop podgate stops it; podgate cleanup removes its rules after "
			"that"},
		{"restart", "systemctl restart podgate"},
		{"reload",
			"manifests are watched; systemctl reload podgate reads them again, and "
			"podgate status --wait waits for it"},
		{"apply", "put the manifest into the folder that the settings name: it is watched"},
		{"stat", "podgate status"},
		{"stats", "podgate status, or metrics_listen in podgate.conf(5)"},
		{"metrics", "set metrics_listen, see podgate.conf(5) and podgate-metrics(7)"},
		{"log",
			"podgate watch shows verdicts, journalctl -u podgate what the daemon says "
			"of itself"},
		{"logs",
			"podgate watch shows verdicts, journalctl -u podgate what the daemon says "
			"of itself"},
		{"list", "podgate policies, flows, matrix"},
		{"ls", "podgate policies, flows, matrix"},
		{"get", "podgate policies, flows, matrix"},
		{"pods", "podgate matrix, podgate policies"},
		{"lint", "podgate check"},
		{"validate", "podgate check for manifests, podgate run -n for settings"},
		{"verify", "podgate check for manifests, podgate run -n for settings"},
		{"config",
			"the settings are in " SETTINGS_FILE_DEFAULT
			"; podgate run -n checks them"},
		{"why", "podgate explain SOURCE DESTINATION"},
		{"trace", "podgate explain SOURCE DESTINATION"},
		{"flush", "podgate cleanup, when the daemon is stopped"},
		{"uninstall", "podgate cleanup, when the daemon is stopped"},
		{"-v", "podgate --version"},
	};

	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
		if (strcmp(pointers[i].name, name) == 0)
			return pointers[i].text;
	return NULL;
}

static const struct command *find_command(const char *name)
{
	const char *pointer = find_pointer(name);
	struct suggestion near;

	suggestion_init(&near, name);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		suggestion_offer(&near, commands[i].name);
	}
	if (pointer != NULL)
		output_problem("there is no command \"%s\": %s", name, pointer);
	else if (near.best != NULL)
		output_problem("there is no command \"%s\"; did you mean %s?", name, near.best);
	else
		output_problem(
			"there is no command \"%s\"; podgate help lists those there are", name);
	return NULL;
}

/* `podgate help explain` is `podgate explain --help`. */
static int command_help(int argc, char **argv)
{
	static char option[] = "--help";
	char *arguments[] = {argc > 1 ? argv[1] : NULL, option, NULL};
	const struct command *command;

	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	command = find_command(argv[1]);
	return command != NULL ? command->run(2, arguments) : EXIT_PROBLEM;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int code;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_PROBLEM;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		command = find_command("help");
	else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		command = find_command("version");
	else
		command = find_command(argv[1]);
	if (command == NULL)
		return EXIT_PROBLEM;
	code = command->run(argc - 1, argv + 1);
	return output_finish() == 0 ? code : EXIT_PROBLEM;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/command_options.h"
#include "cli/doctor_daemon.h"
#include "cli/settings_file.h"

enum { FINDINGS_MOST = HOST_FINDINGS_MOST + DOCTOR_DAEMON_MOST };

static const char usage[] =
	"usage: podgate doctor [-o text|json] [--socket PATH] [--config FILE]\n\n"
	"Whether this host has what podgate needs: privilege, iptables, kernel features, free "
	"marks and queues,\n"
	"bridges that show their packets, room in the flow table; what gets past the rules by "
	"nature; and how the\n"
	"running podgate fares and what it holds. Says of each finding why it matters and how to "
	"mend it. Changes nothing.\n\n";
static const char more[] =
	"\nExit code: 0 all is well; 1 something should be mended; 2 the check itself could not be "
	"done.\n";

/* Of a daemon's words, too: they are foreign text. */
static void print_more(const char *heading, const char *words)
{
	printf("%-27s %s%s%s%*s", "", output_color(COLOR_BOLD), heading, output_color(COLOR_NONE),
		(int)(sizeof("remedy: ") - 1 - strlen(heading)), "");
	output_text(stdout, words);
	putchar('\n');
}

static void print_text(const struct host_finding *findings, size_t count)
{
	static const enum output_color colors[] = {
		[HOST_OK] = COLOR_GREEN, [HOST_WARNING] = COLOR_YELLOW, [HOST_FAILED] = COLOR_RED};

	for (size_t i = 0; i < count; i++) {
		const struct host_finding *finding = &findings[i];

		printf("%s%-8s%s %-18s ", output_color(colors[finding->state]),
			host_state_name(finding->state), output_color(COLOR_NONE), finding->check);
		output_text(stdout, finding->found);
		putchar('\n');
		if (finding->state == HOST_OK)
			continue;
		print_more("why:", host_why(finding->check));
		print_more("remedy:", finding->remedy);
	}
}

static int print_json(const struct host_finding *findings, size_t count, const size_t totals[3])
{
	struct json_writer writer = {.text = NULL}, *to = &writer;

	json_begin_object(to, NULL);
	json_begin_array(to, "checks");
	for (size_t i = 0; i < count; i++) {
		json_begin_object(to, NULL);
		json_text(to, "check", findings[i].check);
		json_text(to, "state", host_state_name(findings[i].state));
		json_text(to, "found", findings[i].found);
		json_text(to, "why", host_why(findings[i].check));
		json_text(to, "remedy", findings[i].remedy);
		json_end_object(to);
	}
	json_end_array(to);
	for (enum host_state state = HOST_OK; state <= HOST_FAILED; state++)
		json_number(to, host_state_name(state), totals[state]);
	json_end_object(to);
	return output_json_written(to);
}

static int examine(struct command_options *options)
{
	struct host_finding findings[FINDINGS_MOST];
	struct settings settings;
	size_t count, totals[3] = {0};

	if (settings_file_load(&settings, options->config, options->arena) != 0)
		return EXIT_PROBLEM;
	count = host_check(&settings, findings);
	count += doctor_daemon_ask(
		options->socket != NULL ? options->socket : settings.control_socket, &settings,
		&findings[count]);
	for (size_t i = 0; i < count; i++)
		totals[findings[i].state]++;
	if (options->format == OUTPUT_JSON) {
		if (print_json(findings, count, totals) != 0)
			return EXIT_PROBLEM;
	} else {
		print_text(findings, count);
		printf("%zu ok, %zu warning%s, %zu failed\n", totals[HOST_OK], totals[HOST_WARNING],
			totals[HOST_WARNING] == 1 ? "" : "s", totals[HOST_FAILED]);
	}
	return totals[HOST_OK] == count ? EXIT_OK : EXIT_FINDINGS;
}

int command_doctor(int argc, char **argv)
{
	static const struct subcommand self = {
		.usage = usage,
		.more = more,
		.shared = TAKES_SOCKET | TAKES_CONFIG,
		.run = examine,
	};

	return command_options_run(&self, NULL, argc, argv);
}

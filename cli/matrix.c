/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command_options.h"
#include "cli/matrix_print.h"
#include "cli/offline.h"
#include "policy/explain/reach.h"

static const char usage[] =
	"usage: podgate matrix [PATH]... [--port [PORT][/PROTOCOL]] [--ns NAMESPACE] [-6]\n\n"
	"Shows which pod reaches which. Without a PATH the manifests of the settings are "
	"read.\n\n";

/* "5432", "53/udp", "/icmp". */
static int take_port(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	struct reach_question *question = row->value;
	const char *slash = strchr(text, '/'), *protocol = slash != NULL ? slash + 1 : "";
	const int length = slash != NULL ? (int)(slash - text) : (int)strlen(text);
	unsigned long port = 0;
	char *end;

	if (slash != NULL && flow_protocol_parse(&question->protocol, protocol) != 0) {
		snprintf(problem, OPTIONS_PROBLEM, "\"%.64s\" is no protocol: tcp, udp, sctp, icmp",
			protocol);
		return -EINVAL;
	}
	if (length > 0 || slash == NULL) {
		port = strtoul(text, &end, 10);
		if (*text < '0' || *text > '9' || end != text + length || port < 1 ||
			port > UINT16_MAX) {
			snprintf(problem, OPTIONS_PROBLEM,
				"\"%.*s\" is no port: a number from 1 to 65535",
				length < 64 ? length : 64, text);
			return -EINVAL;
		}
	}
	if (port != 0 && !flow_protocol_has_ports(question->protocol)) {
		snprintf(problem, OPTIONS_PROBLEM, "%s has no ports: write --port /%s", protocol,
			protocol);
		return -EINVAL;
	}
	question->port = (uint16_t)port;
	return 0;
}

static int take_ipv6(const struct option_row *row, const char *text, char problem[OPTIONS_PROBLEM])
{
	struct reach_question *question = row->value;

	(void)text;
	(void)problem;
	question->family = IP_FAMILY_V6;
	return 0;
}

static const struct option_type family_type = {.take = take_ipv6};
static const struct option_type port_type = {.form = "PORT", .take = take_port};

static int check(struct command_options *options)
{
	struct reach_question *question = options->own;

	if (question->protocol == IPPROTO_ICMP || question->protocol == IPPROTO_ICMPV6)
		question->protocol = question->family == IP_FAMILY_V6 ? IPPROTO_ICMPV6
								      : IPPROTO_ICMP;
	return command_options_take_paths(options);
}

static int check_namespace(const struct offline *offline, const char *name)
{
	if (name == NULL || cluster_namespace(offline->cluster, name) != NULL)
		return 0;
	output_problem("there is no namespace %s in these manifests", name);
	return -ENOENT;
}

static int print_matrix(const struct offline *offline, const struct command_options *options)
{
	const struct reach_question *question = options->own;
	struct reach_matrix matrix;
	int err = check_namespace(offline, question->namespace_name);

	if (err != 0)
		return err;
	err = reach_compute(offline->snapshot, question, offline->arena, &matrix);
	if (err == 0)
		err = options->format == OUTPUT_JSON ? matrix_print_json(&matrix, question)
						     : matrix_print_text(&matrix, question);
	if (err == -E2BIG)
		output_problem("too many pods for a matrix: choose fewer manifests with -f");
	else if (err != 0)
		output_problem("can't make the matrix: %s", strerror(-err));
	return err;
}

static int matrix(struct command_options *options)
{
	struct offline offline;
	int err;

	if (offline_open(&offline, options->paths, options->path_count, options->trust) != 0)
		return EXIT_PROBLEM;
	err = offline_require_sound(&offline);
	if (err == 0)
		err = print_matrix(&offline, options);
	offline_close(&offline);
	return err == 0 ? EXIT_OK : EXIT_PROBLEM;
}

int command_matrix(int argc, char **argv)
{
	struct reach_question question = {.family = IP_FAMILY_V4, .protocol = IPPROTO_TCP};
	const struct option_row rows[] = {
		{"port", &port_type, .value = &question,
			.help = "ask at this port: 5432, 53/udp, or only /icmp; without it, at "
				"every TCP port that the\n"
				"destination declares, or at 80 when it declares none"},
		{"ns", OPTION_TEXT, .form = "NAMESPACE", .value = &question.namespace_name,
			.help = "only the pods of this namespace"},
		{NULL, &family_type, '6', .value = &question,
			.help = "between the pods' IPv6 addresses, not IPv4"},
	};
	const struct subcommand self = {
		.usage = usage,
		.more = "\nExit code: 0; 2 when the manifests can't be read.\n",
		.shared = TAKES_FILES | IGNORES_SOCKET | TAKES_CONFIG,
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.check = check,
		.run = matrix,
	};

	return command_options_run(&self, &question, argc, argv);
}

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
	"read.\n\n" SOURCE_USAGE "      --port PORT     ask at this port: 5432, 53/udp, or only "
	"/icmp; without it, at every TCP port that the\n"
	"                      destination declares, or at 80 when it declares none\n"
	"      --ns NAMESPACE  only the pods of this namespace\n"
	"  -6                  between the pods' IPv6 addresses, not IPv4\n"
	"      --config FILE   the settings file\n"
	"\nExit code: 0; 2 when the manifests can't be read.\n";

/* "5432", "53/udp", "/icmp". `text` is cut. */
static int parse_port(char *text, struct reach_question *question)
{
	char *slash = strchr(text, '/'), *end;
	unsigned long port = 0;

	if (slash != NULL)
		*slash++ = '\0';
	if (slash != NULL && flow_protocol_parse(&question->protocol, slash) != 0) {
		output_problem("\"%s\" is no protocol: tcp, udp, sctp, icmp", slash);
		return -EINVAL;
	}
	if (*text != '\0' || slash == NULL) {
		port = strtoul(text, &end, 10);
		if (*text < '0' || *text > '9' || *end != '\0' || port < 1 || port > UINT16_MAX) {
			output_problem("\"%s\" is no port: a number from 1 to 65535", text);
			return -EINVAL;
		}
	}
	if (port != 0 && !flow_protocol_has_ports(question->protocol)) {
		output_problem("%s has no ports: write --port /%s", slash, slash);
		return -EINVAL;
	}
	question->port = (uint16_t)port;
	return 0;
}

static int take_option(struct command_options *options, int letter, char *value)
{
	struct reach_question *question = options->own;

	switch (letter) {
	case 'p':
		return parse_port(value, question);
	case 'n':
		question->namespace_name = value;
		return 0;
	case '6':
		question->family = IP_FAMILY_V6;
		return 0;
	default:
		return command_options_take(options, letter, value);
	}
}

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		SOURCE_LONG_OPTIONS,
		{"port", required_argument, NULL, 'p'},
		{"ns", required_argument, NULL, 'n'},
		{0},
	};
	struct reach_question *question = options->own;
	int letter;

	while ((letter = getopt_long(argc, argv, SOURCE_SHORT_OPTIONS "6", table, NULL)) != -1)
		if (take_option(options, letter, optarg) != 0)
			return -EINVAL;
	while (optind < argc)
		command_options_add_path(options, argv[optind++]);
	if (question->protocol == IPPROTO_ICMP || question->protocol == IPPROTO_ICMPV6)
		question->protocol = question->family == IP_FAMILY_V6 ? IPPROTO_ICMPV6
								      : IPPROTO_ICMP;
	return options->path_count > 0 || options->help ? 0
							: command_options_default_paths(options);
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
	static const struct subcommand self = {usage, parse, matrix};
	struct reach_question question = {.family = IP_FAMILY_V4, .protocol = IPPROTO_TCP};

	return command_options_run(&self, &question, argc, argv);
}

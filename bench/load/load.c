/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/load/load.h"

#include <stdio.h>
#include <string.h>

#include "bench/load/run.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"flows", command_flows, "UDP datagrams, each a flow of its own"},
	{"sink", command_sink, "counts them in the kernel"},
	{"connect", command_connect, "TCP connections, opened and closed"},
	{"accept", command_accept, "their server"},
	{"pour", command_pour, "bulk TCP"},
	{"drain", command_drain, "its server"},
	{"pingpong", command_pingpong, "small packets on one flow, there and back"},
	{"latency", command_latency, "the first packet of new UDP flows, there and back"},
	{"echo", command_echo, "the server of both"},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int print_usage(void)
{
	fputs("usage: podgate-load COMMAND [OPTIONS] (podgate-load COMMAND --help)\n", stderr);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stderr, "  %-10s %s\n", commands[i].name, commands[i].help);
	return LOAD_PROBLEM;
}

int main(int argc, char **argv)
{
	run_begin();
	for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return print_usage();
}

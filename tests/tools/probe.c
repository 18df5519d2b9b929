/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/tools/probe.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *help;
} commands[] = {
	{"serve", command_serve, "PROTOCOL/PORT...", "echo on all addresses; prints \"ready\""},
	{"connect", command_connect, "PROTOCOL ADDRESS PORT", "one connection or datagram, echoed"},
	{"crowd", command_crowd, "ADDRESS PORT COUNT",
		"so many TCP connections at once; prints how many came about"},
	{"ping", command_ping, "ADDRESS", "one ICMP echo"},
	{"hold", command_hold, "ADDRESS PORT",
		"an open TCP connection; says when it stalls and resumes"},
	{"bulk", command_bulk, "ADDRESS PORT MEGABYTES", "sent over TCP and echoed"},
	{"flood", command_flood, "ADDRESS",
		"new UDP flows as fast as they go; prints how many were sent"},
	{"rain", command_rain, "ADDRESS PORT PER-SECOND",
		"numbered UDP datagrams, each a new flow"},
	{"catch", command_catch, "PORT", "counts those of rain, until it is ended"},
	{"forge", command_forge, "KIND ...",
		"a packet that only an attacker sends; nobody answers"},
	{"freeze", command_freeze, "PID THREAD-NAME",
		"stops that thread until this command is ended"},
	{"hostile", command_hostile, "SOCKET MANNER",
		"a client of the control socket that means no good"},
	{"notified", command_notified, "SOCKET", "prints what a daemon tells its service manager"},
	{"keep", command_keep, "SOCKET COMMAND...",
		"a service manager that keeps descriptors and restarts"},
	{"volley", command_volley, "ADDRESS PORT COUNT",
		"UDP flows; for each line of input, a datagram on each"},
	{"cast", command_cast, "DEVICE FROM PORT TO...",
		"a UDP datagram to each, which may be a group"},
	{"hear", command_hear, "4|6 DEVICE PORT [GROUP]...", "prints what cast sent, for --for MS"},
	{"advertise", command_advertise, "DEVICE PREFIX", "a router advertisement, for a /64"},
	{"resize", command_resize, "PID BYTES", "sets the receive buffers of its queue sockets"},
	{"delay-queue", command_delay_queue, "NUMBER MS",
		"an NFQUEUE program that holds each packet so long"},
	{"hold-queue", command_hold_queue, "NUMBER", "binds an NFQUEUE, as another program would"},
	{"hold-address", command_hold_address, "NAME",
		"listens at an abstract UNIX address, as anybody may"},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int print_usage(void)
{
	fputs("usage: podgate-probe COMMAND [OPTIONS] ARGUMENTS\n", stderr);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stderr, "  %-11s%-23s %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	fputs("options: --timeout MS  --from PORT  --size BYTES  --resend MS  --every MS  --stall "
	      "MS  --for MS\n"
	      "exit: 0 reached and echoed, 1 no answer, 2 problem, 3 refused (it passed, but "
	      "nobody listens)\n",
		stderr);
	return PROBE_PROBLEM;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return print_usage();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_LOAD_LOAD_H
#define BENCH_LOAD_LOAD_H

/*
 * podgate-load: what the benchmarks send through a gateway, and what receives it. Each subcommand
 * prints one JSON object at its end, SIGTERM and SIGINT included; servers print "ready" before
 * anything else.
 */

enum { LOAD_PROBLEM = 2 }; /* the exit code after a sentence on standard error */

int command_accept(int argc, char **argv);
int command_connect(int argc, char **argv);
int command_drain(int argc, char **argv);
int command_echo(int argc, char **argv);
int command_flows(int argc, char **argv);
int command_latency(int argc, char **argv);
int command_pingpong(int argc, char **argv);
int command_pour(int argc, char **argv);
int command_sink(int argc, char **argv);

#endif

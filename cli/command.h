/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/*
 * The subcommands: one row each in main.c's table, one function and one file each. argv[0] is the
 * subcommand's name. Results go to standard output, problems to standard error as "podgate: ...".
 * The return value is the exit code.
 */

/* Allowed or fine; denied or findings; could not be done. */
enum { EXIT_OK = 0, EXIT_FINDINGS = 1, EXIT_PROBLEM = 2 };

int command_check(int argc, char **argv);
int command_cleanup(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_flows(int argc, char **argv);
int command_matrix(int argc, char **argv);
int command_policies(int argc, char **argv);
int command_run(int argc, char **argv);
int command_status(int argc, char **argv);
int command_test(int argc, char **argv);
int command_version(int argc, char **argv);
int command_watch(int argc, char **argv);

#endif

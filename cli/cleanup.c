/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/command_options.h"
#include "cli/settings_file.h"
#include "conntrack/sweep.h"
#include "daemon/claim.h"
#include "kernel/rules/iptables.h"
#include "kernel/rules/ruleset.h"
#include "kernel/sets/pod_set.h"
#include "process/capabilities.h"
#include "process/unix_address.h"

static const char usage[] =
	"usage: podgate cleanup [--force] [-o text|json] [--config FILE]\n\n"
	"Removes what a podgate that no longer runs left in the kernel: its rules, its sets and "
	"its connection marks.\n"
	"After that nothing is enforced. What others put there is not touched.\n\n";
static const char more[] =
	"\nExit code: 0 nothing of podgate's is left; 2 something could not be removed.\n";

/* What was there, and is gone. */
struct removed {
	struct ruleset_place places[RULESET_PLACES_MOST];
	size_t place_count;
	long sets;
	size_t marks;
	bool socket;
};

/*
 * 0 when somebody answers at the control socket; or -errno: -ECONNREFUSED for one that a killed
 * daemon left.
 */
static int knock(const char *path)
{
	struct sockaddr_un address;
	int fd, err = unix_address(&address, path);

	if (err != 0)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		err = -errno;
	close(fd);
	return err;
}

/* The kernel refuses connections to plain files, too, and those are somebody's. */
static bool is_socket(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

/* A daemon that runs would miss its rules, and repair them. */
static int check_nobody_answers(
	const struct settings *settings, bool force, struct removed *removed)
{
	const int err = knock(settings->control_socket);
	struct claim_holder holder;

	if (err == 0 && !force) {
		output_problem("a podgate daemon answers at %s: stop it first (systemctl stop "
			       "podgate), or use --force",
			settings->control_socket);
		return -EBUSY;
	}
	if (!force && claim_look(geteuid(), &holder) == -EADDRINUSE) {
		output_problem("a podgate daemon (pid %d) runs in this network namespace, with "
			       "another control_socket: stop it first, or use --force",
			(int)holder.pid);
		return -EBUSY;
	}
	removed->socket = err == -ECONNREFUSED && is_socket(settings->control_socket) &&
		unlink(settings->control_socket) == 0;
	return 0;
}

/* Without iptables nobody knows whether rules are there: that is no success. */
static int remove_rules(struct removed *removed)
{
	enum backend_choice any;
	char problem[PROBLEM_SIZE];
	int err = ruleset_find_backend(BACKEND_AUTO, &any, problem);

	removed->place_count = ruleset_find(removed->places);
	if (err == 0)
		err = ruleset_remove(problem);
	if (err != 0) {
		output_problem("the rules could not be removed: %s", problem);
		removed->place_count = 0;
	}
	return err;
}

static int remove_sets(struct removed *removed)
{
	char problem[PROBLEM_SIZE];
	int err;

	removed->sets = pod_set_present();
	err = pod_set_destroy(problem);
	if (err == -EPROTONOSUPPORT &&
		removed->sets < 0) { /* a kernel without ipset holds no set of ours */
		removed->sets = 0;
		return 0;
	}
	if (err != 0) {
		output_problem("the sets could not be removed: %s", problem);
		removed->sets = 0;
	}
	return err;
}

static int clear_marks(const struct settings *settings, struct removed *removed)
{
	const struct sweep_marks marks = {
		.allow = settings->mark_allow, .deny = settings->mark_deny};
	struct ct_table *table;
	int err = ct_table_open(&table);

	if (err == 0) {
		err = sweep_clear(table, marks, &removed->marks);
		ct_table_close(table);
	}
	if (err != 0)
		output_problem("the connection marks could not be cleared: %s", strerror(-err));
	return err;
}

static void print_text(const struct removed *removed, bool clean)
{
	for (size_t i = 0; i < removed->place_count; i++)
		printf("removed the rules: %s, %s\n",
			iptables_backend_name(removed->places[i].backend),
			iptables_family_name(removed->places[i].family));
	if (removed->sets > 0)
		printf("removed %ld set%s\n", removed->sets, removed->sets == 1 ? "" : "s");
	if (removed->marks > 0)
		printf("cleared the mark of %zu flow%s\n", removed->marks,
			removed->marks == 1 ? "" : "s");
	if (removed->socket)
		puts("removed a control socket that nobody answered at");
	if (clean && removed->place_count == 0 && removed->sets <= 0 && removed->marks == 0 &&
		!removed->socket)
		puts("nothing of podgate's was there");
}

static int print_json(const struct removed *removed, bool clean)
{
	struct json_writer writer = {.text = NULL}, *to = &writer;

	json_begin_object(to, NULL);
	json_begin_array(to, "rules");
	for (size_t i = 0; i < removed->place_count; i++) {
		json_begin_object(to, NULL);
		json_text(to, "backend", iptables_backend_name(removed->places[i].backend));
		json_text(to, "family", iptables_family_name(removed->places[i].family));
		json_end_object(to);
	}
	json_end_array(to);
	json_number(to, "sets", removed->sets > 0 ? (uint64_t)removed->sets : 0);
	json_number(to, "marks", removed->marks);
	json_bool(to, "socket", removed->socket);
	json_bool(to, "clean", clean);
	json_end_object(to);
	return output_json_written(to);
}

/*
 * Rules before sets, which they refer to; marks last, when nothing sets them any more. Each is
 * tried whatever became of the others.
 */
static int clean(struct command_options *options)
{
	const bool *force = options->own;
	struct removed removed = {.sets = 0};
	struct settings settings;
	int rules, sets, marks;
	bool all_gone;

	if (!capabilities_hold(CAP_NET_ADMIN)) {
		output_problem("cleanup changes the kernel's rules, which takes CAP_NET_ADMIN: run "
			       "it as root");
		return EXIT_PROBLEM;
	}
	if (settings_file_load(&settings, options->config, options->arena) != 0 ||
		check_nobody_answers(&settings, *force, &removed) != 0)
		return EXIT_PROBLEM;
	rules = remove_rules(&removed);
	sets = remove_sets(&removed);
	marks = clear_marks(&settings, &removed);
	all_gone = rules == 0 && sets == 0 && marks == 0;
	if (options->format == OUTPUT_TEXT)
		print_text(&removed, all_gone);
	else if (print_json(&removed, all_gone) != 0)
		return EXIT_PROBLEM;
	return all_gone ? EXIT_OK : EXIT_PROBLEM;
}

int command_cleanup(int argc, char **argv)
{
	bool force = false;
	const struct option_row row = {"force", OPTION_FLAG, .value = &force,
		.help = "even while a daemon answers (it will put its rules back)"};
	const struct subcommand self = {
		.usage = usage,
		.more = more,
		.shared = TAKES_CONFIG,
		.rows = &row,
		.row_count = 1,
		.run = clean,
	};

	return command_options_run(&self, &force, argc, argv);
}

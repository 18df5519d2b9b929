/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"
#include "cli/command_options.h"
#include "cli/settings_file.h"
#include "cli/status_text.h"

enum { WAIT_DEFAULT_S = 30, POLL_MS = 20 };

struct status_options {
	bool wait;
	unsigned long wait_s;
	unsigned long long wait_revision; /* 0: until nothing is pending */
};

static const char usage[] =
	"usage: podgate status [-o text|json] [--wait [SECONDS]] [--wait-revision N] [--socket "
	"PATH] [--config FILE]\n\n"
	"What the running podgate enforces and how it fares.\n\n"
	"  -o FORMAT           text (the default) or json\n"
	"  --wait [SECONDS]    first let it read the manifests again, and wait until all of it is "
	"enforced;\n"
	"                      30 seconds at most unless said otherwise\n"
	"  --wait-revision N   wait until revision N, or a later one, is enforced\n"
	"  --socket PATH       the daemon's control socket, when it is not the one in the "
	"settings\n"
	"  --config FILE       the settings; default " SETTINGS_FILE_DEFAULT "\n\n"
	"Exit code: 0 all is well; 1 there is a problem; 2 no answer, or --wait ran out.\n";

static int parse_number(const char *text, unsigned long long *out)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
		output_problem("\"%s\" is not a number", text);
		return -EINVAL;
	}
	*out = value;
	return 0;
}

/*
 * --wait's value is optional, so getopt takes it only after "="; a number that stands alone is
 * meant for it, too.
 */
static int parse_wait(struct status_options *options, int argc, char **argv)
{
	unsigned long long seconds = WAIT_DEFAULT_S;
	const char *value = optarg;
	int err = 0;

	if (value == NULL && optind < argc && argv[optind][0] >= '0' && argv[optind][0] <= '9')
		value = argv[optind++];
	if (value != NULL)
		err = parse_number(value, &seconds);
	options->wait = true;
	options->wait_s = seconds > 86400 ? 86400 : (unsigned long)seconds;
	return err;
}

static int parse(struct command_options *options, int argc, char **argv)
{
	static const struct option table[] = {
		{"wait", optional_argument, NULL, 'w'},
		{"wait-revision", required_argument, NULL, 'r'},
		SOCKET_LONG_OPTION,
		SHARED_LONG_OPTIONS,
		{0},
	};
	struct status_options *own = options->own;
	int letter, err = 0;

	while (err == 0 &&
		(letter = getopt_long(argc, argv, SHARED_SHORT_OPTIONS, table, NULL)) != -1) {
		if (letter == 'w')
			err = parse_wait(own, argc, argv);
		else if (letter == 'r')
			err = parse_number(optarg, &own->wait_revision);
		else
			err = command_options_take(options, letter, optarg);
	}
	return err != 0 ? err : command_options_end(argc, argv);
}

static int ask(const char *socket_path, const char *command, cJSON **reply)
{
	char problem[CLIENT_PROBLEM];
	cJSON *request = cJSON_CreateObject();
	int err = -ENOMEM;

	snprintf(problem, sizeof(problem), "out of memory");
	if (cJSON_AddStringToObject(request, "command", command) != NULL)
		err = client_request(socket_path, request, reply, problem);
	cJSON_Delete(request);
	if (err != 0)
		output_problem("%s", problem);
	return err;
}

static bool is_enforced(const struct status_options *options, const cJSON *status)
{
	const cJSON *revision = cJSON_GetObjectItemCaseSensitive(status, "revision");

	if (options->wait_revision > 0)
		return cJSON_IsNumber(revision) &&
			revision->valuedouble >= (double)options->wait_revision;
	return cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(status, "pending"));
}

/* Stores the first status in which all is enforced. */
static int wait_enforced(const struct status_options *options, const char *socket_path, cJSON **out)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	const time_t began = time(NULL);
	cJSON *reply;
	int err = ask(socket_path, "reload", &reply);

	while (err == 0) {
		cJSON_Delete(reply);
		err = ask(socket_path, "status", &reply);
		if (err != 0)
			break;
		if (is_enforced(options, reply)) {
			*out = reply;
			return 0;
		}
		if (time(NULL) - began >= (time_t)options->wait_s) {
			const cJSON *problem = cJSON_GetObjectItemCaseSensitive(reply, "problem");

			output_problem("not enforced after %lu s%s%s", options->wait_s,
				cJSON_IsString(problem) ? ": " : "",
				cJSON_IsString(problem) ? problem->valuestring : "");
			cJSON_Delete(reply);
			return -ETIMEDOUT;
		}
		nanosleep(&pause, NULL);
	}
	return err;
}

static int show(struct command_options *options)
{
	const struct status_options *own = options->own;
	const bool waits = own->wait || own->wait_revision > 0;
	const char *socket_path;
	cJSON *status;
	bool well;

	if (command_options_find_socket(options, &socket_path) != 0)
		return EXIT_PROBLEM;
	if ((waits ? wait_enforced(own, socket_path, &status)
		   : ask(socket_path, "status", &status)) != 0)
		return EXIT_PROBLEM;
	if (options->format == OUTPUT_JSON)
		output_json(status);
	else
		status_text_print(status);
	well = cJSON_GetObjectItemCaseSensitive(status, "problem") == NULL &&
		cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(status, "problems")) == 0;
	cJSON_Delete(status);
	return well ? EXIT_OK : EXIT_FINDINGS;
}

int command_status(int argc, char **argv)
{
	static const struct subcommand self = {usage, parse, show};
	struct status_options own = {.wait_s = WAIT_DEFAULT_S};

	return command_options_run(&self, &own, argc, argv);
}

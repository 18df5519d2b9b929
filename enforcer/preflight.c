/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "enforcer/preflight.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "config/load.h"
#include "config/store.h"
#include "enforcer/findings.h"
#include "enforcer/host/host.h"
#include "enforcer/http/http_server.h"
#include "enforcer/privilege/belongings.h"
#include "enforcer/privilege/confinement.h"
#include "enforcer/process/log.h"

/* Says what the host lacks. 0, or -errno on the first thing that podgate can't do without. */
static int check_host(const struct settings *settings)
{
	struct host_finding findings[HOST_FINDINGS_MOST];
	const size_t count = host_check(settings, findings);

	for (size_t i = 0; i < count; i++) {
		if (findings[i].state == HOST_FAILED) {
			log_error("%s; %s", findings[i].found, findings[i].remedy);
			return -ENOTSUP;
		}
		if (findings[i].state == HOST_WARNING)
			log_warnx("%s; %s", findings[i].found, findings[i].remedy);
	}
	return 0;
}

/* Not whether the address can be bound: a daemon that runs has it. */
static int check_metrics(const struct settings *settings)
{
	char problem[HTTP_SERVER_PROBLEM];
	const int err = settings->metrics_listen[0] == '\0' ? 0 : http_server_check(problem);

	if (err != 0)
		log_error("%s", problem);
	return err;
}

int preflight_host(const struct settings *settings)
{
	char problem[256];
	int err = check_host(settings);

	if (err != 0)
		return err;
	err = host_prepare_bridge(settings, problem);
	if (err != 0)
		log_error("%s", problem);
	return err;
}

/* What is rotated is renamed, and a log that grows without end would fill the disk. */
int preflight_log_folder(const struct settings *settings, const struct account *account)
{
	struct stat found;
	int err;

	if (settings->log_size_mib == 0 || (stat(settings->log_file, &found) == 0 && !S_ISREG(found.st_mode)) ||
		strcmp(settings->log_file, "-") == 0)
		return 0;
	err = belongings_check_folder(settings->log_file);
	if (err == -EACCES)
		log_error("user %s, as whom podgate runs, may not write in the folder of %s, so the log could not be "
			  "rotated: give that user the folder (chown), set log_file, or set `log_size_mib: 0`",
			account->name, settings->log_file);
	return err == -EACCES ? err : 0;	/* of anything else opening tells */
}

/* What the user that podgate runs as would find. */
static int check_files(const struct settings *settings)
{
	struct findings findings = {0};
	struct store *store;
	int err = store_create(&store);

	if (err != 0)
		return err;
	store_set_address_annotations(store, settings->address_annotations);
	err = load_paths(store, settings->manifests, settings->manifest_count, NULL);
	if (err == 0)
		findings_log(&findings, store);
	else
		log_error("out of memory");
	store_free(store);
	return err;
}

int preflight_check(const struct settings *settings)
{
	char problem[CONFINEMENT_PROBLEM];
	struct confinement confinement;
	bool given = false;
	int err = confinement_prepare(&confinement, settings, problem);

	if (err == 0) {
		err = check_host(settings);
		if (err == 0)
			err = check_metrics(settings);
		if (err != 0)
			return err;
		given = belongings_would_give_folder(settings->log_file, &confinement.account);
		err = confinement_step_down(&confinement, problem);
	}
	if (err != 0) {
		log_error("%s", problem);
		return err;
	}
	if (!given)
		err = preflight_log_folder(settings, &confinement.account);
	return err != 0 ? err : check_files(settings);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/preflight.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/source/directory.h"
#include "config/source/load.h"
#include "config/store/store.h"
#include "daemon/claim.h"
#include "daemon/findings.h"
#include "doctor/host.h"
#include "enforcer/log/verdict_file.h"
#include "enforcer/privilege/confinement.h"
#include "enforcer/privilege/folder_grant.h"
#include "kernel/bridge/bridge_guard.h"
#include "process/log.h"
#include "service/control/control_socket.h"
#include "service/http/http_server.h"
#include "service/http/listen_socket.h"

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

/* A daemon that runs may well have the address; then it is not ours to try. */
static int check_metrics(const struct settings *settings, bool runs)
{
	char problem[PROBLEM_SIZE], listen[PROBLEM_SIZE];
	int err, fd;

	if (settings->metrics_listen[0] == '\0')
		return 0;
	err = http_server_check(problem);
	if (err != 0) {
		log_error("%s", problem);
		return err;
	}
	fd = listen_socket_open("metrics_listen", settings->metrics_listen, listen);
	if (fd >= 0)
		close(fd);
	else if (fd != -EADDRINUSE || !runs)
		log_error("%s", listen);
	else
		fd = 0;
	return fd < 0 ? fd : 0;
}

int preflight_host(const struct settings *settings)
{
	char problem[256];
	int err = check_host(settings);

	if (err != 0)
		return err;
	err = bridge_guard_prepare(settings, problem);
	if (err != 0)
		log_error("%s", problem);
	return err;
}

/* What is rotated is renamed, and a log that grows without end would fill the disk. */
int preflight_log_folder(const struct settings *settings, const struct account *account)
{
	struct stat found;
	int err;

	if (settings->log_size_mib == 0 ||
		(stat(settings->log_file, &found) == 0 && !S_ISREG(found.st_mode)) ||
		strcmp(settings->log_file, "-") == 0)
		return 0;
	err = folder_grant_check(settings->log_file);
	if (err == -EACCES)
		log_error("podgate runs as user %s, which may not write in the folder of %s, so "
			  "the log could not be rotated: give that user the folder (chown), set "
			  "log_file, or set `log_size_mib: 0`",
			account->name, settings->log_file);
	return err == -EACCES ? err : 0; /* of anything else opening tells */
}

void preflight_refuse_manifests(const char *path, int err)
{
	log_error("can't watch the manifests at %s: %s; %s, or set manifests", path, strerror(-err),
		err == -EACCES ? "let the user that podgate runs as read it" : "create it");
}

void preflight_refuse_log(const struct settings *settings, const struct account *account, int err)
{
	if (err == -ELOOP) {
		log_error("the verdict log %s is a link, or has a second name, in a folder where "
			  "other users may write, so it could lead to any file; remove it, or set "
			  "log_file to a place in a folder that is root's or %s's alone",
			settings->log_file, account->name);
		return;
	}
	log_error("can't open the verdict log %s as user %s: %s; make its folder, or set log_file "
		  "(\"-\" is standard output)",
		settings->log_file, account->name, strerror(-err));
}

/* What the user that podgate runs as would find. */
static int check_files(const struct settings *settings)
{
	struct findings findings = {0};
	struct store *store;
	size_t failed = 0;
	int err = directory_check(settings->manifests, settings->manifest_count, &failed);

	if (err != 0) {
		preflight_refuse_manifests(settings->manifests[failed], err);
		return err;
	}
	err = store_create(&store);
	if (err != 0)
		return err;
	store_set_annotation_trust(store, settings_annotation_trust(settings));
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
	const struct account *account;
	char problem[PROBLEM_SIZE], control[PROBLEM_SIZE] = "out of memory";
	struct confinement confinement;
	struct claim_holder holder;
	bool given, runs;
	int err = confinement_prepare(&confinement, settings, problem);

	if (err != 0) {
		log_error("%s", problem);
		return err;
	}
	account = &confinement.account;
	/* A successor may have what belongs to a daemon that runs in this network namespace. */
	runs = claim_look(account->uid, &holder) == -EADDRINUSE;
	err = check_host(settings);
	if (err != 0)
		return err;
	err = control_socket_check(settings->control_socket, settings->control_group, control);
	if (err != 0) {
		log_error("%s", control);
		return err;
	}
	err = check_metrics(settings, runs);
	if (err != 0)
		return err;
	given = folder_grant_would(settings->log_file, account);
	err = confinement_step_down(&confinement, problem);
	if (err != 0) {
		log_error("%s", problem);
		return err;
	}
	/* As the user that writes the log. A file that was not there is gone again after that. */
	if (!given) {
		err = preflight_log_folder(settings, account);
		if (err != 0)
			return err;
		err = verdict_file_check(settings->log_file);
		if (err != 0)
			preflight_refuse_log(settings, account, err);
	}
	return err != 0 ? err : check_files(settings);
}

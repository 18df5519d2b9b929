/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where systems keep rules that they restore at boot: netfilter-persistent, iptables-services,
 * nftables. podgate's sets are not there at boot, so a file with rules that ask for them can't be
 * restored, and then none of its rules is.
 */
static const char *const saved[] = {
	"/etc/iptables/rules.v4",
	"/etc/iptables/rules.v6",
	"/etc/sysconfig/iptables",
	"/etc/sysconfig/ip6tables",
	"/etc/nftables.conf",
	"/etc/sysconfig/nftables.conf",
};

bool host_holds_our_rules(FILE *file)
{
	char *line = NULL;
	size_t capacity = 0;
	bool found = false;

	while (!found && getline(&line, &capacity, file) >= 0)
		found = line[strspn(line, " \t")] != '#' &&
			(strstr(line, "PODGATE") != NULL || strstr(line, "podgate-") != NULL);
	free(line);
	return found;
}

void host_check_saved(struct host_report *report)
{
	for (size_t i = 0; i < sizeof(saved) / sizeof(saved[0]); i++) {
		FILE *file = fopen(saved[i], "re");
		bool found;

		if (file == NULL)
			continue;
		found = host_holds_our_rules(file);
		fclose(file);
		if (!found)
			continue;
		host_report_add(report, "saved-rules", HOST_WARNING,
			"%s holds rules of podgate's: at boot their sets are not there, and then "
			"no rule of that file is restored",
			saved[i]);
		host_report_remedy(report,
			"save the rules again after `systemctl stop podgate && podgate cleanup`, "
			"then start podgate");
		return;
	}
	host_report_add(report, "saved-rules", HOST_OK,
		"no rules of podgate's are among those that are restored at boot");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/host_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/sysctl.h"

/* How much room the flow table has, and whether there was always enough. */

enum { COLUMNS_MOST = 32, CROWDED = 4 /* flows a bucket: from there on each look-up costs more */ };

/* One line of /proc/net/stat/nf_conntrack as words. Returns how many. */
static size_t read_words(FILE *file, char *line, size_t size, char *words[COLUMNS_MOST])
{
	char *save = NULL;
	size_t count = 0;

	if (fgets(line, (int)size, file) == NULL)
		return 0;
	for (char *word = strtok_r(line, " \n", &save); word != NULL && count < COLUMNS_MOST;
		word = strtok_r(NULL, " \n", &save))
		words[count++] = word;
	return count;
}

/* Which of the columns has this name; COLUMNS_MOST when none does. */
static size_t find_column(char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return COLUMNS_MOST;
}

static unsigned long value_of(char *const *words, size_t count, size_t column)
{
	return column < count ? strtoul(words[column], NULL, 16) : 0;
}

/* Columns have been added and moved over the years: the first line names them. */
int host_read_losses(FILE *file, struct conntrack_losses *out)
{
	char names[1024], line[1024], *words[COLUMNS_MOST];
	size_t count = read_words(file, names, sizeof(names), words);
	const size_t drop = find_column(words, count, "drop"),
		     early = find_column(words, count, "early_drop"),
		     insert = find_column(words, count, "insert_failed");

	if (drop == COLUMNS_MOST || early == COLUMNS_MOST)
		return -EPROTO;
	*out = (struct conntrack_losses){.dropped = 0};
	while ((count = read_words(file, line, sizeof(line), words)) > 0) {
		out->dropped += value_of(words, count, drop);
		out->pushed_out += value_of(words, count, early);
		out->not_inserted += value_of(words, count, insert);
	}
	return 0;
}

static void check_losses(struct host_report *report, long count, long most)
{
	FILE *file = fopen("/proc/thread-self/net/stat/nf_conntrack", "re");
	struct conntrack_losses losses;
	const int err = file == NULL ? -errno : host_read_losses(file, &losses);

	if (file != NULL)
		fclose(file);
	if (err != 0)
		return; /* a kernel without these counters */
	if (losses.dropped + losses.pushed_out == 0) {
		host_report_add(report, "conntrack-losses", HOST_OK,
			"no flow was ever dropped for want of room in the table");
		return;
	}
	/*
	 * With room again by now, it is told and no more: the counters start anew only with the
	 * machine.
	 */
	host_report_add(report, "conntrack-losses", count * 4 >= most ? HOST_WARNING : HOST_OK,
		"for want of room in the table %lu flows were dropped and %lu pushed out (since "
		"boot), and %lu packets lost a race with a twin",
		losses.dropped, losses.pushed_out, losses.not_inserted);
	if (count * 4 >= most)
		host_report_remedy(
			report, "sysctl -w net.netfilter.nf_conntrack_max=%ld", most * 2);
}

static void check_buckets(struct host_report *report, long count)
{
	long buckets;

	if (sysctl_read("/proc/sys/net/netfilter/nf_conntrack_buckets", &buckets) != 0 ||
		buckets <= 0)
		return;
	if (count < buckets * CROWDED) {
		host_report_add(report, "conntrack-buckets", HOST_OK,
			"the flow table has %ld buckets", buckets);
		return;
	}
	host_report_add(report, "conntrack-buckets", HOST_WARNING, "%ld flows share %ld buckets",
		count, buckets);
	host_report_remedy(report, "sysctl -w net.netfilter.nf_conntrack_buckets=%ld", count);
}

void host_check_conntrack(struct host_report *report)
{
	long count, most;

	if (sysctl_read("/proc/sys/net/netfilter/nf_conntrack_count", &count) != 0 ||
		sysctl_read("/proc/sys/net/netfilter/nf_conntrack_max", &most) != 0) {
		host_report_add(report, "conntrack-table", HOST_WARNING,
			"the flow table's size can't be read");
		host_report_remedy(report, "load nf_conntrack");
		return;
	}
	if (most > 0 && count >= most - most / 5) {
		host_report_add(report, "conntrack-table", HOST_WARNING,
			"the flow table is nearly full: %ld of %ld; new flows get dropped", count,
			most);
		host_report_remedy(
			report, "sysctl -w net.netfilter.nf_conntrack_max=%ld", most * 2);
	} else {
		host_report_add(report, "conntrack-table", HOST_OK,
			"the flow table holds %ld of %ld flows", count, most);
	}
	check_buckets(report, count);
	check_losses(report, count, most);
}
